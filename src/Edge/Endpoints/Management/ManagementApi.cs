using Edge.Access;
using Edge.Telemetry;

namespace Edge.Endpoints.Management;

/// <summary>
/// The entry of <c>/experiments/api</c>: key, rate limit, then the cache, then the routes. A request without a valid
/// key is answered before its body is read. The team of the key is the only team the request can see.
/// </summary>
internal sealed class ManagementApi(KeyRing keys, RateWindow rates, WrongKeys wrong, RequestLog log)
{
    public const string Prefix = "/experiments/api";

    /// <summary>Where the accepted request waits for the routes behind the cache.</summary>
    private static readonly object Accepted = new();

    /// <summary>
    /// What handles an authenticated request: the cache and <see cref="ManagementRoutes"/>; set once, before the service starts.
    /// </summary>
    public RequestDelegate Next { get; set; } = static context => Problem.RouteNotFoundAsync(context);

    /// <summary>The authenticated request.</summary>
    public static ManagedRequest RequestOf(HttpContext context) => (ManagedRequest)context.Items[Accepted]!;

    /// <summary>Whether a path belongs to this family.</summary>
    public static bool IsHere(string path) =>
        path.StartsWith(Prefix, StringComparison.Ordinal)
        && (path.Length == Prefix.Length || path[Prefix.Length] == '/');

    public Task HandleAsync(HttpContext context)
    {
        var key = Authenticate(context, out var isMissing);
        if (key is null)
        {
            if (!isMissing && wrong.Count(context) is { } wrongRate)
            {
                log.Metrics.Count(RouteName.Experiments, Outcome.RateLimited);
                return Problem.RateLimitedAsync(context, wrongRate, "address");
            }

            log.Metrics.Count(RouteName.Experiments, Outcome.Unauthorized);
            return UnauthorizedAsync(context, isMissing, MixUpOf(context));
        }
        var rate = rates.Count(key.Id);
        // At the very start of the answer, so that an answer out of the cache carries the figures of this request.
        context.Response.OnStarting(static state => SetHeaders(((HttpContext, RateDecision))state), (context, rate));
        if (!rate.IsAllowed)
        {
            log.Metrics.Count(RouteName.Experiments, Outcome.RateLimited);
            return Problem.RateLimitedAsync(context, rate, "key");
        }
        var rest = context.Request.Path.Value!.AsSpan(Prefix.Length).Trim('/').ToString();
        context.Items[Accepted] = new ManagedRequest(context, key.Team, key.Id, rest.Length == 0 ? [] : rest.Split('/'));
        log.Metrics.Count(RouteName.Experiments, Outcome.Answered);
        return AnswerAsync(context);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            await Next(context);
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException && !context.RequestAborted.IsCancellationRequested)
        {
            log.Failed(e);
            await Problem.WriteAsync(
                context,
                StatusCodes.Status503ServiceUnavailable,
                "service-unavailable",
                "Service Unavailable",
                "The change could not be stored; nothing has changed."
            );
        }
    }

    private ApiKey? Authenticate(HttpContext context, out bool isMissing)
    {
        isMissing = !Bearer.TryRead(context.Request.Headers.Authorization, out var secret);
        return keys.Find(secret) is { Kind: KeyKind.Pictify } key ? key : null;
    }

    private string? MixUpOf(HttpContext context) =>
        Bearer.TryRead(context.Request.Headers.Authorization, out var secret)
            ? KeyMixUp.Of(keys.KindOf(secret), [KeyKind.Pictify], "send a management key (mk_)")
            : null;

    private static Task UnauthorizedAsync(HttpContext context, bool isMissing, string? mixUp)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return isMissing
            ? Problem.WriteAsync(
                context,
                StatusCodes.Status401Unauthorized,
                "missing-authorization",
                "Missing Authorization",
                "Send the API key as Authorization: Bearer KEY."
            )
            : Problem.WriteAsync(
                context,
                StatusCodes.Status401Unauthorized,
                "invalid-api-key",
                "Invalid API Key",
                mixUp ?? "The provided API key is invalid or has been revoked."
            );
    }

    private static Task SetHeaders((HttpContext Context, RateDecision Rate) state)
    {
        Problem.WriteRate(state.Context.Response.Headers, state.Rate);
        return Task.CompletedTask;
    }
}
