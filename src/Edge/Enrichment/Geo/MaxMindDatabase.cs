using System.Text.Json;

namespace Edge.Enrichment.Geo;

/// <summary>What a lookup came to; a closed set, so that it can be a metric's label.</summary>
internal enum LookupOutcome
{
    /// <summary>The database has a record of the address.</summary>
    Found,

    /// <summary>It has none.</summary>
    Absent,

    /// <summary>The way to the record, or the record, is not what the format allows.</summary>
    Damaged,

    /// <summary>No database is loaded, although one is configured.</summary>
    NoDatabase,
}

/// <summary>
/// One opened file in the MaxMind DB format 2.0. The file is held in memory, not mapped: shortening a mapped file would kill the
/// process, and no write into it may change what was checked. Bytes are untrusted all the same: a lookup never throws and never reads
/// outside the file. Immutable but for a cache of counted size; thread safe; lookups allocate nothing.
/// </summary>
internal sealed class MaxMindDatabase
{
    /// <summary>Largest file that is loaded; the largest published ones have about half of that.</summary>
    public const int FileMaxBytes = 1 << 30;

    /// <summary>Remembered records, a power of two. A country file has some hundreds.</summary>
    private const int RememberedRecords = 4_096;

    private const int NumberBits = 10;
    private const int DetailBit = 1 << NumberBits;
    private const int OffsetShift = 16;

    private readonly byte[] _file;
    private readonly int _dataStart;
    private readonly int _dataBytes;
    private readonly SearchTree _tree;

    /// <summary>Offset plus one, whether there is more than the country, country: in one word, so that it is read and written whole.</summary>
    private readonly long[] _remembered = new long[RememberedRecords];

    private MaxMindDatabase(byte[] file, DatabaseMetadata metadata, SearchTree tree, int dataStart, int dataBytes)
    {
        _file = file;
        Metadata = metadata;
        _tree = tree;
        _dataStart = dataStart;
        _dataBytes = dataBytes;
    }

    public DatabaseMetadata Metadata { get; }

    /// <summary>Opens the bytes of a file, which are not copied; null with a sentence in <paramref name="problem"/> when they are refused.</summary>
    public static MaxMindDatabase? Open(byte[] file, out string problem)
    {
        var tail = Math.Max(0, file.Length - DatabaseMetadata.MaxBytes);
        var marker = file.AsSpan(tail).LastIndexOf(DatabaseMetadata.Marker);
        problem = "it is no MaxMind DB file, or cut short: there are no metadata at its end";
        if (marker < 0) return null;
        marker += tail;
        if (DatabaseMetadata.Read(file.AsSpan(marker + DatabaseMetadata.Marker.Length), out problem) is not { } metadata) return null;

        var treeBytes = (long)metadata.NodeCount * metadata.NodeBytes;
        var dataStart = treeBytes + SearchTree.SeparatorBytes;
        problem = "it is cut short: its search tree does not fit";
        if (dataStart > marker) return null;
        problem = "it is damaged: there is no separator behind its search tree";
        if (file.AsSpan((int)treeBytes, SearchTree.SeparatorBytes).ContainsAnyExcept((byte)0)) return null;
        var tree = new SearchTree(file, metadata);
        var dataBytes = marker - (int)dataStart;
        problem = "it is damaged: its search tree points outside the file";
        if (!tree.IsSound(dataBytes)) return null;
        problem = "";
        return new MaxMindDatabase(file, metadata, tree, (int)dataStart, dataBytes);
    }

    /// <summary>The country alone. An IPv4 address is given in the low 32 bits.</summary>
    public LookupOutcome FindCountry(UInt128 address, bool isV4, out CountryCode country)
    {
        country = default;
        var record = _tree.Find(address, isV4);
        if (record < 0) return record == SearchTree.Absent ? LookupOutcome.Absent : LookupOutcome.Damaged;
        if (TryRecall(record, out country, out _)) return LookupOutcome.Found;
        if (!ReadPlace(record, out var place)) return LookupOutcome.Damaged;
        country = place.Country;
        return LookupOutcome.Found;
    }

    /// <summary>Everything an event says about a place.</summary>
    public LookupOutcome Find(UInt128 address, bool isV4, out GeoPlace place)
    {
        place = default;
        var record = _tree.Find(address, isV4);
        if (record < 0) return record == SearchTree.Absent ? LookupOutcome.Absent : LookupOutcome.Damaged;
        if (TryRecall(record, out var country, out var hasDetail) && !hasDetail)
        {
            place.Country = country;
            return LookupOutcome.Found;
        }
        return ReadPlace(record, out place) ? LookupOutcome.Found : LookupOutcome.Damaged;
    }

    /// <summary>The whole record as one JSON value. When it is found damaged, what was written until then is no JSON.</summary>
    public LookupOutcome Write(UInt128 address, bool isV4, Utf8JsonWriter json)
    {
        var record = _tree.Find(address, isV4);
        if (record < 0) return record == SearchTree.Absent ? LookupOutcome.Absent : LookupOutcome.Damaged;
        var reader = new DataReader(Data);
        return RecordJson.TryWrite(ref reader, record, json) ? LookupOutcome.Found : LookupOutcome.Damaged;
    }

    private ReadOnlySpan<byte> Data => _file.AsSpan(_dataStart, _dataBytes);

    private bool TryRecall(int record, out CountryCode country, out bool hasDetail)
    {
        var word = Volatile.Read(ref _remembered[PlaceOf(record)]);
        country = CountryCode.FromNumber((int)word & (DetailBit - 1));
        hasDetail = (word & DetailBit) != 0;
        return word >> OffsetShift == (long)record + 1;
    }

    private void Remember(int record, in GeoPlace place) => Volatile.Write(
        ref _remembered[PlaceOf(record)],
        ((long)record + 1) << OffsetShift | (place.HasDetail ? DetailBit : 0L) | (uint)place.Country.Number);

    // Offsets of neighbours differ by the size of a record; the multiplication spreads them (Fibonacci hashing).
    private static int PlaceOf(int record) => (int)((uint)record * 2_654_435_769u >> 20) & (RememberedRecords - 1);

    /// <summary>Reads the members we know in one pass over the record. False when the record is damaged.</summary>
    private bool ReadPlace(int record, out GeoPlace place)
    {
        place = default;
        var reader = new DataReader(Data);
        if (!reader.TryRead(record, out var map)) return false;
        var at = map.At;
        for (var pair = 0; map.Type == DataType.Map && pair < map.Size; pair++)
        {
            if (!reader.TryReadPair(at, out var key, out var value)) return false;
            var name = reader.Bytes(key);
            if (name.SequenceEqual("country"u8)) place.Country = CountryCode.Parse(NameIn(ref reader, value, "iso_code"u8));
            else if (name.SequenceEqual("city"u8)) place.City = EnglishName(ref reader, value);
            else if (name.SequenceEqual("location"u8)) place.TimeZone = NameIn(ref reader, value, "time_zone"u8);
            else if (name.SequenceEqual("subdivisions"u8)) place.Region = FirstRegion(ref reader, value);
            if (reader.IsDamaged || !reader.TrySkip(value, out at)) return false;
        }
        Remember(record, place);
        return true;
    }

    private static ReadOnlySpan<byte> FirstRegion(scoped ref DataReader reader, scoped in DataField subdivisions)
    {
        if (subdivisions is not { Type: DataType.Array, Size: > 0 } || !reader.TryRead(subdivisions.At, out var first)) return default;
        var code = NameIn(ref reader, first, "iso_code"u8);
        return code.IsEmpty ? EnglishName(ref reader, first) : code;
    }

    private static ReadOnlySpan<byte> EnglishName(scoped ref DataReader reader, scoped in DataField thing) =>
        reader.TryFind(thing, "names"u8, out var names) ? NameIn(ref reader, names, "en"u8) : default;

    private static ReadOnlySpan<byte> NameIn(scoped ref DataReader reader, scoped in DataField map, scoped ReadOnlySpan<byte> key) =>
        reader.TryFind(map, key, out var text) ? reader.Name(text) : default;
}
