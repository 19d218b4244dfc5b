import { useEffect, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../App";
import { api, type Ledger, type LedgerOfSink } from "../api";
import { bytes, count, figure, span } from "../format";
import { t } from "../strings.en";
import { Card, Failure, Loading, Title, sentence } from "../ui/Parts";
import { Term } from "../ui/Term";
import { useResource } from "../ui/useResource";

const refreshMs = 2_000;

export function Health({ session }: ViewProps) {
  const { data, error, reload } = useResource((signal) => api.health(signal), "health", refreshMs);
  const rates = useRates(data?.ledger);
  if (!data) {
    return error ? <Failure error={error} retry={reload} /> : <Loading />;
  }
  const { ledger, ready } = data;
  return (
    <>
      <div class="head">
        <Title>{t.health.title}</Title>
        <p class={ready.isReady ? "pill running" : "note trouble"}>{ready.isReady ? t.health.ready : t.health.notReady(ready.reason)}</p>
      </div>
      {error ? <Failure error={error} retry={reload} /> : null}
      <Flow ledger={ledger} />
      <Sinks ledger={ledger} rates={rates} canChange={!session.readOnly} reload={reload} />
      <JournalFill ledger={ledger} />
    </>
  );
}

/** Events a second that each sink has taken, over the last answers. */
function useRates(ledger: Ledger | undefined): Map<string, number> {
  const seen = useRef<{ at: number; forwarded: Map<string, number> }[]>([]);
  const [rates, setRates] = useState(new Map<string, number>());
  useEffect(() => {
    if (!ledger) {
      return;
    }
    const now = { at: performance.now(), forwarded: new Map(ledger.sinks.map((s) => [s.sink, s.forwarded])) };
    seen.current = [...seen.current, now].slice(-10);
    const first = seen.current[0]!;
    const seconds = (now.at - first.at) / 1000;
    if (seconds > 0) {
      setRates(new Map([...now.forwarded].map(([sink, n]) => [sink, Math.max(0, n - (first.forwarded.get(sink) ?? n)) / seconds])));
    }
  }, [ledger]);
  return rates;
}

/** Where the events are: every line is as long as what it says, and they add up. */
function Flow({ ledger }: { ledger: Ledger }) {
  const received = Math.max(1, ledger.received);
  const isSound = ledger.unaccounted === 0;
  const drops = Object.entries(ledger.dropped as Record<string, number>).filter(([, n]) => n > 0);
  return (
    <Card title={t.health.ledger} tools={<span class={isSound ? "pill running" : "trouble-text"}>{isSound ? t.health.sums : t.health.sumsNot}</span>}>
      {!isSound && <p class="note trouble">{t.health.unaccounted(count(ledger.unaccounted))}</p>}
      <div class="flow">
        <Line label={<Term about="received">{t.health.received}</Term>} sum={count(ledger.received)}>
          <Part of={ledger.received} all={received} />
        </Line>
        <Line label={<Term about="stored">{t.health.stored}</Term>} sum={t.health.sumReceived(count(ledger.received), count(ledger.stored), count(ledger.dropped_total), count(ledger.in_flight))}>
          <Part of={ledger.stored} all={received} />
          <Part of={ledger.in_flight} all={received} kind="pending" />
          <Part of={ledger.dropped_total} all={received} kind="bad" />
        </Line>
        {ledger.sinks.map((sink) => (
          <Line
            key={sink.sink}
            label={<bdi class="wrap">{sink.sink}</bdi>}
            sum={t.health.sumSink(count(sink.stored), count(sink.forwarded), count(sink.pending), count(sink.dead_lettered), count(sink.skipped))}
          >
            <Part of={sink.forwarded} all={received} />
            <Part of={sink.pending + sink.skipped} all={received} kind="pending" />
            <Part of={sink.dead_lettered} all={received} kind="bad" />
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
      {(ledger.quarantined_pages ?? 0) > 0 && <p class="note trouble">{t.health.quarantined(ledger.quarantined_pages ?? 0)}</p>}
    </Card>
  );
}

function Part({ of, all, kind = "" }: { of: number; all: number; kind?: string }) {
  return of > 0 ? <span class={kind} style={{ width: `${(of / all) * 100}%` }} /> : null;
}

function Line({ label, sum, children }: { label: preact.ComponentChildren; sum: string; children: preact.ComponentChildren }) {
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

function Sinks({ ledger, rates, canChange, reload }: { ledger: Ledger; rates: Map<string, number>; canChange: boolean; reload: () => void }) {
  const [error, setError] = useState<unknown>();
  const turn = async (sink: LedgerOfSink) => {
    setError(undefined);
    try {
      await api.turnSink(sink.sink, isPaused(sink) ? "resume" : "pause");
    } catch (e) {
      setError(e);
    }
    reload();
  };
  const columns = t.health.columns;
  return (
    <Card title={t.health.sinks}>
      {error ? <p class="note trouble" role="alert">{sentence(error)}</p> : null}
      <div class="scroll" tabIndex={0} role="region" aria-label={t.health.sinks}>
        <table>
          <thead>
            <tr>
              <th scope="col">{columns.sink}</th>
              <th scope="col">{columns.state}</th>
              <th scope="col" class="num">{columns.rate}</th>
              <th scope="col" class="num"><Term about="forwarded">{columns.forwarded}</Term></th>
              <th scope="col" class="num"><Term about="pending">{columns.pending}</Term></th>
              <th scope="col" class="num"><Term about="dead">{columns.dead}</Term></th>
              <th scope="col" class="num"><Term about="delay">{columns.delay}</Term></th>
              <th scope="col">{columns.error}</th>
              {canChange && (
                <th scope="col">
                  <span class="sr">{columns.action}</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {ledger.sinks.map((sink) => (
              <tr key={sink.sink}>
                <th scope="row"><bdi class="wrap">{sink.sink}</bdi></th>
                <td>{sink.state}</td>
                <td class="num">{t.health.perSecond(figure(rates.get(sink.sink) ?? 0))}</td>
                <td class="num">{count(sink.forwarded)}</td>
                <td class="num">{count(sink.pending)}</td>
                <td class={`num ${sink.dead_lettered > 0 ? "trouble-text" : ""}`}>{count(sink.dead_lettered)}</td>
                <td class="num">{sink.pending > 0 ? span(sink.oldest_pending_seconds ?? 0) : "–"}</td>
                <td class="wrap small trouble-text">{sink.last_error ?? ""}</td>
                {canChange && (
                  <td class="num">
                    {sink.sink !== "tally" && (
                      <button type="button" class="small-button" aria-label={isPaused(sink) ? t.health.resumeOf(sink.sink) : t.health.pauseOf(sink.sink)} onClick={() => turn(sink)}>
                        {isPaused(sink) ? t.health.resume : t.health.pause}
                      </button>
                    )}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

const isPaused = (sink: LedgerOfSink): boolean => sink.state === "paused";

/** How full the journal is, and when it would be full as it grew while this page was open. */
function JournalFill({ ledger }: { ledger: Ledger }) {
  const first = useRef<{ at: number; used: number } | null>(null);
  const journal = ledger.journal;
  if (!journal) {
    return null;
  }
  first.current ??= { at: performance.now(), used: journal.used_bytes };
  const seconds = (performance.now() - first.current.at) / 1000;
  const growth = seconds > 1 ? (journal.used_bytes - first.current.used) / seconds : 0;
  return (
    <Card title={t.health.journal}>
      <div class="meter" aria-hidden="true">
        <span style={{ width: `${Math.min(100, (journal.used_bytes / journal.limit_bytes) * 100)}%` }} />
      </div>
      <p class="row">
        <span>{t.health.used(bytes(journal.used_bytes), bytes(journal.limit_bytes))}</span>
        <span class="soft">
          <Term about="untilFull">{growth > 0 ? t.health.fullIn(span((journal.limit_bytes - journal.used_bytes) / growth)) : t.health.notFilling}</Term>
        </span>
      </p>
    </Card>
  );
}
