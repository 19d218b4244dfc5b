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
export function Week({ draft }: { draft: Draft }) {
  const { data, error, reload } = useResource((signal) => api.occurrences(draft, signal), JSON.stringify(draft.variants.map((v) => [v.id, v.schedule, v.isDefault])));
  if (!data) {
    return error ? <Failure error={error} retry={reload} /> : null;
  }
  const days = Array.from({ length: 7 }, (_, i) => wall(Date.now() + i * 86_400_000).date);
  const slots = data.flatMap((o) => slotsOf(o.variant, o.from, o.until, days));
  const nameOf = (id: string) => draft.variants.find((v) => v.id === id)?.name || id;
  return (
    <div class="stack">
      <p class="small soft">{t.edit.weekSays(timeZone())}</p>
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
                style={{ top: `${(slot.from / 1440) * 100}%`, height: `${((slot.to - slot.from) / 1440) * 100}%`, opacity: String(1 - 0.22 * (draft.variants.findIndex((v) => v.id === slot.variant) % 4)) }}
              />
            ))}
          </div>
        ))}
      </div>
      <h3>{t.edit.occurrences}</h3>
      {data.length === 0 ? (
        <p class="soft">{t.edit.noOccurrences}</p>
      ) : (
        <ul class="stack-s small">
          {data.slice(0, 10).map((o) => (
            <li key={o.variant + o.from}>
              <strong><bdi>{nameOf(o.variant)}</bdi></strong> {weekdayTime(o.from)}
              {o.until && ` – ${weekdayTime(o.until)}`}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The pieces of an occurrence on the days of the week. */
function slotsOf(variant: string, from: string, until: string | null, days: string[]): Slot[] {
  const begin = wall(from);
  const end = until ? wall(until) : { date: "9999-12-31", minutes: 0 };
  return days
    .filter((date) => date >= begin.date && date <= end.date)
    .map((date) => ({ date, variant, from: date === begin.date ? begin.minutes : 0, to: date === end.date ? end.minutes : 1440 }))
    .filter((slot) => slot.to > slot.from);
}
