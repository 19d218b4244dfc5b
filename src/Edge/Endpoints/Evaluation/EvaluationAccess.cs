using Edge.Access;
using Edge.Endpoints.Ingestion;
using Edge.Telemetry;

namespace Edge.Endpoints.Evaluation;

/// <summary>Why a request is not let in; how it is said is each API's own.</summary>
/// <param name="Status">Status of the answer.</param>
/// <param name="Outcome">What is counted.</param>
/// <param name="Message">One sentence.</param>
internal readonly record struct AccessRefusal(int Status, Outcome Outcome, string Message);

/// <summary>
/// Lets in who may ask for variants: servers with a secret key, pages and apps with a public one, both with the scope
/// <c>sdk:read</c>. Thread safe.
/// </summary>
/// <param name="keys">The keys.</param>
/// <param name="rates">Limits of keys, by key.</param>
/// <param name="wrong">Limits wrong keys.</param>
internal sealed class EvaluationAccess(KeyRing keys, KeyRates rates, WrongKeys wrong)
{
    /// <summary>The header for clients that do not send <c>Authorization</c>.</summary>
    public const string KeyHeader = "X-API-Key";

    /// <summary>
    /// The key of a request; otherwise why it is refused, with the headers that belong to that already set.
    /// </summary>
    public AccessRefusal? Refuse(HttpContext context, out ApiKey? key)
    {
        key = null;
        var headers = context.Response.Headers;
        if (!RequestMethod.IsPost(context.Request.Method))
        {
            headers.Allow = Cors.Allow;
            return new(
                StatusCodes.Status405MethodNotAllowed,
                Outcome.MethodNotAllowed,
                "This route answers " + Cors.Allow
            );
        }

        var secret = SecretOf(context.Request.Headers);
        if (secret.IsEmpty || keys.Find(secret) is not { Kind: KeyKind.Traffical or KeyKind.TrafficalPk } found)
        {
            return !secret.IsEmpty && wrong.Count(context) is { } rate
                ? RateLimited(headers, rate.RetryAfter)
                : Unauthorized(headers, secret);
        }

        if (!found.Has(ApiKey.ReadScope))
        {
            return Forbidden("API key lacks required scope: " + ApiKey.ReadScope);
        }

        if (
            found.Kind == KeyKind.TrafficalPk
            && found.Origins.Count > 0
            && !OriginRule.Allows(found.Origins, context.Request.Headers.Origin)
        )
        {
            return Forbidden("API key is not allowed from this origin");
        }

        key = found;
        return rates.TryTake(context, found.Id, found.Kind == KeyKind.Traffical, out var retryAfter)
            ? null
            : RateLimited(headers, retryAfter);
    }

    private static ReadOnlySpan<char> SecretOf(IHeaderDictionary headers)
    {
        if (Bearer.TryRead(headers.Authorization, out var token))
        {
            return token;
        }

        var header = headers[KeyHeader];
        return header.Count == 1 ? header[0].AsSpan().Trim(' ') : default;
    }

    private AccessRefusal Unauthorized(IHeaderDictionary headers, ReadOnlySpan<char> secret)
    {
        headers.WWWAuthenticate = "Bearer";
        var mixUp = secret.IsEmpty
            ? null
            : KeyMixUp.Of(
                keys.KindOf(secret),
                [KeyKind.Traffical, KeyKind.TrafficalPk],
                "servers send a key traffical_sk_, pages a key traffical_pk_"
            );
        return new(
            StatusCodes.Status401Unauthorized,
            Outcome.Unauthorized,
            mixUp ?? "Invalid or expired API key"
        );
    }

    private static AccessRefusal Forbidden(string message) =>
        new(StatusCodes.Status403Forbidden, Outcome.Unauthorized, message);

    private static AccessRefusal RateLimited(IHeaderDictionary headers, int retryAfter)
    {
        headers.RetryAfter = retryAfter.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new(StatusCodes.Status429TooManyRequests, Outcome.RateLimited, "Rate limit exceeded");
    }
}
