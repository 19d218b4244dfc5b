using Edge.Access;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// Limits requests per second of an API: of secret keys by scope alone, of browser keys by scope and address, because
/// anybody can copy those. Tests take none of their tokens. Thread safe.
/// </summary>
/// <param name="perSecond">Sustained requests per second; 0 means unlimited.</param>
/// <param name="burst">Requests allowed at once, at least 1.</param>
/// <param name="addresses">Where requests come from.</param>
/// <param name="time">The clock.</param>
internal sealed class KeyRates(int perSecond, int burst, SenderAddress addresses, TimeProvider time)
{
    private readonly TokenBuckets _secret = new(perSecond, burst, time);
    private readonly AddressBuckets _public = new(perSecond, burst, time);

    /// <summary>
    /// Takes one token. When there is none, returns false and the number of seconds to wait, at least 1.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="scope">What has tokens of its own: a key or a project.</param>
    /// <param name="isSecret">Whether the key is a secret.</param>
    /// <param name="retryAfter">Seconds to wait.</param>
    public bool TryTake(HttpContext context, string scope, bool isSecret, out int retryAfter)
    {
        if (addresses.IsTest(context))
        {
            retryAfter = 0;
            return true;
        }

        if (isSecret)
        {
            return _secret.TryTake(scope, out retryAfter);
        }

        var address = addresses.Of(context, out var isV4);
        return _public.TryTake(scope, address, isV4, out retryAfter);
    }
}
