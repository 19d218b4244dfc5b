using System.Text.Unicode;

namespace Edge.Formats;

/// <summary>Text as UTF-8 in bounded room. Pure; allocates nothing.</summary>
internal static class Utf8Text
{
    /// <summary>Writes as many whole characters as fit; half a surrogate pair becomes U+FFFD.</summary>
    public static Span<byte> Cut(ReadOnlySpan<char> text, Span<byte> room)
    {
        Utf8.FromUtf16(text, room, out _, out var written);
        return room[..written];
    }
}
