using Edge.Fleet;
using Edge.Fleet.Following;
using Edge.Fleet.Origin;
using Edge.Telemetry;
using static Edge.Telemetry.PrometheusText;

namespace Edge.Endpoints.Operations;

/// <summary>The metrics of a fleet, of whichever side this node is; none without a fleet.</summary>
/// <param name="follower">What an edge follows with.</param>
/// <param name="publisher">What an origin publishes with.</param>
/// <param name="nodes">The edges that an origin knows.</param>
/// <param name="time">The clock.</param>
internal sealed class FleetMetrics(
    CatalogFollower? follower,
    CatalogPublisher? publisher,
    NodeList? nodes,
    TimeProvider time
)
{
    public void Write(PrometheusText page)
    {
        if (follower is not null)
        {
            WriteEdge(page, follower);
        }

        if (publisher is not null && nodes is not null)
        {
            WriteOrigin(page, publisher, nodes.Nodes);
        }
    }

    private void WriteEdge(PrometheusText page, CatalogFollower edge)
    {
        var status = edge.Status;
        page.Family(MetricFamilies.FleetCatalogVersion).Sample(status.Version);
        page.Family(MetricFamilies.FleetOriginAgeSeconds)
            .Sample(
                status.ConfirmedAt is { } at
                    ? Math.Max(0, (time.GetUtcNow() - at).TotalSeconds)
                    : double.PositiveInfinity
            );
        page.Family(MetricFamilies.FleetRefusing).Sample(status.IsRefusing ? 1 : 0);
        page.Family(MetricFamilies.FleetEditionsRefusedTotal);
        foreach (var fault in Enum.GetValues<EditionFault>())
        {
            page.Sample(Label("reason", SnakeCase(fault.ToString())), edge.Refused(fault));
        }

        page.Family(MetricFamilies.FleetPollsFailedTotal).Sample(status.FailedPolls);
    }

    private void WriteOrigin(PrometheusText page, CatalogPublisher origin, IReadOnlyList<FleetNode> known)
    {
        var now = time.GetUtcNow();
        var connected = known.Where(static node => node.IsConnected).ToArray();
        page.Family(MetricFamilies.FleetCatalogVersion).Sample(origin.Newest.Tag.Version);
        page.Family(MetricFamilies.FleetNodes)
            .Sample(Label("state", "connected"), connected.Length)
            .Sample(Label("state", "away"), known.Count - connected.Length);
        page.Family(MetricFamilies.FleetNodesBehind)
            .Sample(connected.Count(static node => node.BehindSince is not null));
        page.Family(MetricFamilies.FleetNodesHeld).Sample(connected.Count(static node => node.IsHeld));
        page.Family(MetricFamilies.FleetRolloutShare).Sample(origin.Current.Rollout?.Share ?? 1);
        var lag = TimeSpan.Zero;
        foreach (var node in connected)
        {
            if (now - node.BehindSince is { } behind && behind > lag)
            {
                lag = behind;
            }
        }

        page.Family(MetricFamilies.FleetLagSeconds).Sample(lag.TotalSeconds);
        page.Family(MetricFamilies.FleetNodesDuplicate).Sample(known.Count(static node => node.IsDuplicate));
        page.Family(MetricFamilies.FleetNodesOtherSalt).Sample(known.Count(static node => node.HasOtherSalt));
    }
}
