import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { ViewProps } from "../App";
import { api, type Sink, type System } from "../api";
import { bytes, count, figure, moment, span } from "../format";
import { t } from "../strings.en";
import { drawn } from "../ui/drawn";
import { Card, Failure, Loading, Title, sentence } from "../ui/Parts";
import { Table, type Column } from "../ui/Table";
import { Term } from "../ui/Term";
import { useResource } from "../ui/useResource";
import { Fleet } from "./Fleet";

const refreshMs = 2_000;

/** Where every event is, and what is in the way of the others. */
export function Health({ session }: ViewProps) {
  const { data: system, error, reload } = useResource((signal) => api.system(signal), "system", refreshMs);
  if (!system) {
    return error ? <Failure error={error} retry={reload} /> : <Loading />;
  }
  return (
    <>
      <div class="head">
        <div>
          <Title>{t.health.title}</Title>
          <p class="row small soft">{t.health.runningSince(system.node, system.version, moment(system.startedAt))}</p>
        </div>
        {error ? (
          <p class="note trouble" role="alert">{t.health.asOf(moment(system.now))}</p>
        ) : (
          <p class={system.notReadyReason ? "note trouble" : "pill running"}>{system.notReadyReason ? t.health.notReady(system.notReadyReason) : t.health.ready}</p>
        )}
      </div>
      <fieldset class={error ? "stack past" : "stack"} disabled={!!error}>
        <Flow system={system} />
        {system.role === "origin" && <Fleet />}
        <Sinks sinks={system.sinks} canChange={!session.readOnly} reload={reload} />
        <Journal journal={system.journal} />
      </fieldset>
    </>
  );
}

/** Every line is as long as what it says, and they add up. */
function Flow({ system: { ledger, sinks } }: { system: System }) {
  const all = Math.max(1, ledger.received, ...sinks.map((sink) => sink.stored));
  const isSound = ledger.unaccounted === 0;
  const drops = Object.entries(ledger.dropped as Record<string, number>).filter(([, n]) => n > 0);
  return (
    <Card title={t.health.ledger} tools={<span class={isSound ? "pill running" : "trouble-text"}>{isSound ? t.health.sums : t.health.sumsNot}</span>}>
      {!isSound && <p class="note trouble">{t.health.unaccounted(count(ledger.unaccounted))}</p>}
      <div class="flow">
        <Line label={<Term about="received">{t.health.received}</Term>} sum={count(ledger.received)}>
          <Part of={ledger.received} all={all} />
        </Line>
        <Line label={<Term about="stored">{t.health.stored}</Term>} sum={t.health.sumReceived(count(ledger.received), count(ledger.stored), count(ledger.droppedTotal), count(ledger.inFlight))}>
          <Part of={ledger.stored} all={all} />
          <Part of={ledger.inFlight} all={all} kind="pending" />
          <Part of={ledger.droppedTotal} all={all} kind="bad" />
        </Line>
        {sinks.map((sink) => (
          <Line key={sink.name} label={<bdi class="wrap">{sink.name}</bdi>} sum={t.health.sumSink(count(sink.stored), count(sink.forwarded), count(sink.pending), count(sink.deadLettered), count(sink.skipped))}>
            <Part of={sink.forwarded} all={all} />
            <Part of={sink.pending + sink.skipped} all={all} kind="pending" />
            <Part of={sink.deadLettered} all={all} kind="bad" />
          </Line>
        ))}
      </div>
      {drops.length === 0 ? (
        <p class="small soft">{t.health.noDrops}</p>
      ) : (
        <ul class="stack-s">
          {drops.map(([reason, n]) => (
            <li key={reason} class="trouble-text">
              {count(n)} <Term about="dropped">{t.health.dropped.toLowerCase()}</Term>: {t.health.reasons[reason] ?? reason}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Line({ label, sum, children }: { label: ComponentChildren; sum: string; children: ComponentChildren }) {
  return (
    <div class="flow-line">
      <div>{label}</div>
      <div class="stack-s">
        <div class="flow-bar" aria-hidden="true">
          {children}
        </div>
        <span class="sum soft">{sum}</span>
      </div>
    </div>
  );
}

function Part({ of, all, kind = "" }: { of: number; all: number; kind?: string }) {
  return of > 0 ? <span class={kind} style={{ width: `${(of / all) * 100}%` }} /> : null;
}

function Sinks({ sinks, canChange, reload }: { sinks: Sink[]; canChange: boolean; reload: () => void }) {
  const [error, setError] = useState<unknown>();
  const turn = async ({ name, state }: Sink) => {
    if (state !== "paused" && !confirm(drawn(t.health.pauseAsk(name)))) {
      return;
    }
    setError(undefined);
    try {
      await api.turnSink(name, state === "paused" ? "resume" : "pause");
    } catch (e) {
      setError(e);
    }
    reload();
  };
  const columns = t.health.columns;
  return (
    <Card title={t.health.sinks}>
      {error ? (
        <p class="note trouble" role="alert">
          {sentence(error)}
        </p>
      ) : null}
      <Table
        label={t.health.sinks}
        rows={sinks}
        keyOf={(sink) => sink.name}
        columns={[
          [columns.sink, (sink) => <bdi class="wrap">{sink.name}</bdi>],
          [columns.state, (sink) => <span class={sink.state === "forwarding" ? "" : "trouble-text"}>{sink.state}</span>],
          [<Term about="forwarding">{columns.rate}</Term>, (sink) => (sink.perSecond == null ? "–" : t.health.perSecond(figure(sink.perSecond))), "num"],
          [<Term about="forwarded">{columns.forwarded}</Term>, (sink) => count(sink.forwarded), "num"],
          [
            <Term about="pending">{columns.pending}</Term>,
            (sink) => (
              <>
                {count(sink.pending)}
                {sink.secondsUntilCaughtUp ? <div class="small soft">{t.health.catchesUp(span(sink.secondsUntilCaughtUp))}</div> : null}
              </>
            ),
            "num",
          ],
          [<Term about="dead">{columns.dead}</Term>, (sink) => <span class={sink.deadLettered > 0 ? "trouble-text" : ""}>{count(sink.deadLettered)}</span>, "num"],
          [<Term about="delay">{columns.delay}</Term>, (sink) => (sink.pending > 0 ? span(sink.oldestPendingSeconds) : "–"), "num"],
          [
            columns.error,
            (sink) =>
              sink.lastError && (
                <>
                  {sink.lastError}
                  {sink.lastErrorAt && <div class="soft">{moment(sink.lastErrorAt)}</div>}
                </>
              ),
            "wrap small trouble-text",
          ],
          ...(canChange
            ? [
                [
                  <span class="sr">{columns.action}</span>,
                  (sink) =>
                    sink.pausable && (
                      <button type="button" class="small-button" aria-label={sink.state === "paused" ? t.health.resumeOf(sink.name) : t.health.pauseOf(sink.name)} onClick={() => turn(sink)}>
                        {sink.state === "paused" ? t.health.resume : t.health.pause}
                      </button>
                    ),
                  "num",
                ] as Column<Sink>,
              ]
            : []),
        ]}
      />
    </Card>
  );
}

/** How full the journal is, and when it would be full. */
function Journal({ journal }: { journal: System["journal"] }) {
  return (
    <Card title={t.health.journal} tools={<span class={journal.state === "open" ? "pill running" : "trouble-text"}>{t.health.states[journal.state]}</span>}>
      {journal.fault && <p class="note trouble">{journal.fault}</p>}
      {journal.quarantinedPages > 0 && <p class="note trouble">{t.health.quarantined(journal.quarantinedPages)}</p>}
      <div class="meter" aria-hidden="true">
        <span style={{ width: `${Math.min(100, journal.fillPercent)}%` }} />
      </div>
      <p class="row">
        <Term about="untilFull">{t.health.used(bytes(journal.heldBytes), bytes(journal.maxBytes))}</Term>
        <span class="soft">{journal.secondsUntilFull == null ? t.health.notFilling : t.health.fullIn(span(journal.secondsUntilFull))}</span>
        {journal.storedPerSecond != null && <span class="soft">{t.health.storing(figure(journal.storedPerSecond), bytes(journal.bytesPerSecond ?? 0))}</span>}
      </p>
    </Card>
  );
}
