using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Formats;

namespace Edge.Events;

/// <summary>
/// Writes one JSON object member by member, the same bytes as <see cref="Utf8JsonWriter"/> for it in a third of the
/// time: names are copied with their punctuation, and texts as they are when nothing in them is escaped, which one
/// look over their bytes tells. That writer gets the other texts. Members without a value are left out. Not thread safe;
/// allocates only while its buffer has not yet seen its largest event.
/// </summary>
internal sealed class EventWriter
{
    /// <summary>Bytes that JSON texts hold as they are.</summary>
    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        [
            .. Enumerable
                .Range(' ', '~' - ' ' + 1)
                .Where(static code => code is not ('"' or '\\'))
                .Select(static code => (byte)code),
        ]
    );

    // The output is data, never spliced into HTML, so only what JSON itself requires is escaped.
    private static readonly JsonWriterOptions EscapeOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Room for a number and its comma.</summary>
    private const int NumberBytesMax = 24;

    [ThreadStatic]
    private static Utf8JsonWriter? _escapingOfThread;

    private readonly RecordBuffer _buffer = new();

    /// <summary>Begins an object after <paramref name="room"/> free bytes.</summary>
    public void Begin(int room) => _buffer.Reset(room);

    /// <summary>Ends the object; the bytes, the room in front included, are valid until the next begin.</summary>
    public Span<byte> End()
    {
        Append("}"u8);
        return _buffer.Record;
    }

    /// <summary>Writes a number, 0 included; the first member of an object is one.</summary>
    public void Write(EventMember member, int value)
    {
        var name = member.NameAndColon;
        var room = _buffer.GetSpan(name.Length + NumberBytesMax);
        var at = Name(member, room);
        Utf8Formatter.TryFormat(value, room[at..], out var written);
        _buffer.Advance(at + written);
    }

    /// <summary>Writes a part of ten thousand as a fraction without trailing zeros: <c>0.25</c>.</summary>
    public void WriteShare(EventMember member, int basisPoints)
    {
        var room = _buffer.GetSpan(member.NameAndColon.Length + NumberBytesMax);
        var at = Name(member, room);
        if (basisPoints >= BasisPoints.Whole)
        {
            room[at++] = (byte)'1';
        }
        else
        {
            "0."u8.CopyTo(room[at..]);
            at += 2;
            for (var (rest, unit) = (basisPoints, BasisPoints.Whole / 10); rest > 0; unit /= 10)
            {
                room[at++] = (byte)('0' + (rest / unit));
                rest %= unit;
            }
        }

        _buffer.Advance(at);
    }

    public void Write(EventMember member, bool value)
    {
        var room = _buffer.GetSpan(member.NameAndColon.Length + NumberBytesMax);
        var at = Name(member, room);
        var text = value ? "true"u8 : "false"u8;
        text.CopyTo(room[at..]);
        _buffer.Advance(at + text.Length);
    }

    public void Write(EventMember member, EventId id)
    {
        var room = _buffer.GetSpan(member.NameAndColon.Length + EventId.TextChars + 2);
        var at = Name(member, room);
        room[at++] = (byte)'"';
        id.WriteText(room[at..]);
        at += EventId.TextChars;
        room[at++] = (byte)'"';
        _buffer.Advance(at);
    }

    public void Write(EventMember member, DateTimeOffset time)
    {
        var room = _buffer.GetSpan(member.NameAndColon.Length + Timestamp.OutputChars + 2);
        var at = Name(member, room);
        room[at++] = (byte)'"';
        Timestamp.Write(time, room[at..]);
        at += Timestamp.OutputChars;
        room[at++] = (byte)'"';
        _buffer.Advance(at);
    }

    /// <summary>Writes a text of UTF-8 bytes.</summary>
    public void Write(EventMember member, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return;
        }

        var room = _buffer.GetSpan(member.NameAndColon.Length + value.Length + 2);
        var at = Name(member, room);
        if (value.ContainsAnyExcept(Plain))
        {
            var escaping = EscapingWriter(at);
            escaping.WriteStringValue(value);
            escaping.Flush();
            return;
        }

        room[at++] = (byte)'"';
        value.CopyTo(room[at..]);
        at += value.Length;
        room[at++] = (byte)'"';
        _buffer.Advance(at);
    }

    /// <summary>Writes a text.</summary>
    public void Write(EventMember member, ReadOnlySpan<char> value)
    {
        if (value.IsEmpty)
        {
            return;
        }

        var room = _buffer.GetSpan(member.NameAndColon.Length + value.Length + 2);
        var at = Name(member, room);
        var text = room.Slice(at + 1, value.Length);
        if (Ascii.FromUtf16(value, text, out _) != OperationStatus.Done || text.ContainsAnyExcept(Plain))
        {
            var escaping = EscapingWriter(at);
            escaping.WriteStringValue(value);
            escaping.Flush();
            return;
        }

        room[at] = (byte)'"';
        room[at + 1 + value.Length] = (byte)'"';
        _buffer.Advance(at + value.Length + 2);
    }

    /// <summary>
    /// Writes JSON a client sent, its numbers and escapes byte for byte. A line feed can stand only between its tokens,
    /// so none is left.
    /// </summary>
    public void WriteRaw(EventMember member, ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return;
        }

        _buffer.Advance(Name(member, _buffer.GetSpan(member.NameAndColon.Length)));
        Append(CompactJson.Of(json));
    }

    /// <summary>Writes a name with what stands before and after it; the length.</summary>
    private static int Name(EventMember member, Span<byte> room)
    {
        member.NameAndColon.CopyTo(room);
        return member.NameAndColon.Length;
    }

    /// <summary>Writes a text behind the name that stands in the room; it has to be flushed.</summary>
    private Utf8JsonWriter EscapingWriter(int nameBytes)
    {
        _buffer.Advance(nameBytes);
        var writer = _escapingOfThread ??= new Utf8JsonWriter(_buffer, EscapeOptions);
        writer.Reset(_buffer);
        return writer;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.GetSpan(bytes.Length));
        _buffer.Advance(bytes.Length);
    }
}
