using System.Numerics;

namespace Edge.Enrichment.Geo;

/// <summary>
/// Remembers what records of one file said, so that a record met again is not read again. A fixed table with one place
/// per hash of the record's offset; a newcomer replaces whoever stands there. A place is four words, each read and
/// written whole and each carrying the part of the hash that its place does not tell: a word of another record is seen
/// to be one, so no lock is needed. Thread safe; allocates nothing after construction.
/// </summary>
internal sealed class RecordCache
{
    /// <summary>
    /// Place and tag together tell the whole hash only while the place takes at least the bits that the tag lacks.
    /// </summary>
    private const int PlaceBitsMin = 6;

    private const int PlaceBitsMax = 16;

    /// <summary>No record that says anything takes fewer bytes.</summary>
    private const int RecordBytesMin = 16;

    private const int WordsPerPlace = 4;
    private const int TagShift = 38;
    private const long Known = 1L << 37;
    private const long IsWhole = 1L << 36;
    private const long NumberMask = (1 << 10) - 1;
    private const int LengthBits = 8;
    private const long LengthMask = (1 << LengthBits) - 1;
    private const long OffsetMask = (1L << (TagShift - LengthBits)) - 1;

    private readonly int _placeBits;
    private readonly long[] _words;

    /// <summary>
    /// Takes the length of the data section: a file with few records needs few places. At most 2 MiB.
    /// </summary>
    public RecordCache(int dataBytes)
    {
        _placeBits = Math.Clamp(
            BitOperations.Log2((uint)dataBytes / RecordBytesMin + 1) + 1,
            PlaceBitsMin,
            PlaceBitsMax
        );
        _words = new long[WordsPerPlace << _placeBits];
    }

    /// <summary>The country of a record.</summary>
    public bool TryRecall(int record, out CountryCode country)
    {
        var (at, tag) = PlaceOf(record);
        var word = Volatile.Read(ref _words[at]);
        country = CountryCode.FromNumber((int)(word & NumberMask));
        return (word & ~(IsWhole | NumberMask)) == (tag | Known);
    }

    /// <summary>Everything about a record, its names as views of the data section they were found in.</summary>
    public bool TryRecall(int record, ReadOnlySpan<byte> data, out GeoPlace place)
    {
        place = default;
        var (at, tag) = PlaceOf(record);
        var word = Volatile.Read(ref _words[at]);
        if ((word & ~NumberMask) != (tag | Known | IsWhole))
        {
            return false;
        }

        var region = Volatile.Read(ref _words[at + 1]);
        var city = Volatile.Read(ref _words[at + 2]);
        var zone = Volatile.Read(ref _words[at + 3]);
        if (TagOf(region) != tag || TagOf(city) != tag || TagOf(zone) != tag)
        {
            return false;
        }

        place.Country = CountryCode.FromNumber((int)(word & NumberMask));
        place.Region = Name(region, data);
        place.City = Name(city, data);
        place.TimeZone = Name(zone, data);
        return true;
    }

    /// <summary>Remembers the country alone.</summary>
    public void Remember(int record, CountryCode country)
    {
        var (at, tag) = PlaceOf(record);
        Volatile.Write(ref _words[at], tag | Known | (long)country.Number);
    }

    /// <summary>Remembers everything; the names are views of <paramref name="data"/>.</summary>
    public void Remember(int record, ReadOnlySpan<byte> data, scoped in GeoPlace place)
    {
        var (at, tag) = PlaceOf(record);
        Volatile.Write(ref _words[at + 1], tag | Word(place.Region, data));
        Volatile.Write(ref _words[at + 2], tag | Word(place.City, data));
        Volatile.Write(ref _words[at + 3], tag | Word(place.TimeZone, data));
        // Last: who sees it sees the names, or those of a record that came after.
        Volatile.Write(ref _words[at], tag | Known | IsWhole | (long)place.Country.Number);
    }

    /// <summary>
    /// An odd factor maps offsets one to one (Fibonacci hashing); high bits are the place, low bits the tag, and they
    /// overlap.
    /// </summary>
    private (int At, long Tag) PlaceOf(int record)
    {
        var hash = (uint)record * 2_654_435_769u;
        return ((int)(hash >> (32 - _placeBits)) * WordsPerPlace, (long)hash << TagShift);
    }

    private static long TagOf(long word) => word >>> TagShift << TagShift;

    private static ReadOnlySpan<byte> Name(long word, ReadOnlySpan<byte> data) =>
        data.Slice((int)(word >> LengthBits & OffsetMask), (int)(word & LengthMask));

    private static long Word(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data) =>
        data.Overlaps(name, out var offset) ? (long)offset << LengthBits | (long)name.Length : 0;
}
