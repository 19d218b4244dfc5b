using Edge.Access;
using Edge.Telemetry;

namespace Edge.Endpoints.Management;

/// <summary>
/// Who sends a request to the management API: a key in the header, or a session of the page. Without either the answer
/// is a refusal, before the body is read. Thread safe.
/// </summary>
/// <param name="keys">The keys.</param>
/// <param name="sessions">The sessions; null without the page.</param>
/// <param name="origins">Says whether a session's request comes from the page.</param>
/// <param name="rates">The limit of each key.</param>
/// <param name="wrong">The limit of wrong keys.</param>
/// <param name="metrics">Where refusals are counted.</param>
internal sealed class ManagementAccess(
    KeyRing keys,
    SessionTable? sessions,
    SameOrigin origins,
    RateWindow rates,
    WrongKeys wrong,
    Metrics metrics
)
{
    /// <summary>The key that was accepted; else null, and the answer that says why.</summary>
    /// <param name="context">The request.</param>
    /// <param name="route">Under which refusals are counted.</param>
    /// <param name="refusal">The answer when the key is null.</param>
    public ApiKey? Admit(HttpContext context, RouteName route, out Task refusal)
    {
        var key = Authenticate(context, route, out refusal);
        if (key is null)
        {
            return null;
        }

        var rate = rates.Count(key.Id);
        // At the very start of the answer, so that an answer out of the cache carries the figures of this request.
        context.Response.OnStarting(static state => SetHeaders(((HttpContext, RateDecision))state), (context, rate));
        if (rate.IsAllowed)
        {
            return key;
        }

        metrics.Count(route, Outcome.RateLimited);
        refusal = Problem.RateLimitedAsync(context, rate, "key");
        return null;
    }

    /// <summary>Whether a request that was admitted some time ago still would be.</summary>
    public bool IsStillAdmitted(HttpContext context, ApiKey key) =>
        keys.FindByHash(key.Hash) is not null
        && (
            context.Request.Headers.Authorization.Count > 0
            || (SessionCookie.Read(context.Request) is { } id && sessions?.Find(id, isUse: false) is not null)
        );

    /// <summary>403 for a key that may only read.</summary>
    public static Task RefuseChangeAsync(HttpContext context) =>
        Problem.WriteAsync(
            context,
            StatusCodes.Status403Forbidden,
            "read-only-key",
            "Read-Only Key",
            "This key may read and change nothing; changes need a key of the kind pictify."
        );

    private ApiKey? Authenticate(HttpContext context, RouteName route, out Task refusal)
    {
        refusal = Task.CompletedTask;
        var authorization = context.Request.Headers.Authorization;
        if (sessions is not null && authorization.Count == 0 && SessionCookie.Read(context.Request) is { } id)
        {
            return FromSession(sessions, context, route, id, out refusal);
        }

        var isMissing = !Bearer.TryRead(authorization, out var secret);
        if (keys.Find(secret) is { IsManagement: true } key)
        {
            return key;
        }

        if (!isMissing && wrong.Count(context) is { } rate)
        {
            metrics.Count(route, Outcome.RateLimited);
            refusal = Problem.RateLimitedAsync(context, rate, "address");
            return null;
        }

        metrics.Count(route, Outcome.Unauthorized);
        refusal = UnauthorizedAsync(context, isMissing, isMissing ? null : MixUpOf(keys.KindOf(secret)));
        return null;
    }

    /// <summary>What changes nothing is not worth forging: the page that did would not see the answer.</summary>
    private ApiKey? FromSession(
        SessionTable sessions,
        HttpContext context,
        RouteName route,
        string id,
        out Task refusal
    )
    {
        var method = context.Request.Method;
        var isRead = RequestMethod.IsGet(method) || RequestMethod.IsHead(method);
        var isOurs = origins.Judge(context.Request) ?? isRead;
        if (!isOurs)
        {
            metrics.Count(route, Outcome.Refused);
            refusal = SameOrigin.RefuseAsync(context);
            return null;
        }

        refusal = Task.CompletedTask;
        if (sessions.Find(id, isUse: true) is { } session)
        {
            return session.Key;
        }

        metrics.Count(route, Outcome.Unauthorized);
        refusal = SessionCookie.RefuseAsync(context);
        return null;
    }

    private static string? MixUpOf(KeyKind? kind) =>
        KeyMixUp.Of(kind, [KeyKind.Pictify, KeyKind.PictifyRead], "send a management key (mk_)");

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
