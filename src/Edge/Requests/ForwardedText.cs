using System.Buffers;

namespace Edge.Requests;

/// <summary>What one hop of a forwarded header says about the address it was sent from.</summary>
internal enum Hop
{
    /// <summary>There is no further hop.</summary>
    None,

    /// <summary>An address.</summary>
    Address,

    /// <summary>A hop that keeps its address to itself: <c>unknown</c>, an obfuscated name, or no <c>for</c>.</summary>
    Hidden,

    /// <summary>Not what the header's grammar allows; nothing left of it can be trusted.</summary>
    Malformed,
}

/// <summary>
/// Reads the value of <c>Forwarded</c> (RFC 7239 section 4) from the right, element by element. A proxy appends to what
/// the client sent, so a quote that the client leaves open must not swallow what follows it; from the right, the
/// element of the nearest proxy is read before anything that stood there earlier. For a valid header both directions
/// give the same elements. White space around the separators and empty elements (RFC 9110 section 5.6.1.2) are
/// ignored. Pure; allocates nothing.
/// </summary>
internal static class ForwardedText
{
    /// <summary>Longest node with quoted pairs that is read, characters after unquoting.</summary>
    private const int QuotedNodeMaxChars = 128;

    private const string Blank = " \t";
    private const string Unknown = "unknown";

    /// <summary>The parameters of RFC 7239, none of which may occur twice in an element.</summary>
    private static readonly string[] Known = ["for", "by", "host", "proto"];

    /// <summary><c>tchar</c> of RFC 9110 section 5.6.2.</summary>
    private static readonly SearchValues<char> TokenChars = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    );

    /// <summary>What follows the underscore of an obfuscated name or port (RFC 7239 section 6.3).</summary>
    private static readonly SearchValues<char> ObfuscatedChars = SearchValues.Create(
        "._-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    );

    /// <summary>Takes the last element off the text, and says where it was sent from.</summary>
    public static Hop TakeLast(ref ReadOnlySpan<char> rest, out ClientAddress address)
    {
        address = default;
        rest = rest.TrimEnd(", \t");
        if (rest.IsEmpty)
        {
            return Hop.None;
        }

        var hop = Hop.Hidden;
        var seen = 0;
        while (true)
        {
            rest = rest.TrimEnd(Blank);
            if (rest.IsEmpty || rest[^1] == ',')
            {
                return hop;
            }

            if (rest[^1] == ';')
            {
                rest = rest[..^1];
                continue;
            }

            if (!TryTakePair(ref rest, out var name, out var value))
            {
                return Hop.Malformed;
            }

            for (var i = 0; i < Known.Length; i++)
            {
                if (!name.Equals(Known[i], StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }

                if ((seen & 1 << i) != 0)
                {
                    return Hop.Malformed;
                }

                seen |= 1 << i;
                if (i == 0 && (hop = ReadNode(value, out address)) == Hop.Malformed)
                {
                    return Hop.Malformed;
                }
            }
        }
    }

    /// <summary>Takes <c>name=value</c> off the end; what stands before it must be a separator.</summary>
    /// <param name="rest">The text; ends after the pair.</param>
    /// <param name="name">The name.</param>
    /// <param name="value">The value without its quotes, quoted pairs as they are.</param>
    private static bool TryTakePair(
        ref ReadOnlySpan<char> rest,
        out ReadOnlySpan<char> name,
        out ReadOnlySpan<char> value
    )
    {
        name = default;
        if (!(rest[^1] == '"' ? TryTakeQuoted(ref rest, out value) : TryTakeToken(ref rest, out value)))
        {
            return false;
        }

        if (!rest.EndsWith("="))
        {
            return false;
        }

        rest = rest[..^1];
        if (!TryTakeToken(ref rest, out name))
        {
            return false;
        }

        var before = rest.TrimEnd(Blank);
        return before.IsEmpty || before[^1] is ';' or ',';
    }

    private static bool TryTakeToken(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> token)
    {
        var start = rest.LastIndexOfAnyExcept(TokenChars) + 1;
        token = rest[start..];
        rest = rest[..start];
        return !token.IsEmpty;
    }

    /// <summary>
    /// Takes a quoted string off the end. Its opening quote is the nearest one to the left that no backslash escapes:
    /// in a valid header an equals sign precedes it.
    /// </summary>
    private static bool TryTakeQuoted(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> content)
    {
        var open = rest.Length - 1;
        do
        {
            open = rest[..open].LastIndexOf('"');
            if (open < 0)
            {
                content = default;
                return false;
            }
        } while (IsEscaped(rest, open));

        content = rest[(open + 1)..^1];
        rest = rest[..open];
        for (var i = 0; i < content.Length; i++)
        {
            if (content[i] == '\\' && ++i == content.Length)
            {
                // The closing quote is escaped, so the string has no end.
                return false;
            }

            if ((content[i] < ' ' && content[i] != '\t') || content[i] is '\x7f' or > '\xff')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether an odd number of backslashes precedes.</summary>
    private static bool IsEscaped(ReadOnlySpan<char> text, int at) =>
        (at - 1 - text[..at].LastIndexOfAnyExcept('\\')) % 2 == 1;

    /// <summary>Reads a node (RFC 7239 section 6): an address, <c>unknown</c> or a name, each with an optional
    /// port.</summary>
    private static Hop ReadNode(scoped ReadOnlySpan<char> node, out ClientAddress address)
    {
        address = default;
        Span<char> room = stackalloc char[QuotedNodeMaxChars];
        if (node.Contains('\\'))
        {
            if (!TryUnquote(node, room, out var length))
            {
                return Hop.Malformed;
            }

            node = room[..length];
        }

        var end = node.StartsWith("[") ? node.IndexOf(']') + 1 : node.IndexOf(':');
        end = end < 0 ? node.Length : end;
        if (!IsPort(node[end..]))
        {
            return Hop.Malformed;
        }

        var name = node[..end];
        if (
            name.Equals(Unknown, StringComparison.OrdinalIgnoreCase)
            || (name.Length > 1 && name[0] == '_' && !name[1..].ContainsAnyExcept(ObfuscatedChars))
        )
        {
            return Hop.Hidden;
        }

        return !name.ContainsAny(Blank) && ClientAddress.TryParse(name, out address) ? Hop.Address : Hop.Malformed;
    }

    private static bool TryUnquote(ReadOnlySpan<char> quoted, Span<char> room, out int length)
    {
        length = 0;
        for (var i = 0; i < quoted.Length; i++)
        {
            i += quoted[i] == '\\' ? 1 : 0;
            if (length == room.Length)
            {
                return false;
            }

            room[length++] = quoted[i];
        }

        return true;
    }

    /// <summary>Nothing, or a colon and a port of up to five digits or an obfuscated one.</summary>
    private static bool IsPort(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return true;
        }

        if (text[0] != ':' || text.Length < 2)
        {
            return false;
        }

        return text[1] == '_'
            ? text.Length > 2 && !text[2..].ContainsAnyExcept(ObfuscatedChars)
            : text.Length <= 6 && !text[1..].ContainsAnyExceptInRange('0', '9');
    }
}
