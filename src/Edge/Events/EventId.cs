using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Edge.Events;

/// <summary>
/// The server-made identity of an event: 128 bits laid out as a UUID version 7 (RFC 9562 section 5.7), so ids sort by
/// the millisecond they were made in and, within one process, by the order they were made in.
/// </summary>
/// <param name="High">48 bits of Unix milliseconds, the version, the top 12 bits of the counter.</param>
/// <param name="Low">The variant, the low 20 bits of the counter, 42 random bits of the process.</param>
internal readonly record struct EventId(ulong High, ulong Low)
{
    /// <summary>Length of the binary form.</summary>
    public const int Bytes = 16;

    /// <summary>Bits of <see cref="High"/> below its milliseconds.</summary>
    internal const int MillisecondsShift = 16;

    /// <summary>Length of the text form, 8-4-4-4-12 lower-case hexadecimal digits.</summary>
    public const int TextChars = 36;

    /// <summary>Writes the 16 bytes in network order.</summary>
    public void WriteBytes(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    /// <summary>Reads the 16 bytes written by <see cref="WriteBytes"/>.</summary>
    public static EventId ReadBytes(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    /// <summary>Writes the 36 characters of the text form as ASCII.</summary>
    public void WriteText(Span<byte> destination)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        WriteBytes(bytes);
        Span<byte> digits = stackalloc byte[2 * Bytes];
        Convert.TryToHexStringLower(bytes, digits, out _);
        var text = destination[..TextChars];
        digits[..8].CopyTo(text);
        digits[8..12].CopyTo(text[9..]);
        digits[12..16].CopyTo(text[14..]);
        digits[16..20].CopyTo(text[19..]);
        digits[20..].CopyTo(text[24..]);
        text[8] = text[13] = text[18] = text[23] = (byte)'-';
    }

    /// <summary>Writes the text form and returns its length.</summary>
    public int WriteText(Span<char> destination)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        WriteBytes(bytes);
        new Guid(bytes, bigEndian: true).TryFormat(destination, out var written);
        return written;
    }

    /// <summary>When it was made, to the millisecond.</summary>
    public DateTimeOffset CreatedAt => DateTimeOffset.FromUnixTimeMilliseconds(CreatedAtMs);

    /// <summary>When it was made, in milliseconds since 1970 UTC.</summary>
    public long CreatedAtMs => (long)(High >> MillisecondsShift);

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        WriteBytes(bytes);
        return new Guid(bytes, bigEndian: true).ToString();
    }
}

/// <summary>
/// Makes event ids. Two processes differ by 42 random bits drawn at start, one process by a 32-bit counter, so an id
/// costs one atomic increment and no system call. Thread safe.
/// </summary>
internal sealed class EventIds(TimeProvider time)
{
    private const ulong Version7 = 0x7000;
    private const ulong Variant = 0x8000_0000_0000_0000;

    private readonly ulong _process =
        (ulong)RandomNumberGenerator.GetInt32(1 << 21) << 21 | (uint)RandomNumberGenerator.GetInt32(1 << 21);
    private uint _counter;

    /// <summary>
    /// An id for whom or what a sender has not named: the text of a UUID of random bits (RFC 9562 section 5.4), which
    /// says nothing about when it was made.
    /// </summary>
    public static byte[] NewRandomText()
    {
        var id = new byte[EventId.TextChars];
        Guid.NewGuid().TryFormat(id, out _);
        return id;
    }

    /// <summary>The next id, stamped with the current time.</summary>
    public EventId Next() => Next(time.GetUtcNow());

    /// <summary>The next id, stamped with a time that the caller has just read.</summary>
    public EventId Next(DateTimeOffset now)
    {
        var milliseconds = (ulong)now.ToUnixTimeMilliseconds();
        var counter = Interlocked.Increment(ref _counter);
        return new EventId(
            milliseconds << EventId.MillisecondsShift | Version7 | counter >> 20,
            Variant | (ulong)(counter & 0xF_FFFF) << 42 | _process
        );
    }
}
