import { useMemo, useState } from "preact/hooks";
import type { Condition, Experiment } from "../api";
import { instant, moment, points } from "../format";
import { t } from "../strings.en";
import { Dialog } from "../ui/Parts";
import { Table } from "../ui/Table";
import { conditionText, labelOf } from "../words";
import type { Draft } from "./Editor";
import { dot, fallback, Merge, order, weights, type Change } from "./merge";

/** Somebody else was faster: what each of two has changed since both began, where they contradict, and what to make of it. */
export function Conflict({ before, theirs, yours, onSave, onTake, onClose }: { before: Experiment; theirs: Experiment; yours: Draft; onSave: (wanted: Draft) => void; onTake: () => void; onClose: () => void }) {
  const merge = useMemo(() => new Merge(before, theirs, yours), [before, theirs, yours]);
  const [ofTheirs, setOfTheirs] = useState<ReadonlySet<string>>(new Set());
  const all = [before, theirs, yours].flatMap((one) => one.variants);
  const variants = [...new Map(all.map(({ id }) => [id, all.findLast((one) => one.id === id && one.name)?.name || id]))].map(([id, name]) => ({ id, name }));
  const isMoved = before.status !== theirs.status;
  const rows: Change[] = [
    ...(isMoved ? [{ path: "status", before: before.status, theirs: theirs.status, yours: before.status, isConflict: false }] : []),
    ...merge.changes,
  ].map((row) => ({ ...row, before: textOf(row.path, row.before, variants), theirs: textOf(row.path, row.theirs, variants), yours: textOf(row.path, row.yours, variants) }));
  const changed = (row: Change, text: unknown) => (text === row.before ? <span class="soft">{t.edit.same}</span> : <span class="changed">{String(text)}</span>);
  const choose = (path: string, isTheirs: boolean) => setOfTheirs(new Set([...ofTheirs].filter((one) => one !== path).concat(isTheirs ? path : [])));
  return (
    <Dialog title={t.edit.conflictTitle} onClose={onClose} isWide>
      <p>{t.edit.conflictSays(rows.filter((row) => row.isConflict).length)}</p>
      <Table
        label={t.edit.conflictTitle}
        look="diff"
        rows={rows}
        keyOf={(row) => row.path}
        columns={[
          [t.edit.field, (row) => labelAt(row.path, variants), "wrap"],
          [t.edit.before, (row) => String(row.before)],
          [t.edit.theirs, (row) => changed(row, row.theirs)],
          [t.edit.yours, (row) => changed(row, row.yours)],
          [
            t.edit.combined,
            (row) =>
              row.isConflict ? (
                <select aria-label={`${t.edit.combined}: ${labelAt(row.path, variants)}`} onChange={(event) => choose(row.path, event.currentTarget.selectedIndex > 0)}>
                  <option>{String(row.yours)}</option>
                  <option>{String(row.theirs)}</option>
                </select>
              ) : (
                String(row.path === order ? names(merge.combine(ofTheirs).variants.map(({ id }) => id), variants) : row.yours === row.before ? row.theirs : row.yours)
              ),
          ],
        ]}
      />
      <div class="row end">
        <button type="button" onClick={onTake}>
          {t.edit.takeTheirs}
        </button>
        <button type="button" onClick={() => onSave(yours)}>
          {t.edit.keepMine}
        </button>
        <button type="button" class="primary" onClick={() => onSave(merge.combine(ofTheirs))}>
          {t.edit.combine}
        </button>
      </div>
    </Dialog>
  );
}

type Named = readonly { id: string; name: string }[];

const nameOf = (id: string, variants: Named): string => variants.find((one) => one.id === id)?.name ?? id;

const names = (ids: readonly string[], variants: Named): string => ids.map((id) => nameOf(id, variants)).join(", ");

/** The place of a member in the form. */
function labelAt(path: string, variants: Named): string {
  const [first, id, ...rest] = path.split(dot);
  return path === weights
    ? t.edit.weights
    : path === fallback
      ? t.edit.variants.isDefault
      : first === order && id
        ? labelOf([`variants[${variants.findIndex((one) => one.id === id)}]`, ...rest].join("."), variants)
        : labelOf(path.replaceAll(dot, "."));
}

/** What a choice is called in the form, by the member that is chosen. */
const choices: Record<string, Record<string, string>> = {
  status: t.status,
  type: t.type,
  "goalConfig.type": t.goals,
  trialStart: t.edit.trialStarts,
  "trackingConfig.mode": t.edit.trackingModes,
  "trackingConfig.onSignal": t.edit.trackingModes,
  "schedule.recurrence.type": t.edit.recurrences,
};

/** A value as the form has it; a tree of conditions is one sentence. */
function textOf(path: string, value: unknown, variants: Named): string {
  const parts = path.split(dot);
  const member = (parts[0] === order ? parts.slice(2) : parts).join(".");
  if (value === undefined) {
    return "–";
  }
  if (path === order) {
    return names(value as string[], variants);
  }
  if (path === weights) {
    return Object.entries(value as Record<string, number>).map(([id, weight]) => `${nameOf(id, variants)} ${points(weight)}`).join(", ");
  }
  if (path === fallback) {
    return nameOf(String(value), variants);
  }
  if (member === "conditions") {
    return conditionText(value as Condition);
  }
  if (Array.isArray(value)) {
    return value.map((part: unknown) => (typeof part === "object" ? JSON.stringify(part) : part)).join(", ");
  }
  const text = String(value);
  return typeof value === "boolean"
    ? value ? t.common.yes : t.common.no
    : member === "trafficShare"
      ? points(Number(value))
      : instant.exec(text)?.[0] === text
        ? moment(text)
        : (choices[member]?.[text] ?? text);
}
