import { withTimes } from "../format";
import { t } from "../strings.en";
import { Dialog } from "../ui/Parts";
import type { Draft } from "./Editor";

/** Somebody else was faster: what was, what is now, and what would be, member by member. */
export function Conflict({ before, theirs, yours, onKeep, onTake, onClose }: { before: Draft; theirs: Draft; yours: Draft; onKeep: () => void; onTake: () => void; onClose: () => void }) {
  const [old, now, own] = [flat(before), flat(theirs), flat(yours)];
  const fields = [...new Set([...old.keys(), ...now.keys(), ...own.keys()])].filter((field) => old.get(field) !== now.get(field) || old.get(field) !== own.get(field));
  return (
    <Dialog title={t.edit.conflictTitle} onClose={onClose} isWide>
      <p>{t.edit.conflictSays}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label={t.edit.conflictTitle}>
        <table class="diff">
          <thead>
            <tr>
              <th scope="col">{t.edit.field}</th>
              <th scope="col">{t.edit.before}</th>
              <th scope="col">{t.edit.theirs}</th>
              <th scope="col">{t.edit.yours}</th>
            </tr>
          </thead>
          <tbody>
            {fields.map((field) => (
              <tr key={field}>
                <th scope="row" class="mono wrap">{field}</th>
                <td>{old.get(field) ?? "–"}</td>
                <td class={old.get(field) === now.get(field) ? "" : "changed"}>{now.get(field) ?? "–"}</td>
                <td class={old.get(field) === own.get(field) ? "" : "changed"}>{own.get(field) ?? "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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

/** Every leaf with its path, as text. */
function flat(value: unknown, path = "", into = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(value)) {
    value.forEach((item, i) => flat(item, `${path}[${i}]`, into));
  } else if (value && typeof value === "object") {
    for (const [key, member] of Object.entries(value)) {
      flat(member, path ? `${path}.${key}` : key, into);
    }
  } else if (value !== undefined && value !== null && value !== "") {
    into.set(path, withTimes(String(value)));
  }
  return into;
}
