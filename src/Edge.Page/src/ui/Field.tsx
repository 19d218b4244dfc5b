import { createContext, type ComponentChildren } from "preact";
import { useContext, useId } from "preact/hooks";
import type { Violation } from "../api";
import { tell } from "../words";

/** What the server finds wrong with the definition that is being edited. */
export const Violations = createContext<Violation[]>([]);

export function useViolations(path: string, isDeep = false): Violation[] {
  return useContext(Violations).filter(({ field }) => field === path || (isDeep && (field.startsWith(path + ".") || field.startsWith(path + "["))));
}

/** The messages about one member; those about what is in it name that. */
export function Failing({ path, isDeep = false, id }: { path: string; isDeep?: boolean; id?: string }) {
  const found = useViolations(path, isDeep);
  return (
    <span id={id} class="error" hidden={found.length === 0}>
      {found.map((violation) => tell(violation, path)).join("; ")}
    </span>
  );
}

interface FieldProps {
  label: string;
  path: string;
  hint?: string | undefined;
  children: (attributes: { id: string; "aria-invalid": "true" | undefined; "aria-describedby": string }) => ComponentChildren;
}

/** A labelled input with its hint and what the server says about it. */
export function Field({ label, path, hint, children }: FieldProps) {
  const id = useId();
  const isWrong = useViolations(path).length > 0;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-invalid": isWrong ? "true" : undefined, "aria-describedby": `${id}-hint ${id}-error` })}
      <span id={`${id}-hint`} class="hint" hidden={!hint}>
        {hint}
      </span>
      <Failing path={path} id={`${id}-error`} />
    </div>
  );
}

export function TextField({ label, path, value, onInput, hint, isUrl = false, isLong = false, isDisabled = false }: {
  label: string; path: string; value: string | null | undefined; onInput: (value: string) => void; hint?: string; isUrl?: boolean; isLong?: boolean; isDisabled?: boolean;
}) {
  return (
    <Field label={label} path={path} hint={hint}>
      {(attributes) =>
        isLong ? (
          <textarea {...attributes} rows={2} value={value ?? ""} disabled={isDisabled} onInput={(event) => onInput(event.currentTarget.value)} />
        ) : (
          <input
            {...attributes}
            type="text"
            inputMode={isUrl ? "url" : "text"}
            value={value ?? ""}
            disabled={isDisabled}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => onInput(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

export function NumberField({ label, path, value, onInput, hint, step = 1, isDisabled = false }: {
  label: string; path: string; value: number | null | undefined; onInput: (value: number | null) => void; hint?: string; step?: number; isDisabled?: boolean;
}) {
  return (
    <Field label={label} path={path} hint={hint}>
      {(attributes) => (
        <input
          {...attributes}
          type="number"
          step={step}
          value={value ?? ""}
          disabled={isDisabled}
          onInput={(event) => onInput(event.currentTarget.value === "" ? null : event.currentTarget.valueAsNumber)}
        />
      )}
    </Field>
  );
}
