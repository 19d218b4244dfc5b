import { useEffect, useState } from "preact/hooks";

/** A place of the page: the segments and the query behind the #. */
export interface Place {
  path: string[];
  query: URLSearchParams;
}

export function place(hash: string = location.hash): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

export const link = (...path: string[]): string => "#/" + path.map(encodeURIComponent).join("/");

/** Asked before a place is left; the answer says whether to stay. */
let guard: (() => boolean) | null = null;

/** The hash of the view that is shown. */
let last = location.hash;

export function guardLeaving(ask: (() => boolean) | null): void {
  guard = ask;
  // A reload and a closed window ask in the browser's own words.
  onbeforeunload = ask && ((event) => event.preventDefault());
}

let announced = "";

/** Something to say in the view that is gone to. */
export function announce(text: string): void {
  announced = text;
}

/** What is to be said in this view; once. */
export function heard(): string {
  const text = announced;
  announced = "";
  return text;
}

export function go(to: string): void {
  location.hash = to;
}

/** Changes the query of the view that is shown, without an entry in the history. */
export function replaceQuery(query: URLSearchParams): void {
  if (location.hash !== last) {
    return;
  }
  const text = query.toString();
  history.replaceState(null, "", "#/" + place().path.map(encodeURIComponent).join("/") + (text ? "?" + text : ""));
  last = location.hash;
}

export function usePlace(): Place {
  const [now, setNow] = useState(place);
  useEffect(() => {
    const follow = () => {
      if (location.hash === last) {
        return;
      }
      if (guard?.()) {
        history.replaceState(null, "", last || "#/");
        return;
      }
      guardLeaving(null);
      last = location.hash;
      setNow(place());
    };
    // Somebody may have gone on before this listened.
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return now;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
