import type { Experiment } from "../api";
import { draftOf, type Draft } from "./Editor";
import { normal, whole } from "./weights";

/** A definition by the paths of its members; a variant is known by its id, wherever it stands. */
export type Flat = Map<string, unknown>;

/** Between the parts of a path: ids and names have none. */
export const dot = "\n";

/** Members that are one thing, though variants share it: their order, their weights, which is the default. */
export const order = "variants";
export const weights = "weights";
export const fallback = "default";

export function flatten({ variants, ...rest }: Draft): Flat {
  const found: Flat = new Map();
  const walk = (value: unknown, path: string) => {
    if (value && typeof value === "object" && !Array.isArray(value) && !path.endsWith(dot + "conditions")) {
      for (const [name, part] of Object.entries(value)) {
        walk(part, path ? path + dot + name : name);
      }
    } else if (value !== undefined && value !== null && value !== "") {
      found.set(path, value);
    }
  };
  walk(rest, "");
  found.set(order, variants.map(({ id }) => id));
  found.set(weights, Object.fromEntries(variants.filter(({ weight }) => weight > 0).map(({ id, weight }) => [id, weight]).sort()));
  found.set(fallback, variants.find(({ isDefault }) => isDefault)?.id);
  for (const { id, weight: _w, isDefault: _d, ...variant } of variants) {
    walk({ ...variant, id }, order + dot + id);
  }
  return found;
}

function unflatten(flat: Flat): Draft {
  const ids = flat.get(order) as string[];
  const given = flat.get(weights) as Record<string, number>;
  const shares = ids.map((id) => given[id] ?? 0);
  const fitting = shares.reduce((sum, share) => sum + share, 0) === whole ? shares : normal(shares);
  const definition: Record<string, unknown> = {};
  const variants = new Map(ids.map((id, i) => [id, { id, weight: fitting[i]!, isDefault: id === flat.get(fallback) }]));
  for (const [path, value] of flat) {
    const [first = "", ...parts] = path.split(dot);
    const isOfVariant = first === order && parts.length > 0;
    let at: any = isOfVariant ? variants.get(parts.shift()!) : definition;
    const names = isOfVariant ? parts : [first, ...parts];
    const last = names.pop()!;
    for (const name of at ? names : []) {
      at = at[name] ??= {};
    }
    if (at && first !== weights && first !== fallback && path !== order) {
      at[last] = value;
    }
  }
  return { ...definition, variants: [...variants.values()] } as unknown as Draft;
}

/** Whether two values are the same, whatever the order of members. */
export const same = (one: unknown, other: unknown): boolean => textOf(one) === textOf(other);

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (part && typeof part === "object" && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort()) : part));

/** The order of variants in one, with what another has added and without what that has removed. */
function joined(before: string[], leading: string[], other: string[]): string[] {
  return same(before, leading)
    ? other
    : [...leading.filter((id) => other.includes(id) || !before.includes(id)), ...other.filter((id) => !before.includes(id) && !leading.includes(id))];
}

/** A member that one of two has changed since both began. */
export interface Change {
  path: string;
  before: unknown;
  theirs: unknown;
  yours: unknown;
  /** Both have changed it, each to something else. */
  isConflict: boolean;
}

export class Merge {
  readonly changes: Change[];
  private readonly all: [before: Flat, theirs: Flat, yours: Flat];

  constructor(before: Experiment, theirs: Experiment, yours: Draft) {
    this.all = [flatten(draftOf(before)), flatten(draftOf(theirs)), flatten(yours)];
    const paths = new Set(this.all.flatMap((flat) => [...flat.keys()]));
    this.changes = [...paths]
      .map((path) => {
        const [old, now, own] = this.all.map((flat) => flat.get(path));
        const isBoth = !same(old, now) && !same(old, own) && !same(now, own);
        return { path, before: old, theirs: now, yours: own, isConflict: isBoth && (path !== order || this.isReordered()) };
      })
      .filter(({ before, theirs, yours }) => !same(before, theirs) || !same(before, yours));
  }

  /** Both together: of a contradiction yours, unless its path is among those of theirs. */
  combine(ofTheirs: ReadonlySet<string>): Draft {
    const [, theirs] = this.all;
    const result = new Map(theirs);
    for (const { path, before, yours: own, isConflict } of this.changes) {
      if (isConflict ? !ofTheirs.has(path) : !same(before, own)) {
        result.set(path, own);
      }
    }
    const [led, followed] = this.orders();
    result.set(order, ofTheirs.has(order) ? followed : led);
    return unflatten(result);
  }

  /** Both have moved variants that were there before, each to another place. */
  private isReordered(): boolean {
    const [led, followed] = this.orders().map((ids) => ids.filter((id) => (this.all[0].get(order) as string[]).includes(id)));
    return !same(led, followed);
  }

  /** What variants there are together, in your order and in theirs. */
  private orders(): [string[], string[]] {
    const [before, theirs, yours] = this.all.map((flat) => flat.get(order) as string[]) as [string[], string[], string[]];
    return [joined(before, yours, theirs), joined(before, theirs, yours)];
  }
}
