using System.Text;
using Edge.Formats;

namespace Edge.Requests.Ingestion;

/// <summary>What is wrong with a member that must be text; <see cref="None"/> when nothing is.</summary>
internal enum TextProblem
{
    None,

    /// <summary>It is missing or null.</summary>
    Absent,

    /// <summary>It is not a string.</summary>
    NotText,

    /// <summary>It is the empty string, which some members may be.</summary>
    Empty,

    TooLong,

    /// <summary>It has half of a surrogate pair or U+0000.</summary>
    NotUnicode,

    /// <summary>It is text but no instant (RFC 3339 with an offset); only for members that must be one.</summary>
    NotInstant,

    /// <summary>It is text but no IP address; only for members that must be one.</summary>
    NotAddress,
}

/// <summary>
/// Reads members that must be text. A view of the body unless the text was sent with escapes. Pure; never throws for
/// input.
/// </summary>
internal static class MemberText
{
    /// <summary>For text whose only limit is that of its event.</summary>
    public const int Unlimited = int.MaxValue;

    /// <summary>What every API says of half a surrogate pair or U+0000.</summary>
    public const string NotUnicode = "must not contain U+0000 or half of a surrogate pair";

    /// <param name="body">What the value points into.</param>
    /// <param name="value">The member.</param>
    /// <param name="charsMax">Most UTF-16 units.</param>
    /// <param name="text">UTF-8; empty unless the answer is <see cref="TextProblem.None"/>.</param>
    public static TextProblem Read(
        ReadOnlyMemory<byte> body,
        RawValue value,
        int charsMax,
        out ReadOnlyMemory<byte> text
    )
    {
        text = default;
        if (value.IsAbsent)
        {
            return TextProblem.Absent;
        }

        if (!value.IsString)
        {
            return TextProblem.NotText;
        }

        var inside = body.Slice(value.Start + 1, value.Length - 2);
        if (inside.IsEmpty)
        {
            return TextProblem.Empty;
        }

        if (value.IsEscaped)
        {
            var unescaped = new byte[inside.Length];
            if (!JsonEscapes.TryUnescape(inside.Span, unescaped, out var written))
            {
                return TextProblem.NotUnicode;
            }

            inside = unescaped.AsMemory(0, written);
        }
        if (IsLongerThan(inside.Span, charsMax))
        {
            return TextProblem.TooLong;
        }

        text = inside;
        return TextProblem.None;
    }

    /// <summary>
    /// Whether text has more UTF-16 units; each takes at least a byte, so most texts need no counting.
    /// </summary>
    public static bool IsLongerThan(ReadOnlySpan<byte> text, int chars) =>
        text.Length > chars && Encoding.UTF8.GetCharCount(text) > chars;

    /// <summary>Whether an optional member is as it may be; an empty one says nothing, as a missing one does.</summary>
    public static bool IsOptional(TextProblem problem) =>
        problem is TextProblem.None or TextProblem.Absent or TextProblem.Empty;

    /// <summary>The sentence's end for a member with the problem, where the API has no words of its own.</summary>
    public static string Describe(TextProblem problem, int charsMax) =>
        problem switch
        {
            TextProblem.Absent => "is required",
            TextProblem.NotText => "must be a string",
            TextProblem.Empty => "must not be empty",
            TextProblem.TooLong => $"must be at most {charsMax} characters",
            TextProblem.NotAddress => "must be an IP address",
            TextProblem.NotInstant => "must be an RFC 3339 date-time with an offset",
            _ => NotUnicode,
        };
}
