using System.Buffers;
using System.Text;
using System.Text.Unicode;

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
        return TryFind(query, name, out var value) && TryDecode(value, destination, out written);
    }

    /// <summary>Finds the first parameter called <paramref name="name"/>; the value is still encoded.</summary>
    public static bool TryFind(ReadOnlySpan<char> query, ReadOnlySpan<char> name, out ReadOnlySpan<char> value)
    {
        query = query.TrimStart('?');
        while (!query.IsEmpty)
        {
            TakePair(ref query, out var key, out value);
            if (key.SequenceEqual(name))
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>
    /// Takes the first pair, still encoded, from a query without its question mark; a name without an equals sign has an
    /// empty value.
    /// </summary>
    public static void TakePair(
        scoped ref ReadOnlySpan<char> query,
        out ReadOnlySpan<char> name,
        out ReadOnlySpan<char> value
    )
    {
        var end = query.IndexOf('&');
        var pair = end < 0 ? query : query[..end];
        query = end < 0 ? default : query[(end + 1)..];
        var equals = pair.IndexOf('=');
        name = equals < 0 ? pair : pair[..equals];
        value = equals < 0 ? default : pair[(equals + 1)..];
    }

    /// <summary>Most bytes that <see cref="TryDecode"/> makes of a text of this length.</summary>
    public static int DecodedBytesMax(int chars) => 3 * chars;

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

/// <summary>
/// One decoded parameter of a query string, as text: the first one of the name, decoded as
/// <c>application/x-www-form-urlencoded</c> (WHATWG URL; <c>+</c> is a space, a broken percent sequence stays as it is,
/// bytes that are not UTF-8 become U+FFFD). Pure; allocates nothing; never throws for input.
/// </summary>
internal static class QueryValue
{
    /// <summary>
    /// Most bytes of one decoded name or value; what is longer is unknown, since a cut value is another one.
    /// </summary>
    private const int DecodedBytesMax = 1020;

    /// <summary>Finds a parameter; false when it is absent or does not fit <paramref name="destination"/>.</summary>
    public static bool TryRead(
        ReadOnlySpan<char> query,
        ReadOnlySpan<char> name,
        Span<char> destination,
        out ReadOnlySpan<char> value,
        StringComparison comparison = StringComparison.Ordinal
    )
    {
        value = default;
        if (
            !TryFind(query, name, destination, comparison, out var encoded)
            || !TryDecode(encoded, destination, out var written)
        )
        {
            return false;
        }

        value = destination[..written];
        return true;
    }

    /// <summary>
    /// Finds a parameter and decodes it, or its beginning when it is too long; an ellipsis (U+2026) then stands at the
    /// end. False when it is absent.
    /// </summary>
    public static bool TryReadCut(
        ReadOnlySpan<char> query,
        ReadOnlySpan<char> name,
        Span<char> destination,
        out ReadOnlySpan<char> value,
        StringComparison comparison = StringComparison.Ordinal
    )
    {
        value = default;
        if (!TryFind(query, name, destination, comparison, out var encoded))
        {
            return false;
        }

        if (!TryDecode(encoded, destination, out var written))
        {
            written = DecodeBeginning(encoded, destination[..^1]);
            destination[written++] = '\u2026';
        }

        value = destination[..written];
        return true;
    }

    /// <summary>The encoded value of the first parameter with this name.</summary>
    private static bool TryFind(
        ReadOnlySpan<char> query,
        ReadOnlySpan<char> name,
        Span<char> scratch,
        StringComparison comparison,
        out ReadOnlySpan<char> encoded
    )
    {
        encoded = default;
        // Most conditions ask for a parameter most requests do not have; encoded names are the exception.
        if (query.IndexOf(name, comparison) < 0 && query.IndexOfAny('%', '+') < 0)
        {
            return false;
        }
        if (query.StartsWith("?"))
        {
            query = query[1..];
        }
        while (!query.IsEmpty)
        {
            QueryParameters.TakePair(ref query, out var key, out var value);
            if (IsName(key, name, scratch, comparison))
            {
                encoded = value;
                return true;
            }
        }
        return false;
    }

    /// <summary>Decodes whole characters from the beginning until the room is used up.</summary>
    private static int DecodeBeginning(ReadOnlySpan<char> encoded, Span<char> destination)
    {
        // Each char is at most three bytes of UTF-8. A percent sequence at the end is not cut in two.
        encoded = encoded[..Math.Min(encoded.Length, DecodedBytesMax / 3)];
        if (encoded.LastIndexOf('%') is var percent and >= 0 && percent > encoded.Length - 3)
        {
            encoded = encoded[..percent];
        }

        Span<byte> utf8 = stackalloc byte[DecodedBytesMax];
        _ = QueryParameters.TryDecode(encoded, utf8, out var length);
        _ = Utf8.ToUtf16(utf8[..length], destination, out _, out var written, isFinalBlock: false);
        return written;
    }

    private static bool IsName(
        ReadOnlySpan<char> key,
        ReadOnlySpan<char> name,
        Span<char> scratch,
        StringComparison comparison
    ) =>
        key.IndexOfAny('%', '+') < 0
            ? key.Equals(name, comparison)
            : TryDecode(key, scratch, out var written) && name.Equals(scratch[..written], comparison);

    private static bool TryDecode(ReadOnlySpan<char> text, Span<char> destination, out int written)
    {
        if (text.IndexOfAny('%', '+') < 0)
        {
            written = text.Length;
            return text.TryCopyTo(destination);
        }
        written = 0;
        Span<byte> utf8 = stackalloc byte[DecodedBytesMax];
        return QueryParameters.TryDecode(text, utf8, out var length)
            && Utf8.ToUtf16(utf8[..length], destination, out _, out written) == OperationStatus.Done;
    }
}
