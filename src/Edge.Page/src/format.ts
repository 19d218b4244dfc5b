import { timeZone } from "./preferences";

/** Numbers and dates are written as the reader's language has them; words, such as units and countries, are the page's. */
const locale = navigator.languages;
const made = new Map<string, Intl.DateTimeFormat>();

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const three = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
const shares = [0, 1, 2, 3].map(
  (digits) => new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }),
);
const change = new Intl.NumberFormat(locale, { style: "percent", signDisplay: "exceptZero", maximumFractionDigits: 1 });

export const absent = "–";

export const count = (n: number | null | undefined): string => (n == null ? absent : whole.format(n));

/** A share of 1, with the digits that tell small rates apart. */
export function share(part: number | null | undefined, digits?: number): string {
  if (part == null) {
    return absent;
  }
  if (part > 0 && part < 5e-6) {
    return `< ${shares[3]!.format(0.00001)}`;
  }
  const fitting = part !== 0 && Math.abs(part) < 0.001 ? 3 : Math.abs(part) < 0.1 ? 2 : 1;
  return shares[digits ?? fitting]!.format(part);
}

/** A probability; nothing is certain. */
export function probability(part: number | null | undefined): string {
  if (part == null) {
    return absent;
  }
  return part > 0.999 ? `> ${shares[1]!.format(0.999)}` : part < 0.001 ? `< ${shares[1]!.format(0.001)}` : shares[1]!.format(part);
}

/** Basis points as a percentage. */
export const points = (basisPoints: number): string => shares[basisPoints % 100 === 0 ? 0 : 2]!.format(basisPoints / 10_000);

export const lift = (part: number | null | undefined): string => (part == null ? absent : change.format(part));

export const figure = (n: number | null | undefined): string => (n == null ? absent : three.format(n));

export function bytes(n: number): string {
  const units = [n === 1 ? "byte" : "bytes", "kB", "MB", "GB", "TB"];
  let step = 0;
  while (n >= 1000 && step < units.length - 1) {
    n /= 1000;
    step++;
  }
  return `${(n < 10 ? one : whole).format(n)} ${units[step]}`;
}

function dates(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = name + timeZone();
  let format = made.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, { ...options, timeZone: timeZone() });
    made.set(key, format);
  }
  return format;
}

const at = (time: string | number | Date): Date => (time instanceof Date ? time : new Date(time));

export const day = (time: string | number | Date): string =>
  dates("day", { day: "numeric", month: "short", year: "numeric" }).format(at(time));

export const moment = (time: string | number | Date): string =>
  dates("moment", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" }).format(at(time));

/** An instant in a sentence of the server. */
export const instant = /(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))/;

export const clock = (time: string | number | Date): string =>
  dates("clock", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at(time));

export const weekdayTime = (time: string | number | Date): string =>
  dates("weekday", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(at(time));

/** The time of day in minutes, and the day as YYYY-MM-DD, in the zone of the page. */
export function wall(time: string | number | Date, zone = timeZone()): { date: string; minutes: number } {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  }).formatToParts(at(time));
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? "0";
  return { date: `${part("year")}-${part("month")}-${part("day")}`, minutes: Number(part("hour")) * 60 + Number(part("minute")) };
}

export const weekday = (date: string): string =>
  new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", timeZone: "UTC" }).format(new Date(date + "T12:00:00Z"));

/** What a datetime-local input shows for an instant, in a zone. */
export function toLocal(time: string | undefined | null, zone = timeZone()): string {
  if (!time || Number.isNaN(Date.parse(time))) {
    return "";
  }
  const { date, minutes } = wall(time, zone);
  return `${date}T${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}

/** The instant that a datetime-local input means in a zone; in the hour that is skipped, the same time of the old offset. */
export function fromLocal(text: string, zone = timeZone()): string | null {
  const guess = Date.parse(text + "Z");
  if (Number.isNaN(guess)) {
    return null;
  }
  const offset = (instant: number) => {
    const { date, minutes } = wall(instant, zone);
    return Date.parse(date + "T00:00:00Z") + minutes * 60_000 - Math.floor(instant / 60_000) * 60_000;
  };
  const first = guess - offset(guess);
  return new Date(guess - offset(first)).toISOString();
}

const pad = (n: number): string => String(n).padStart(2, "0");

/** Seconds in the largest unit that fits. */
export function span(seconds: number): string {
  const [unit, size] = ([["day", 86_400], ["hour", 3_600], ["minute", 60]] as const).find(([, s]) => seconds >= s * 2 || seconds === s) ?? (["second", 1] as const);
  const n = (seconds < 10 ? one : whole).format(seconds / size);
  return `${n} ${unit}${n === "1" ? "" : "s"}`;
}

const regions = new Intl.DisplayNames("en", { type: "region" });

export const regionName = (code: string): string => {
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
};
