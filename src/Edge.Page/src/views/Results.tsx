import { useMemo, useState } from "preact/hooks";
import { api, type Breakdown, type Recomputations, type Results, type VariantResults } from "../api";
import { count, day, figure, lift, moment, points, probability, regionName, share, span } from "../format";
import { t } from "../strings.en";
import { inWords } from "../words";
import { Audience, Intervals } from "../ui/Charts";
import { Card, Segments } from "../ui/Parts";
import { SeriesChart, type Line, type Unit } from "../ui/SeriesChart";
import { Table, type Column } from "../ui/Table";
import { Term } from "../ui/Term";
import { useResource } from "../ui/useResource";

const refreshMs = 60_000;

interface ResultsProps {
  results: Results;
  loadHistory: (signal: AbortSignal) => Promise<Recomputations>;
  canExport?: boolean;
}

/** Everything that the results say, the sentence first. */
export function ResultsView({ results, loadHistory, canExport = true }: ResultsProps) {
  const isValue = results.goal === "value";
  const isCompared = results.goal !== "impressions_only";
  return (
    <>
      <Verdict results={results} />
      {isCompared ? (
        <Card title={t.one.rates}>
          {results.variants.some((v) => v.posteriorMean != null) ? (
            <>
              <p class="small soft">{isValue ? t.one.valuesSays : t.one.ratesSays}</p>
              <Intervals variants={results.variants} leader={results.leader} isValue={isValue} />
            </>
          ) : (
            <p class="soft">{t.one.noRates}</p>
          )}
          <Figures results={results} isValue={isValue} />
        </Card>
      ) : (
        <Card title={t.one.variants}>
          <p class="soft">{t.one.notCompared}</p>
          <Figures results={results} isValue={false} />
        </Card>
      )}
      {isCompared && results.type === "ab_test" && <History results={results} load={loadHistory} />}
      <Series results={results} csv={canExport ? api.csvUrl(results.uid) : null} />
      <Card title={t.one.audience}>
        <Audience {...audience(results)} excluded={results.excluded} />
      </Card>
      <Breakdowns results={results} />
    </>
  );
}

const nameOf = (results: Results, id: string | null): string => results.variants.find((v) => v.id === id)?.name ?? id ?? "";

function Verdict({ results }: { results: Results }) {
  const { forecast } = results;
  const ratio = results.sampleRatioMismatch;
  const isDivided = results.type === "ab_test";
  // An hour's rate says little of a day's.
  const isEarly = results.daysRun < 1;
  return (
    <section class="card" aria-label={t.one.recommendation}>
      <p class="small soft">
        <Term about="recommendation">{t.one.recommendation}</Term>
      </p>
      <p class="say">{inWords(results.recommendation)}</p>
      {results.suggestedWinner && (
        <p class="note good">
          {t.one.suggested(nameOf(results, results.suggestedWinner), results.suggestedAt ? day(results.suggestedAt) : "")} {results.anytimeValid ? t.one.anytime : ""}
        </p>
      )}
      {results.noMeaningfulDifference && <p class="note">{t.one.noDifference}</p>}
      {ratio.isMismatch && (
        <div class="note trouble" role="note">
          <strong>{t.one.srmTitle}.</strong> {inWords(ratio.warning ?? "")}
        </div>
      )}
      {results.countsProblem && <p class="note caution">{t.one.oldCounts(moment(results.countedAt), results.countsProblem)}</p>}
      {results.unfilledMergeTags > 0 && <p class="note caution">{t.one.mergeTags(results.unfilledMergeTags)}</p>}
      {results.trialsMissed.unnamed > 0 && <p class="note caution">{t.one.missedUnnamed(results.trialsMissed.unnamed)}</p>}
      {results.trialsMissed.noChance > 0 && <p class="note caution">{t.one.missedChance(results.trialsMissed.noChance)}</p>}
      {results.trialsMissed.noRoom > 0 && <p class="note trouble">{t.one.missedRoom(results.trialsMissed.noRoom)}</p>}
      <dl class="facts">
        {results.status !== "draft" && <Fact about="days" label={t.one.facts.days} value={t.one.facts.daysValue(results.daysRun)} />}
        <Fact about="goal" label={t.one.facts.goal} value={t.goals[results.goal]} />
        <Fact about="trials" label={t.one.facts.trials} value={count(results.totals.trials)} more={!isDivided || ratio.isMismatch ? "" : ratio.pValue == null ? t.one.srmUntested : t.one.srmFine} />
        <Fact about="open" label={t.one.facts.open} value={count(results.openTrials)} more={t.one.openSays(results.openTrials, span(results.attributionWindowMinutes * 60))} />
        {forecast && (
          <Fact
            about="enough"
            label={t.one.facts.enough}
            value={forecast.enoughAt && !isEarly ? t.one.enoughAround(day(forecast.enoughAt)) : t.one.enoughUnknown}
            more={isEarly ? t.one.enoughLater : forecast.enoughAt ? t.one.enoughIf(figure(forecast.trialsPerDay)) : inWords(forecast.text)}
          />
        )}
      </dl>
    </section>
  );
}

function Fact({ about, label, value, more }: { about: keyof typeof t.definitions; label: string; value: string; more?: string }) {
  return (
    <div class="fact">
      <dt>
        <Term about={about}>{label}</Term>
      </dt>
      <dd>
        {value}
        {more && <small>{more}</small>}
      </dd>
    </div>
  );
}

function Figures({ results, isValue }: { results: Results; isValue: boolean }) {
  const show = (n: number | null) => (isValue ? figure(n) : share(n));
  const isDivided = results.type === "ab_test";
  const number = (about: keyof typeof t.definitions, text: string, cell: (v: VariantResults) => string): Column<VariantResults> => [<Term about={about}>{text}</Term>, cell, "num"];
  const heads = t.one.columns;
  return (
    <Table
      label={t.one.rates}
      rows={results.variants}
      keyOf={(v) => v.id}
      columns={[
        [heads.variant, (v) => <bdi class="two">{v.name ?? v.id}</bdi>],
        ...(isDivided ? [number("weight", heads.weight, (v) => points(v.weight))] : []),
        number("impressions", heads.impressions, (v) => count(v.impressions)),
        number("clicks", heads.clicks, (v) => count(v.clicks)),
        number("uniques", heads.uniques, (v) => count(v.uniques)),
        number("trials", heads.trials, (v) => count(v.trials)),
        number("successes", heads.successes, (v) => count(v.successes)),
        number(isValue ? "value" : "rate", heads.rate, (v) => show(v.posteriorMean)),
        number("interval", heads.interval, (v) => (v.credibleInterval ? `${show(v.credibleInterval.low)} – ${show(v.credibleInterval.high)}` : "–")),
        number("lift", heads.lift, (v) => lift(v.lift)),
        number("best", heads.best, (v) => probability(v.probabilityToBeBest)),
        number("loss", heads.loss, (v) => show(v.expectedLoss)),
      ]}
    />
  );
}

/** What the recomputations found, and what was served after them. */
function History({ results, load }: { results: Results; load: ResultsProps["loadHistory"] }) {
  const { data } = useResource(load, results.uid, refreshMs);
  const [figure, setFigure] = useState<"best" | "weight">("best");
  const { times, lines } = useMemo(() => {
    const points = data?.recomputations ?? [];
    return {
      times: points.map((p) => Date.parse(p.time) / 1000),
      lines: results.variants.map((v): Line => ({
        ...lineOf(results, v),
        values: points.map((p) => {
          const one = p.variants.find((c) => c.variantId === v.id);
          return !one ? null : figure === "best" ? one.probabilityToBeBest : one.weight / 10_000;
        }),
      })),
    };
  }, [data, results.leader, figure]);
  if (times.length === 0) {
    return null;
  }
  return (
    <Card
      title={t.one.history}
      tools={<Segments label={t.one.history} value={figure} options={[["best", t.one.columns.best], ["weight", t.one.columns.weight]]} onChange={setFigure} />}
    >
      <p class="small soft">{t.definitions[figure]}</p>
      <SeriesChart times={times} lines={lines} unit="share" label={`${t.one.columns[figure]}, ${t.one.history}`} />
    </Card>
  );
}

const lineOf = (results: Results, v: Results["variants"][number]) => ({ id: v.id, name: v.name ?? v.id, isLeader: v.id === results.leader });

type Metric = keyof typeof t.one.metrics;

function Series({ results, csv }: { results: Results; csv: string | null }) {
  const [metric, setMetric] = useState<Metric>(results.totals.impressions > 0 ? "impressions" : "clicks");
  const [by, setBy] = useState<"hourly" | "daily">(results.series.daily.length > 3 ? "daily" : "hourly");
  const { times, lines, unit } = useMemo(() => seriesOf(results, by, metric), [results, by, metric]);
  const metrics = (Object.keys(t.one.metrics) as Metric[]).filter((name) => hasMetric(results, name));
  if (results.series.hourly.length === 0 && results.series.daily.length === 0) {
    return null;
  }
  return (
    <Card
      title={t.one.series}
      tools={
        <div class="row">
          <select aria-label={t.one.metric} value={metric} onChange={(event) => setMetric(event.currentTarget.value as Metric)}>
            {metrics.map((name) => (
              <option key={name} value={name}>
                {t.one.metrics[name]}
              </option>
            ))}
          </select>
          <Segments label={t.one.by} value={by} options={[["hourly", t.one.hour], ["daily", t.one.dayUnit]]} onChange={setBy} />
        </div>
      }
    >
      <p class="small soft">{t.definitions[metric === "rate" ? "soFar" : metric]}</p>
      <SeriesChart times={times} lines={lines} unit={unit} label={`${t.one.metrics[metric]}, ${t.one.series}`} />
      {csv && (
        <p class="small">
          <a href={csv} download>
            {t.one.csv}
          </a>
        </p>
      )}
    </Card>
  );
}

const hasMetric = (results: Results, metric: Metric): boolean =>
  metric !== "rate" || results.goal !== "impressions_only";

function seriesOf(results: Results, by: "hourly" | "daily", metric: Metric): { times: number[]; lines: Line[]; unit: Unit } {
  const series = results.series[by];
  const times = series.map((p) => Date.parse(p.time) / 1000);
  const lines = results.variants.map((v): Line => ({ ...lineOf(results, v), values: new Array<number | null>(series.length).fill(0) }));
  const place = new Map(lines.map((line, i) => [line.id, i]));
  const trials = new Array<number>(lines.length).fill(0);
  const successes = new Array<number>(lines.length).fill(0);
  series.forEach((point, at) => {
    for (const counts of point.variants) {
      const i = place.get(counts.variantId);
      if (i === undefined) {
        continue;
      }
      trials[i]! += counts.trials;
      successes[i]! += counts.successes;
      if (metric !== "rate") {
        lines[i]!.values[at] = counts[metric];
      }
    }
    if (metric === "rate") {
      lines.forEach((line, i) => (line.values[at] = trials[i]! > 0 ? successes[i]! / trials[i]! : null));
    }
  });
  return { times, lines, unit: metric === "rate" ? "share" : "count" };
}

function audience(results: Results): { people: number; proxies: number; machines: number } {
  const by = new Map(results.breakdown.verdict.values.map((row) => [row.value, row.variants.reduce((sum, v) => sum + v.impressions + v.views + v.clicks, 0)]));
  const { bot, scanner, prefetch } = results.excluded;
  return { people: by.get("human") ?? 0, proxies: by.get("proxy") ?? 0, machines: bot + scanner + prefetch };
}

type Dimension = keyof typeof t.one.dimensions;

function Breakdowns({ results }: { results: Results }) {
  const [dimension, setDimension] = useState<Dimension>("country");
  const rows = useMemo(() => rowsOf(results.breakdown[dimension], dimension), [results, dimension]);
  const top = Math.max(1, ...rows.map((row) => row.total));
  return (
    <Card
      title={t.one.breakdown}
      tools={
        <Segments
          label={t.one.breakdown}
          value={dimension}
          options={(Object.keys(t.one.dimensions) as Dimension[]).map((key) => [key, t.one.dimensions[key]] as const)}
          onChange={setDimension}
        />
      }
    >
      {rows.length > 0 && results.goal !== "impressions_only" && <p class="small soft">{t.one.breakdownSays}</p>}
      {rows.length === 0 ? (
        <p class="soft">{t.one.breakdownNone}</p>
      ) : (
        <Table
          label={t.one.dimensions[dimension]}
          rows={rows}
          keyOf={(row) => row.key}
          columns={[
            [
              dimension === "source" ? <Term about="source">{t.one.dimensions.source}</Term> : t.one.dimensions[dimension],
              (row) => (
                <div class="bars">
                  <bdi>{row.name}</bdi>
                  <span class="bar-line" style={{ width: `${(row.total / top) * 100}%` }} />
                </div>
              ),
            ],
            [<Term about="impressions">{t.one.columns.impressions}</Term>, (row) => count(row.impressions), "num"],
            [<Term about="clicks">{t.one.columns.clicks}</Term>, (row) => count(row.clicks), "num"],
            ...results.variants.map((v): Column<Row> => [
              <bdi class="two">{v.name ?? v.id}</bdi>,
              (row) => {
                const counts = row.variants.find((c) => c.variantId === v.id);
                return results.goal === "impressions_only" || !counts?.trials ? (
                  count(counts?.impressions ?? 0)
                ) : (
                  <>
                    {share(counts.successes / counts.trials)} <span class="small soft">/ {count(counts.trials)}</span>
                  </>
                );
              },
              "num",
            ]),
          ]}
        />
      )}
    </Card>
  );
}

interface Row {
  key: string;
  name: string;
  variants: Breakdown["others"];
  impressions: number;
  clicks: number;
  total: number;
}

function rowsOf(breakdown: Breakdown, dimension: Dimension): Row[] {
  const row = (key: string, name: string, variants: Breakdown["others"]): Row => {
    const sum = (pick: (c: Breakdown["others"][number]) => number) => variants.reduce((all, c) => all + pick(c), 0);
    return { key, name, variants, impressions: sum((c) => c.impressions + c.views), clicks: sum((c) => c.clicks), total: sum((c) => c.impressions + c.views + c.clicks) };
  };
  const rows = breakdown.values.map(({ value, variants }) =>
    row(`=${value}`, value === null ? t.one.direct : dimension === "country" ? regionName(value) : value, variants),
  );
  return breakdown.others.length > 0 ? [...rows, row("others", t.one.others, breakdown.others)] : rows;
}
