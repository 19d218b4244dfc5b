import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../App";
import { api, type Summary } from "../api";
import { link, replaceQuery } from "../router";
import { t } from "../strings.en";
import { inWords } from "../words";
import { Sparkline } from "../ui/Charts";
import { Failure, Loading, State, Title } from "../ui/Parts";
import { Term } from "../ui/Term";
import { useResource, useRetry, useSettled } from "../ui/useResource";

const pageSize = 50;
const searchMax = 255;
const filters = ["q", "status", "type", "sort"] as const;

export function Experiments({ place, session }: ViewProps) {
  const [filter, setFilter] = useState(() => Object.fromEntries(filters.map((name) => [name, place.query.get(name) ?? ""])) as Record<(typeof filters)[number], string>);
  const settled = useSettled(filter, 80);
  const query = useMemo(() => new URLSearchParams(Object.entries(settled).filter(([, value]) => value)), [settled]);
  useEffect(() => replaceQuery(query), [query]);
  const { total, error, row, want, reload } = useRows(query.toString());
  const set = (name: (typeof filters)[number]) => (event: Event) => setFilter({ ...filter, [name]: (event.currentTarget as HTMLInputElement).value.slice(0, searchMax) });
  const isFiltered = Boolean(settled.q || settled.status || settled.type);

  return (
    <>
      <div class="head">
        <Title>{t.list.title}</Title>
        {!session.readOnly && (
          <a class="button primary" href={link("experiments", "new")}>
            {t.list.create}
          </a>
        )}
      </div>
      <Alerts />
      {(total !== 0 || isFiltered) && (
        <div class="filters" role="search">
          <input type="search" maxLength={searchMax} value={filter.q} onInput={set("q")} placeholder={t.list.search} aria-label={t.list.search} />
          <select aria-label={t.list.state} value={filter.status} onChange={set("status")}>
            <option value="">{`${t.list.state}: ${t.list.any}`}</option>
            {(["draft", "running", "paused", "completed"] as const).map((status) => (
              <option key={status} value={status}>
                {t.status[status]}
              </option>
            ))}
          </select>
          <select aria-label={t.list.type} value={filter.type} onChange={set("type")}>
            <option value="">{`${t.list.type}: ${t.list.any}`}</option>
            {(["ab_test", "smart_link", "scheduled"] as const).map((type) => (
              <option key={type} value={type}>
                {t.type[type]}
              </option>
            ))}
          </select>
          <select aria-label={t.list.sort} value={filter.sort} onChange={set("sort")}>
            {sorts.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </div>
      )}
      {error ? <Failure error={error} retry={reload} /> : total === undefined ? <Loading /> : null}
      {total === 0 && !isFiltered && <First isReadOnly={session.readOnly} />}
      {total === 0 && isFiltered && (
        <div class="empty">
          <p>{t.list.noMatch}</p>
          <button type="button" onClick={() => setFilter({ q: "", status: "", type: "", sort: filter.sort })}>
            {t.list.clear}
          </button>
        </div>
      )}
      {total !== undefined && total > 0 && (
        <>
          <Rows total={total} row={row} want={want} />
          <p class="small soft" role="status">
            {t.list.total(total)}
          </p>
        </>
      )}
    </>
  );
}

const sorts = [
  ["", t.list.sorts.updated],
  ["created", t.list.sorts.created],
  ["name", t.list.sorts.name],
  ["status", t.list.sorts.status],
  ["visits", t.list.sorts.visits],
] as const;

function First({ isReadOnly }: { isReadOnly: boolean }) {
  return (
    <div class="card empty">
      <h2>{t.list.emptyTitle}</h2>
      <p>{t.list.empty}</p>
      {!isReadOnly && (
        <a class="button primary" href={link("experiments", "new")}>
          {t.list.create}
        </a>
      )}
    </div>
  );
}

/** What somebody should look at. */
function Alerts() {
  const { data } = useResource((signal) => api.alerts(signal), "alerts", 60_000);
  return data?.alerts.length ? (
    <ul class="stack-s" aria-label={t.list.alerts}>
      {data.alerts.map((alert) => (
        <li key={alert.id} class={`note ${alert.type === "experiment.winner_suggested" ? "good" : "caution"}`}>
          <a href={link("experiments", alert.experiment.slug)}>{inWords(alert.text)}</a>
        </li>
      ))}
    </ul>
  ) : null;
}

/** The rows of a query, fetched page by page as they are wanted. */
function useRows(query: string) {
  const [state, setState] = useState<{ query: string; total?: number; pages: Map<number, Summary[]>; error?: unknown }>({ query, pages: new Map() });
  const asked = useRef(new Set<string>());
  const [turn, setTurn] = useState(0);

  const want = (page: number) => {
    const name = `${turn} ${page} ${query}`;
    if (asked.current.has(name)) {
      return;
    }
    asked.current.add(name);
    const search = new URLSearchParams(query);
    search.set("page", String(page + 1));
    search.set("limit", String(pageSize));
    api.summaries(search).then(
      (answer) =>
        setState((before) => {
          const pages = before.query === query ? new Map(before.pages) : new Map<number, Summary[]>();
          return { query, total: answer.total, pages: pages.set(page, answer.experiments) };
        }),
      (error: unknown) => setState((before) => ({ ...before, query, error })),
    );
  };
  useEffect(() => {
    want(0);
  }, [query, turn]);
  const reload = () => {
    setState({ query, pages: new Map() });
    setTurn(turn + 1);
  };
  useRetry(state.error, reload);
  return {
    total: state.total,
    error: state.error,
    row: (i: number) => state.pages.get(Math.floor(i / pageSize))?.[i % pageSize],
    want,
    reload,
  };
}

/** Only the rows that can be seen are in the document. */
function Rows({ total, row, want }: { total: number; row: (i: number) => Summary | undefined; want: (page: number) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ from: 0, to: 30 });
  const [height, setHeight] = useState(rowHeight);

  useEffect(() => {
    const look = () => {
      const size = rowHeight();
      const top = -(list.current?.getBoundingClientRect().top ?? 0);
      const from = Math.max(0, Math.floor(top / size) - 8);
      const to = Math.min(total, Math.ceil((top + innerHeight) / size) + 8);
      setHeight(size);
      setRange((before) => (before.from === from && before.to === to ? before : { from, to }));
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [total]);
  const to = Math.min(range.to, total);
  const from = Math.min(range.from, to);
  useEffect(() => {
    for (let page = Math.floor(from / pageSize); page * pageSize < to; page++) {
      want(page);
    }
  });

  const shown = Array.from({ length: to - from }, (_, i) => from + i);
  return (
    <div class="list" role="table" aria-label={t.list.title} aria-rowcount={total + 1}>
      <div class="list-row list-head" role="row" aria-rowindex={1}>
        <span role="columnheader">{t.list.columns.name}</span>
        <span role="columnheader">{t.list.columns.state}</span>
        <span role="columnheader">{t.list.columns.type}</span>
        <span role="columnheader">
          <Term about="sparkline">{t.list.columns.traffic}</Term>
        </span>
        <span role="columnheader">{t.list.columns.recommendation}</span>
      </div>
      <div ref={list} role="rowgroup">
        <div role="presentation" style={{ height: `${from * height}px` }} />
        {shown.map((i) => (
          <Row key={i} index={i} experiment={row(i)} isLast={i === total - 1} />
        ))}
        <div role="presentation" style={{ height: `${(total - to) * height}px` }} />
      </div>
    </div>
  );
}

const narrow = matchMedia("(max-width: 900px)");
const rowHeight = (): number => (narrow.matches ? 138 : 68);

function Row({ experiment, index, isLast }: { experiment: Summary | undefined; index: number; isLast: boolean }) {
  const leader = experiment?.leader && (experiment.leader.name ?? experiment.leader.id);
  const visits = experiment?.visits.total ?? 0;
  return (
    <div class={`list-row ${isLast ? "last" : ""}`} role="row" aria-rowindex={index + 2}>
      <div role="cell" class="cut">
        {experiment && (
          <>
            <a class="name cut" href={link("experiments", experiment.slug)}>
              <bdi>{experiment.name}</bdi>
            </a>
            <div class="small soft cut">{experiment.slug}</div>
          </>
        )}
      </div>
      <div role="cell">{experiment && <State status={experiment.status} />}</div>
      <div role="cell" class="small soft">
        {experiment && t.type[experiment.type]}
      </div>
      <div role="cell" class="small soft">
        {experiment && (visits > 0 ? <Sparkline values={experiment.visits.days} label={t.list.traffic(visits)} /> : t.list.traffic(0))}
      </div>
      <div role="cell" class="two">
        {leader && (
          <strong>{t.list.leads(leader)} </strong>
        )}
        {inWords(experiment?.recommendation ?? "")}
      </div>
    </div>
  );
}
