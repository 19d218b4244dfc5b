import type { Condition, ConditionGroup, Variant, Violation } from "./api";
import { instant, moment, points, regionName } from "./format";
import { t } from "./strings.en";

/** The members of a definition, as the form names them; of a variant and of a list, those of each. */
const labels: Record<string, string> = {
  ...t.edit.members,
  ...within("goalConfig", t.edit.goalConfig),
  ...within("variants", t.edit.variants),
  ...within("variants.conditions", t.edit.condition),
  ...within("variants.schedule", t.edit.occurs),
  ...within("banditConfig", { ...t.edit.bandit, enabled: t.edit.members.banditConfig }),
  ...within("outputConfig", t.edit.output),
  ...within("exclusionGroup", t.edit.group),
  ...within("linkConfig", t.edit.link),
  ...within("trackingConfig", t.edit.tracking),
};

/** The same by the last part of the name, as sentences have them. */
const short = Object.fromEntries(Object.entries(labels).map(([name, text]) => [name.split(".").pop()!, text]));

function within(member: string, texts: object): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [`${member}.${name}`, text as string]));
}

/** Names of members, properties, comparisons and the like in a sentence: words with a capital, an underscore, a dot or a bracket within. */
const tokens = /(?<!\w)'[^']*'|\w+(?:\[\d+\]|\.\w+)*/g;

/** A sentence of the server as the page writes it: times, members, properties and comparisons in words. What it quotes stays as it is. */
export const inWords = (text: string): string =>
  text
    .split(instant)
    .map((part, i) => (i % 2 ? moment(part) : part.replace(tokens, (token) => quoted(token))))
    .join("");

function quoted(token: string): string {
  const text = /^'/.test(token) ? undefined : token.startsWith("variants[") ? labelOf(token) : /.[A-Z_.]|^[gl]te?$/.test(token) ? named(token) : undefined;
  return text ? `“${text}”` : token;
}

function named(token: string): string | undefined {
  for (const texts of [t.edit.properties, t.edit.operators, t.goals, t.type, labels, t.edit.settings, short]) {
    const text = own(texts, token);
    if (text) {
      return text;
    }
  }
  return /^(?:url\.param|custom|attribute)\.|^utm_/.test(token) ? propertyText(token) : own(labels, token.split(".")[0]!) && leafOf(token);
}

const own = (texts: Record<string, string>, name: string): string | undefined => (Object.hasOwn(texts, name) ? texts[name] : undefined);

/** The place of a member in the form: of which variant, which of its conditions, and its label. */
export function labelOf(field: string, variants: readonly Pick<Variant, "id" | "name">[] = []): string {
  const [, index, member] = /^variants\[(\d+)\](.*)/.exec(field) ?? [];
  if (!index) {
    return leafOf(field);
  }
  const one = variants[+index];
  const { conditions } = t.edit.variants;
  const places = [...field.matchAll(/children\[(\d+)\]/g)].map(([, n]) => +n! + 1);
  const parts = [/\.conditions/.test(field) ? `${conditions} ${places.join(".")}`.trim() : "", member ? leafOf(field) : ""];
  const label = parts.filter((part, i) => part && (i === 0 || part !== conditions)).join(", ");
  return t.edit.variant(one?.name || one?.id || +index + 1) + (label && `: ${label}`);
}

/** The label alone. What the form does not have is told in the words of its name. */
function leafOf(field: string): string {
  let name = field.replace(/\[\d+\]|\.children/g, "");
  let rest = "";
  while (name && !labels[name]) {
    const dot = name.lastIndexOf(".") + 1;
    rest = ` ${name.slice(dot)}${rest}`;
    name = name.slice(0, Math.max(0, dot - 1));
  }
  const words = rest.replace(/(?<=[a-z])[A-Z]/g, (letter) => " " + letter.toLowerCase()).trim();
  return [labels[name], words].filter(Boolean).join(": ") || t.edit.more;
}

/** What the server finds wrong with a member, as it is told beside `path`; what lies within is named. Basis points are percentages there. */
export function tell({ field, message }: Violation, path = field): string {
  const text = /eight$|trafficShare$/.test(field) ? message.replace(/\d+/g, (n) => points(+n)) : message;
  return (field === path ? "" : leafOf(field) + " ") + inWords(text);
}

export const isGroup = (node: Condition): node is ConditionGroup => node.type === "group";

/** A property of a visitor, by any of its names. */
export function propertyText(name: string, parameter?: string | null): string {
  const known = Object.keys(t.edit.properties).find((key) => key === name || key.startsWith(name + ".") || key.endsWith("." + name));
  const [, kind, given] = /^(url\.param|custom|attribute)\.(.+)/.exec(name) ?? ["", "", name];
  return known
    ? t.edit.properties[known]! + (parameter ? ` ${parameter}` : "")
    : `${t.edit.properties[kind === "attribute" ? "attribute." : "url.param"]} ${given}`;
}

export const operatorText = (operator: string): string => own(t.edit.operators, operator) ?? operator;

/** What a property is compared with, or was: countries, continents and days by their names. */
export function valueText(property: string, value: unknown): string {
  const name = (one: unknown): string => {
    const text = String(one ?? "");
    return /^(geo\.)?country$/.test(property)
      ? regionName(text.length === 2 ? text.toUpperCase() : text)
      : /^(geo\.)?continent$/.test(property)
        ? (own(t.edit.continents, text.toUpperCase()) ?? text)
        : /^(time\.)?dayOfWeek$/.test(property) && /^[0-6]$/.test(text)
          ? dayName(+text)
          : text;
  };
  return Array.isArray(value) ? value.map(name).join(", ") : name(value);
}

/** The first of February 2026 is a Sunday. */
export const dayName = (day: number): string => new Date(Date.UTC(2026, 1, day + 1)).toLocaleDateString(undefined, { weekday: "long", timeZone: "UTC" });

/** A tree of conditions as one sentence. */
export const conditionText = (tree: Condition): string =>
  isGroup(tree)
    ? tree.children.map((child) => (isGroup(child) ? `(${conditionText(child)})` : conditionText(child))).join(` ${tree.operator === "AND" ? t.edit.and : t.edit.or} `)
    : `${propertyText(tree.property, tree.paramName)} ${operatorText(tree.ruleOperator)} ${valueText(tree.property, tree.value)}`;
