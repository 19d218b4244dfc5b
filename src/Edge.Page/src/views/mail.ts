import { t } from "../strings.en";

export interface Finding {
  level: "bad" | "warn" | "good";
  text: string;
}

/** A link or an image of this server in a mail. */
interface Use {
  url: string;
  slug: string;
  kind: "click" | "pixel" | "image";
  unit: string | null;
}

const attributes = /\s(?:href|src|background)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/gi;
const uses = /\/s\/([^/?#]+?)(?:\/(click|pixel\.gif)|\.(?:png|jpe?g|webp))\/?(?:[?#]|$)/i;
const tags = /\{\{.+?\}\}|\{%.+?%\}|\*\|.+?\|\*|\[\[.+?\]\]|\[%.+?%\]|<%.+?%>|\$\{.+?\}|#\{.+?\}|%%.+?%%|^\{[\w.=:-]*[g-z][\w.=:-]*\}$/i;
const unsubscribes = /unsubscribe|opt-?out|abmelde|austrag|desinscri|cancelar/i;

/** What a mail looks like from here. It is read as text: nothing of it is loaded or run. */
export function checkMail(source: string, wasSent: boolean, statuses: Map<string, string | null>): Finding[] {
  const { urls, headers } = read(source);
  const found: Use[] = [];
  const findings: Finding[] = [];
  const say = (level: Finding["level"], text: string) => {
    if (!findings.some((f) => f.text === text)) {
      findings.push({ level, text });
    }
  };
  for (const url of urls) {
    const use = useOf(url);
    if (use) {
      found.push(use);
    } else if (unsubscribes.test(url) && /^https?:/i.test(url)) {
      say("warn", t.deliver.checks.unsubscribe(shorten(url)));
    }
  }
  if (headers && /^list-unsubscribe:/im.test(headers) && !/^list-unsubscribe-post:/im.test(headers)) {
    say("bad", t.deliver.checks.unsubscribeHeader);
  }
  if (found.length === 0) {
    say("bad", t.deliver.checks.none);
  }

  for (const use of found) {
    const tag = use.unit && tags.exec(use.unit)?.[0];
    if (use.unit === null || use.unit === "") {
      say("warn", t.deliver.checks.noUnit(shorten(use.url)));
    } else if (tag && wasSent) {
      say("bad", t.deliver.checks.unfilled(tag));
    } else if (!tag && /@|%40/.test(use.unit)) {
      say("bad", t.deliver.checks.address(shorten(use.url)));
    }
    if (/^http:/i.test(use.url)) {
      say("warn", t.deliver.checks.http(shorten(use.url)));
    }
    if (unsubscribes.test(use.url.replace(uses, "/"))) {
      say("bad", t.deliver.checks.unsubscribeTracked(shorten(use.url)));
    }
  }
  for (const slug of slugsOf(found)) {
    const own = found.filter((use) => use.slug === slug);
    const units = new Set(own.map((use) => use.unit));
    if (units.size > 1) {
      say("warn", t.deliver.checks.differs(slug));
    }
    if (own.every((use) => use.kind === "click")) {
      say("warn", t.deliver.checks.noPixel(slug));
    }
    const status = statuses.get(slug);
    switch (status) {
      case null:
        say("bad", t.deliver.checks.unknownSlug(slug));
        break;
      case "draft":
        say("bad", t.deliver.checks.draftSlug(slug));
        break;
      case "paused":
        say("warn", t.deliver.checks.paused(slug));
        break;
      case "completed":
        say("warn", t.deliver.checks.completed(slug));
        break;
      case "running":
        say("good", t.deliver.checks.running(slug));
    }
  }
  if (found.length > 0) {
    say("good", t.deliver.checks.links(found.length));
  }
  const order = { bad: 0, warn: 1, good: 2 };
  return findings.sort((a, b) => order[a.level] - order[b.level]);
}

/** The experiments that a mail names. */
export function slugsIn(source: string): string[] {
  return slugsOf(read(source).urls.flatMap((url) => useOf(url) ?? []));
}

const slugsOf = (found: Use[]): string[] => [...new Set(found.map((use) => use.slug))];

function read(source: string): { urls: string[]; headers: string } {
  const body = /^[\w-]+:[^\n]*\n/.test(source) ? source.search(/\r?\n\r?\n/) : -1;
  const headers = body > 0 ? source.slice(0, body).replace(/\r?\n[ \t]+/g, " ") : "";
  const text = decode(source);
  const urls = [...text.matchAll(attributes)].map((match) => (match[1] ?? match[2] ?? match[3] ?? "").replace(/&amp;/g, "&"));
  if (urls.length === 0) {
    urls.push(...(text.match(/https?:\/\/[^\s<>"']+/gi) ?? []));
  }
  return { urls: urls.map((url) => url.trim()), headers };
}

/** Undoes quoted-printable, which the source of a mail often has. */
const decode = (source: string): string =>
  /=3D|=\r?\n/.test(source) ? source.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))) : source;

function useOf(url: string): Use | null {
  const match = uses.exec(url);
  if (!match) {
    return null;
  }
  const query = url.includes("?") ? url.slice(url.indexOf("?") + 1).split("#")[0]! : "";
  const unit = query.split("&").find((part) => part.startsWith("u="))?.slice(2);
  const kind = match[2] ? (match[2].toLowerCase() === "click" ? "click" : "pixel") : "image";
  return { url, slug: match[1]!.toLowerCase(), kind, unit: unit === undefined ? null : safely(unit) };
}

function safely(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch {
    return text;
  }
}

const shorten = (url: string): string => (url.length > 90 ? url.slice(0, 87) + "…" : url);
