using System.Buffers.Text;
using Edge.LoadTests.Scenarios;

namespace Edge.LoadTests.Generation;

/// <summary>
/// Reads the answer to one request of HTTP/1.1 out of the bytes received so far: status, <c>Location</c>, and a body
/// with a length or in chunks (RFC 9112). Holds no bytes itself.
/// </summary>
internal static class ResponseReader
{
    public enum State
    {
        /// <summary>There is more to come.</summary>
        Incomplete,
        Complete,

        /// <summary>That is no answer, or more than one.</summary>
        Malformed,
    }

    /// <summary>Looks whether the answer is complete.</summary>
    /// <param name="received">All bytes since the request was sent; a body in chunks is put together in place.</param>
    /// <param name="answer">The answer when it is complete.</param>
    /// <param name="isLast">Whether the server closes the connection after it.</param>
    public static State Read(Span<byte> received, out Answer answer, out bool isLast)
    {
        answer = default;
        isLast = false;
        var headLength = received.IndexOf("\r\n\r\n"u8);
        if (headLength < 0)
        {
            return State.Incomplete;
        }

        ReadOnlySpan<byte> head = received[..(headLength + 2)];
        if (
            !head.StartsWith("HTTP/1.1 "u8)
            || !Utf8Parser.TryParse(head["HTTP/1.1 ".Length..], out int status, out var digits)
            || digits != 3
        )
        {
            return State.Malformed;
        }

        var location = default(ReadOnlySpan<byte>);
        var length = status is 204 or 304 ? 0 : -1;
        var isChunked = false;
        var rest = head[(head.IndexOf("\r\n"u8) + 2)..];
        while (rest.Length > 0)
        {
            var end = rest.IndexOf("\r\n"u8);
            var line = rest[..end];
            rest = rest[(end + 2)..];
            var colon = line.IndexOf((byte)':');
            if (colon < 0)
            {
                return State.Malformed;
            }

            var value = line[(colon + 1)..].Trim((byte)' ');
            switch (colon)
            {
                case 8 when IsName(line[..colon], "location"u8):
                    location = value;
                    break;
                case 10 when IsName(line[..colon], "connection"u8):
                    isLast = IsName(value, "close"u8);
                    break;
                case 14 when IsName(line[..colon], "content-length"u8):
                    if (!Utf8Parser.TryParse(value, out length, out _) || length < 0)
                    {
                        return State.Malformed;
                    }

                    break;
                case 17 when IsName(line[..colon], "transfer-encoding"u8):
                    isChunked = IsName(value, "chunked"u8);
                    break;
            }
        }

        var state = isChunked
            ? ReadChunks(received[(headLength + 4)..], out var body)
            : ReadLength(received[(headLength + 4)..], length, out body);
        if (state == State.Complete)
        {
            answer = new Answer
            {
                Status = status,
                Location = location,
                Body = body,
            };
        }

        return state;
    }

    private static State ReadLength(Span<byte> rest, int length, out Span<byte> body)
    {
        // Nothing but the end of the connection ends a body of unknown length; Edge sends none.
        body = length >= 0 && rest.Length == length ? rest : default;
        return length < 0 || rest.Length > length ? State.Malformed
            : rest.Length == length ? State.Complete
            : State.Incomplete;
    }

    private static State ReadChunks(Span<byte> rest, out Span<byte> body)
    {
        body = default;
        // First all lengths, then the moves: bytes of an incomplete answer stay as they came.
        var at = 0;
        while (true)
        {
            switch (Chunk(rest[at..], out var start, out var length))
            {
                case State.Complete when length == 0:
                    if (rest.Length < at + start + 2)
                    {
                        return State.Incomplete;
                    }

                    body = Join(rest);
                    return rest.Length == at + start + 2 ? State.Complete : State.Malformed;
                case State.Complete when rest.Length >= at + start + length + 2:
                    at += start + length + 2;
                    break;
                case State.Malformed:
                    return State.Malformed;
                default:
                    return State.Incomplete;
            }
        }
    }

    private static Span<byte> Join(Span<byte> chunks)
    {
        var written = 0;
        var at = 0;
        while (true)
        {
            _ = Chunk(chunks[at..], out var start, out var length);
            if (length == 0)
            {
                return chunks[..written];
            }

            chunks.Slice(at + start, length).CopyTo(chunks[written..]);
            written += length;
            at += start + length + 2;
        }
    }

    private static State Chunk(ReadOnlySpan<byte> rest, out int start, out int length)
    {
        (start, length) = (0, 0);
        var end = rest.IndexOf("\r\n"u8);
        if (end < 0)
        {
            return State.Incomplete;
        }

        start = end + 2;
        return Utf8Parser.TryParse(rest[..end], out length, out var digits, 'x') && digits > 0 && length >= 0
            ? State.Complete
            : State.Malformed;
    }

    /// <summary>Whether two names are equal but for case; the second is in lower case.</summary>
    private static bool IsName(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lower)
    {
        if (name.Length != lower.Length)
        {
            return false;
        }

        for (var i = 0; i < name.Length; i++)
        {
            if ((name[i] | 0x20) != lower[i])
            {
                return false;
            }
        }

        return true;
    }
}
