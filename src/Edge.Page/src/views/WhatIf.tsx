import { useEffect, useState } from "preact/hooks";
import { api, ApiError, type WhatIf as Estimate } from "../api";
import { count, figure, fromLocal, moment, share } from "../format";
import { t } from "../strings.en";
import { sentence } from "../ui/Parts";
import { Table } from "../ui/Table";
import { Term } from "../ui/Term";
import { useResource } from "../ui/useResource";
import { inWords, labelOf } from "../words";
import type { Draft } from "./Editor";

const texts = t.edit.whatIf;
const logsMax = 50;
const candidates = new URLSearchParams({ type: "ab_test", limit: String(logsMax) });

/** What the definition would have come to, by the log of an experiment: its own, or for a new one that of an A/B test. It takes a while, so it is asked for. */
export function WhatIf({ draft, uid, isValid }: { draft: Draft; uid: string | undefined; isValid: boolean }) {
  const { data: logs } = useResource(async (signal) => (uid ? [] : (await api.summaries(candidates, signal)).experiments), uid ?? "");
  const [ask, setAsk] = useState({ of: "", from: "", to: "" });
  const [work, setWork] = useState<AbortController>();
  const [answer, setAnswer] = useState<{ key: string; data?: Estimate; error?: unknown }>();
  const of = uid ?? (ask.of || logs?.[0]?.uid);
  const key = JSON.stringify([draft, of, ask]);
  useEffect(() => () => work?.abort(), [work]);
  if (!of) {
    return null;
  }
  const set = (name: keyof typeof ask) => (event: Event) => setAsk({ ...ask, [name]: (event.currentTarget as HTMLInputElement).value });
  const start = () => {
    const leaving = new AbortController();
    const finish = (got: { data?: Estimate; error?: unknown }) => {
      if (!leaving.signal.aborted) {
        setAnswer({ key, ...got });
        setWork(undefined);
      }
    };
    setWork(leaving);
    setAnswer(undefined);
    api
      .whatIf(of, { definition: { ...draft, uid }, from: fromLocal(ask.from) ?? undefined, to: fromLocal(ask.to) ?? undefined }, leaving.signal)
      .then((data) => finish({ data }), (error: unknown) => finish({ error }));
  };
  const { data, error } = answer?.key === key ? answer : {};
  return (
    <section class="stack-s" aria-label={texts.title}>
      <h2>{texts.title}</h2>
      <p class="small soft">{texts.says}</p>
      {!uid && (
        <div class="field">
          <label for="log">{texts.of}</label>
          <select id="log" value={of} onChange={set("of")}>
            {logs?.map((log) => (
              <option key={log.uid} value={log.uid}>
                {log.name}
              </option>
            ))}
          </select>
        </div>
      )}
      {(["from", "to"] as const).map((name) => (
        <div key={name} class="field">
          <label for={`log-${name}`}>{texts[name]}</label>
          <input id={`log-${name}`} type="datetime-local" value={ask[name]} onInput={set(name)} />
        </div>
      ))}
      <div class="row">
        <button type="button" disabled={!isValid || Boolean(work)} onClick={start}>
          {texts.start}
        </button>
        {work && (
          <button type="button" class="plain" onClick={() => setWork(undefined)}>
            {texts.stop}
          </button>
        )}
      </div>
      <div role="status" class="stack-s">
        {work ? (
          <p class="small soft">{texts.working}</p>
        ) : error ? (
          <p class="note trouble">{told(error)}</p>
        ) : data ? (
          <Found estimate={data} nameOf={(id) => draft.variants.find((variant) => variant.id === id)?.name || id} />
        ) : null}
      </div>
    </section>
  );
}

/** What is wrong with the times, by the names of their inputs. */
const told = (error: unknown): string =>
  (error instanceof ApiError && error.problem.errors?.map(({ field, message }) => `${texts[field as "to"] ?? labelOf(field.replace("definition.", ""))}: ${inWords(message)}`).join(" ")) || sentence(error);

type Row = keyof typeof texts.rows;

function Found({ estimate, nameOf }: { estimate: Estimate; nameOf: (id: string) => string }) {
  const show = (n: number | undefined, row: Row) =>
    estimate.goal === "value" || n === undefined ? figure(n) : row === "difference" ? texts.inPoints(figure(n * 100)) : share(n);
  const facts = {
    trials: count(estimate.trials),
    effective: count(estimate.effectiveSampleSize),
    chosen: Object.entries(estimate.shares).map(([id, part]) => `${nameOf(id)} ${share(part)}`).join(", "),
    leftOut: count(estimate.withoutChance + estimate.withoutTrial + estimate.open),
  };
  return (
    <>
      <p class={`note ${estimate.problem ? "caution" : ""}`}>{inWords(estimate.problem ?? estimate.sentence ?? "")}</p>
      {!estimate.isWhole && estimate.firstTrialAt && estimate.lastTrialAt && <p class="small soft">{texts.part(moment(estimate.firstTrialAt), moment(estimate.lastTrialAt))}</p>}
      {!estimate.problem && (
        <Table
          label={texts.start}
          rows={Object.keys(texts.rows) as Row[]}
          keyOf={(row) => row}
          columns={[
            [texts.figure, (row) => <Term about={row}>{texts.rows[row]}</Term>],
            [texts.mean, (row) => show(estimate[row]?.mean, row), "num"],
            [<Term about="confidence">{t.one.columns.interval}</Term>, (row) => `${show(estimate[row]?.low, row)} – ${show(estimate[row]?.high, row)}`],
          ]}
        />
      )}
      <div class="rows">
        <dl>
          {(Object.keys(facts) as (keyof typeof facts)[]).map((about) => (
            <div key={about}>
              <dt>
                <Term about={about}>{texts.facts[about]}</Term>
              </dt>
              <dd class="wrap">{facts[about]}</dd>
            </div>
          ))}
        </dl>
      </div>
    </>
  );
}
