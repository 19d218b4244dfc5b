import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../App";
import { api, type Experiment } from "../api";
import { go, heard, link } from "../router";
import { t } from "../strings.en";
import { Card, Failure, Loading, State, Title } from "../ui/Parts";
import { useResource } from "../ui/useResource";
import { ActDialog, type Action } from "./Act";
import { ConditionText } from "./Conditions";
import { ResultsView } from "./Results";
import { ScheduleText } from "./Schedule";
import { ShareDialog } from "./Share";

export { Shared } from "./Share";

const refreshMs = 15_000;

export function ExperimentView({ place, session }: ViewProps) {
  const uid = place.path[1]!;
  const one = useResource((signal) => api.get(uid, signal), uid, refreshMs);
  const results = useResource((signal) => api.results(uid, signal), uid, refreshMs);
  const [said] = useState(heard);
  const [action, setAction] = useState<Action | "share" | null>(null);
  const experiment = one.data?.experiment;
  const actions = useMemo(() => (experiment ? actionsOf(experiment) : []), [experiment?.status]);
  // The button that was pressed is gone, and the focus with it.
  const hasActed = useRef(false);
  useEffect(() => {
    if (hasActed.current) {
      hasActed.current = false;
      document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
    }
  }, [experiment?.status]);

  if (!experiment) {
    return one.error ? <Failure error={one.error} retry={one.reload} /> : <Loading />;
  }
  const winner = experiment.variants.find((variant) => variant.id === experiment.winnerVariantId);
  return (
    <>
      <div class="head">
        <div>
          <p class="crumb">
            <a href={link()}>{t.nav.experiments}</a>
          </p>
          <Title>
            <bdi>{experiment.name}</bdi>
          </Title>
          <p class="row small soft">
            <State status={experiment.status} />
            <span>{t.type[experiment.type]}</span>
            <span class="mono wrap">/s/{experiment.slug}</span>
            {winner && <span>{t.one.winner(winner.name ?? winner.id)}</span>}
          </p>
        </div>
        <div class="row">
          <a class="button" href={link("experiments", experiment.slug, "deliver")}>
            {t.one.deliver}
          </a>
          {!session.readOnly && (
            <>
              <a class="button" href={link("experiments", experiment.slug, "edit")}>
                {t.one.edit}
              </a>
              <button type="button" onClick={() => setAction("share")}>
                {t.one.share}
              </button>
              {actions.map((name, i) => (
                <button key={name} type="button" class={i === 0 && name === "start" ? "primary" : ""} onClick={() => setAction(name)}>
                  {t.one[name]}
                </button>
              ))}
            </>
          )}
        </div>
      </div>
      {said && (
        <p class="note good" role="status">
          {said}
        </p>
      )}
      {results.error && !results.data ? <Failure error={results.error} retry={results.reload} /> : null}
      {results.data ? <ResultsView results={results.data} loadHistory={(signal) => api.recomputations(uid, signal)} /> : results.error ? null : <Loading />}
      <Serves experiment={experiment} />
      {action === "share" && <ShareDialog experiment={experiment} onClose={() => setAction(null)} />}
      {action && action !== "share" && (
        <ActDialog
          experiment={experiment}
          leader={results.data?.suggestedWinner ?? results.data?.leader ?? null}
          action={action}
          onClose={() => setAction(null)}
          onDone={() => {
            setAction(null);
            if (action === "archive") {
              go(link());
            } else {
              hasActed.current = true;
              one.reload();
              results.reload();
            }
          }}
        />
      )}
    </>
  );
}

function actionsOf({ status }: Experiment): Action[] {
  switch (status) {
    case "draft":
      return ["start", "archive"];
    case "running":
      return ["pause", "complete"];
    case "paused":
      return ["start", "complete", "archive"];
    case "completed":
      return ["archive"];
    default:
      return [];
  }
}

/** What visitors get, and why. */
function Serves({ experiment }: { experiment: Experiment }) {
  return (
    <Card title={t.one.serves}>
      {experiment.hypothesis && (
        <p class="wrap">
          <span class="soft">{t.one.hypothesis}: </span>
          <bdi>{experiment.hypothesis}</bdi>
        </p>
      )}
      <p class="soft">{t.typeSays[experiment.type]}</p>
      <ul class="stack">
        {experiment.variants.map((variant) => {
          const destination = variant.destinationUrl ?? experiment.goalConfig?.destinationUrl;
          return (
            <li key={variant.id} class="variant">
              <div class="row">
                <strong class="wrap">
                  <bdi>{variant.name ?? variant.id}</bdi>
                </strong>
                <span class="small soft wrap mono">{variant.id}</span>
                {variant.isDefault && <span class="small soft">{t.one.isDefault}</span>}
              </div>
              {destination && (
                <p class="small wrap">
                  <span class="soft">{t.one.leadsTo} </span>
                  {destination}
                </p>
              )}
              {experiment.type === "smart_link" && variant.conditions && <ConditionText tree={variant.conditions} />}
              {experiment.type === "scheduled" && variant.schedule && <ScheduleText schedule={variant.schedule} />}
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
