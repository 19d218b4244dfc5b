using Edge.Endpoints.Documents;
using Edge.Endpoints.Ingestion;
using Edge.Endpoints.Management;
using Edge.Endpoints.Operations;
using Edge.Endpoints.Tracking;
using Edge.Experiments;
using Edge.Telemetry;

namespace Edge.Endpoints;

/// <summary>
/// The table of contents: every path the service answers and who answers it. The tracking routes are matched first and
/// without allocation, because they are nearly all of the traffic; everything else is compared as a whole path.
/// </summary>
internal sealed class Routes(
    PixelEndpoint pixel,
    ClickEndpoint click,
    ResolveEndpoint resolve,
    ImageEndpoint image,
    ManagementApi management,
    IngestRoutes ingest,
    EmbeddedDocument client,
    EmbeddedDocument openApi,
    HealthEndpoints health,
    MetricsEndpoint metricsPage,
    LedgerEndpoint ledgerPage,
    AdminListener admin,
    Metrics metrics
)
{
    private const string TrackingPrefix = "/s/";

    public Task DispatchAsync(HttpContext context)
    {
        Replies.ForbidSniffing(context.Response.Headers);
        if (RequestFraming.Refuse(context) is { } refusal)
        {
            metrics.Count(RouteName.Other, Outcome.Refused);
            return refusal;
        }

        var path = context.Request.Path.Value ?? "";
        if (admin.Received(context))
        {
            return admin.HasManagement && ManagementApi.IsHere(path)
                ? management.HandleAsync(context)
                : DispatchOperationsAsync(context, path);
        }

        if (ingest.Find(path) is { } handle)
        {
            return handle(context);
        }

        if (path.StartsWith(TrackingPrefix, StringComparison.Ordinal))
        {
            var rest = path.AsSpan(TrackingPrefix.Length);
            var slash = rest.IndexOf('/');
            if (slash >= 0)
            {
                var slug = rest[..slash];
                switch (rest[(slash + 1)..])
                {
                    case "pixel.gif":
                        return IsGetOrHead(context)
                            ? pixel.HandleAsync(context, slug)
                            : RefuseMethodAsync(context, RouteName.Pixel);
                    case "click":
                        return IsGetOrHead(context)
                            ? click.HandleAsync(context, slug)
                            : RefuseMethodAsync(context, RouteName.Click);
                    case "resolve":
                        return IsGetOrHead(context)
                            ? resolve.HandleAsync(context, slug)
                            : RefuseMethodAsync(context, RouteName.Resolve);
                }
            }
            else if (TryImage(rest, out var name, out var format))
            {
                return IsGetOrHead(context)
                    ? image.HandleAsync(context, name, format)
                    : RefuseMethodAsync(context, RouteName.Image);
            }
        }
        if (!admin.HasManagement && ManagementApi.IsHere(path))
        {
            return management.HandleAsync(context);
        }

        if (path == "/sdk.js")
        {
            return ReadAsync(context, RouteName.Sdk, client.HandleAsync);
        }

        if (path == "/openapi.json")
        {
            return ReadAsync(context, RouteName.OpenApi, openApi.HandleAsync);
        }

        return admin.IsPublic(path) ? DispatchOperationsAsync(context, path) : RefusePathAsync(context);
    }

    private Task DispatchOperationsAsync(HttpContext context, string path)
    {
        (Func<HttpContext, Task> Answer, RouteName Route)? found = path switch
        {
            "/healthz" => (health.LiveAsync, RouteName.Health),
            "/readyz" => (health.ReadyAsync, RouteName.Ready),
            "/ledger" => (ledgerPage.HandleAsync, RouteName.Ledger),
            "/metrics" => (metricsPage.HandleAsync, RouteName.Metrics),
            _ => null,
        };
        return found is var (answer, route) ? ReadAsync(context, route, answer) : RefusePathAsync(context);
    }

    /// <summary>Answers a page that is only ever read.</summary>
    private Task ReadAsync(HttpContext context, RouteName route, Func<HttpContext, Task> answer)
    {
        if (!IsGetOrHead(context))
        {
            return RefuseMethodAsync(context, route);
        }

        metrics.Count(route, Outcome.Answered);
        return answer(context);
    }

    /// <summary>Splits <c>slug.png</c>.</summary>
    private static bool TryImage(ReadOnlySpan<char> file, out ReadOnlySpan<char> slug, out ImageFormat format)
    {
        var dot = Math.Max(0, file.LastIndexOf('.'));
        slug = file[..dot];
        ImageFormat? found = file[dot..] switch
        {
            ".png" => ImageFormat.Png,
            ".jpg" or ".jpeg" => ImageFormat.Jpeg,
            ".webp" => ImageFormat.Webp,
            _ => null,
        };
        format = found ?? default;
        return found is not null;
    }

    private static bool IsGetOrHead(HttpContext context) =>
        RequestMethod.IsGet(context.Request.Method) || RequestMethod.IsHead(context.Request.Method);

    private Task RefuseMethodAsync(HttpContext context, RouteName route)
    {
        metrics.Count(route, Outcome.MethodNotAllowed);
        return Problem.MethodNotAllowedAsync(context);
    }

    private Task RefusePathAsync(HttpContext context)
    {
        metrics.Count(RouteName.Other, Outcome.NotFound);
        return Problem.RouteNotFoundAsync(context);
    }
}

/// <summary>The table of contents of the ingestion APIs (spec 1.1).</summary>
internal sealed class IngestRoutes(
    EventsEndpoint events,
    EventBatchEndpoint batch,
    TrackEndpoint track,
    BulkTrackEndpoint bulkTrack
)
{
    // Made once, so that looking a route up allocates nothing.
    private readonly RequestDelegate _events = events.HandleAsync;
    private readonly RequestDelegate _batch = batch.HandleAsync;
    private readonly RequestDelegate _track = track.HandleAsync;
    private readonly RequestDelegate _bulkTrack = bulkTrack.HandleAsync;

    /// <summary>Who answers a path; null when it is none of these.</summary>
    public RequestDelegate? Find(string path) =>
        path switch
        {
            "/s/events" => _events,
            "/v1/events" or "/v1/events/batch" => _batch,
            "/v1/track" => _track,
            "/v1/bulk-track" => _bulkTrack,
            _ => null,
        };
}
