import { api } from "../api";
import { wall, weekday, weekdayTime } from "../format";
import { timeZone } from "../preferences";
import { t } from "../strings.en";
import { Failure } from "../ui/Parts";
import { useResource } from "../ui/useResource";
import type { Draft } from "./Editor";

interface Slot {
  date: string;
  from: number;
  to: number;
  variant: string;
}

/** The next seven days as columns, and the next occurrences as a list; both are the server's. */
export function Week({ draft, uid }: { draft: Draft; uid: string | undefined }) {
  const { data, error, reload } = useResource((signal) => api.occurrences(draft, uid, signal), JSON.stringify(draft.variants.map((v) => [v.id, v.schedule, v.isDefault])));
  if (!data) {
    return error ? <Failure error={error} retry={reload} /> : null;
  }
  const days = Array.from({ length: 7 }, (_, i) => wall(Date.now() + i * 86_400_000).date);
  const scheduled = data.periods.filter((period) => period.isScheduled);
  const slots = scheduled.flatMap((period) => slotsOf(period.variantId, period.start, period.end ?? data.until, days));
  const opacityOf = (id: string) => String(1 - 0.22 * (draft.variants.findIndex((variant) => variant.id === id) % 4));
  const nameOf = (id: string) => draft.variants.find((v) => v.id === id)?.name || id;
  return (
    <div class="stack">
      <p class="small soft">{t.edit.weekSays(timeZone())}</p>
      <ul class="keys" aria-hidden="true">
        {[...new Set(scheduled.map((period) => period.variantId))].map((id) => (
          <li key={id}>
            <span class="swatch" style={{ opacity: opacityOf(id) }} />
            <bdi class="cut">{nameOf(id)}</bdi>
          </li>
        ))}
      </ul>
      <div class="week" aria-hidden="true">
        <span />
        {days.map((date) => (
          <span key={date} class="soft cut">{weekday(date)}</span>
        ))}
        <div class="hours">
          {[0, 6, 12, 18, 24].map((hour) => (
            <span key={hour} style={{ top: `${(hour / 24) * 100}%` }}>{hour}</span>
          ))}
        </div>
        {days.map((date) => (
          <div key={date} class="day">
            {slots.filter((slot) => slot.date === date).map((slot) => (
              <div
                key={slot.from}
                class="slot"
                title={nameOf(slot.variant)}
                style={{ top: `${(slot.from / 1440) * 100}%`, height: `${((slot.to - slot.from) / 1440) * 100}%`, opacity: opacityOf(slot.variant) }}
              />
            ))}
          </div>
        ))}
      </div>
      <h3>{t.edit.occurrences}</h3>
      {scheduled.length === 0 ? (
        <p class="soft">{t.edit.noOccurrences}</p>
      ) : (
        <ul class="stack-s small">
          {scheduled.slice(0, 8).map((period) => (
            <li key={period.variantId + period.start}>
              <strong><bdi>{nameOf(period.variantId)}</bdi></strong> {weekdayTime(period.start)}
              {period.end && ` – ${weekdayTime(period.end)}`}
            </li>
          ))}
        </ul>
      )}
      {data.clockChanges.map((change) => (
        <p key={change.timezone + change.at} class="note small">
          {t.edit.clockChange(change.timezone, weekdayTime(change.at), change.offsetMinutesAfter - change.offsetMinutesBefore)}
        </p>
      ))}
    </div>
  );
}

/** The pieces of an occurrence on the days of the week. */
function slotsOf(variant: string, from: string, until: string, days: string[]): Slot[] {
  const [begin, end] = [wall(from), wall(until)];
  return days
    .filter((date) => date >= begin.date && date <= end.date)
    .map((date) => ({ date, variant, from: date === begin.date ? begin.minutes : 0, to: date === end.date ? end.minutes : 1440 }))
    .filter((slot) => slot.to > slot.from);
}
