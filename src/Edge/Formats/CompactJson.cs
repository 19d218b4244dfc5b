using System.Buffers;

namespace Edge.Formats;

/// <summary>
/// Takes the whitespace between the tokens out of JSON and leaves everything else byte for byte. The input must be
/// valid JSON in UTF-8; what comes of other bytes has no meaning, but stays within bounds.
/// </summary>
internal static class CompactJson
{
    private static readonly SearchValues<byte> QuoteOrWhitespace = SearchValues.Create("\" \t\r\n"u8);
    private static readonly SearchValues<byte> QuoteOrEscape = SearchValues.Create("\"\\"u8);

    /// <summary>Longest copy whose memory a thread keeps for the next one.</summary>
    private const int KeptBytesMax = 64 << 10;

    [ThreadStatic]
    private static byte[]? _scratchOfThread;

    /// <summary>
    /// The JSON without that whitespace: the input itself when it has none, else a copy that is valid until the next
    /// call on this thread.
    /// </summary>
    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> json)
    {
        var at = NextWhitespace(json, 0);
        if (at == json.Length)
        {
            return json;
        }

        var scratch = _scratchOfThread;
        if (scratch is null || scratch.Length < json.Length)
        {
            scratch = new byte[Math.Max(json.Length, 4_096)];
            _scratchOfThread = scratch.Length <= KeptBytesMax ? scratch : null;
        }

        var compact = scratch.AsSpan();
        json[..at].CopyTo(compact);
        var written = at;
        while (at < json.Length)
        {
            while (at < json.Length && json[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                at++;
            }

            var end = NextWhitespace(json, at);
            json[at..end].CopyTo(compact[written..]);
            written += end - at;
            at = end;
        }
        return compact[..written];
    }

    /// <summary>
    /// Length of the JSON without the whitespace between its tokens, counted up to the first byte beyond the limit.
    /// </summary>
    public static int LengthOf(ReadOnlySpan<byte> json)
    {
        var length = 0;
        for (var at = 0; at < json.Length;)
        {
            while (at < json.Length && json[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                at++;
            }

            var end = NextWhitespace(json, at);
            length += end - at;
            at = end;
        }
        return length;
    }

    /// <summary>
    /// Index of the next whitespace outside text, from a position outside text; the length when there is none.
    /// </summary>
    private static int NextWhitespace(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length)
        {
            var found = json[at..].IndexOfAny(QuoteOrWhitespace);
            if (found < 0)
            {
                return json.Length;
            }

            at += found;
            if (json[at] != (byte)'"')
            {
                return at;
            }

            at = EndOfText(json, at + 1);
        }
        return json.Length;
    }

    private static int EndOfText(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length)
        {
            var found = json[at..].IndexOfAny(QuoteOrEscape);
            if (found < 0)
            {
                return json.Length;
            }

            at += found;
            if (json[at] == (byte)'"')
            {
                return at + 1;
            }

            at = Math.Min(at + 2, json.Length);
        }
        return at;
    }
}
