using Edge.Endpoints.Documents;
using Edge.Endpoints.Evaluation;
using Edge.Endpoints.Ingestion;
using Edge.Endpoints.Live;
using Edge.Endpoints.Operations;
using Edge.Endpoints.Receipts;
using Edge.Endpoints.Tracking;
using Edge.Experiments;
using Edge.Telemetry;

namespace Edge.Endpoints;

/// <summary>
/// The table of contents: every path the service answers and who answers it. The tracking routes are matched first and
/// without allocation, because they are nearly all of the traffic; everything else is compared as a whole path. What
/// another node of the fleet serves is 404, and says so: without <c>managed</c> this one is an edge.
/// </summary>
internal sealed class Routes(
    PixelEndpoint pixel,
    ClickEndpoint click,
    ResolveEndpoint resolve,
    ImageEndpoint image,
    ManagedRoutes? managed,
    RefusalObserver refusals,
    IngestRoutes ingest,
    AbsentCatalog? absent,
    EmbeddedDocument client,
    EmbeddedDocument openApi,
    HealthEndpoints health,
    MetricsEndpoint metricsPage,
    LedgerEndpoint ledgerPage,
    bool isOrigin,
    AdminListener admin,
    Metrics metrics
)
{
    private const string OfEdges =
        "This node is the origin of a fleet: visitors and senders are answered by its edges (role).";

    private const string OfOrigin =
        "This node is an edge of a fleet: experiments, results and the page are on its origin (role).";

    public Task DispatchAsync(HttpContext context, out RouteName route)
    {
        route = RouteName.Other;
        Replies.ForbidSniffing(context.Response.Headers);
        if (RequestFraming.Refuse(context) is { } refusal)
        {
            metrics.Count(RouteName.Other, Outcome.Refused);
            return refusal;
        }

        var path = context.Request.Path.Value ?? "";
        if (admin.Received(context))
        {
            return (admin.HasManagement ? FindManaged(context, path, ref route) : null)
                ?? DispatchOperationsAsync(context, path, ref route);
        }

        if (isOrigin && IsOfEdges(path))
        {
            return RefuseRoleAsync(context, OfEdges);
        }

        if (ingest.Find(path, ref route) is { } handle)
        {
            if (absent?.Refuse(context, route) is { } unavailable)
            {
                return unavailable;
            }

            return refusals.IsNeeded && !RequestMethod.IsOptions(context.Request.Method)
                ? refusals.ObserveAsync(context, handle)
                : handle(context);
        }

        if (FindTracking(context, TrackingPath.Canonical(path), ref route) is { } tracking)
        {
            return tracking;
        }

        if (!admin.HasManagement && FindManaged(context, path, ref route) is { } managed)
        {
            return managed;
        }

        if (path == "/sdk.js")
        {
            return ReadAsync(context, route = RouteName.Sdk, client.HandleAsync);
        }

        if (path == "/openapi.json")
        {
            return ReadAsync(context, route = RouteName.OpenApi, openApi.HandleAsync);
        }

        return admin.IsPublic(path)
            ? DispatchOperationsAsync(context, path, ref route)
            : RefusePathAsync(context);
    }

    /// <summary>Answers what people who manage experiments use; null when the path is none of theirs.</summary>
    private Task? FindManaged(HttpContext context, string path, ref RouteName route) =>
        managed is not null ? managed.Find(context, path, ref route)
        : ManagedRoutes.IsHere(path) ? RefuseRoleAsync(context, OfOrigin)
        : null;

    /// <summary>Answers a tracking route; null when the path is none.</summary>
    private Task? FindTracking(HttpContext context, string path, ref RouteName route)
    {
        if (!path.StartsWith(TrackingPath.Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        // Without a slug it is the pixel, or the link, of nobody.
        var rest = path.AsSpan(TrackingPath.Prefix.Length);
        var slash = rest.IndexOf('/');
        var slug = rest[..Math.Max(0, slash)];
        switch (rest[(slash + 1)..])
        {
            case "pixel.gif":
                route = RouteName.Pixel;
                return Decline(context, route, Cors.Tracking) ?? pixel.HandleAsync(context, slug);
            case "click":
                route = RouteName.Click;
                return Decline(context, route, Cors.Tracking) ?? absent?.Refuse(context, route) ?? click.HandleAsync(context, slug);
            case "resolve":
                route = RouteName.Resolve;
                return Decline(context, route, Cors.Reading) ?? absent?.Refuse(context, route) ?? resolve.HandleAsync(context, slug);
        }

        if (slash >= 0 || !TryImage(rest, out var name, out var format))
        {
            return null;
        }

        route = RouteName.Image;
        return Decline(context, route, Cors.Reading) ?? absent?.Refuse(context, route) ?? image.HandleAsync(context, name, format);
    }

    /// <summary>Answers a preflight, or a method that a tracking route does not offer; null for the others.</summary>
    private Task? Decline(HttpContext context, RouteName route, Cors cors)
    {
        if (IsGetOrHead(context) || (cors == Cors.Tracking && RequestMethod.IsPost(context.Request.Method)))
        {
            return null;
        }

        if (cors.IsPreflight(context))
        {
            metrics.Count(route, Outcome.Answered);
            return Task.CompletedTask;
        }

        metrics.Count(route, Outcome.MethodNotAllowed);
        return Problem.MethodNotAllowedAsync(context, cors.Offered);
    }

    private Task DispatchOperationsAsync(HttpContext context, string path, ref RouteName route)
    {
        (Func<HttpContext, Task> Answer, RouteName Route)? found = path switch
        {
            "/healthz" => (health.LiveAsync, RouteName.Health),
            "/readyz" => (health.ReadyAsync, RouteName.Ready),
            "/ledger" => (ledgerPage.HandleAsync, RouteName.Ledger),
            "/metrics" => (metricsPage.HandleAsync, RouteName.Metrics),
            _ => null,
        };
        if (found is not var (answer, name))
        {
            return RefusePathAsync(context);
        }

        route = name;
        return ReadAsync(context, route, answer);
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

    /// <summary>Whether pages send events to paths like this: a misspelt one is to say so to them.</summary>
    private static bool IsForPages(string path) =>
        path.StartsWith("/v1/", StringComparison.Ordinal)
        || path.StartsWith("/ofrep/", StringComparison.Ordinal)
        || path.StartsWith(TrackingPath.Prefix, StringComparison.Ordinal);

    private static bool IsOfEdges(string path) => IsForPages(TrackingPath.Canonical(path)) || path == "/sdk.js";

    private Task RefuseRoleAsync(HttpContext context, string detail)
    {
        metrics.Count(RouteName.Other, Outcome.NotFound);
        return Problem.OtherRoleAsync(context, detail);
    }

    private Task RefuseMethodAsync(HttpContext context, RouteName route)
    {
        metrics.Count(route, Outcome.MethodNotAllowed);
        return Problem.MethodNotAllowedAsync(context);
    }

    private Task RefusePathAsync(HttpContext context)
    {
        if (context.Request.Path.Value is { } path && IsForPages(path) && Cors.Nowhere.IsPreflight(context))
        {
            metrics.Count(RouteName.Other, Outcome.Answered);
            return Task.CompletedTask;
        }

        metrics.Count(RouteName.Other, Outcome.NotFound);
        return Problem.RouteNotFoundAsync(context);
    }
}

/// <summary>
/// The table of contents of the ingestion APIs (spec 1.1), and of evaluation and receipts, which have their senders.
/// </summary>
internal sealed class IngestRoutes(
    EventsEndpoint events,
    EventBatchEndpoint batch,
    TrackEndpoint track,
    BulkTrackEndpoint bulkTrack,
    DecideEndpoint decide,
    OfrepEndpoint ofrep,
    ReceiptEndpoint receipts
)
{
    // Made once, so that looking a route up allocates nothing.
    private readonly RequestDelegate _events = events.HandleAsync;
    private readonly RequestDelegate _batch = batch.HandleAsync;
    private readonly RequestDelegate _track = track.HandleAsync;
    private readonly RequestDelegate _bulkTrack = bulkTrack.HandleAsync;
    private readonly RequestDelegate _decide = decide.HandleAsync;
    private readonly RequestDelegate _ofrep = ofrep.HandleAsync;
    private readonly RequestDelegate _receipts = receipts.HandleAsync;

    /// <summary>Who answers a path; null when it is none of these.</summary>
    public RequestDelegate? Find(string path, ref RouteName route)
    {
        (var found, route) = path switch
        {
            "/s/events" => (_events, RouteName.Events),
            "/v1/events" or "/v1/events/batch" => (_batch, RouteName.EventBatch),
            "/v1/track" => (_track, RouteName.Track),
            "/v1/bulk-track" => (_bulkTrack, RouteName.BulkTrack),
            "/v1/decide" => (_decide, RouteName.Decide),
            OfrepEndpoint.BulkPath => (_ofrep, RouteName.Evaluate),
            _ when path.StartsWith(OfrepEndpoint.FlagPrefix, StringComparison.Ordinal) => (_ofrep, RouteName.Evaluate),
            _ when path.StartsWith(ReceiptEndpoint.Prefix, StringComparison.Ordinal) => (_receipts, RouteName.Receipts),
            _ => ((RequestDelegate?)null, route),
        };
        return found;
    }
}
