using System.Buffers;
using System.Text;

namespace Edge.Formats;

/// <summary>
/// Reads single parameters out of a raw query string without building a collection. Names are matched as written;
/// values are decoded as <c>application/x-www-form-urlencoded</c> (WHATWG URL: <c>+</c> is a space, a broken percent
/// sequence stays as it is).
/// </summary>
internal static class QueryParameters
{
    /// <summary>
    /// Finds the first parameter called <paramref name="name"/> and writes its decoded UTF-8 value.
    /// False when it is absent, or when the value does not fit <paramref name="destination"/>: a cut value would be a
    /// different one.
    /// </summary>
    public static bool TryRead(
        ReadOnlySpan<char> query,
        ReadOnlySpan<char> name,
        Span<byte> destination,
        out int written
    )
    {
        written = 0;
        query = query.TrimStart('?');
        while (!query.IsEmpty)
        {
            var end = query.IndexOf('&');
            var pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            var equals = pair.IndexOf('=');
            var key = equals < 0 ? pair : pair[..equals];
            if (key.SequenceEqual(name))
            {
                return TryDecode(equals < 0 ? default : pair[(equals + 1)..], destination, out written);
            }
        }
        return false;
    }

    /// <summary>
    /// Decodes one name or value into UTF-8 as it was sent, valid or not; false when it does not fit.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination, out int written)
    {
        written = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (written == destination.Length)
            {
                return false;
            }

            var c = text[i];
            if (
                c == '%'
                && i + 2 < text.Length
                && char.IsAsciiHexDigit(text[i + 1])
                && char.IsAsciiHexDigit(text[i + 2])
            )
            {
                destination[written++] = (byte)(HexValue(text[i + 1]) << 4 | HexValue(text[i + 2]));
                i += 2;
            }
            else if (c < 0x80)
            {
                destination[written++] = c == '+' ? (byte)' ' : (byte)c;
            }
            else
            {
                // Servers refuse raw bytes above 0x7F in a target; the text may still come from a stored request.
                if (Rune.DecodeFromUtf16(text[i..], out var rune, out var chars) != OperationStatus.Done)
                {
                    rune = Rune.ReplacementChar;
                }

                if (!rune.TryEncodeToUtf8(destination[written..], out var bytes))
                {
                    return false;
                }

                written += bytes;
                i += chars - 1;
            }
        }
        return true;
    }

    private static int HexValue(char c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}
