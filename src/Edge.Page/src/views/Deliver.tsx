import { correction, generate } from "lean-qr";
import { useMemo, useState } from "preact/hooks";
import type { ViewProps } from "../App";
import { api, type Experiment } from "../api";
import { prefer, usePreferences } from "../preferences";
import { link } from "../router";
import { t } from "../strings.en";
import { Card, Code, Failure, Loading, Segments, Title } from "../ui/Parts";
import { useResource, useSettled } from "../ui/useResource";
import { checkMail, slugsIn } from "./mail";

/** How mail programs write the opaque id of a reader. */
const mailers = {
  mailchimp: ["Mailchimp", "*|UNIQID|*"],
  sendgrid: ["SendGrid", "{{ reader_id }}"],
  brevo: ["Brevo", "{{ contact.ID }}"],
  customerio: ["Customer.io", "{{ customer.id }}"],
  listmonk: ["listmonk", "{{ .Subscriber.UUID }}"],
  mautic: ["Mautic", "{contactfield=id}"],
  other: ["…", "READER"],
} as const;

type Tab = keyof typeof t.deliver.tabs;

export function Deliver({ place }: ViewProps) {
  const uid = place.path[1]!;
  const { data, error, reload } = useResource((signal) => api.get(uid, signal), uid);
  const { publicUrl } = usePreferences();
  const [tab, setTab] = useState<Tab>("mail");
  if (!data) {
    return error ? <Failure error={error} retry={reload} /> : <Loading />;
  }
  const { experiment } = data;
  const isWrong = Boolean(publicUrl) && !/^https?:\/\/[^/\s]+/i.test(publicUrl);
  const base = (isWrong ? location.origin : publicUrl || location.origin).replace(/\/+$/, "");
  return (
    <>
      <div class="head">
        <div>
          <p class="crumb">
            <a href={link("experiments", experiment.slug)}>
              <bdi>{experiment.name}</bdi>
            </a>
          </p>
          <Title>{t.deliver.title(experiment.name)}</Title>
        </div>
      </div>
      {experiment.status === "draft" && <p class="note caution">{t.deliver.draft}</p>}
      <div class="field">
        <label for="base">{t.deliver.base}</label>
        <input id="base" type="url" value={publicUrl} placeholder={location.origin} onInput={(event) => prefer({ publicUrl: event.currentTarget.value.trim() })} aria-describedby="base-hint" aria-invalid={isWrong ? "true" : undefined} />
        <span id="base-hint" class={isWrong ? "error" : "hint"}>{isWrong ? t.deliver.baseWrong : t.deliver.baseHint}</span>
      </div>
      <Segments label={t.deliver.title(experiment.name)} value={tab} options={(Object.keys(t.deliver.tabs) as Tab[]).map((key) => [key, t.deliver.tabs[key]] as const)} onChange={setTab} />
      <Card title={t.deliver.tabs[tab]}>
        {tab === "mail" && <Mail experiment={experiment} base={base} />}
        {tab === "page" && <Page experiment={experiment} base={base} />}
        {tab === "server" && <Server experiment={experiment} base={base} />}
        {tab === "qr" && <Qr slug={experiment.slug} url={`${base}/s/${experiment.slug}/click`} />}
        {tab === "check" && <CheckMail />}
      </Card>
    </>
  );
}

/** Whether an image can be found for variants: one of their own, or what a template of the server is filled with. */
function imagesOf({ variants, fallbackImageUrl, templateUid }: Experiment): "own" | "perhaps" | "none" {
  if (fallbackImageUrl || variants.some(({ variables }) => typeof (variables as { imageUrl?: unknown } | null | undefined)?.imageUrl === "string")) {
    return "own";
  }
  return templateUid || variants.some((variant) => variant.templateUid || variant.variables) ? "perhaps" : "none";
}

function Mail({ experiment, base }: { experiment: Experiment; base: string }) {
  const { slug } = experiment;
  const images = imagesOf(experiment);
  const [mailer, setMailer] = useState<keyof typeof mailers>("mailchimp");
  const [mode, setMode] = useState<keyof typeof t.deliver.modes>(images === "own" ? "image" : "link");
  const tag = mailers[mailer][1];
  const root = `${base}/s/${slug}`;
  const text =
    mode === "image"
      ? `<a href="${root}/click?u=${tag}"><img src="${root}.png?u=${tag}" width="600" alt=""></a>\n<img src="${root}/pixel.gif?u=${tag}" width="1" height="1" alt="">`
      : `<a href="${root}/click?u=${tag}">${t.deliver.linkText}</a>\n<img src="${root}/pixel.gif?u=${tag}" width="1" height="1" alt="">`;
  return (
    <>
      <p>{t.deliver.mailSays}</p>
      <div class="columns">
        <div class="field">
          <label for="mailer">{t.deliver.mailer}</label>
          <select id="mailer" value={mailer} onChange={(event) => setMailer(event.currentTarget.value as keyof typeof mailers)}>
            {Object.entries(mailers).map(([key, [name]]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
          <span class="hint">{t.deliver.mailerHint[mailer]}</span>
        </div>
        <div class="field">
          <label for="mode">{t.deliver.variantIn}</label>
          <select id="mode" value={mode} aria-describedby="mode-hint" onChange={(event) => setMode(event.currentTarget.value as typeof mode)}>
            {Object.entries(t.deliver.modes).map(([key, name]) => (
              <option key={key} value={key} disabled={key === "image" && images === "none"}>
                {name}
              </option>
            ))}
          </select>
          <span id="mode-hint" class="hint">{t.deliver.imagesSay[images]}</span>
        </div>
      </div>
      <Code title={t.deliver.tabs.mail} text={text} />
    </>
  );
}

function Page({ experiment, base }: { experiment: Experiment; base: string }) {
  const { slug, goalConfig } = experiment;
  const goal = goalConfig?.type ?? "impressions_only";
  const report =
    goal === "event" || goal === "value"
      ? `edge.track(${JSON.stringify(goalConfig?.event ?? "")}${goal === "value" ? `, { ${JSON.stringify(goalConfig?.property ?? "value")}: 19.9 }` : ""})`
      : goal === "click_through"
        ? `edge.click(${JSON.stringify(slug)})`
        : `edge.conversion(${JSON.stringify(slug)})`;
  const keys = goal === "event" || goal === "value" ? 'data-key="PUBLIC_KEY"' : 'data-write-key="WRITE_KEY"';
  return (
    <>
      <p>{t.deliver.pageSays}</p>
      <Code
        title={t.deliver.tabs.page}
        text={`<script src="${base}/sdk.js" ${keys}></script>
<script>
  edge.variant(${JSON.stringify(slug)}).then(function (variant) {
    document.documentElement.dataset.variant = variant
    edge.view(${JSON.stringify(slug)})
  })
  function reached() { ${report} }
</script>`}
      />
      <p class="small soft">{t.deliver.writeKey}</p>
    </>
  );
}

function Server({ experiment: { slug }, base }: { experiment: Experiment; base: string }) {
  const resolve = `${base}/s/${slug}/resolve?u=`;
  const events = `${base}/s/events?u=`;
  return (
    <>
      <p>{t.deliver.serverSays}</p>
      <Code
        title="curl"
        text={`curl "${resolve}READER"

curl "${events}READER" -H "X-Write-Key: WRITE_KEY" -H "Content-Type: application/json" \\
  -d '[{"event": "view", "experiment": "${slug}"}]'`}
      />
      <Code
        title="JavaScript"
        text={`const unit = encodeURIComponent(reader)
const { variantId } = await (await fetch("${resolve}" + unit)).json()

await fetch("${events}" + unit, {
  method: "POST",
  headers: { "X-Write-Key": "WRITE_KEY", "Content-Type": "application/json" },
  body: JSON.stringify([{ event: "view", experiment: "${slug}", variantId }]),
})`}
      />
      <Code
        title="Python"
        text={`import json
from urllib.parse import quote
from urllib.request import Request, urlopen

variant = json.load(urlopen("${resolve}" + quote(reader)))["variantId"]

view = [{"event": "view", "experiment": "${slug}", "variantId": variant}]
headers = {"X-Write-Key": "WRITE_KEY", "Content-Type": "application/json"}
urlopen(Request("${events}" + quote(reader), json.dumps(view).encode(), headers))`}
      />
      <p class="small soft">{t.deliver.writeKey}</p>
    </>
  );
}

function Qr({ slug, url }: { slug: string; url: string }) {
  const { path, size } = useMemo(() => modules(url), [url]);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 ${size + 8} ${size + 8}" shape-rendering="crispEdges"><rect x="-4" y="-4" width="100%" height="100%" fill="#fff"/><path d="${path}"/></svg>`;
  return (
    <>
      <p>{t.deliver.qrSays}</p>
      <p class="mono wrap">{url}</p>
      <div class="qr">
        <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t.deliver.qrLabel(url)} shape-rendering="crispEdges">
          <path d={path} />
        </svg>
      </div>
      <div class="row">
        <a class="button" download={`${slug}.svg`} href={`data:image/svg+xml,${encodeURIComponent(svg)}`}>
          {t.deliver.qrDownload}
        </a>
      </div>
    </>
  );
}

/** The dark modules of the code as one path. */
function modules(text: string): { path: string; size: number } {
  const code = generate(text, { minCorrectionLevel: correction.M });
  let path = "";
  for (let row = 0; row < code.size; row++) {
    for (let column = 0; column < code.size; column++) {
      if (code.get(column, row)) {
        path += `M${column} ${row}h1v1h-1z`;
      }
    }
  }
  return { path, size: code.size };
}

function CheckMail() {
  const [source, setSource] = useState("");
  const [wasSent, setSent] = useState(true);
  const settled = useSettled(source, 300);
  const { data: statuses } = useResource((signal) => statusesOf(slugsIn(settled), signal), settled);
  const findings = settled.trim() && statuses ? checkMail(settled, wasSent, statuses) : [];
  return (
    <>
      <p>{t.deliver.checkSays}</p>
      <div class="field">
        <label for="mail">{t.deliver.checkLabel}</label>
        <textarea id="mail" class="mono" rows={9} value={source} spellcheck={false} onInput={(event) => setSource(event.currentTarget.value)} />
      </div>
      <label class="check">
        <input type="checkbox" checked={wasSent} onChange={(event) => setSent(event.currentTarget.checked)} />
        {t.deliver.checkSent}
      </label>
      <div role="status">
        <ul class="findings">
          {findings.map(({ level, text }) => (
            <li key={text}>
              <strong class={level === "bad" ? "trouble-text" : level === "warn" ? "caution-text" : "soft"}>{t.deliver.found[level]}</strong>
              <span>{text}</span>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

const slugsMax = 20;

/** The status of each experiment; null where there is none. */
async function statusesOf(slugs: string[], signal: AbortSignal): Promise<Map<string, string | null>> {
  const found = await Promise.all(
    slugs.slice(0, slugsMax).map(async (slug) => {
      const { experiments } = await api.summaries(new URLSearchParams({ q: slug, limit: "100" }), signal);
      return [slug, experiments.find((experiment) => experiment.slug === slug)?.status ?? null] as const;
    }),
  );
  return new Map(found);
}
