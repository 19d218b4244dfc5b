// Asks a running Edge as programs with OpenFeature do, and prints what they are told as JSON.
// usage: node evaluate.mjs BASE SERVER_KEY PAGE_KEY UNITS
import { OpenFeature as Server } from "@openfeature/server-sdk";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature as Web } from "@openfeature/web-sdk";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";

const [baseUrl, serverKey, pageKey, units] = process.argv.slice(2);
const plan = { account: { plan: "pro", seats: 12 } };
const told = ({ value, reason, variant, errorCode, flagMetadata }) => ({ value, reason, variant, errorCode, choice: flagMetadata?.choice });

await Server.setProviderAndWait(new OFREPProvider({ baseUrl, headers: [["Authorization", `Bearer ${serverKey}`]] }));
await Server.setProviderAndWait("wrong", new OFREPProvider({ baseUrl, headers: [["X-API-Key", "traffical_sk_wrong"]] }));
const server = Server.getClient();
const of = (targetingKey, more) => ({ targetingKey, ...more });
const result = {
  units: [],
  boolean: told(await server.getBooleanDetails("link", false, of("u", plan))),
  number: told(await server.getNumberDetails("link", 0, of("u", { beta: true }))),
  object: told(await server.getObjectDetails("link", {}, of("u", { "account.plan": "free" }))),
  winner: told(await server.getStringDetails("done", "", of("u"))),
  paused: told(await server.getStringDetails("paused", "", of("u"))),
  unknown: told(await server.getStringDetails("none", "fallback", of("u"))),
  nobody: told(await server.getStringDetails("test", "fallback", {})),
  mistyped: told(await server.getBooleanDetails("test", true, of("u"))),
  refused: told(await Server.getClient("wrong").getStringDetails("test", "fallback", of("u"))),
};
for (let i = 0; i < Number(units); i++) {
  result.units.push(told(await server.getStringDetails("test", "fallback", of(`unit ${i}`))));
}

const answers = [];
const fetchImplementation = async (input, init) => {
  const answer = await fetch(input, init);
  answers.push(answer.status);
  return answer;
};
await Web.setContext({ targetingKey: "unit 0" });
await Web.setProviderAndWait(
  new OFREPWebProvider({ baseUrl, headers: [["X-API-Key", pageKey]], pollInterval: 100, cacheMode: "disabled", fetchImplementation }),
);
const web = Web.getClient();
result.page = told(web.getStringDetails("test", "fallback"));
result.pageDefault = told(web.getStringDetails("link", "fallback"));
while (!answers.includes(304)) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
await Web.setContext({ targetingKey: "unit 1", ...plan });
result.pageOther = told(web.getStringDetails("test", "fallback"));
result.pagePro = told(web.getBooleanDetails("link", false));
result.answers = [...new Set(answers)].sort();
console.log(JSON.stringify(result));
process.exit(0);
