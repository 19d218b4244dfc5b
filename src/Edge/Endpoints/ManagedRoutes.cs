using Edge.Endpoints.Fleet;
using Edge.Endpoints.Live;
using Edge.Endpoints.Management;
using Edge.Endpoints.Operations;
using Edge.Endpoints.Page;
using Edge.Telemetry;

namespace Edge.Endpoints;

/// <summary>The table of contents of what people who manage experiments use, and the edges of a fleet.</summary>
/// <param name="api">The management API.</param>
/// <param name="system">Ledger, journal and sinks.</param>
/// <param name="live">Events as they are stored.</param>
/// <param name="page">The page; null without it.</param>
/// <param name="fleet">What an origin serves to its edges; null on a node without a fleet.</param>
internal sealed class ManagedRoutes(
    ManagementApi api,
    SystemEndpoint system,
    LiveEndpoint live,
    PageRoutes? page,
    FleetRoutes? fleet
)
{
    /// <summary>Whether a path belongs here, on whichever node it is.</summary>
    public static bool IsHere(string path) =>
        ManagementApi.IsHere(path)
        || SystemEndpoint.IsHere(path)
        || path == LiveEndpoint.Path
        || PageRoutes.IsHere(path)
        || FleetRoutes.IsHere(path);

    /// <summary>Answers; null when the path is none of these.</summary>
    public Task? Find(HttpContext context, string path, ref RouteName route)
    {
        if (ManagementApi.IsHere(path))
        {
            route = RouteName.Experiments;
            return api.HandleAsync(context);
        }

        if (SystemEndpoint.IsHere(path))
        {
            route = RouteName.System;
            return system.HandleAsync(context, path);
        }

        if (path == LiveEndpoint.Path)
        {
            route = RouteName.Live;
            return live.HandleAsync(context);
        }

        if (fleet is not null && FleetRoutes.IsHere(path))
        {
            route = RouteName.Fleet;
            return fleet.HandleAsync(context, path);
        }

        if (page is null || !PageRoutes.IsHere(path))
        {
            return null;
        }

        route = PageRoutes.RouteOf(path);
        return page.HandleAsync(context, path);
    }
}
