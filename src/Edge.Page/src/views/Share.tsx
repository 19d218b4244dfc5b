import { useState } from "preact/hooks";
import { api, type Experiment } from "../api";
import { moment } from "../format";
import { t } from "../strings.en";
import { Copy, Dialog, Failure, Loading, State, Title } from "../ui/Parts";
import { useResource } from "../ui/useResource";
import { ResultsView } from "./Results";

/** Makes a link that shows one experiment without signing in. */
export function ShareDialog({ experiment, onClose }: { experiment: Experiment; onClose: () => void }) {
  const [days, setDays] = useState(14);
  const [made, setMade] = useState<Awaited<ReturnType<typeof api.share>> | null>(null);
  const [error, setError] = useState<unknown>();
  const { data: shares, reload } = useResource((signal) => api.shares(experiment.uid, signal), experiment.uid);
  const attempt = async (change: () => Promise<unknown>) => {
    setError(undefined);
    try {
      await change();
      reload();
    } catch (e) {
      setError(e);
    }
  };
  const create = () => attempt(async () => setMade(await api.share(experiment.uid, days)));
  const revoke = (id: string) =>
    attempt(async () => {
      await api.revokeShare(experiment.uid, id);
      setMade((before) => (before?.id === id ? null : before));
    });
  return (
    <Dialog title={t.share.title} onClose={onClose}>
      <p>{t.share.lead}</p>
      <div class="row">
        <div class="field">
          <label for="share-days">{t.share.days}</label>
          <select id="share-days" value={days} onChange={(event) => setDays(Number(event.currentTarget.value))}>
            {[1, 7, 14, 30, 90].map((n) => (
              <option key={n} value={n}>
                {t.share.dayCount(n)}
              </option>
            ))}
          </select>
        </div>
      </div>
      {error ? <Failure error={error} /> : null}
      {made && (
        <div class="stack" role="status">
          <SharedLink label={t.share.page} url={new URL(made.url, location.href).href} />
          <SharedLink label={t.share.image} url={new URL(`${made.url}/results.svg`, location.href).href} />
          <SharedLink label={t.share.pixels} url={new URL(`${made.url}/results.png`, location.href).href} />
          <p class="small soft">{t.share.until(moment(made.expiresAt))}</p>
        </div>
      )}
      {shares && shares.length > 0 && (
        <div class="stack-s">
          <h3>{t.share.made}</h3>
          <ul class="stack-s">
            {shares.map(({ id, createdAt, createdBy, expiresAt }) => (
              <li key={id} class="row">
                <span class="grow small">{t.share.madeBy(moment(createdAt), createdBy, moment(expiresAt))}</span>
                <button type="button" class="small-button" aria-label={t.share.revokeOf(moment(createdAt))} onClick={() => revoke(id)}>
                  {t.share.revoke}
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
      <div class="row end">
        <button type="button" onClick={onClose}>
          {t.common.close}
        </button>
        <button type="button" class="primary" onClick={create}>
          {t.share.create}
        </button>
      </div>
    </Dialog>
  );
}

function SharedLink({ label, url }: { label: string; url: string }) {
  return (
    <div class="stack-s">
      <span class="label">{label}</span>
      <div class="line">
        <a class="mono cut" href={url} title={url} target="_blank" rel="noreferrer">
          {url}
        </a>
        <Copy text={url} />
      </div>
    </div>
  );
}

const refreshMs = 60_000;

/** What the holder of such a link sees. */
export function Shared({ token }: { token: string }) {
  const { data, error } = useResource((signal) => api.shared(token, signal), token, refreshMs);
  if (!data) {
    return error ? (
      <div class="empty">
        <Title>{t.share.viewTitle}</Title>
        <Failure error={error} />
        <p>{t.share.gone}</p>
      </div>
    ) : (
      <Loading />
    );
  }
  const { results, name, expiresAt } = data;
  return (
    <>
      <div class="head">
        <div>
          <Title>
            <bdi>{name}</bdi>
          </Title>
          <p class="row small soft">
            <State status={results.status} />
            <span>{t.type[results.type]}</span>
            <span>{moment(results.countedAt)}</span>
            <span>{t.share.until(moment(expiresAt))}</span>
          </p>
        </div>
      </div>
      <ResultsView results={results} loadHistory={(signal) => api.sharedRecomputations(token, signal)} canExport={false} />
    </>
  );
}
