import { api, type FleetNodes } from "../api";
import { moment, span } from "../format";
import { t } from "../strings.en";
import { Card, Failure } from "../ui/Parts";
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
        <div class="scroll" tabIndex={0} role="region" aria-label={t.fleet.title(data.fleet)}>
          <table>
            <thead>
              <tr>
                <th scope="col">{columns.node}</th>
                <th scope="col">{columns.state}</th>
                <th scope="col"><Term about="edition">{columns.edition}</Term></th>
                <th scope="col" class="num"><Term about="behind">{columns.behind}</Term></th>
                <th scope="col">{columns.version}</th>
                <th scope="col">{columns.seen}</th>
                <th scope="col">{columns.problem}</th>
              </tr>
            </thead>
            <tbody>
              {data.nodes.map((node) => (
                <tr key={node.name}>
                  <th scope="row"><bdi class="wrap">{node.name}</bdi></th>
                  <td class={node.connected ? "" : "trouble-text"}>{node.connected ? t.fleet.connected : t.fleet.away}</td>
                  <td>{node.catalogVersion === data.catalogVersion ? t.fleet.newest : node.catalogVersion || t.fleet.noEdition}</td>
                  <td class="num">{node.lagSeconds > 0 ? span(node.lagSeconds) : "–"}</td>
                  <td class="wrap">{node.version}</td>
                  <td>{moment(node.seenAt)}</td>
                  <td class="wrap small trouble-text">{problems(node).join(" ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

const problems = (node: FleetNodes["nodes"][number]): string[] => [
  ...(node.problem ? [node.problem] : []),
  ...(node.duplicateName ? [t.fleet.duplicate] : []),
  ...(node.otherSalt ? [t.fleet.otherSalt] : []),
];
