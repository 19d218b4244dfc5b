using System.Buffers.Binary;
using System.Buffers.Text;

namespace Edge.Enrichment.Hashing;

/// <summary>
/// Hashes keyed by day: <c>ip_hash</c> (spec 6.6) and <c>unit_hash</c> (docs/event-schema.md), whose values cannot be
/// joined across days; and <c>unit_hash_stable</c>, for ids of senders where an experiment asks for it. Anyone with access to the key of a day can still try all addresses, which is why the documentation says
/// "pseudonymised". Thread safe; allocates once per day.
/// </summary>
internal sealed class VisitorHashes(IDayKeySource keys, KeyedHash stable)
{
    /// <summary>Length of an address hash, characters: 16 bytes in hexadecimal.</summary>
    public const int AddressHashChars = 32;

    /// <summary>Length of a unit hash, characters: 8 bytes in hexadecimal.</summary>
    public const int UnitHashChars = 16;

    /// <summary>
    /// Longest message that is hashed, bytes: an experiment uid, a zero byte and a unit, with room to spare.
    /// </summary>
    private const int MessageMaxBytes = 512;

    /// <summary>Whether results may be kept for a while beside what they are computed from.</summary>
    public bool AreKept => keys.AreKept;

    /// <summary>Writes the hash of an address text for the day of <paramref name="now"/>.</summary>
    public void WriteAddressHash(ReadOnlySpan<byte> addressText, DateTimeOffset now, Span<byte> hex)
    {
        DayKeys today;
        do
        {
            today = keys.Of(DayOf(now));
            WriteHex(today.Address, addressText, hex[..AddressHashChars]);
        } while (today.IsErased);
    }

    /// <summary>
    /// Writes the hash that joins a click to its exposure within one experiment and day: HMAC over uid, 0x00, unit.
    /// </summary>
    public void WriteUnitHash(
        ReadOnlySpan<byte> experimentUid,
        ReadOnlySpan<byte> unit,
        DateTimeOffset now,
        Span<byte> hex
    )
    {
        DayKeys today;
        do
        {
            today = keys.Of(DayOf(now));
            WriteUnitHash(today.Unit, experimentUid, unit, hex);
        } while (today.IsErased);
    }

    /// <summary>Writes the unit hash computed with the keys before today's.</summary>
    public void WritePreviousUnitHash(
        ReadOnlySpan<byte> experimentUid,
        ReadOnlySpan<byte> unit,
        DateTimeOffset now,
        Span<byte> hex
    )
    {
        DayKeys before;
        do
        {
            before = keys.Before(DayOf(now));
            WriteUnitHash(before.Unit, experimentUid, unit, hex);
        } while (before.IsErased);
    }

    /// <summary>Writes the hash of a unit within one experiment that is the same on every day.</summary>
    public void WriteStableUnitHash(ReadOnlySpan<byte> experimentUid, ReadOnlySpan<byte> unit, Span<byte> hex) =>
        WriteUnitHash(stable, experimentUid, unit, hex);

    /// <summary>
    /// Writes the hash that joins the links of one message to one unit within a day: HMAC with the key of units over 0x00, the
    /// seconds of the send as four bytes, the lowest last, and the unit. No uid is empty, so it is no unit hash.
    /// </summary>
    public void WriteMessageHash(uint sentSeconds, ReadOnlySpan<byte> unit, DateTimeOffset now, Span<byte> hex)
    {
        Span<byte> message = stackalloc byte[1 + sizeof(uint) + unit.Length];
        message[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(message[1..], sentSeconds);
        unit.CopyTo(message[(1 + sizeof(uint))..]);
        DayKeys today;
        do
        {
            today = keys.Of(DayOf(now));
            WriteHex(today.Unit, message, hex[..UnitHashChars]);
        } while (today.IsErased);
    }

    /// <summary>A unit hash as a number, for maps; its text is that of <see cref="WriteUnitHash(ReadOnlySpan{byte}, ReadOnlySpan{byte}, DateTimeOffset, Span{byte})"/>.</summary>
    public static ulong UnitOf(ReadOnlySpan<byte> unitHash) =>
        Utf8Parser.TryParse(unitHash, out ulong unit, out _, 'x') ? unit : 0;

    private void WriteUnitHash(
        KeyedHash key,
        ReadOnlySpan<byte> experimentUid,
        ReadOnlySpan<byte> unit,
        Span<byte> hex
    )
    {
        Span<byte> message = stackalloc byte[MessageMaxBytes];
        experimentUid.CopyTo(message);
        message[experimentUid.Length] = 0;
        unit.CopyTo(message[(experimentUid.Length + 1)..]);
        WriteHex(key, message[..(experimentUid.Length + 1 + unit.Length)], hex[..UnitHashChars]);
    }

    private void WriteHex(KeyedHash key, ReadOnlySpan<byte> message, Span<byte> hex)
    {
        if (!keys.AreKept)
        {
            ComputeHex(key, message, hex);
            return;
        }

        var recent = RecentHashes.OfThread;
        if (!recent.TryFind(key, message, hex, out var place))
        {
            ComputeHex(key, message, hex);
            recent.Keep(place, key, message, hex);
        }
    }

    private static void ComputeHex(KeyedHash key, ReadOnlySpan<byte> message, Span<byte> hex)
    {
        Span<byte> mac = stackalloc byte[KeyedHash.Bytes];
        key.Compute(message, mac);
        Convert.TryToHexStringLower(mac[..(hex.Length / 2)], hex, out _);
    }

    private static DateOnly DayOf(DateTimeOffset now) => DateOnly.FromDateTime(now.UtcDateTime);
}
