import { Fragment } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ViewProps } from "../App";
import { api, ApiError, type Experiment, type ExperimentType, type Validation, type Variant, type Versioned } from "../api";
import { fromLocal, points, toLocal } from "../format";
import { timeZone } from "../preferences";
import { announce, go, guardLeaving, link } from "../router";
import { t } from "../strings.en";
import { Failing, Field, NumberField, TextField, Violations } from "../ui/Field";
import { Card, Failure, Loading, Title, sentence } from "../ui/Parts";
import { useResource, useSettled } from "../ui/useResource";
import { inWords, labelOf, tell } from "../words";
import { ConditionEditor } from "./Conditions";
import { Conflict } from "./Conflict";
import { Explain } from "./Explain";
import { ScheduleEditor } from "./Schedule";
import { Week } from "./Week";
import { WhatIf } from "./WhatIf";
import { same } from "./merge";
import { balance, equal, normal } from "./weights";

/** A definition under way; the server says what is still missing. */
export type Draft = Pick<Experiment, "name" | "slug" | "type"> & Partial<Pick<Experiment, Exclude<(typeof members)[number], "variants">>> & { variants: DraftVariant[] };
type DraftVariant = Partial<Variant> & Pick<Variant, "id" | "weight">;

/** Members that the form changes; a PUT has those that differ. */
const members = [
  "name", "slug", "hypothesis", "variants", "goalConfig", "banditConfig", "attributionWindowMinutes", "trialStart", "minimumSampleSize",
  "minimumRunDays", "confidenceThreshold", "trafficShare", "exclusionGroup", "stableUnits", "passQuery", "linkConfig",
  "trackingConfig", "templateUid", "fallbackImageUrl", "fallbackTemplateUid", "outputConfig",
] as const;

export function Editor(props: ViewProps) {
  const uid = props.place.path[1]!;
  const canSave = !props.session.readOnly;
  return uid === "new" ? <Form key="new" base={null} canSave={canSave} /> : <Existing uid={uid} canSave={canSave} />;
}

function Existing({ uid, canSave }: { uid: string; canSave: boolean }) {
  const { data, error, reload } = useResource((signal) => api.get(uid, signal), uid);
  return data ? <Form key={uid} base={data} canSave={canSave} /> : error ? <Failure error={error} retry={reload} /> : <Loading />;
}

const blank = (): Draft => ({
  name: "",
  slug: "",
  type: "ab_test",
  variants: [
    { id: "a", name: "", weight: 5000, isDefault: true },
    { id: "b", name: "", weight: 5000 },
  ],
  goalConfig: { type: "click_through" },
});

export function draftOf(experiment: Experiment): Draft {
  return {
    ...Object.fromEntries((["type", ...members] as const).map((name) => [name, experiment[name]])),
    variants: experiment.variants.map(({ impressions: _i, clicks: _c, configuredWeight, ...variant }) => ({ ...variant, weight: configuredWeight ?? variant.weight })),
  } as Draft;
}

function Form({ base: first, canSave }: { base: Versioned | null; canSave: boolean }) {
  const [base, setBase] = useState(first);
  const original = useMemo(() => (base ? draftOf(base.experiment) : blank()), [base]);
  const [draft, setDraft] = useState<Draft>(original);
  const [isSlugOwn, setSlugOwn] = useState(Boolean(base));
  const [error, setError] = useState<unknown>();
  const [theirs, setTheirs] = useState<Versioned | null>(null);
  const [refused, setRefused] = useState<{ draft: Draft; violations: Validation["errors"] } | null>(null);
  const [isSaving, setSaving] = useState(false);
  const [said, setSaid] = useState("");
  const [hasTried, setTried] = useState(false);
  const settled = useSettled(draft, 250);
  const uid = base?.experiment.uid;
  const check = useResource((signal) => api.validate(clean(settled), uid, signal), JSON.stringify(settled));
  const isValid = check.data?.valid ?? false;
  const isChanged = JSON.stringify(draft) !== JSON.stringify(original);
  const isRunning = base?.experiment.status === "running";
  const violations = refused?.draft === draft ? refused.violations : (check.data?.errors ?? []);
  // Nobody is told that something is missing before it could have been filled in.
  const shown = base || hasTried ? violations : violations.filter((violation) => violation.code !== "required");
  const set = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));

  useEffect(() => {
    guardLeaving(isChanged ? () => !confirm(t.edit.leave) : null);
    return () => guardLeaving(null);
  }, [isChanged]);

  const setName = (name: string) => set(isSlugOwn ? { name } : { name, slug: slugOf(name) });
  const setType = (type: ExperimentType) =>
    set({
      type,
      variants: draft.variants.map((variant, i) => {
        const isDefault = draft.variants.some((v) => v.isDefault) ? Boolean(variant.isDefault) : i === 0;
        return { ...variant, weight: type === "ab_test" ? equal(draft.variants.length)[i]! : isDefault ? 10_000 : 0 };
      }),
    });

  const submit = (event: Event) => {
    event.preventDefault();
    if (!canSave) {
      return;
    }
    setTried(true);
    if (settled === draft && !check.isLoading && check.data && !check.data.valid) {
      requestAnimationFrame(() => document.querySelector<HTMLElement>("[aria-invalid]")?.focus());
      return;
    }
    void save(base, draft);
  };

  const save = async (base: Versioned | null, draft: Draft) => {
    setSaving(true);
    setError(undefined);
    setSaid("");
    try {
      const { experiment } = base ? await api.update(base.experiment.uid, changes(draftOf(base.experiment), draft), base.tag) : await api.create(clean(draft));
      guardLeaving(null);
      announce(t.edit.saved);
      go(link("experiments", experiment.slug));
    } catch (e) {
      try {
        if (e instanceof ApiError && e.status === 412 && base) {
          setTheirs(await api.get(base.experiment.uid));
          return;
        }
      } catch (gone) {
        e = gone;
      }
      setError(e);
      setRefused(e instanceof ApiError && e.problem.errors ? { draft, violations: e.problem.errors } : null);
    } finally {
      setSaving(false);
    }
  };

  /** Goes on from what somebody else has saved: with what is to be saved on top, or with nothing. */
  const settle = (newer: Versioned, wanted?: Draft) => {
    const now = draftOf(newer.experiment);
    const isNew = wanted && Object.keys(changes(now, wanted)).length > 0;
    setTheirs(null);
    setBase(newer);
    setDraft(isNew ? wanted : now);
    setError(undefined);
    if (isNew) {
      void save(newer, wanted);
    } else {
      setSaid(wanted ? t.edit.nothingLeft : t.edit.took);
    }
  };

  return (
    <Violations.Provider value={shown}>
      <div class="head">
        <div>
          <p class="crumb">
            <a href={base ? link("experiments", base.experiment.slug) : link()}>
              <bdi>{base ? base.experiment.name : t.nav.experiments}</bdi>
            </a>
          </p>
          <Title>{base ? t.edit.title(base.experiment.name) : t.edit.newTitle}</Title>
        </div>
      </div>
      {isRunning && <p class="note caution">{t.edit.locked(t.status.running.toLowerCase())}</p>}
      <form class="edit" onSubmit={submit} noValidate>
        <div class="stack">
          <Basics draft={draft} set={set} setName={setName} setType={setType} setSlug={(slug) => { setSlugOwn(true); set({ slug }); }} isNew={!base} isRunning={isRunning} />
          <GoalCard draft={draft} set={set} isRunning={isRunning} />
          <Variants draft={draft} set={set} isRunning={isRunning} />
          {draft.type === "scheduled" && (
            <Card title={t.edit.week}>
              {isValid ? <Week draft={clean(settled)} uid={uid} /> : <p class="soft small">{t.edit.explainLater}</p>}
            </Card>
          )}
          <More draft={draft} set={set} isRunning={isRunning} />
        </div>
        <aside class="side">
          <Check draft={draft} validation={check.data} isChecking={check.isLoading} error={check.error} isUntouched={!base && !isChanged && !hasTried} violations={violations} />
          {error ? <Failure error={error} /> : null}
          <p class="note good" role="status" hidden={!said || isChanged}>
            {said}
          </p>
          <button class="primary" disabled={!canSave || isSaving || (Boolean(base) && !isChanged)}>
            {base ? t.edit.save : t.edit.create}
          </button>
          {!canSave ? <p class="note caution small">{t.edit.lookOnly}</p> : base ? null : <p class="small soft">{t.edit.created}</p>}
          <Explain draft={clean(settled)} uid={uid} isValid={isValid} />
          <WhatIf draft={clean(settled)} uid={uid} isValid={isValid} />
        </aside>
      </form>
      {theirs && base && (
        <Conflict
          before={base.experiment}
          theirs={theirs.experiment}
          yours={draft}
          onClose={() => setTheirs(null)}
          onTake={() => settle(theirs)}
          onSave={(wanted) => settle(theirs, wanted)}
        />
      )}
    </Violations.Provider>
  );
}

const slugOf = (name: string): string =>
  name.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);

/** Without the members that were left empty. */
function clean<T>(value: T): T {
  if (Array.isArray(value)) {
    return value.map(clean) as T;
  }
  if (value && typeof value === "object") {
    const members = Object.entries(value).map(([key, member]) => [key, clean<unknown>(member)] as const);
    return Object.fromEntries(members.filter(([, member]) => !isNothing(member))) as T;
  }
  return value;
}

const isNothing = (value: unknown): boolean =>
  value === "" || value === null || value === undefined || (isPlain(value) && Object.keys(value).length === 0);

/** The members that differ; what was cleared is null. */
export function changes(before: Draft, after: Draft): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const name of members) {
    const [old, now] = [clean(before[name]), clean(after[name])];
    if (same(old, now)) {
      continue;
    }
    changed[name] = isPlain(old) && isPlain(now) ? cleared(old, now) : now === "" || now === undefined ? null : now;
  }
  return changed;
}

const isPlain = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

function cleared(old: object, now: object): object {
  return { ...Object.fromEntries(Object.keys(old).filter((key) => !(key in now)).map((key) => [key, null])), ...now };
}

interface PartProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  isRunning: boolean;
}

function Basics({ draft, set, setName, setType, setSlug, isNew, isRunning }: PartProps & { setName: (name: string) => void; setType: (type: ExperimentType) => void; setSlug: (slug: string) => void; isNew: boolean }) {
  return (
    <Card title={t.edit.basics}>
      <TextField label={t.edit.members.name} path="name" value={draft.name} onInput={setName} />
      <TextField label={t.edit.members.slug} path="slug" value={draft.slug} onInput={setSlug} hint={t.edit.slugHint(`/s/${draft.slug || "…"}/click`)} isDisabled={isRunning} />
      <fieldset class="stack-s" disabled={!isNew}>
        <legend class="label">{t.edit.members.type}</legend>
        <div class="choices">
          {(["ab_test", "smart_link", "scheduled"] as const).map((type) => (
            <label key={type} class="choice">
              <input type="radio" name="type" checked={draft.type === type} onChange={() => setType(type)} />
              <span class="label">{t.type[type]}</span>
              <span class="small soft">{t.typeSays[type]}</span>
            </label>
          ))}
        </div>
        <Failing path="type" />
      </fieldset>
      <TextField label={t.edit.members.hypothesis} path="hypothesis" value={draft.hypothesis} onInput={(hypothesis) => set({ hypothesis })} hint={t.edit.hypothesisHint} isLong isDisabled={isRunning} />
    </Card>
  );
}

type Goal = Experiment["goalConfig"];

function GoalCard({ draft, set, isRunning }: PartProps) {
  const goal: Goal = draft.goalConfig ?? { type: "impressions_only" };
  const setGoal = (change: Partial<Goal>) => set({ goalConfig: { ...goal, ...change } });
  return (
    <Card title={t.edit.members.goalConfig}>
      <Field label={t.edit.members.goalConfig} path="goalConfig.type" hint={t.goalSays[goal.type ?? "impressions_only"]}>
        {(attributes) => (
          <select {...attributes} value={goal.type} disabled={isRunning} onChange={(event) => setGoal({ type: event.currentTarget.value as Goal["type"] })}>
            {Object.entries(t.goals).map(([type, text]) => (
              <option key={type} value={type}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
      {(goal.type === "event" || goal.type === "value") && <TextField label={t.edit.goalConfig.event} path="goalConfig.event" value={goal.event} isDisabled={isRunning} onInput={(event) => setGoal({ event })} />}
      {goal.type === "value" && <TextField label={t.edit.goalConfig.property} path="goalConfig.property" value={goal.property} isDisabled={isRunning} onInput={(property) => setGoal({ property })} />}
      <TextField label={t.edit.goalConfig.destinationUrl} path="goalConfig.destinationUrl" isUrl value={goal.destinationUrl} hint={t.edit.destinationHint} onInput={(destinationUrl) => setGoal({ destinationUrl })} />
      <Failing path="goalConfig" />
    </Card>
  );
}

function Variants({ draft, set, isRunning }: PartProps) {
  const isTest = draft.type === "ab_test";
  const replace = (i: number, change: Partial<DraftVariant>) => set({ variants: draft.variants.map((v, k) => (k === i ? { ...v, ...change } : v)) });
  const weigh = (weights: number[]) => set({ variants: draft.variants.map((v, i) => ({ ...v, weight: weights[i]! })) });
  const makeDefault = (i: number) =>
    set({ variants: draft.variants.map((v, k) => ({ ...v, isDefault: k === i, weight: isTest ? v.weight : k === i ? 10_000 : 0 })) });
  const add = () => {
    const ids = new Set(draft.variants.map((v) => v.id));
    const id = [..."abcdefghijklmnopqrstuvwxyz"].find((letter) => !ids.has(letter)) ?? `v${draft.variants.length + 1}`;
    const weights = isTest ? equal(draft.variants.length + 1) : [...draft.variants.map((v) => v.weight), 0];
    set({ variants: [...draft.variants, { id, name: "", weight: 0 }].map((v, i) => ({ ...v, weight: weights[i]! })) });
  };
  const remove = (i: number) => {
    const left = draft.variants.filter((_, k) => k !== i);
    const weights = normal(left.map((v) => v.weight));
    set({ variants: left.map((v, k) => ({ ...v, weight: weights[k]! })) });
  };
  return (
    <Card title={t.edit.members.variants}>
      {draft.type === "smart_link" && <p class="small soft">{t.edit.conditionsHint}</p>}
      <Failing path="variants" />
      {draft.variants.map((variant, i) => (
        <fieldset key={i} class="variant">
          <legend class="sr">{t.edit.variant(i + 1)}</legend>
          <div class="row">
            <h3 class="grow wrap">
              <bdi>{variant.name || variant.id || t.edit.variant(i + 1)}</bdi>
            </h3>
            {!isRunning && draft.variants.length > 2 && (
              <button type="button" class="plain small-button" aria-label={t.edit.removeVariant(variant.name || variant.id)} onClick={() => remove(i)}>
                {t.common.remove}
              </button>
            )}
          </div>
          <Failing path={`variants[${i}]`} />
          <div class="columns">
            <TextField label={t.edit.variants.name} path={`variants[${i}].name`} value={variant.name} isDisabled={isRunning} onInput={(name) => replace(i, { name })} />
            <TextField label={t.edit.variants.id} path={`variants[${i}].id`} value={variant.id} isDisabled={isRunning} onInput={(id) => replace(i, { id })} />
          </div>
          <TextField label={t.edit.variants.destinationUrl} path={`variants[${i}].destinationUrl`} isUrl value={variant.destinationUrl} onInput={(destinationUrl) => replace(i, { destinationUrl })} />
          <TextField
            label={t.edit.variants["variables.imageUrl"]}
            path={`variants[${i}].variables.imageUrl`}
            isUrl
            value={(variant.variables as { imageUrl?: string } | undefined)?.imageUrl}
            isDisabled={isRunning}
            onInput={(imageUrl) => replace(i, { variables: clean({ ...(variant.variables as object | undefined), imageUrl }) as Variant["variables"] })}
          />
          <Failing path={`variants[${i}].variables`} />
          <label class="check small">
            <input type="radio" name="default" checked={Boolean(variant.isDefault)} disabled={isRunning} onChange={() => makeDefault(i)} />
            {t.edit.isDefault}
          </label>
          {draft.type === "smart_link" && (!variant.isDefault || variant.conditions) && (
            <fieldset disabled={isRunning}>
              <ConditionEditor tree={variant.conditions} path={`variants[${i}].conditions`} onChange={(conditions) => replace(i, { conditions: conditions ?? undefined })} />
            </fieldset>
          )}
          {draft.type === "scheduled" && (!variant.isDefault || variant.schedule) && (
            <fieldset disabled={isRunning}>
              <ScheduleEditor schedule={variant.schedule} path={`variants[${i}].schedule`} onChange={(schedule) => replace(i, { schedule: schedule ?? undefined })} />
            </fieldset>
          )}
        </fieldset>
      ))}
      {!isRunning && (
        <button type="button" onClick={add}>
          {t.edit.addVariant}
        </button>
      )}
      {isTest && (
        <fieldset class="stack-s" disabled={isRunning}>
          <legend class="label">{t.edit.weights}</legend>
          <p class="small soft">{isRunning ? t.edit.weightsLocked : t.edit.weightsHint}</p>
          {draft.variants.map((variant, i) => {
            const label = t.edit.weightOf(variant.name || variant.id);
            const setWeight = (percent: number) => weigh(balance(draft.variants.map((v) => v.weight), i, percent * 100));
            return (
              <div key={i} class="weight">
                <bdi class="cut">{variant.name || variant.id}</bdi>
                <input type="range" min="0" max="100" step="1" value={variant.weight / 100} aria-label={label} aria-valuetext={points(variant.weight)} onInput={(event) => setWeight(event.currentTarget.valueAsNumber)} />
                <input type="number" min="0" max="100" step="0.01" value={variant.weight / 100} aria-label={label} onChange={(event) => setWeight(event.currentTarget.valueAsNumber || 0)} />
                <Failing path={`variants[${i}].weight`} />
              </div>
            );
          })}
          <div class="row">
            <button type="button" class="small-button" onClick={() => weigh(equal(draft.variants.length))}>
              {t.edit.equal}
            </button>
          </div>
          <label class="check">
            <input
              type="checkbox"
              checked={draft.banditConfig?.enabled ?? false}
              onChange={(event) => set({ banditConfig: { ...draft.banditConfig, enabled: event.currentTarget.checked } as Draft["banditConfig"] })}
            />
            {t.edit.members.banditConfig}
          </label>
          <Failing path="banditConfig" isDeep />
        </fieldset>
      )}
    </Card>
  );
}

function More({ draft, set, isRunning }: PartProps) {
  const isTest = draft.type === "ab_test";
  const tracking: Partial<NonNullable<Draft["trackingConfig"]>> = draft.trackingConfig ?? {};
  const trackingMode = (name: keyof typeof t.edit.tracking) => (
    <Field label={t.edit.tracking[name]} path={`trackingConfig.${name}`}>
      {(attributes) => (
        <select
          {...attributes}
          value={tracking[name] ?? "full"}
          onChange={(event) => set({ trackingConfig: { ...tracking, [name]: event.currentTarget.value } as Draft["trackingConfig"] })}
        >
          {Object.entries(t.edit.trackingModes).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
  const limits: Partial<NonNullable<Draft["linkConfig"]>> = draft.linkConfig ?? {};
  const limit = (change: object) => set({ linkConfig: { ...limits, ...change } as Draft["linkConfig"] });
  const limitTime = (name: "startsAt" | "expiresAt") => (
    <Field label={t.edit.link[name]} path={`linkConfig.${name}`} hint={timeZone()}>
      {(attributes) => <input {...attributes} type="datetime-local" value={toLocal(limits[name])} onChange={(event) => limit({ [name]: fromLocal(event.currentTarget.value) })} />}
    </Field>
  );
  const limitUrl = (name: "notStartedUrl" | "expiredUrl" | "exhaustedUrl") => (
    <TextField label={t.edit.link[name]} path={`linkConfig.${name}`} isUrl value={limits[name]} onInput={(url) => limit({ [name]: url })} />
  );
  const group: Partial<NonNullable<Draft["exclusionGroup"]>> = draft.exclusionGroup ?? {};
  const setGroup = (change: object) => set({ exclusionGroup: { ...group, ...change } as Draft["exclusionGroup"] });
  const bucket = (name: "from" | "to") => (
    <NumberField label={t.edit.group[name]} path={`exclusionGroup.${name}`} value={group[name]} isDisabled={isRunning} onInput={(value) => setGroup({ [name]: value })} />
  );
  const number = (name: "minimumSampleSize" | "minimumRunDays" | "attributionWindowMinutes" | "confidenceThreshold", hint?: string, isDisabled = isRunning) => (
    <NumberField
      label={t.edit.members[name]}
      path={name}
      value={draft[name]}
      step={name === "confidenceThreshold" ? 0.01 : 1}
      hint={hint}
      isDisabled={isDisabled}
      onInput={(value) => set({ [name]: value ?? undefined })}
    />
  );
  return (
    <section class="card" aria-label={t.edit.more}>
      <details>
        <summary>{t.edit.more}</summary>
        <div class="stack">
          <div class="columns">
            {number("attributionWindowMinutes", t.edit.windowHint)}
            <Field label={t.edit.members.trialStart} path="trialStart">
              {(attributes) => (
                <select {...attributes} value={draft.trialStart ?? "exposure"} disabled={isRunning} onChange={(event) => set({ trialStart: event.currentTarget.value as Draft["trialStart"] })}>
                  {Object.entries(t.edit.trialStarts).map(([value, text]) => (
                    <option key={value} value={value}>
                      {text}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            {number("minimumSampleSize")}
            {number("minimumRunDays", undefined, false)}
            {number("confidenceThreshold", undefined, false)}
            {isTest && (
              <NumberField
                label={t.edit.members.trafficShare}
                path="trafficShare"
                value={(draft.trafficShare ?? 10_000) / 100}
                onInput={(percent) => set({ trafficShare: percent === null ? undefined : Math.round(percent * 100) })}
              />
            )}
          </div>
          {isTest && (
            <>
              <label class="check">
                <input type="checkbox" checked={draft.stableUnits ?? false} disabled={isRunning} onChange={(event) => set({ stableUnits: event.currentTarget.checked })} />
                {t.edit.members.stableUnits}
              </label>
              <Failing path="stableUnits" />
              <div class="columns">
                <TextField label={t.edit.group.name} path="exclusionGroup.name" value={group.name} hint={t.edit.groupHint} isDisabled={isRunning} onInput={(name) => (name ? setGroup({ name }) : set({ exclusionGroup: undefined }))} />
                {bucket("from")}
                {bucket("to")}
              </div>
              <Failing path="exclusionGroup" />
            </>
          )}
          <TextField
            label={t.edit.members.passQuery}
            path="passQuery"
            value={draft.passQuery?.join(", ")}
            hint={t.edit.passQueryHint}
            onInput={(text) => set({ passQuery: text.trim() ? text.split(",").map((part) => part.trim()) : undefined })}
          />
          <div class="columns">
            {limitTime("startsAt")}
            {limitUrl("notStartedUrl")}
            {limitTime("expiresAt")}
            {limitUrl("expiredUrl")}
            <NumberField label={t.edit.link.maxClicks} path="linkConfig.maxClicks" value={limits.maxClicks} onInput={(maxClicks) => limit({ maxClicks })} />
            {limitUrl("exhaustedUrl")}
          </div>
          <Failing path="linkConfig" />
          <div class="columns">
            {trackingMode("mode")}
            {trackingMode("onSignal")}
          </div>
          <Failing path="trackingConfig" />
        </div>
      </details>
    </section>
  );
}

/** What the server says: what is wrong, and what is worth knowing. */
function Check({ draft: { variants }, validation, isChecking, error, isUntouched, violations }: { draft: Draft; validation: Validation | undefined; isChecking: boolean; error: unknown; isUntouched: boolean; violations: Validation["errors"] }) {
  const { findings = [], warnings = [] } = (!isUntouched && validation) || {};
  const told = [
    ...findings,
    ...warnings.filter((warning) => !findings.some((note) => warning.includes(note.message))).map((message) => ({ severity: "warning", field: "", message })),
  ];
  return (
    <section class="stack-s" aria-label={t.edit.check}>
      <h2>{t.edit.check}</h2>
      <div role="status">
        {error ? (
          <p class="note trouble">{sentence(error)}</p>
        ) : isUntouched ? (
          <p class="soft small">{t.edit.untouched}</p>
        ) : violations.length > 0 ? (
          <>
            <p class="note trouble">{t.edit.wrong(violations.length)}</p>
            <ul class="stack-s small">
              {violations.slice(0, 12).map((v) => (
                <li key={v.field + v.message} class="wrap">
                  <strong>{labelOf(v.field, variants)}</strong> – {tell(v)}
                </li>
              ))}
            </ul>
          </>
        ) : validation ? (
          <p class="note good">{t.edit.fine}</p>
        ) : isChecking ? (
          <p class="soft small">{t.edit.checking}</p>
        ) : null}
      </div>
      {[t.edit.cautions, t.edit.notes].map((title) => {
        const notes = told.filter((one) => (one.severity === "note") === (title === t.edit.notes));
        return notes.length > 0 ? (
          <Fragment key={title}>
            <h3>{title}</h3>
            <ul class="stack-s small">
              {notes.map(({ severity, field, message }) => (
                <li key={field + message} class={`note wrap ${severity === "note" ? "" : "caution"}`}>
                  {field && <strong>{labelOf(field, variants)} – </strong>}
                  {inWords(message)}
                </li>
              ))}
            </ul>
          </Fragment>
        ) : null;
      })}
    </section>
  );
}
