// Prints the CycloneDX bill of materials of the binary: node tools/dist/sbom.mjs VERSION ROOT [kafka]
// It is made from the lock files alone and has neither time nor serial number, so that the same source gives the same bytes.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [given = "", root = ".", flavour = ""] = process.argv.slice(2);
const read = (...path) => readFileSync(join(root, ...path), "utf8");
const version = given || /<VersionPrefix>([^<]+)</.exec(read("Directory.Build.props"))[1];
const hex = (base64) => Buffer.from(base64, "base64").toString("hex");

// Licences by the rows of the notices that say what is in the binary.
const notices = read("THIRD-PARTY-NOTICES.md");
const bundled = notices.slice(notices.indexOf("## In the binary"), notices.indexOf("## Read or used by the build"));
const licences = new Map(
  [...bundled.matchAll(/^\| ([^|]+) \| [^|]+ \| ([^|]+) \| [^|]+ \|$/gm)].map(([, name, licence]) => [
    name.replace(" (npm)", "").trim().toLowerCase(),
    licence.trim(),
  ]),
);
const licenceOf = (name) => licences.get(name.toLowerCase()) ?? "MIT";

const component = (name, version, purl, licence, sha512) => ({
  type: "library",
  "bom-ref": purl,
  name,
  version,
  ...(sha512 && { hashes: [{ alg: "SHA-512", content: sha512 }] }),
  licenses: [{ license: { id: licence } }],
  purl,
});

// Compilers and analyzers leave nothing of their own in the binary; the excluded package is not used at all.
const isTool = (name) =>
  /^(Microsoft\.CodeAnalysis\.|Microsoft\.NET\.|Microsoft\.DotNet\.|runtime\.)/.test(name) || name === "System.Interactive.Async";
const nuget = JSON.parse(read("src", "Edge", `packages${flavour && "." + flavour}.lock.json`).replace(/^\uFEFF/, "")).dependencies["net10.0"];
const fromNuget = Object.entries(nuget)
  .filter(([name, entry]) => entry.type !== "Project" && !isTool(name))
  .map(([name, entry]) =>
    component(name, entry.resolved, `pkg:nuget/${name}@${entry.resolved}`, licenceOf(name), hex(entry.contentHash)),
  );

const fromNpm = (...path) =>
  Object.entries(JSON.parse(read(...path)).packages)
    .filter(([place, entry]) => place !== "" && !entry.dev)
    .map(([place, entry]) => {
      const name = place.replace(/^.*node_modules\//, "");
      return component(name, entry.version, `pkg:npm/${name}@${entry.version}`, entry.license ?? licenceOf(name), hex(entry.integrity.replace("sha512-", "")));
    });

const runtime = /<RuntimeFrameworkVersion>([^<]+)</.exec(read("src", "Edge", "Edge.csproj"))[1];
const runtimes = ["Microsoft.NETCore.App.Runtime", "Microsoft.AspNetCore.App.Runtime"].map((name) =>
  component(name, runtime, `pkg:nuget/${name}@${runtime}`, "MIT"),
);

const purl = `pkg:generic/edge@${version}`;
const components = [
  ...runtimes,
  ...fromNuget,
  ...fromNpm("src", "Edge.Page", "package-lock.json"),
  ...fromNpm("tools", "RuleCompiler", "package-lock.json"),
].sort((a, b) => (a.purl < b.purl ? -1 : 1));
const bom = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  metadata: { component: { type: "application", "bom-ref": purl, name: "edge", version, licenses: [{ license: { id: "MIT" } }], purl } },
  components,
  dependencies: [{ ref: purl, dependsOn: components.map(({ purl }) => purl) }],
};
process.stdout.write(JSON.stringify(bom, null, 2) + "\n");
