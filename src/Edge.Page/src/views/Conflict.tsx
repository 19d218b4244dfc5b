import type { Condition } from "../api";
import { instant, moment, points } from "../format";
import { t } from "../strings.en";
import { Dialog } from "../ui/Parts";
import { Table } from "../ui/Table";
import { conditionText, labelOf } from "../words";
import type { Draft } from "./Editor";

/** A member of a definition: where it is, its place in the form, and its value as it is read. */
interface Leaf {
  key: string;
  label: string;
  text: string;
}

/** Somebody else was faster: what was, what is now, and what would be, member by member. */
export function Conflict({ before, theirs, yours, onKeep, onTake, onClose }: { before: Draft; theirs: Draft; yours: Draft; onKeep: () => void; onTake: () => void; onClose: () => void }) {
  const names = new Map([before, theirs, yours].flatMap(({ variants }) => variants.filter(({ name }) => name).map(({ id, name }) => [id, name!] as const)));
  const [old, now, own] = [leaves(before, names), leaves(theirs, names), leaves(yours, names)] as const;
  const of = (all: Map<string, Leaf>, { key }: Leaf) => all.get(key)?.text;
  const differing = [...new Map([...old, ...now, ...own]).values()].filter((leaf) => of(old, leaf) !== of(now, leaf) || of(old, leaf) !== of(own, leaf));
  const cell = (all: Map<string, Leaf>) => (leaf: Leaf) => (
    <span class={of(old, leaf) === of(all, leaf) ? "" : "changed"}>{of(all, leaf) ?? "–"}</span>
  );
  return (
    <Dialog title={t.edit.conflictTitle} onClose={onClose} isWide>
      <p>{t.edit.conflictSays}</p>
      <Table
        label={t.edit.conflictTitle}
        look="diff"
        rows={differing}
        keyOf={(leaf) => leaf.key}
        columns={[
          [t.edit.field, (leaf) => leaf.label, "wrap"],
          [t.edit.before, cell(old)],
          [t.edit.theirs, cell(now)],
          [t.edit.yours, cell(own)],
        ]}
      />
      <div class="row end">
        <button type="button" onClick={onTake}>
          {t.edit.takeTheirs}
        </button>
        <button type="button" class="primary" onClick={onKeep}>
          {t.edit.keepMine}
        </button>
      </div>
    </Dialog>
  );
}

/** What a choice is called in the form, by the member that is chosen. */
const choices: Record<string, Record<string, string>> = {
  type: t.type,
  "goalConfig.type": t.goals,
  trialStart: t.edit.trialStarts,
  "trackingConfig.mode": t.edit.trackingModes,
  "trackingConfig.onSignal": t.edit.trackingModes,
  "schedule.recurrence.type": t.edit.recurrences,
};

/** Every member of a definition. A variant is known by its id, wherever it stands; a tree of conditions is one sentence. */
function leaves(draft: Draft, names: Map<string, string>): Map<string, Leaf> {
  const found = new Map<string, Leaf>();
  const add = (path: string, text: string) => {
    const key = path.replace(/^variants\[(\d+)\]/, (_, i: string) => `variant ${draft.variants[+i]!.id}`);
    found.set(key, { key, label: labelOf(path, draft.variants.map(({ id }) => ({ id, name: names.get(id) }))), text });
  };
  const walk = (value: unknown, path: string) => {
    const member = path.replace(/^variants\[\d+\]\./, "");
    if (value === undefined || value === null || value === "") {
      return;
    }
    if (member === "conditions") {
      add(path, conditionText(value as Condition));
    } else if (Array.isArray(value) && member !== "variants") {
      add(path, value.map((part: unknown) => (typeof part === "object" ? JSON.stringify(part) : part)).join(", "));
    } else if (typeof value === "object") {
      for (const [name, part] of Object.entries(value)) {
        walk(part, Array.isArray(value) ? `${path}[${name}]` : path ? `${path}.${name}` : name);
      }
    } else {
      add(path, textOf(member, value));
    }
  };
  add("variants", draft.variants.map((variant) => variant.name || variant.id).join(", "));
  walk(draft, "");
  return found;
}

function textOf(member: string, value: unknown): string {
  const text = String(value);
  return typeof value === "boolean"
    ? value ? t.common.yes : t.common.no
    : member === "weight" || member === "trafficShare"
      ? points(Number(value))
      : instant.exec(text)?.[0] === text
        ? moment(text)
        : (choices[member]?.[text] ?? text);
}
