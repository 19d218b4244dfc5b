import type { Schedule } from "../api";
import { fromLocal, moment, toLocal } from "../format";
import { browserZone, timeZone } from "../preferences";
import { t } from "../strings.en";
import { Failing, Field, TextField } from "../ui/Field";

type Recurrence = NonNullable<Schedule["recurrence"]>;

/** A schedule in words. */
export function ScheduleText({ schedule }: { schedule: Schedule }) {
  const recurrence = schedule.recurrence;
  return (
    <p class="small">
      {schedule.startAt && `${t.edit.occurs.startAt} ${moment(schedule.startAt)} `}
      {schedule.endAt && `${t.edit.occurs.endAt.toLowerCase()} ${moment(schedule.endAt)}`}
      {recurrence && recurrence.type !== "none" && (
        <span class="soft">
          {", "}
          {t.edit.recurrences[recurrence.type as keyof typeof t.edit.recurrences]} {recurrence.cronExpression && <code>{recurrence.cronExpression}</code>} {recurrence.timezone}
        </span>
      )}
    </p>
  );
}

const zones: string[] = Intl.supportedValuesOf("timeZone");

/** Stands for the zone of each visitor. */
const ofVisitor = "visitor";

export function ScheduleEditor({ schedule, path, onChange }: { schedule: Schedule | null | undefined; path: string; onChange: (schedule: Schedule | null) => void }) {
  const now = schedule ?? {};
  const recurrence: Partial<Recurrence> = now.recurrence ?? { type: "none" };
  // What repeats is meant in the zone of the repetition; what happens once, in the zone of the page. On visitors' clocks a time is
  // written as if it were UTC.
  const zone = recurrence.timezone === ofVisitor ? "UTC" : recurrence.type !== "none" && recurrence.timezone && zones.includes(recurrence.timezone) ? recurrence.timezone : timeZone();
  const set = (change: Partial<Schedule>) => {
    const next = Object.fromEntries(Object.entries({ ...now, ...change }).filter(([, value]) => value != null)) as Schedule;
    onChange(Object.keys(next).length > 0 ? next : null);
  };
  const repeat = (change: Partial<Recurrence>) => {
    const next = { ...recurrence, ...change };
    set({
      recurrence: next.type === "none" ? undefined : ({
        type: next.type,
        timezone: next.timezone ?? browserZone,
        ...(next.timezone === ofVisitor && next.fallbackTimezone ? { fallbackTimezone: next.fallbackTimezone } : {}),
        ...(next.type === "cron" ? { cronExpression: next.cronExpression ?? "" } : {}),
      } as Recurrence),
    });
  };
  return (
    <fieldset class="stack">
      <legend class="label">{t.edit.variants.schedule}</legend>
      <Failing path={path} />
      <Failing path={`${path}.recurrence`} />
      <Failing path={`${path}.recurrence.fallbackTimezone`} />
      <div class="columns">
        {(["startAt", "endAt"] as const).map((name) => (
          <Field key={name} label={t.edit.occurs[name]} path={`${path}.${name}`} hint={recurrence.timezone === ofVisitor ? ofVisitor : zone}>
            {(attributes) => (
              <input {...attributes} type="datetime-local" value={toLocal(now[name], zone)} onChange={(event) => set({ [name]: fromLocal(event.currentTarget.value, zone) })} />
            )}
          </Field>
        ))}
        <Field label={t.edit.occurs.recurrence} path={`${path}.recurrence.type`}>
          {(attributes) => (
            <select {...attributes} value={recurrence.type} onChange={(event) => repeat({ type: event.currentTarget.value as Recurrence["type"] })}>
              {Object.entries(t.edit.recurrences).map(([type, text]) => (
                <option key={type} value={type}>
                  {text}
                </option>
              ))}
            </select>
          )}
        </Field>
        {recurrence.type !== "none" && (
          <Field label={t.edit.occurs["recurrence.timezone"]} path={`${path}.recurrence.timezone`}>
            {(attributes) => (
              <select {...attributes} value={recurrence.timezone ?? browserZone} onChange={(event) => repeat({ timezone: event.currentTarget.value })}>
                {[...new Set(["UTC", browserZone, ofVisitor, ...(recurrence.timezone ? [recurrence.timezone] : []), ...zones])].map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            )}
          </Field>
        )}
      </div>
      {recurrence.type === "cron" && (
        <TextField label={t.edit.occurs["recurrence.cronExpression"]} path={`${path}.recurrence.cronExpression`} value={recurrence.cronExpression} hint={t.edit.cronHint} onInput={(cronExpression) => repeat({ cronExpression })} />
      )}
    </fieldset>
  );
}
