namespace Edge.Endpoints.Ingestion;

/// <summary>
/// The id the server makes where a sender gave none: a UUID of random bits (RFC 9562 section 5.4), 36 characters of
/// ASCII.
/// </summary>
internal static class RandomId
{
    private const int Chars = 36;

    public static byte[] New()
    {
        var id = new byte[Chars];
        Guid.NewGuid().TryFormat(id, out _);
        return id;
    }
}
