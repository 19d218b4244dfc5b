using Edge.Storage;
using Edge.Telemetry;

namespace Edge.Enrichment.Geo;

/// <summary>
/// The geo database in use. Follows its file: a replacement that has lain still between two looks is opened beside the
/// present one and takes its place in one step, so no lookup ever waits or finds nothing; one that is cut short,
/// damaged or gone leaves the present one in use and is reported once. Lookups never throw and count what they came to.
/// Thread safe; lookups take no lock and allocate nothing.
/// </summary>
internal sealed class GeoDatabase : IDisposable
{
    private const int PollIntervalMs = 1_000;

    public static readonly LookupOutcome[] Outcomes = Enum.GetValues<LookupOutcome>();

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly PaddedCounters _counts = new(Outcomes.Length);
    private readonly Lock _refreshing = new();
    private volatile MaxMindDatabase? _current;
    private FileStamp _tried;
    private FileStamp _seen;
    private Watch? _watch;

    private GeoDatabase(string path, TimeProvider time, ILogger log)
    {
        _path = path;
        _time = time;
        _log = log;
    }

    /// <summary>
    /// Loads the file of a path; an empty path is no database, and a file that cannot be taken is reported and awaited.
    /// </summary>
    public static GeoDatabase Open(string path, TimeProvider time, ILogger log)
    {
        var database = new GeoDatabase(path, time, log);
        if (database.IsConfigured)
        {
            database._seen = FileStamp.Of(path);
            database.Load(database._seen);
        }
        return database;
    }

    /// <summary>Whether a file was named at all.</summary>
    public bool IsConfigured => _path.Length > 0;

    /// <summary>What the file in use says of itself; null while there is none.</summary>
    public DatabaseMetadata? Metadata => _current?.Metadata;

    /// <summary>Lookups that came to this since the start.</summary>
    public long Lookups(LookupOutcome outcome) => _counts[(int)outcome];

    /// <summary>Begins to follow the file; called once.</summary>
    public void StartWatching()
    {
        if (!IsConfigured)
        {
            return;
        }

        _watch = new Watch(_time, PollIntervalMs, Refresh, e => _log.BackgroundFailed(e, "Reading the geo database"));
    }

    /// <summary>
    /// Where an address is; what is not known is left empty. An IPv4 address is given in the low 32 bits.
    /// </summary>
    public GeoPlace Find(UInt128 address, bool isV4)
    {
        var place = default(GeoPlace);
        if (_current is { } database)
        {
            Count(database.Find(address, isV4, out place));
        }
        else if (IsConfigured)
        {
            Count(LookupOutcome.NoDatabase);
        }

        return place;
    }

    /// <summary>The country of an address, or unknown. An IPv4 address is given in the low 32 bits.</summary>
    public CountryCode FindCountry(UInt128 address, bool isV4)
    {
        var country = CountryCode.Unknown;
        if (_current is { } database)
        {
            Count(database.FindCountry(address, isV4, out country));
        }
        else if (IsConfigured)
        {
            Count(LookupOutcome.NoDatabase);
        }

        return country;
    }

    /// <summary>Looks at the file and takes it when it has changed and then kept still since the look before.</summary>
    public void Refresh()
    {
        lock (_refreshing)
        {
            var stamp = FileStamp.Of(_path);
            var isStill = stamp == _seen;
            _seen = stamp;
            if (isStill && stamp != _tried)
            {
                Load(stamp);
            }
        }
    }

    public void Dispose() => _watch?.Dispose();

    private void Load(FileStamp stamp)
    {
        // Remembered before reading: a file that changes meanwhile is seen the next time, and a bad one is reported
        // once.
        _tried = stamp;
        var database = GeoFile.TryLoad(_path, out var problem);
        if (database is not null)
        {
            _current = database;
            _log.GeoLoaded(database.Metadata.DatabaseType, database.Metadata.BuiltAt);
        }
        else if (_current is null)
        {
            _log.GeoMissing(_path, problem);
        }
        else
        {
            _log.GeoRefused(_path, problem);
        }
    }

    private void Count(LookupOutcome outcome) => _counts.Increment((int)outcome);
}
