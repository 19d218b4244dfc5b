import { Fragment, options } from "preact";

/**
 * Characters that show nothing and turn, hide or join what is beside them, and fillers that look like nothing. What joins letters and
 * emoji is left where scripts need it: between characters that are not Latin.
 */
const unseen =
  /(?![\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u200C\u200D])\p{Cf}|[\u034F\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0]|(?<![^\0-\u024F])[\u200C\u200D]|[\u200C\u200D](?![^\0-\u024F])/gu;

/** Words that are written from right to left, with what is between them. */
const rightToLeft = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}](?:[\s\p{M}'’-]*[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}])*/gu;

/**
 * A text as it may be shown beside others: what nobody would see is written out, such as [U+202E], and words from right to left are
 * isolated, so that neither changes the order of its neighbours. `<bdi>` isolates by itself.
 */
export function drawn(text: string, isIsolated = false): string {
  if (!/[^\0-\u00AC\u00AE-\u02FF]/.test(text)) {
    return text;
  }
  const seen = text.replace(unseen, (c) => `[U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`);
  return isIsolated ? seen : seen.replace(rightToLeft, "\u2068$&\u2069");
}

const told = ["aria-label", "aria-valuetext", "title", "placeholder", "label"];

/** Whatever the page draws goes through here; what is in an input is what was typed. */
options.vnode = ({ type, props }) => {
  if (typeof type === "string" || type === Fragment) {
    const all = props as Record<string, unknown>;
    for (const name of told) {
      if (typeof all[name] === "string") {
        all[name] = drawn(all[name]);
      }
    }
    all.children = within(all.children, type === "bdi");
  }
};

const within = (children: unknown, isIsolated: boolean): unknown =>
  typeof children === "string" ? drawn(children, isIsolated) : Array.isArray(children) ? children.map((child) => within(child, isIsolated)) : children;
