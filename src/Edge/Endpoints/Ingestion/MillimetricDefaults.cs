using System.Globalization;
using System.Text;
using Edge.Events;

namespace Edge.Endpoints.Ingestion;

/// <summary>
/// What Millimetric's server adds where a sender leaves it out (spec 6.3): time, anonymous id, session and path.
/// </summary>
internal static class MillimetricDefaults
{
    private const int SessionSeconds = 30 * 60;

    public static ReceivedEvent Complete(ReceivedEvent e, DateTimeOffset now)
    {
        var timestamp = e.Timestamp ?? now;
        var anonymousId = e.AnonymousId.IsEmpty ? RandomId.New() : e.AnonymousId;
        return e with
        {
            Timestamp = timestamp,
            AnonymousId = anonymousId,
            SessionId = e.SessionId.IsEmpty ? SessionOf(anonymousId.Span, timestamp) : e.SessionId,
            Path = e.Path.IsEmpty ? PathOf(e.Url) : e.Path,
        };
    }

    /// <summary>By the time of the event, so that events sent later belong to the same session.</summary>
    private static byte[] SessionOf(ReadOnlySpan<byte> anonymousId, DateTimeOffset timestamp)
    {
        var seconds = timestamp.ToUnixTimeSeconds();
        var bucket = (seconds - (((seconds % SessionSeconds) + SessionSeconds) % SessionSeconds)) / SessionSeconds;
        return [.. anonymousId, (byte)'-', .. Encoding.ASCII.GetBytes(bucket.ToString(CultureInfo.InvariantCulture))];
    }

    /// <summary>The path of a URL that was checked to be one; a slash when it has none.</summary>
    private static ReadOnlyMemory<byte> PathOf(ReadOnlyMemory<byte> url)
    {
        var scheme = url.Span.IndexOf("://"u8);
        if (scheme < 0)
        {
            return default;
        }

        var rest = url[(scheme + 3)..];
        var end = rest.Span.IndexOfAny("/?#"u8);
        if (end < 0 || rest.Span[end] != (byte)'/')
        {
            return "/"u8.ToArray();
        }

        rest = rest[end..];
        end = rest.Span.IndexOfAny("?#"u8);
        return end < 0 ? rest : rest[..end];
    }
}
