using System.Buffers.Binary;
using System.Text.Json;
using Edge.Formats;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.Postgres;

/// <summary>
/// Writes events as rows of <c>COPY ... (FORMAT BINARY)</c>: one pass over the top level of each event, no strings, no
/// objects. A member that is not in its documented form leaves its column null; the payload still has it. Reuses its
/// memory; not thread safe.
/// </summary>
internal sealed class PostgresRows(PostgresColumn[] columns)
{
    private const int Null = -1;
    private const int InitialBytes = 64 << 10;

    private static readonly byte[] Signature = [.. "PGCOPY\n"u8, 0xFF, (byte)'\r', (byte)'\n', 0];

    /// <summary>
    /// Replaces the escapes of U+0000 and of half a surrogate pair: the server takes them in a json value, but then no
    /// query can read any text of that value.
    /// </summary>
    private static ReadOnlySpan<byte> Replacement => "\\ufffd"u8;

    private static readonly long PostgresEpochTicks = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

    private readonly Member[] _members = new Member[columns.Length];
    private byte[] _bytes = new byte[InitialBytes];
    private byte[] _unescaped = new byte[1_024];
    private byte[] _storable = [];
    private int _unescapedLength;
    private int _length;

    /// <summary>What was written since the last <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    public void Clear() => _length = 0;

    /// <summary>Begins the stream: signature, no flags, no extension.</summary>
    public void Begin()
    {
        Write(Signature);
        WriteInt32(0);
        WriteInt32(0);
    }

    /// <summary>Ends the stream.</summary>
    public void End() => WriteInt16(-1);

    /// <summary>Writes one event as a row.</summary>
    public void Add(EventId id, ReadOnlySpan<byte> payload)
    {
        payload = Storable(payload);
        Find(payload);
        WriteInt16((short)columns.Length);
        for (var i = 0; i < columns.Length; i++)
        {
            WriteValue(columns[i], _members[i], id, payload);
        }
    }

    private ReadOnlySpan<byte> Storable(ReadOnlySpan<byte> payload)
    {
        var at = JsonEscapes.IndexOfUnstorable(payload, 0);
        if (at < 0)
        {
            return payload;
        }

        if (_storable.Length < payload.Length)
        {
            _storable = new byte[payload.Length];
        }

        var storable = _storable.AsSpan(0, payload.Length);
        payload.CopyTo(storable);
        for (; at >= 0; at = JsonEscapes.IndexOfUnstorable(payload, at + Replacement.Length))
        {
            Replacement.CopyTo(storable[at..]);
        }

        return storable;
    }

    /// <summary>Finds the members that have a column. Members come in a fixed order, and so do the columns.</summary>
    private void Find(ReadOnlySpan<byte> payload)
    {
        Array.Clear(_members);
        _unescapedLength = 0;
        var reader = new Utf8JsonReader(payload);
        var next = 0;
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var column = ColumnOf(ref reader, next);
                reader.Read();
                if (column >= 0)
                {
                    next = column + 1;
                    _members[column] = ReadMember(ref reader, columns[column].Kind);
                }

                reader.Skip();
            }
        }
        catch (JsonException)
        {
            // Not an event of this program. The server decides about the payload.
        }
    }

    private int ColumnOf(ref Utf8JsonReader reader, int next)
    {
        for (var i = 0; i < columns.Length; i++)
        {
            var column = (next + i) % columns.Length;
            if (reader.ValueTextEquals(columns[column].NameBytes))
            {
                return column;
            }
        }

        return -1;
    }

    private Member ReadMember(ref Utf8JsonReader reader, PostgresKind kind)
    {
        switch (kind, reader.TokenType)
        {
            case (PostgresKind.Text, JsonTokenType.String) when reader.ValueIsEscaped:
                return Unescape(ref reader);
            case (PostgresKind.Text, JsonTokenType.String):
                return new Member(
                    true,
                    0,
                    (int)reader.TokenStartIndex + 1,
                    reader.ValueSpan.Length,
                    IsUnescaped: false
                );
            case (PostgresKind.Json, JsonTokenType.StartObject or JsonTokenType.StartArray):
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                return new Member(true, 0, start, (int)reader.BytesConsumed - start, IsUnescaped: false);
            case (PostgresKind.Time, JsonTokenType.String) when reader.TryGetDateTimeOffset(out var time):
                return Scalar((time.UtcTicks - PostgresEpochTicks) / TimeSpan.TicksPerMicrosecond);
            case (PostgresKind.Double, JsonTokenType.Number) when reader.TryGetDouble(out var number):
                return Scalar(BitConverter.DoubleToInt64Bits(number));
            case (PostgresKind.Integer, JsonTokenType.Number) when reader.TryGetInt32(out var number):
                return Scalar(number);
            case (PostgresKind.Flag, JsonTokenType.True):
                return Scalar(1);
            case (PostgresKind.Flag, JsonTokenType.False):
                return Scalar(0);
            default:
                return default;
        }

        static Member Scalar(long bits) => new(true, bits, 0, 0, IsUnescaped: false);
    }

    private Member Unescape(ref Utf8JsonReader reader)
    {
        var start = _unescapedLength;
        if (_unescaped.Length - start < reader.ValueSpan.Length)
        {
            Array.Resize(ref _unescaped, (start + reader.ValueSpan.Length) * 2);
        }

        _unescapedLength += reader.CopyString(_unescaped.AsSpan(start));
        return new Member(true, 0, start, _unescapedLength - start, IsUnescaped: true);
    }

    private void WriteValue(PostgresColumn column, in Member member, EventId id, ReadOnlySpan<byte> payload)
    {
        switch (column.Kind)
        {
            case PostgresKind.Id:
                WriteInt32(EventId.Bytes);
                id.WriteBytes(Room(EventId.Bytes));
                break;
            case PostgresKind.Payload:
                WriteInt32(payload.Length);
                Write(payload);
                break;
            case PostgresKind.Time when !member.IsFound && column.Name == PostgresColumn.ReceivedAtName:
                // The sink's settings may drop the member; the id holds the same time.
                WriteInt32(sizeof(long));
                var ticks = id.CreatedAt.UtcTicks;
                WriteInt64((ticks - PostgresEpochTicks) / TimeSpan.TicksPerMicrosecond);
                break;
            case var _ when !member.IsFound:
                WriteInt32(Null);
                break;
            case PostgresKind.Text or PostgresKind.Json:
                WriteInt32(member.Length);
                Write((member.IsUnescaped ? _unescaped.AsSpan() : payload).Slice(member.Start, member.Length));
                break;
            case PostgresKind.Integer:
                WriteInt32(sizeof(int));
                WriteInt32((int)member.Bits);
                break;
            case PostgresKind.Flag:
                WriteInt32(sizeof(byte));
                Room(sizeof(byte))[0] = (byte)member.Bits;
                break;
            default:
                WriteInt32(sizeof(long));
                WriteInt64(member.Bits);
                break;
        }
    }

    private void Write(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    private void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Room(sizeof(short)), value);

    private void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Room(sizeof(int)), value);

    private void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Room(sizeof(long)), value);

    private Span<byte> Room(int bytes)
    {
        var needed = _length + bytes;
        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(needed, 2 * _bytes.Length));
        }

        var room = _bytes.AsSpan(_length, bytes);
        _length = needed;
        return room;
    }

    /// <summary>
    /// A member that was found: the bits of a scalar, or the position of its text, in the event or unescaped.
    /// </summary>
    private readonly record struct Member(bool IsFound, long Bits, int Start, int Length, bool IsUnescaped);
}
