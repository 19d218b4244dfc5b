using Edge.Access;
using Edge.Formats;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// Who may send to Millimetric's API: the checks of spec 6.1 in their order, each with its code. Beacons of browsers
/// cannot carry a header, so with <c>text/plain</c> a browser key may be sent in the query (spec 6.8).
/// </summary>
/// <param name="keys">The keys.</param>
/// <param name="rates">Limits of keys, by project.</param>
/// <param name="wrong">Limits wrong keys.</param>
internal sealed class MillimetricAuthenticator(
    KeyRing keys,
    KeyRates rates,
    WrongKeys wrong
)
{
    private const string KeyParameter = "key";
    private const string BrowserKind = "pk";

    /// <summary>The kinds of keys, which a secret names before its first underscore.</summary>
    private static readonly string[] Kinds = [BrowserKind, "sk", "rk"];

    /// <summary>
    /// Whether a valid key within its rate was sent; otherwise the response has been written and
    /// <paramref name="isRateLimited"/> says of which sort.
    /// </summary>
    public bool TryAuthenticate(HttpContext context, out ApiKey? key, out bool isRateLimited)
    {
        isRateLimited = false;
        key = null;
        if (!TryReadSecret(context.Request, out var secret))
        {
            var mixUp = KeyMixUp.Of(
                KeySecret.KindOf(secret),
                [KeyKind.MillimetricPk],
                "an address has a browser key (pk_) only; revoke a secret that one has shown"
            );
            return Unauthorized(context, "missing_bearer_token", mixUp);
        }

        key = IsWellFormed(secret) ? keys.Find(secret) : null;
        if (key is null)
        {
            if (wrong.Count(context) is { } rate)
            {
                isRateLimited = true;
                return RateLimited(context, rate.RetryAfter);
            }

            return Unauthorized(context, WrongnessOf(secret), MixUpOf(secret));
        }

        if (key.Kind is not (KeyKind.MillimetricPk or KeyKind.MillimetricSk) || !key.Has(ApiKey.IngestScope))
        {
            return Forbidden(context, "insufficient_scope");
        }

        if (key.Kind == KeyKind.MillimetricPk && !OriginRule.Allows(key.Origins, OriginOf(context)))
        {
            return Forbidden(context, "origin_not_allowed");
        }

        var project = key.Project ?? ApiKey.DefaultProject;
        isRateLimited = !rates.TryTake(context, project, key.Kind == KeyKind.MillimetricSk, out var retryAfter);
        return !isRateLimited || RateLimited(context, retryAfter);
    }

    private static string? OriginOf(HttpContext context) =>
        context.Request.Headers.Origin is { Count: 1 } origin ? origin[0] : null;

    private static bool TryReadSecret(HttpRequest request, out ReadOnlySpan<char> secret)
    {
        if (Bearer.TryRead(request.Headers.Authorization, out secret))
        {
            return true;
        }

        if (
            request.Headers.Authorization.Count > 0
            || request.ContentType?.StartsWith("text/plain", StringComparison.OrdinalIgnoreCase) is not true
        )
        {
            return false;
        }

        Span<char> room = stackalloc char[KeySecret.CharsMax];
        if (!QueryValue.TryRead(request.QueryString.Value, KeyParameter, room, out var value, StringComparison.Ordinal))
        {
            return false;
        }
        // A secret key must never be sent in a URL, so it is not accepted there.
        secret = value.ToString();
        return secret.StartsWith(BrowserKind + "_");
    }

    private string? MixUpOf(ReadOnlySpan<char> secret) =>
        KeyMixUp.Of(
            keys.KindOf(secret),
            [KeyKind.MillimetricPk, KeyKind.MillimetricSk],
            "pages send a browser key (pk_), servers a server key (sk_)"
        );

    /// <summary>The code for a secret that is no key's.</summary>
    private string WrongnessOf(ReadOnlySpan<char> secret) =>
        !IsWellFormed(secret) ? "malformed_api_key"
        : IsOfAnotherKind(secret) ? "key_kind_mismatch"
        : "invalid_api_key";

    /// <summary>Kind, environment, prefix and secret, with underscores between them.</summary>
    private static bool IsWellFormed(ReadOnlySpan<char> secret)
    {
        Span<Range> parts = stackalloc Range[5];
        if (secret.Split(parts, '_') != 4)
        {
            return false;
        }

        foreach (var part in parts[..4])
        {
            if (secret[part].IsEmpty)
            {
                return false;
            }
        }

        foreach (var kind in Kinds)
        {
            if (secret[parts[0]].SequenceEqual(kind))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the rest of the secret is that of a valid key of another kind.</summary>
    private bool IsOfAnotherKind(ReadOnlySpan<char> secret)
    {
        foreach (var kind in Kinds)
        {
            if (keys.Find(string.Concat(kind, secret[kind.Length..])) is not null)
            {
                return true;
            }
        }

        return false;
    }

    private static bool RateLimited(HttpContext context, int retryAfter)
    {
        MillimetricResponses.RateLimited(context, retryAfter);
        return false;
    }

    private static bool Unauthorized(HttpContext context, string code, string? mixUp)
    {
        MillimetricResponses.Unauthorized(context, code, mixUp);
        return false;
    }

    private static bool Forbidden(HttpContext context, string code)
    {
        MillimetricResponses.Forbidden(context, code);
        return false;
    }
}
