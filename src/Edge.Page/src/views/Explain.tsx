import { useState } from "preact/hooks";
import { api, type DescribedRequest } from "../api";
import { fromLocal, moment, regionName, toLocal } from "../format";
import { t } from "../strings.en";
import { sentence } from "../ui/Parts";
import { codeOf, countries, Suggested } from "../ui/Suggested";
import { useResource, useSettled } from "../ui/useResource";
import { inWords, operatorText, propertyText, valueText } from "../words";
import type { Draft } from "./Editor";

const agents: Record<keyof typeof t.edit.devices, string> = {
  iphone: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
  android: "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
  ipad: "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
  windows: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  mac: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
  bot: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
};

/** Describes a visitor and says what he would get, by the code that serves real ones. */
export function Explain({ draft, uid, isValid }: { draft: Draft; uid: string | undefined; isValid: boolean }) {
  const [visitor, setVisitor] = useState({ device: "iphone" as keyof typeof agents, country: "FR", at: "", unit: "reader-17" });
  const settled = useSettled(visitor, 250);
  const country = codeOf(settled.country);
  const countryName = visitor.country && (regionName(codeOf(visitor.country)) || t.edit.noCountry);
  const request: DescribedRequest = {
    query: settled.unit ? `u=${encodeURIComponent(settled.unit)}` : "",
    headers: { "User-Agent": agents[settled.device] },
    ip: "203.0.113.9",
    ...(country ? { country } : {}),
    ...(settled.at ? { at: fromLocal(settled.at) ?? undefined } : {}),
  };
  const { data, error } = useResource(async (signal) => (isValid ? api.explainDefinition(draft, uid, request, signal) : undefined), isValid ? JSON.stringify([draft, request]) : "");
  const set = (name: keyof typeof visitor) => (event: Event) => setVisitor({ ...visitor, [name]: (event.currentTarget as HTMLInputElement).value });
  const nameOf = (id: string) => draft.variants.find((v) => v.id === id)?.name || id;
  return (
    <section class="stack-s" aria-label={t.edit.explain}>
      <h2>{t.edit.explain}</h2>
      <div class="columns">
        <div class="field">
          <label for="explain-device">{t.edit.device}</label>
          <select id="explain-device" value={visitor.device} onChange={set("device")}>
            {Object.entries(t.edit.devices).map(([key, text]) => (
              <option key={key} value={key}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="explain-country">{t.edit.country}</label>
          <Suggested id="explain-country" options={countries} named={countryName} value={visitor.country} onInput={(country) => setVisitor({ ...visitor, country })} />
        </div>
        <div class="field">
          <label for="explain-unit">{t.edit.unit}</label>
          <input id="explain-unit" value={visitor.unit} onInput={set("unit")} />
        </div>
      </div>
      <div class="field">
        <label for="explain-at">{t.edit.at}</label>
        <input id="explain-at" type="datetime-local" value={visitor.at || toLocal(data?.at)} onInput={set("at")} />
      </div>
      <div role="status" class="stack-s">
        {!isValid ? (
          <p class="small soft">{t.edit.explainLater}</p>
        ) : error ? (
          <p class="small soft wrap">{sentence(error)}</p>
        ) : data ? (
          <>
            <p class="wrap">
              {t.edit.explainSays(t.edit.devices[settled.device], regionName(country), moment(data.at))}{" "}
              <strong>
                <bdi>{data.variant ? nameOf(data.variant) : t.edit.nobody}</bdi>
              </strong>
              .
            </p>
            <p class="small soft wrap">{inWords(data.why)}</p>
            {data.conditions && (
              <ul class="small stack-s">
                {data.conditions.map((one) => (
                  <li key={one.variant}>
                    <strong><bdi>{nameOf(one.variant)}</bdi></strong> {inWords(one.note ?? "")}
                    <ul>
                      {one.nodes.filter((node) => node.property).map((node) => (
                        <li key={node.path} class="wrap">
                          {node.result === "true" ? "✓" : node.result === "false" ? "✗" : "·"} {propertyText(node.property!)} {operatorText(node.operator)}{" "}
                          {valueText(node.property!, node.value)}
                          <span class="soft"> ({node.seen == null ? t.common.unknown : valueText(node.property!, node.seen)})</span>
                        </li>
                      ))}
                    </ul>
                  </li>
                ))}
              </ul>
            )}
          </>
        ) : null}
      </div>
    </section>
  );
}
