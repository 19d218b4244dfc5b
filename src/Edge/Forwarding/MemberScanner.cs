using System.Buffers;

namespace Edge.Forwarding;

/// <summary>
/// Iterates over the top-level members of one event without parsing it: finds where names and values begin and end.
/// Relies on the format <c>EventEncoder</c> writes: one object, no whitespace between its members, names without
/// escapes. Stops early on anything else instead of guessing.
/// </summary>
internal ref struct MemberScanner(ReadOnlySpan<byte> json)
{
    private static readonly SearchValues<byte> EndOfString = SearchValues.Create("\"\\"u8);
    private static readonly SearchValues<byte> EndOfPlain = SearchValues.Create(",}]"u8);
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);

    private readonly ReadOnlySpan<byte> _json = json;
    private int _position;

    /// <summary>The name, without quotes.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The raw value; a string with its quotes.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Moves to the next member; false at the end.</summary>
    public bool Next()
    {
        // The first member follows '{', every other one ','.
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
            (byte)'"' => LengthOfString(rest),
            (byte)'{' or (byte)'[' => LengthOfNested(rest),
            _ => rest.IndexOfAny(EndOfPlain),
        };

    /// <summary>Length with both quotes; -1 when the string does not end.</summary>
    private static int LengthOfString(ReadOnlySpan<byte> rest)
    {
        var position = 1;
        while (true)
        {
            var found = rest[position..].IndexOfAny(EndOfString);
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
                    var text = LengthOfString(rest[position..]);
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
