using Edge.Access;
using Edge.Events;
using Edge.Telemetry;

namespace Edge.Endpoints.Receipts;

/// <summary>
/// Lets in who may read receipts: secret keys that read, each of its own project. Keys that pages show are none. Thread
/// safe.
/// </summary>
/// <param name="keys">The keys.</param>
/// <param name="rates">The limit of each key.</param>
/// <param name="wrong">The limit of wrong keys.</param>
/// <param name="metrics">Where refusals are counted.</param>
internal sealed class ReceiptAccess(KeyRing keys, RateWindow rates, WrongKeys wrong, Metrics metrics)
{
    private static readonly KeyKind[] Accepted =
    [
        KeyKind.Pictify,
        KeyKind.PictifyRead,
        KeyKind.Traffical,
        KeyKind.MillimetricSk,
        KeyKind.MillimetricRk,
        KeyKind.Artie,
    ];

    /// <summary>The key that was accepted; else null, and the answer that says why.</summary>
    public ApiKey? Admit(HttpContext context, out Task refusal)
    {
        refusal = Task.CompletedTask;
        var isMissing = !Bearer.TryRead(context.Request.Headers.Authorization, out var secret);
        if (keys.Find(secret) is not { } key || Array.IndexOf(Accepted, key.Kind) < 0)
        {
            refusal = Refuse(context, isMissing, isMissing ? null : keys.KindOf(secret));
            return null;
        }
        if (ScopeOf(key.Kind) is { } scope && !key.Has(scope))
        {
            metrics.Count(RouteName.Receipts, Outcome.Unauthorized);
            refusal = Problem.WriteAsync(
                context,
                StatusCodes.Status403Forbidden,
                "missing-scope",
                "Missing Scope",
                $"This key lacks the scope {scope}."
            );
            return null;
        }
        var rate = rates.Count(key.Id);
        Problem.WriteRate(context.Response.Headers, rate);
        if (rate.IsAllowed)
        {
            return key;
        }
        metrics.Count(RouteName.Receipts, Outcome.RateLimited);
        refusal = Problem.RateLimitedAsync(context, rate, "key");
        return null;
    }

    /// <summary>The API whose senders' ids a key may ask for; null when it sends none.</summary>
    public static string? ApiOf(KeyKind kind) =>
        kind switch
        {
            KeyKind.Traffical => EventApi.Traffical,
            KeyKind.MillimetricSk or KeyKind.MillimetricRk => EventApi.Millimetric,
            KeyKind.Artie => EventApi.Artie,
            _ => null,
        };

    private static string? ScopeOf(KeyKind kind) =>
        kind switch
        {
            KeyKind.Traffical => ApiKey.ReadScope,
            KeyKind.MillimetricSk or KeyKind.MillimetricRk => ApiKey.QueryScope,
            _ => null,
        };

    private Task Refuse(HttpContext context, bool isMissing, KeyKind? sent)
    {
        if (!isMissing && wrong.Count(context) is { } rate)
        {
            metrics.Count(RouteName.Receipts, Outcome.RateLimited);
            return Problem.RateLimitedAsync(context, rate, "address");
        }
        metrics.Count(RouteName.Receipts, Outcome.Unauthorized);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return isMissing
            ? Problem.WriteAsync(
                context,
                StatusCodes.Status401Unauthorized,
                "missing-authorization",
                "Missing Authorization",
                "Send a key as Authorization: Bearer KEY."
            )
            : Problem.WriteAsync(
                context,
                StatusCodes.Status401Unauthorized,
                "invalid-api-key",
                "Invalid API Key",
                KeyMixUp.Of(sent, Accepted, "receipts are for secret keys that read")
                    ?? "The provided API key is invalid or has been revoked."
            );
    }
}
