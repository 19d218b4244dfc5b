import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../App";
import { api, ApiError, liveUrl, type LiveEvent, type LiveRefusal } from "../api";
import { clock, count } from "../format";
import { t } from "../strings.en";
import { Code, Segments, Title, sentence } from "../ui/Parts";

const keptMax = 500;
const shownMax = 200;
const flushMs = 250;
/** The stream says so every second while it leaves events out. */
const sampledMs = 2_500;
const retryMs = 5_000;

interface Tail {
  events: LiveEvent[];
  refused: LiveRefusal[];
  sampled: { shown: number; skipped: number } | null;
  isConnected: boolean;
  /** Why there is no stream; empty while it is connected or on its way. */
  refusal: string;
}

const nothing: Tail = { events: [], refused: [], sampled: null, isConnected: false, refusal: "" };

/** Events as they come in. What arrives is drawn a few times a second at most, however much it is. */
export function Live(_: ViewProps) {
  const [tab, setTab] = useState<"events" | "refused">("events");
  const [isPaused, setPaused] = useState(false);
  const [filter, setFilter] = useState({ type: "", verdict: "", text: "" });
  const { tail, clear } = useTail(isPaused);
  const types = useMemo(() => [...new Set(tail.events.map((e) => e.type))].sort(), [tail.events]);
  const shown = useMemo(() => tail.events.filter((event) => fits(event, filter)).slice(0, shownMax), [tail.events, filter]);
  const set = (name: keyof typeof filter) => (event: Event) => setFilter({ ...filter, [name]: (event.currentTarget as HTMLInputElement).value });

  return (
    <>
      <div class="head">
        <div>
          <Title>{t.live.title}</Title>
          <p class="soft">{t.live.lead}</p>
        </div>
        <div class="row">
          <span class={`pill ${!isPaused && tail.isConnected ? "running" : "paused"}`} role="status">
            {isPaused ? t.live.paused : tail.isConnected ? t.live.connected : t.live.connecting}
          </span>
          <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
            {isPaused ? t.live.resume : t.live.pause}
          </button>
          <button type="button" class="plain" onClick={clear}>
            {t.live.clear}
          </button>
        </div>
      </div>
      {!isPaused && tail.refusal && (
        <p class="note trouble" role="alert">
          {tail.refusal}
        </p>
      )}
      {tail.sampled && (
        <p class="note caution" role="status">
          {t.live.sampled(count(tail.sampled.shown), count(tail.sampled.shown + tail.sampled.skipped))}
        </p>
      )}
      <Segments
        label={t.live.title}
        value={tab}
        options={[["events", `${t.live.events} ${tail.events.length || ""}`], ["refused", `${t.live.refused} ${tail.refused.length || ""}`]]}
        onChange={setTab}
      />
      {tab === "events" ? (
        <section class="card">
          <div class="filters">
            <input type="search" aria-label={t.live.filterText} placeholder={t.live.filterText} value={filter.text} onInput={set("text")} />
            <select aria-label={t.live.filterType} value={filter.type} onChange={set("type")}>
              <option value="">{`${t.live.filterType}: ${t.list.any}`}</option>
              {types.map((type) => (
                <option key={type}>{type}</option>
              ))}
            </select>
            <select aria-label={t.live.filterVerdict} value={filter.verdict} onChange={set("verdict")}>
              <option value="">{`${t.live.filterVerdict}: ${t.list.any}`}</option>
              {["human", "proxy", "prefetch", "scanner", "bot", "unknown"].map((verdict) => (
                <option key={verdict}>{verdict}</option>
              ))}
            </select>
          </div>
          {shown.length === 0 ? <p class="soft empty">{t.live.emptyEvents}</p> : <Events events={shown} />}
          <p class="small soft">{t.live.kept(keptMax)}</p>
        </section>
      ) : (
        <section class="card" aria-label={t.live.refused}>
          {tail.refused.length === 0 ? <p class="soft empty">{t.live.emptyRefused}</p> : <Refusals refused={tail.refused.slice(0, shownMax)} />}
        </section>
      )}
    </>
  );
}

function useTail(isPaused: boolean): { tail: Tail; clear: () => void } {
  const [tail, setTail] = useState(nothing);
  const waiting = useRef<Pick<Tail, "events" | "refused"> & { sampled: Tail["sampled"] | undefined }>({ events: [], refused: [], sampled: undefined });
  const sampledAt = useRef(0);
  useEffect(() => {
    if (isPaused) {
      return;
    }
    let source: EventSource;
    let retry = 0;
    let hasLeft = false;
    const connect = () => {
      source = new EventSource(liveUrl);
      source.onopen = () => setTail((before) => ({ ...before, isConnected: true, refusal: "" }));
      source.onerror = () => {
        setTail((before) => ({ ...before, isConnected: false }));
        if (source.readyState === EventSource.CLOSED) {
          void comeBack();
        }
      };
      const on = (name: string, take: (data: never) => void) =>
        source.addEventListener(name, (message) => take(JSON.parse((message as MessageEvent<string>).data) as never));
      on("event", (event: LiveEvent) => keep(waiting.current.events, event));
      on("refused", (refusal: LiveRefusal) => keep(waiting.current.refused, refusal));
      on("sampled", (sampled: Tail["sampled"]) => {
        waiting.current.sampled = sampled;
        sampledAt.current = performance.now();
      });
    };
    // A stream that was refused does not try again by itself, nor say why.
    const comeBack = async () => {
      const refusal = await api.knockLive().then(
        () => "",
        (e: unknown) => (e instanceof ApiError && e.status === 503 ? t.live.full : sentence(e)),
      );
      if (!hasLeft) {
        setTail((before) => ({ ...before, refusal }));
        retry = window.setTimeout(connect, retryMs);
      }
    };
    connect();
    const timer = setInterval(() => {
      const { events, refused } = waiting.current;
      const isOver = sampledAt.current > 0 && performance.now() - sampledAt.current > sampledMs;
      const sampled = isOver ? null : waiting.current.sampled;
      if (isOver) {
        sampledAt.current = 0;
      }
      if (events.length === 0 && refused.length === 0 && sampled === undefined) {
        return;
      }
      waiting.current = { events: [], refused: [], sampled: undefined };
      setTail((before) => ({
        ...before,
        events: [...events.reverse(), ...before.events].slice(0, keptMax),
        refused: [...refused.reverse(), ...before.refused].slice(0, keptMax),
        sampled: sampled === undefined ? before.sampled : sampled,
      }));
    }, flushMs);
    return () => {
      hasLeft = true;
      source.close();
      clearTimeout(retry);
      clearInterval(timer);
    };
  }, [isPaused]);
  return { tail, clear: () => setTail((before) => ({ ...nothing, isConnected: before.isConnected, refusal: before.refusal })) };
}

function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > keptMax) {
    list.shift();
  }
}

function fits(event: LiveEvent, { type, verdict, text }: { type: string; verdict: string; text: string }): boolean {
  return (!type || event.type === type) && (!verdict || event.verdict === verdict) && (!text || JSON.stringify(event).toLowerCase().includes(text.toLowerCase()));
}

function Events({ events }: { events: LiveEvent[] }) {
  const columns = t.live.columns;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t.live.events}>
      <table class="tail">
        <thead>
          <tr>
            <th scope="col">{columns.time}</th>
            <th scope="col">{columns.type}</th>
            <th scope="col">{columns.experiment}</th>
            <th scope="col">{columns.variant}</th>
            <th scope="col">{columns.verdict}</th>
            <th scope="col">{columns.place}</th>
            <th scope="col">{columns.device}</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.id}>
              <td class="when">{clock(event.received_at)}</td>
              <td class="what">{event.event && event.event !== event.type ? `${event.type}: ${event.event}` : event.type}</td>
              <td class="cut"><bdi>{event.experiment ?? ""}</bdi></td>
              <td class="cut"><bdi>{event.variant ?? ""}</bdi></td>
              <td>
                {event.verdict}
                {event.verdict_reason && <span class="soft"> {event.verdict_reason}</span>}
                {event.synthetic && <span class="soft"> test {event.synthetic}</span>}
              </td>
              <td>{event.country ?? ""}</td>
              <td class="cut">{[event.device_type, event.browser].filter(Boolean).join(", ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Refusals({ refused }: { refused: LiveRefusal[] }) {
  return (
    <ul class="stack">
      {refused.map((refusal, i) => (
        <li key={i} class="stack-s">
          <div class="row">
            <span class="num small soft">{clock(refusal.at)}</span>
            <span class="mono">{refusal.status}</span>
            <strong class="wrap">{refusal.reason}</strong>
            <span class="mono wrap soft">
              {refusal.method} {refusal.route}
            </span>
          </div>
          <details>
            <summary>{t.live.repeat}</summary>
            <Code title={t.live.repeat} text={refusal.curl} />
          </details>
        </li>
      ))}
    </ul>
  );
}
