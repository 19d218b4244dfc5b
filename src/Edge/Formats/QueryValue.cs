using System.Buffers;
using System.Text.Unicode;

namespace Edge.Formats;

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
            var ampersand = query.IndexOf('&');
            var pair = ampersand < 0 ? query : query[..ampersand];
            query = ampersand < 0 ? default : query[(ampersand + 1)..];
            var equals = pair.IndexOf('=');
            var key = equals < 0 ? pair : pair[..equals];
            if (!IsName(key, name, destination, comparison))
            {
                continue;
            }
            if (!TryDecode(equals < 0 ? default : pair[(equals + 1)..], destination, out var written))
            {
                return false;
            }
            value = destination[..written];
            return true;
        }
        return false;
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
