import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

/** What stands above a column, what a row has in it, and how it looks. */
export type Column<R> = readonly [head: ComponentChildren, cell: (row: R) => ComponentChildren, look?: string];

const phone = matchMedia("(max-width: 640px)");

/** Rows that begin with what they are about. Where there is no room for columns, each row is a list of its own. */
export function Table<R>({ label, columns, rows, keyOf, look }: { label: string; columns: Column<R>[]; rows: readonly R[]; keyOf: (row: R) => string | number; look?: string }) {
  const [isNarrow, setNarrow] = useState(phone.matches);
  useEffect(() => {
    const turn = () => setNarrow(phone.matches);
    phone.addEventListener("change", turn);
    return () => phone.removeEventListener("change", turn);
  }, []);
  const [[subject, about], ...rest] = columns as [Column<R>, ...Column<R>[]];
  return isNarrow ? (
    <div class="stack-s">
      <span class="small soft">{subject}</span>
      <ul class="rows" aria-label={label}>
        {rows.map((row) => (
          <li key={keyOf(row)}>
            <strong class="wrap">{about(row)}</strong>
            <dl>
              {rest.map(([head, cell, kind], i) => {
                const shown = cell(row);
                return shown ? (
                  <div key={i} class={kind}>
                    <dt>{head}</dt>
                    <dd class="wrap">{shown}</dd>
                  </div>
                ) : null;
              })}
            </dl>
          </li>
        ))}
      </ul>
    </div>
  ) : (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table class={look}>
        <thead>
          <tr>
            {columns.map(([head, , kind], i) => (
              <th key={i} scope="col" class={kind === "num" ? kind : ""}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(([, cell, kind], i) => (i > 0 ? <td key={i} class={kind}>{cell(row)}</td> : <th key={i} scope="row" class={kind}>{cell(row)}</th>))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
