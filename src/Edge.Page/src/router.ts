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
let last = location.hash;

export function guardLeaving(ask: (() => boolean) | null): void {
  guard = ask;
}

export function go(to: string): void {
  location.hash = to;
}

/** Changes the query without an entry in the history. */
export function replaceQuery(query: URLSearchParams): void {
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
      guard = null;
      last = location.hash;
      setNow(place());
    };
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
