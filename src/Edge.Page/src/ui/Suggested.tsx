import { useId, useState } from "preact/hooks";
import { regionName } from "../format";

/** Codes that have a name and are no country of ISO 3166-1: groups, reserved codes and tests of software. */
const none = "AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ";
const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
let all: Suggestion[] | undefined;

/** A value and its name. */
type Suggestion = readonly [string, string];

/** The countries by name. The browser knows them; codes that are no longer used stand for another one there. */
export const countries = (): Suggestion[] =>
  (all ??= letters
    .flatMap((first) => letters.map((second): Suggestion => [first + second, regionName(first + second)]))
    .filter(([code, name]) => name !== code && !none.includes(code) && new Intl.Locale(`und-${code}`).region === code)
    .sort(([, one], [, other]) => one.localeCompare(other)));

/** The code of a country that was typed, by code or by name; empty when there is none yet. */
export function codeOf(text: string): string {
  const typed = text.trim().toUpperCase();
  return countries().find(([code, name]) => code === typed || name.toUpperCase() === typed)?.[0] ?? "";
}

interface SuggestedProps {
  id?: string;
  "aria-label"?: string;
  "aria-invalid"?: "true" | undefined;
  value: string;
  onInput: (value: string) => void;
  /** What may be typed; a function is asked when somebody is about to. */
  options: Suggestion[] | (() => Suggestion[]);
  /** What the value stands for, in words. */
  named: string;
  /** Whether values are typed one after another, with commas between. */
  isList?: boolean;
}

/** An input with values to choose from, found by value or by name, beside what may be typed. */
export function Suggested({ options, named, isList = false, value, onInput, ...attributes }: SuggestedProps) {
  const id = useId();
  const [isUsed, setUsed] = useState(false);
  const offered = typeof options !== "function" ? options : isUsed ? options() : [];
  // Of a list the last one is being typed; the others stand before it in whatever is chosen.
  const before = isList ? (/^.*,\s*/.exec(value)?.[0] ?? "") : "";
  const finish = (text: string) => {
    const valueOf = (part: string) => {
      const typed = part.trim();
      const found = offered.find(([, name]) => name.toLowerCase() === typed.toLowerCase());
      return found ? part.replace(typed, found[0]) : part;
    };
    const values = isList ? text.split(",").map(valueOf).join(",") : valueOf(text);
    if (values !== text) {
      onInput(values);
    }
  };
  return (
    <>
      <input
        {...attributes}
        list={id}
        aria-describedby={`${id}-named`}
        value={value}
        onFocus={() => setUsed(true)}
        onInput={(event) => onInput(event.currentTarget.value)}
        onChange={(event) => finish(event.currentTarget.value)}
      />
      <datalist id={id}>
        {offered.map(([code, name]) => (
          <option key={code} value={before + code} label={before + name} />
        ))}
      </datalist>
      <span id={`${id}-named`} class="small soft wrap" hidden={!named || named === value}>
        {named}
      </span>
    </>
  );
}
