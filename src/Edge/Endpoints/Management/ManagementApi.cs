using Edge.Catalog;
using Edge.Telemetry;

namespace Edge.Endpoints.Management;

/// <summary>
/// The entry of <c>/experiments/api</c>: key, rate limit, then the cache, then the routes. The team of the key is the
/// only team the request can see.
/// </summary>
internal sealed class ManagementApi(ManagementAccess access, RequestLog log)
{
    public const string Prefix = "/experiments/api";

    /// <summary>When to try again what the store could not do; it is looked for every few seconds.</summary>
    private const string RetryAfterSeconds = "5";

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
        if (access.Admit(context, RouteName.Experiments, out var refusal) is not { } key)
        {
            return refusal;
        }

        var rest = context.Request.Path.Value!.AsSpan(Prefix.Length).Trim('/').ToString();
        context.Items[Accepted] = new ManagedRequest(context, key, rest.Length == 0 ? [] : rest.Split('/'));
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
            log.NotStored(e);
            if (e is StoreException)
            {
                context.Response.Headers.RetryAfter = RetryAfterSeconds;
            }

            await Problem.WriteAsync(
                context,
                StatusCodes.Status503ServiceUnavailable,
                "service-unavailable",
                "Service Unavailable",
                (e as StoreException)?.Answer ?? "The change could not be stored; nothing has changed."
            );
        }
    }
}
