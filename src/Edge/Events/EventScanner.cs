using System.Buffers;
using System.Text.Json;

namespace Edge.Events;

/// <summary>
/// Walks the members of an event as <see cref="EventEncoder"/> writes it, compact and with plain names, several times
/// as fast as a reader of any JSON. Text that is not like that ends the walk and is no event. Allocates nothing.
/// </summary>
internal ref struct EventScanner(ReadOnlySpan<byte> payload)
{
    private static readonly SearchValues<byte> EndsOfScalar = SearchValues.Create(",}"u8);

    private readonly ReadOnlySpan<byte> _payload = payload;
    private int _at;

    /// <summary>Whether something was found that the encoder does not write.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Name of the current member.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Whether its value is a text.</summary>
    public bool IsText { get; private set; }

    /// <summary>Whether that text has escapes.</summary>
    public bool IsEscaped { get; private set; }

    /// <summary>Where its value stands; of a text what is between the quotes.</summary>
    public Range ValueAt { get; private set; }

    /// <summary>Its value; of a text what is between the quotes.</summary>
    public readonly ReadOnlySpan<byte> Value => _payload[ValueAt];

    /// <summary>Its text when it has no escapes; else empty.</summary>
    public readonly ReadOnlySpan<byte> PlainText => IsText && !IsEscaped ? Value : default;

    /// <summary>Moves to the next member; false behind the last, or when <see cref="IsBroken"/>.</summary>
    public bool Next()
    {
        // Before each member stands the brace or a comma; behind the last the other brace.
        if (_at >= _payload.Length || _payload[_at] != (_at == 0 ? (byte)'{' : (byte)','))
        {
            IsBroken = _at != _payload.Length - 1 || _payload[_at] != '}';
            return false;
        }

        IsBroken = !ReadName() || !ReadValue();
        return !IsBroken;
    }

    private bool ReadName()
    {
        var rest = _payload[(_at + 1)..];
        if (rest.IsEmpty || rest[0] != '"')
        {
            return false;
        }

        var length = rest[1..].IndexOf((byte)'"');
        if (length < 0 || length + 2 >= rest.Length || rest[length + 2] != ':')
        {
            return false;
        }

        Name = rest.Slice(1, length);
        _at += length + 4;
        return true;
    }

    private bool ReadValue()
    {
        var rest = _payload[_at..];
        IsText = !rest.IsEmpty && rest[0] == '"';
        IsEscaped = false;
        if (IsText)
        {
            return ReadText();
        }

        if (!rest.IsEmpty && rest[0] is (byte)'{' or (byte)'[')
        {
            return ReadNested();
        }

        var length = rest.IndexOfAny(EndsOfScalar);
        ValueAt = new Range(_at, _at + length);
        _at += length;
        return length > 0;
    }

    private bool ReadText()
    {
        var begin = _at + 1;
        for (var at = begin; ;)
        {
            var found = _payload[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (found < 0)
            {
                return false;
            }

            at += found;
            if (_payload[at] == '"')
            {
                ValueAt = new Range(begin, at);
                _at = at + 1;
                return true;
            }

            IsEscaped = true;
            at += 2;
            if (at > _payload.Length)
            {
                return false;
            }
        }
    }

    private bool ReadNested()
    {
        try
        {
            var reader = new Utf8JsonReader(_payload[_at..], isFinalBlock: false, default);
            if (!reader.Read() || !reader.TrySkip())
            {
                return false;
            }

            var end = _at + (int)reader.BytesConsumed;
            ValueAt = new Range(_at, end);
            _at = end;
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
