using System.Buffers;

namespace Edge.Formats;

/// <summary>
/// The header <c>traceparent</c> (W3C Trace Context, section 3.2), by which a request says to which trace it belongs.
/// Pure.
/// </summary>
internal static class TraceParent
{
    /// <summary>Length of a trace id, hexadecimal digits.</summary>
    public const int TraceIdChars = 32;

    private const int VersionChars = 2;
    private const int ParentIdChars = 16;
    private const int FlagsChars = 2;
    private const int TraceIdAt = VersionChars + 1;
    private const int ParentIdAt = TraceIdAt + TraceIdChars + 1;
    private const int FlagsAt = ParentIdAt + ParentIdChars + 1;
    private const int Chars = FlagsAt + FlagsChars;

    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    /// <summary>
    /// The trace id; empty when the header is not one of a version that can be read. Later versions may be longer.
    /// </summary>
    public static ReadOnlySpan<char> TraceIdIn(ReadOnlySpan<char> header)
    {
        if (header.Length < Chars)
        {
            return default;
        }

        var version = header[..VersionChars];
        var traceId = header.Slice(TraceIdAt, TraceIdChars);
        var parentId = header.Slice(ParentIdAt, ParentIdChars);
        var isWhole =
            header.Length == Chars
            || (version is not "00" && header[Chars] == '-');
        return isWhole
            && header[TraceIdAt - 1] == '-'
            && header[ParentIdAt - 1] == '-'
            && header[FlagsAt - 1] == '-'
            && IsHex(version)
            && version is not "ff"
            && IsHex(traceId)
            && traceId.ContainsAnyExcept('0')
            && IsHex(parentId)
            && parentId.ContainsAnyExcept('0')
            && IsHex(header.Slice(FlagsAt, FlagsChars))
            ? traceId
            : default;
    }

    private static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Hex);
}
