namespace Edge.Endpoints.Fleet;

/// <summary>The table of contents of what an origin serves to its edges, and shows of them.</summary>
internal sealed class FleetRoutes(CatalogEndpoint catalog, ForwardedEventsEndpoint events, NodesEndpoint nodes, RolloutEndpoint rollout)
{
    private const string Prefix = "/fleet/";

    /// <summary>Whether a path belongs to this family, on any node.</summary>
    public static bool IsHere(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    public Task HandleAsync(HttpContext context, string path) =>
        path switch
        {
            CatalogEndpoint.Path => catalog.HandleAsync(context),
            ForwardedEventsEndpoint.Path => events.HandleAsync(context),
            NodesEndpoint.Path => nodes.HandleAsync(context),
            RolloutEndpoint.Path => rollout.HandleAsync(context),
            _ => Problem.RouteNotFoundAsync(context),
        };
}
