import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { count, moment, share } from "../format";
import { timeZone, usePreferences } from "../preferences";
import { t } from "../strings.en";
import { Table, type Column } from "./Table";

export interface Line {
  id: string;
  name: string;
  values: (number | null)[];
  isLeader: boolean;
}

export type Unit = "count" | "share";

const units: Record<Unit, (n: number | null | undefined) => string> = { count, share };

const colours = {
  light: ["#0b6b5f", "#1d1c1a", "#a8792b", "#5b6fa8", "#9a4f6b", "#6d6a62"],
  dark: ["#63cbb7", "#ecebe6", "#d9ad5c", "#96a8de", "#d48aa6", "#9d9a91"],
};
const height = 260;
const dashes = [[], [6, 4], [2, 3], [10, 4, 2, 4]];

/** The leader has the accent; the others take the rest in turn, and dashes once colours repeat. */
function strokes(lines: Line[], isDark: boolean): { stroke: string; dash: number[] }[] {
  const set = isDark ? colours.dark : colours.light;
  let next = 0;
  return lines.map((line) => {
    if (line.isLeader) {
      return { stroke: set[0]!, dash: [] };
    }
    const i = next++;
    return { stroke: set[1 + (i % (set.length - 1))]!, dash: dashes[Math.floor(i / (set.length - 1)) % dashes.length]! };
  });
}

/** Lines over time, with the same figures as a table. */
export function SeriesChart({ times, lines, unit, label }: { times: number[]; lines: Line[]; unit: Unit; label: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const preferences = usePreferences();
  const isDark = document.documentElement.dataset.theme === "dark";
  const look = useMemo(() => strokes(lines, isDark), [lines, isDark]);
  const [isOpen, setOpen] = useState(false);

  useEffect(() => {
    const at = frame.current!;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const isDense = times.length > at.clientWidth;
    const axis = { stroke: colour("--soft"), font: '12px "Liberation Sans", Arial, sans-serif', ticks: { show: false }, grid: { stroke: colour("--line"), width: 1 } };
    const plot = new uPlot(
      {
        width: at.clientWidth,
        height,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), timeZone()),
        legend: { show: false },
        cursor: { drag: { x: true, y: false }, points: { size: 7 } },
        axes: [axis, { ...axis, size: 62, values: (_, ticks) => ticks.map((n) => (unit === "count" && n % 1 !== 0 ? "" : units[unit](n))) }],
        scales: { x: { range: (_, low, high) => (times.length > 1 ? [low, high] : [low - 43_200, low + 43_200]) }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.06 : 1] } },
        series: [
          {},
          ...lines.map((line, i) => ({
            label: line.name,
            stroke: look[i]!.stroke,
            // Dashes and broad lines take long to draw, and cannot be told apart, where lines go up and down in every pixel.
            width: isDense ? 1 : line.isLeader ? 2.5 : 1.75,
            dash: isDense ? [] : look[i]!.dash,
            points: { show: times.length < 3 },
          })),
        ],
      },
      [times, ...lines.map((line) => line.values)],
      at,
    );
    const watch = new ResizeObserver(([entry]) => plot.setSize({ width: entry!.contentRect.width, height }));
    watch.observe(at);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [times, lines, unit, isDark, preferences.zone]);

  const from = Math.max(0, times.length - 100);
  return (
    <div class="stack">
      <ul class="keys">
        {lines.map((line, i) => (
          <li key={line.id}>
            <svg aria-hidden="true">
              <line x1="0" x2="22" y1="4" y2="4" stroke={look[i]!.stroke} stroke-width={line.isLeader ? 3 : 2} stroke-dasharray={look[i]!.dash.join(" ")} />
            </svg>
            <bdi class="cut">{line.name}</bdi>
          </li>
        ))}
      </ul>
      <div ref={frame} class="series" role="img" aria-label={label} />
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t.common.asTable}</summary>
        {isOpen && (
          <>
            {from > 0 && <p class="small soft">{t.common.rowsShown(times.length - from, times.length)}</p>}
            <Table
              label={label}
              rows={times.map((_, i) => i).slice(from).reverse()}
              keyOf={(i) => times[i]!}
              columns={[
                [t.one.columns.time, (i) => moment(times[i]! * 1000)],
                ...lines.map((line): Column<number> => [<bdi>{line.name}</bdi>, (i) => units[unit](line.values[i]), "num"]),
              ]}
            />
          </>
        )}
      </details>
    </div>
  );
}
