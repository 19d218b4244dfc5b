import { useEffect, useState } from "preact/hooks";

/** How somebody wants to see the page. Kept in the browser; nothing of the session is. */
export interface Preferences {
  /** IANA name; empty for the zone of the browser. */
  zone: string;
  theme: "auto" | "light" | "dark";
  /** Where links and pixels are answered, when it is not where this page came from. */
  publicUrl: string;
}

const key = "edge.page";
const darkness = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let current: Preferences = read();

function read(): Preferences {
  const defaults: Preferences = { zone: "", theme: "auto", publicUrl: "" };
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<Preferences>) };
  } catch {
    return defaults;
  }
}

function apply(): void {
  const isDark = current.theme === "dark" || (current.theme === "auto" && darkness.matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}

export function prefer(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(key, JSON.stringify(current));
  } catch {
    // Storage is off: the choice lasts until the page is left.
  }
  apply();
  listeners.forEach((listener) => listener());
}

export const preferences = (): Preferences => current;

export const timeZone = (): string => current.zone || browserZone;

export const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** Draws the component again when a preference changes. */
export function usePreferences(): Preferences {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((n) => n + 1);
    listeners.add(listener);
    darkness.addEventListener("change", listener);
    return () => {
      listeners.delete(listener);
      darkness.removeEventListener("change", listener);
    };
  }, []);
  return current;
}

darkness.addEventListener("change", apply);
apply();
