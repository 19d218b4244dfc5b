import { api, type FleetNodes } from "../api";
import { moment, span } from "../format";
import { t } from "../strings.en";
import { Card, Failure } from "../ui/Parts";
import { Table } from "../ui/Table";
import { Term } from "../ui/Term";
import { useResource } from "../ui/useResource";

const refreshMs = 2_000;

/** The edges that follow this origin, and how far each has come. */
export function Fleet() {
  const { data, error, reload } = useResource((signal) => api.fleetNodes(signal), "fleet", refreshMs);
  if (!data) {
    return error ? <Failure error={error} retry={reload} /> : null;
  }
  const columns = t.fleet.columns;
  return (
    <Card title={t.fleet.title(data.fleet)} tools={<span class="small soft">{t.fleet.edition(data.catalogVersion, moment(data.publishedAt))}</span>}>
      {error ? <Failure error={error} retry={reload} /> : null}
      {data.nodes.length === 0 ? (
        <p class="soft">{t.fleet.none}</p>
      ) : (
        <Table
          label={t.fleet.title(data.fleet)}
          rows={data.nodes}
          keyOf={(node) => node.name}
          columns={[
            [columns.node, (node) => <bdi class="wrap">{node.name}</bdi>],
            [columns.state, (node) => (node.connected ? t.fleet.connected : <span class="trouble-text">{t.fleet.away}</span>)],
            [<Term about="edition">{columns.edition}</Term>, (node) => (node.catalogVersion === data.catalogVersion ? t.fleet.newest : node.catalogVersion || t.fleet.noEdition)],
            [<Term about="behind">{columns.behind}</Term>, (node) => (node.lagSeconds > 0 ? span(node.lagSeconds) : "–"), "num"],
            [columns.version, (node) => node.version, "wrap"],
            [columns.seen, (node) => moment(node.seenAt)],
            [columns.problem, (node) => problems(node).join(" "), "wrap small trouble-text"],
          ]}
        />
      )}
    </Card>
  );
}

const problems = (node: FleetNodes["nodes"][number]): string[] => [
  ...(node.problem ? [node.problem] : []),
  ...(node.duplicateName ? [t.fleet.duplicate] : []),
  ...(node.otherSalt ? [t.fleet.otherSalt] : []),
];
