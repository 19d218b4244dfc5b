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
/// One opened file in the MaxMind DB format 2.0. The file is held in memory, not mapped: shortening a mapped file would
/// kill the process, and no write into it may change what was checked. Bytes are untrusted all the same: a lookup never
/// throws and never reads outside the file. Immutable but for a cache of fixed size; thread safe; lookups allocate
/// nothing.
/// </summary>
internal sealed class MaxMindDatabase
{
    /// <summary>Largest file that is loaded; the largest published ones have about half of that.</summary>
    public const int FileMaxBytes = 1 << 30;

    private readonly byte[] _file;
    private readonly int _dataStart;
    private readonly int _dataBytes;
    private readonly SearchTree _tree;
    private readonly RecordCache _cache;

    private MaxMindDatabase(byte[] file, DatabaseMetadata metadata, SearchTree tree, int dataStart, int dataBytes)
    {
        _file = file;
        Metadata = metadata;
        _tree = tree;
        _dataStart = dataStart;
        _dataBytes = dataBytes;
        _cache = new RecordCache(dataBytes);
    }

    public DatabaseMetadata Metadata { get; }

    /// <summary>
    /// Opens the bytes of a file, which are not copied; null with a sentence in <paramref name="problem"/> when they
    /// are refused.
    /// </summary>
    public static MaxMindDatabase? Open(byte[] file, out string problem)
    {
        var tail = Math.Max(0, file.Length - DatabaseMetadata.MaxBytes);
        var marker = file.AsSpan(tail).LastIndexOf(DatabaseMetadata.Marker);
        problem = "it is no MaxMind DB file, or cut short: there are no metadata at its end";
        if (marker < 0)
        {
            return null;
        }

        marker += tail;
        if (
            DatabaseMetadata.Read(file.AsSpan(marker + DatabaseMetadata.Marker.Length), out problem) is not { } metadata
        )
        {
            return null;
        }

        var treeBytes = (long)metadata.NodeCount * metadata.NodeBytes;
        var dataStart = treeBytes + SearchTree.SeparatorBytes;
        problem = "it is cut short: its search tree does not fit";
        if (dataStart > marker)
        {
            return null;
        }

        problem = "it is damaged: there is no separator behind its search tree";
        if (file.AsSpan((int)treeBytes, SearchTree.SeparatorBytes).ContainsAnyExcept((byte)0))
        {
            return null;
        }

        var tree = new SearchTree(file, metadata);
        var dataBytes = marker - (int)dataStart;
        problem = "it is damaged: its search tree points outside the file";
        if (!tree.IsSound(dataBytes))
        {
            return null;
        }

        problem = "";
        return new MaxMindDatabase(file, metadata, tree, (int)dataStart, dataBytes);
    }

    /// <summary>The country alone. An IPv4 address is given in the low 32 bits.</summary>
    public LookupOutcome FindCountry(UInt128 address, bool isV4, out CountryCode country)
    {
        country = default;
        var record = _tree.Find(address, isV4);
        if (record < 0)
        {
            return record == SearchTree.Absent ? LookupOutcome.Absent : LookupOutcome.Damaged;
        }

        if (_cache.TryRecall(record, out country))
        {
            return LookupOutcome.Found;
        }

        var reader = new DataReader(Data);
        if (reader.TryRead(record, out var map) && reader.TryFind(map, "country"u8, out var value))
        {
            country = CountryCode.Parse(NameIn(ref reader, value, "iso_code"u8));
        }

        if (reader.IsDamaged)
        {
            return LookupOutcome.Damaged;
        }

        _cache.Remember(record, country);
        return LookupOutcome.Found;
    }

    /// <summary>Everything an event says about a place.</summary>
    public LookupOutcome Find(UInt128 address, bool isV4, out GeoPlace place)
    {
        place = default;
        var record = _tree.Find(address, isV4);
        if (record < 0)
        {
            return record == SearchTree.Absent ? LookupOutcome.Absent : LookupOutcome.Damaged;
        }

        return _cache.TryRecall(record, Data, out place) || ReadPlace(record, out place)
            ? LookupOutcome.Found
            : LookupOutcome.Damaged;
    }

    /// <summary>
    /// The whole record as one JSON value. When it is found damaged, what was written until then is no JSON.
    /// </summary>
    public LookupOutcome Write(UInt128 address, bool isV4, Utf8JsonWriter json)
    {
        var record = _tree.Find(address, isV4);
        if (record < 0)
        {
            return record == SearchTree.Absent ? LookupOutcome.Absent : LookupOutcome.Damaged;
        }

        var reader = new DataReader(Data);
        return RecordJson.TryWrite(ref reader, record, json) ? LookupOutcome.Found : LookupOutcome.Damaged;
    }

    private ReadOnlySpan<byte> Data => _file.AsSpan(_dataStart, _dataBytes);

    /// <summary>Reads the members we know in one pass over the record. False when the record is damaged.</summary>
    private bool ReadPlace(int record, out GeoPlace place)
    {
        place = default;
        var reader = new DataReader(Data);
        if (!reader.TryRead(record, out var map))
        {
            return false;
        }

        var at = map.At;
        for (var pair = 0; map.Type == DataType.Map && pair < map.Size; pair++)
        {
            if (!reader.TryReadKey(at, out var key))
            {
                return false;
            }

            var name = reader.Bytes(key);
            if (name.SequenceEqual("country"u8))
            {
                if (reader.TryRead(key.After, out var country))
                {
                    place.Country = CountryCode.Parse(NameIn(ref reader, country, "iso_code"u8));
                }
            }
            else if (name.SequenceEqual("city"u8))
            {
                if (reader.TryRead(key.After, out var city))
                {
                    place.City = EnglishName(ref reader, city);
                }
            }
            else if (name.SequenceEqual("location"u8))
            {
                if (reader.TryRead(key.After, out var location))
                {
                    place.TimeZone = NameIn(ref reader, location, "time_zone"u8);
                }
            }
            else if (name.SequenceEqual("subdivisions"u8))
            {
                if (reader.TryRead(key.After, out var subdivisions))
                {
                    place.Region = FirstRegion(ref reader, subdivisions);
                }
            }
            if (reader.IsDamaged || !reader.TrySkip(key.After, out at))
            {
                return false;
            }
        }
        _cache.Remember(record, Data, place);
        return true;
    }

    private static ReadOnlySpan<byte> FirstRegion(scoped ref DataReader reader, scoped in DataField subdivisions)
    {
        if (subdivisions is not { Type: DataType.Array, Size: > 0 } || !reader.TryRead(subdivisions.At, out var first))
        {
            return default;
        }

        var code = NameIn(ref reader, first, "iso_code"u8);
        return code.IsEmpty ? EnglishName(ref reader, first) : code;
    }

    private static ReadOnlySpan<byte> EnglishName(scoped ref DataReader reader, scoped in DataField thing) =>
        reader.TryFind(thing, "names"u8, out var names) ? NameIn(ref reader, names, "en"u8) : default;

    private static ReadOnlySpan<byte> NameIn(
        scoped ref DataReader reader,
        scoped in DataField map,
        scoped ReadOnlySpan<byte> key
    ) => reader.TryFind(map, key, out var text) ? reader.Name(text) : default;
}
