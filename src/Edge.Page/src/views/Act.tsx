import { useState } from "preact/hooks";
import { api, ApiError, type Experiment } from "../api";
import { t } from "../strings.en";
import { Dialog, Failure } from "../ui/Parts";
import { labelOf, tell } from "../words";

export type Action = "start" | "pause" | "complete" | "archive";

/** Says what follows before something is done that visitors see. */
export function ActDialog({ experiment, action, leader, onClose, onDone }: { experiment: Experiment; action: Action; leader: string | null; onClose: () => void; onDone: () => void }) {
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [winner, setWinner] = useState(leader ?? "");
  const { title, says } = wording(experiment, action);

  const act = async () => {
    setBusy(true);
    setError(undefined);
    try {
      if (action === "complete") {
        await api.complete(experiment.uid, winner || null);
      } else if (action === "archive") {
        await api.remove(experiment.uid);
      } else {
        await api.act(experiment.uid, action);
      }
      onDone();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      {says.map((sentence) => (
        <p key={sentence} class="wrap">
          {sentence}
        </p>
      ))}
      {action === "complete" && (
        <div class="field">
          <label for="winner">{t.act.winner}</label>
          <select id="winner" value={winner} onChange={(event) => setWinner(event.currentTarget.value)}>
            <option value="">{t.act.noWinner}</option>
            {experiment.variants.map((variant) => (
              <option key={variant.id} value={variant.id}>
                {variant.name ?? variant.id}
              </option>
            ))}
          </select>
        </div>
      )}
      {error ? <Failure error={error} /> : null}
      {error instanceof ApiError && error.problem.errors?.map((violation) => (
        <p key={violation.field + violation.message} class="error">
          {labelOf(violation.field, experiment.variants)} – {tell(violation)}
        </p>
      ))}
      <div class="row end">
        <button type="button" onClick={onClose}>
          {t.common.cancel}
        </button>
        <button type="button" class={action === "archive" ? "danger" : "primary"} disabled={isBusy} onClick={act}>
          {t.one[action]}
        </button>
      </div>
    </Dialog>
  );
}

function wording({ slug, status }: Experiment, action: Action): { title: string; says: string[] } {
  switch (action) {
    case "start":
      return { title: status === "paused" ? t.act.resumeTitle : t.act.startTitle, says: t.act.startSays(slug) };
    case "pause":
      return { title: t.act.pauseTitle, says: t.act.pauseSays };
    case "complete":
      return { title: t.act.completeTitle, says: t.act.completeSays };
    case "archive":
      return { title: t.act.archiveTitle, says: t.act.archiveSays };
  }
}
