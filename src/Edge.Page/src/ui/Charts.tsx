import type { VariantResults } from "../api";
import { count, figure, share } from "../format";
import { t } from "../strings.en";
import { Term } from "./Term";

/** A line of daily counts, as wide as its cell. */
export function Sparkline({ values, label }: { values: number[]; label: string }) {
  const top = Math.max(1, ...values);
  const step = 100 / Math.max(1, values.length - 1);
  const points = values.map((value, i) => `${(i * step).toFixed(1)} ${(27 - (value / top) * 25).toFixed(1)}`);
  return (
    <svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" role="img" aria-label={label}>
      {values.length > 1 && <path class="area" d={`M0 28L${points.join("L")}L100 28Z`} />}
      {values.length > 1 && <path d={`M${points.join("L")}`} />}
    </svg>
  );
}

/** Round numbers that divide a range. */
export function ticks(low: number, high: number, wanted: number): number[] {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= raw) ?? raw;
  const found: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++) {
    found.push(i * step);
  }
  return found;
}

/** Estimates and their intervals, one line for each variant, all on one axis. */
export function Intervals({ variants, leader, isValue }: { variants: VariantResults[]; leader: string | null; isValue: boolean }) {
  const drawn = variants.filter((v) => v.credibleInterval && v.posteriorMean != null);
  const low = Math.min(...drawn.map((v) => v.credibleInterval!.low));
  const high = Math.max(...drawn.map((v) => v.credibleInterval!.high));
  const pad = (high - low || high || 1) * 0.06;
  const from = Math.max(0, low - pad);
  const to = isValue ? high + pad : Math.min(1, high + pad);
  const x = (value: number) => `${(((value - from) / (to - from)) * 100).toFixed(2)}%`;
  const show = (value: number) => (isValue ? figure(value) : share(value));
  const axis = ticks(from, to, 4);
  const digits = to - from < 0.02 ? 2 : to - from < 0.1 ? 1 : 0;
  return (
    <div class="intervals" aria-hidden="true">
      {variants.map((variant) => (
        <div key={variant.id} class={`interval ${variant.id === leader ? "lead" : ""}`}>
          <div class="cut" title={variant.name ?? variant.id}>
            <bdi>{variant.name ?? variant.id}</bdi>
          </div>
          <svg>
            {axis.map((tick) => (
              <line key={tick} class="grid" x1={x(tick)} x2={x(tick)} y1="0" y2="100%" />
            ))}
            {variant.credibleInterval && variant.posteriorMean != null && (
              <>
                <line class="whisker" x1={x(variant.credibleInterval.low)} x2={x(variant.credibleInterval.high)} y1="50%" y2="50%" />
                <circle class="dot" cx={x(variant.posteriorMean)} cy="50%" r="5.5" />
              </>
            )}
          </svg>
          <div class="num value">{variant.posteriorMean == null ? "–" : show(variant.posteriorMean)}</div>
        </div>
      ))}
      <div class="interval axis">
        <span />
        <svg>
          {axis.map((tick) => (
            <text key={tick} class="tick" x={x(tick)} y="14" text-anchor="middle">
              {isValue ? figure(tick) : share(tick, digits)}
            </text>
          ))}
        </svg>
        <span />
      </div>
    </div>
  );
}

/** Who was counted: people, proxies, and beside them the machines that were not. */
export function Audience({ people, proxies, machines, excluded }: { people: number; proxies: number; machines: number; excluded: { bot: number; scanner: number; prefetch: number } }) {
  const all = Math.max(1, people + proxies + machines);
  const part = (n: number) => ({ width: `${(n / all) * 100}%` });
  return (
    <div class="stack">
      <div class="split" aria-hidden="true">
        {people > 0 && <span style={part(people)} />}
        {proxies > 0 && <span class="second" style={part(proxies)} />}
        {machines > 0 && <span class="third" style={part(machines)} />}
      </div>
      <dl class="facts">
        <div class="fact">
          <dt><Term about="people">{t.one.people}</Term></dt>
          <dd>{count(people)}</dd>
        </div>
        <div class="fact">
          <dt><Term about="proxies">{t.one.proxies}</Term></dt>
          <dd>{count(proxies)}</dd>
        </div>
        <div class="fact">
          <dt><Term about="machines">{t.one.machines}</Term></dt>
          <dd>
            {count(machines)}
            <small>{t.one.machinesSay(count(excluded.bot), count(excluded.scanner), count(excluded.prefetch))}</small>
          </dd>
        </div>
      </dl>
    </div>
  );
}
