using System.Buffers;

namespace Edge.Formats;

/// <summary>
/// Recognises the placeholder of a mail or template program that nobody filled in, such as <c>*|UNIQID|*</c> or
/// <c>{{ subscriber.id }}</c>: every recipient sends the same text, so it names nobody. A text is one when it holds a
/// pair of marks that ids do not have, or when it is a name between two marks. <c>-name-</c> and <c>_name_</c> are not:
/// random ids in base64url begin and end so. Pure; allocates nothing. The rule is in <c>docs/experiments.md</c>.
/// </summary>
internal static class MergeTag
{
    /// <summary>Every tag has one of these; most ids have none.</summary>
    private static readonly SearchValues<byte> Marks = SearchValues.Create("{[<%*$#@"u8);

    private static readonly SearchValues<byte> NameBytes = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-:|!$*@=, "u8
    );

    /// <summary>A name has one of these, which hexadecimal ids in brackets have not.</summary>
    private static readonly SearchValues<byte> NameLetters = SearchValues.Create(
        "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ"u8
    );

    /// <summary>Whether a decoded value holds a tag.</summary>
    public static bool IsIn(ReadOnlySpan<byte> text) =>
        text.IndexOfAny(Marks) >= 0
        && (
            Holds(text, "{{"u8, "}}"u8)
            || Holds(text, "{%"u8, "%}"u8)
            || Holds(text, "*|"u8, "|*"u8)
            || Holds(text, "[["u8, "]]"u8)
            || Holds(text, "[%"u8, "%]"u8)
            || Holds(text, "<%"u8, "%>"u8)
            || Holds(text, "${"u8, "}"u8)
            || Holds(text, "#{"u8, "}"u8)
            || Holds(text, "%%"u8, "%%"u8)
            || IsName(text, "{"u8, "}"u8)
            || IsName(text, "["u8, "]"u8)
            || IsName(text, "<<"u8, ">>"u8)
            || IsName(text, "##"u8, "##"u8)
            || IsName(text, "@@"u8, "@@"u8)
            || IsName(text, "$"u8, "$"u8)
            || IsPercentName(text)
        );

    /// <summary>
    /// Whether it is <c>%name%</c>. To be asked of the value as it was sent, too: the first letters of such a name can
    /// look like an escape (<c>%ADDRESS%</c>).
    /// </summary>
    public static bool IsPercentName(ReadOnlySpan<byte> text) => IsName(text, "%"u8, "%"u8);

    private static bool Holds(ReadOnlySpan<byte> text, ReadOnlySpan<byte> begin, ReadOnlySpan<byte> end)
    {
        var at = text.IndexOf(begin);
        return at >= 0 && text[(at + begin.Length)..].IndexOf(end) > 0;
    }

    private static bool IsName(ReadOnlySpan<byte> text, ReadOnlySpan<byte> begin, ReadOnlySpan<byte> end)
    {
        text = text.Trim((byte)' ');
        if (text.Length <= begin.Length + end.Length || !text.StartsWith(begin) || !text.EndsWith(end))
        {
            return false;
        }

        var name = text[begin.Length..^end.Length];
        return name.IndexOfAnyExcept(NameBytes) < 0 && name.IndexOfAny(NameLetters) >= 0;
    }
}
