using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;

namespace Edge.Enrichment;

/// <summary>
/// Keyed hashes of the day: <c>ip_hash</c> (spec 6.6) and <c>unit_hash</c> (design: the event record). The keys are derived from one
/// secret and the UTC date of receipt, so values cannot be joined across days; whoever holds the secret can still recompute them,
/// which is why the documentation says "pseudonymised". Thread safe; allocates once per day of keys.
/// </summary>
internal sealed class VisitorHashes(string salt)
{
    /// <summary>Characters of an address hash: 16 bytes in hexadecimal.</summary>
    public const int AddressHashChars = 32;

    /// <summary>Characters of a unit hash: 8 bytes in hexadecimal.</summary>
    public const int UnitHashChars = 16;

    /// <summary>Longest message that is hashed: an experiment uid, a zero byte and a unit, with room to spare.</summary>
    private const int MessageMaxBytes = 512;

    private const int HexDigitsPerWord = 16;

    private static readonly StandardFormat LowerHex = new('x', HexDigitsPerWord);

    private DayKeys? _today;
    private DayKeys? _otherDay;

    /// <summary>Writes the hash of an address text for the day of <paramref name="now"/>.</summary>
    public void WriteAddressHash(ReadOnlySpan<byte> addressText, DateTimeOffset now, Span<byte> hex) =>
        WriteHex(KeysOf(now).Address, addressText, hex[..AddressHashChars]);

    /// <summary>
    /// Writes the hash that joins a click to its exposure within one experiment and day: HMAC over uid, 0x00, unit.
    /// </summary>
    public void WriteUnitHash(ReadOnlySpan<byte> experimentUid, ReadOnlySpan<byte> unit, DateTimeOffset now, Span<byte> hex)
    {
        Span<byte> message = stackalloc byte[MessageMaxBytes];
        experimentUid.CopyTo(message);
        message[experimentUid.Length] = 0;
        unit.CopyTo(message[(experimentUid.Length + 1)..]);
        WriteHex(KeysOf(now).Unit, message[..(experimentUid.Length + 1 + unit.Length)], hex[..UnitHashChars]);
    }

    /// <summary>A unit hash as a number, for maps; its text is that of <see cref="WriteUnitHash"/>.</summary>
    public static ulong UnitOf(ReadOnlySpan<byte> unitHash) =>
        Utf8Parser.TryParse(unitHash, out ulong unit, out _, LowerHex.Symbol) ? unit : 0;

    private static void WriteHex(KeyedHash key, ReadOnlySpan<byte> message, Span<byte> hex)
    {
        Span<byte> mac = stackalloc byte[KeyedHash.Bytes];
        key.Compute(message, mac);
        for (var at = 0; at < hex.Length; at += HexDigitsPerWord)
            Utf8Formatter.TryFormat(BinaryPrimitives.ReadUInt64BigEndian(mac[(at / 2)..]), hex[at..], out _, LowerHex);
    }

    private DayKeys KeysOf(DateTimeOffset now)
    {
        var day = DateOnly.FromDateTime(now.UtcDateTime);
        var keys = _today;
        if (keys is not null && keys.Day == day) return keys;
        keys = _otherDay;
        if (keys is not null && keys.Day == day) return keys;
        keys = new DayKeys(day, salt);
        // Clicks ask for yesterday's keys too; they must not displace today's.
        if (_today is null || day > _today.Day) (_today, _otherDay) = (keys, _today);
        else _otherDay = keys;
        return keys;
    }

    /// <summary>The keys of one UTC day. The address key is the published formula: salt followed by the date.</summary>
    private sealed class DayKeys(DateOnly day, string salt)
    {
        public DateOnly Day { get; } = day;
        public KeyedHash Address { get; } = KeyOf(salt, "", day);
        public KeyedHash Unit { get; } = KeyOf(salt, "unit:", day);

        private static KeyedHash KeyOf(string salt, string domain, DateOnly day) =>
            new(salt + domain + day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
    }
}
