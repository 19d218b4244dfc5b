using System.Buffers;

namespace Edge.Forwarding;

/// <summary>
/// Walks over the top-level members of one event without parsing it: finds where names and values begin and end, and
/// looks into none. Relies on how <c>EventEncoder</c> writes: one object, no whitespace between its members, names of
/// plain letters. Stops early on anything else instead of guessing.
/// </summary>
internal ref struct MemberScanner(ReadOnlySpan<byte> json)
{
    private static readonly SearchValues<byte> EndOfText = SearchValues.Create("\"\\"u8);
    private static readonly SearchValues<byte> EndOfPlain = SearchValues.Create(",}]"u8);
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);

    private readonly ReadOnlySpan<byte> _json = json;
    private int _position;

    /// <summary>The name, without quotes.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The value as it stands there; a text with its quotes.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Moves to the next member; false at the end.</summary>
    public bool Next()
    {
        // Before the first member stands '{', before every other ','.
        var quote = _position + 1;
        if (quote >= _json.Length || _json[quote] != '"')
        {
            return false;
        }

        var nameStart = quote + 1;
        var nameLength = _json[nameStart..].IndexOf((byte)'"');
        var valueStart = nameStart + nameLength + 2;
        if (nameLength < 0 || valueStart >= _json.Length)
        {
            return false;
        }

        var valueLength = LengthOfValue(_json[valueStart..]);
        if (valueLength <= 0)
        {
            return false;
        }

        Name = _json.Slice(nameStart, nameLength);
        Value = _json.Slice(valueStart, valueLength);
        _position = valueStart + valueLength;
        return true;
    }

    private static int LengthOfValue(ReadOnlySpan<byte> rest) =>
        rest[0] switch
        {
            (byte)'"' => LengthOfText(rest),
            (byte)'{' or (byte)'[' => LengthOfNested(rest),
            _ => rest.IndexOfAny(EndOfPlain),
        };

    /// <summary>With both quotes; -1 when the text does not end.</summary>
    private static int LengthOfText(ReadOnlySpan<byte> rest)
    {
        var position = 1;
        while (true)
        {
            var found = rest[position..].IndexOfAny(EndOfText);
            if (found < 0)
            {
                return -1;
            }

            position += found;
            if (rest[position] == '"')
            {
                return position + 1;
            }

            // An escape is a backslash and at least one more byte, which may be a quote.
            position += 2;
            if (position >= rest.Length)
            {
                return -1;
            }
        }
    }

    private static int LengthOfNested(ReadOnlySpan<byte> rest)
    {
        var depth = 0;
        var position = 0;
        while (true)
        {
            var found = rest[position..].IndexOfAny(Structure);
            if (found < 0)
            {
                return -1;
            }

            position += found;
            switch (rest[position])
            {
                case (byte)'"':
                    var text = LengthOfText(rest[position..]);
                    if (text < 0)
                    {
                        return -1;
                    }

                    position += text;
                    continue;
                case (byte)'{' or (byte)'[':
                    depth++;
                    break;
                default:
                    depth--;
                    break;
            }

            position++;
            if (depth == 0)
            {
                return position;
            }
        }
    }
}
