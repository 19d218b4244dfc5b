using Edge.Catalog;
using Edge.Corrections;
using Edge.Enrichment.Verdicts;
using Edge.Experiments;
using Edge.Forwarding;
using Edge.Journal;
using Edge.Lint;
using Edge.Requests;
using Edge.Settings.Sinks;
using Edge.Statistics.Counting;

namespace Edge.Settings;

/// <summary>What a node of a fleet does.</summary>
internal enum NodeRole
{
    /// <summary>Everything, and for itself alone.</summary>
    Standalone,

    /// <summary>Manages, counts, and gives its edges the catalog.</summary>
    Origin,

    /// <summary>Answers visitors and senders, with the catalog of its origin.</summary>
    Edge,
}

/// <summary>Where experiments, keys and the record of changes are stored.</summary>
internal enum StoreKind
{
    /// <summary>In files of the data directory.</summary>
    Files,

    /// <summary>In PostgreSQL, which several nodes may share.</summary>
    Postgres,
}

/// <summary>When a request that recorded an event is answered.</summary>
internal enum AckMode
{
    /// <summary>At once; the event is durable at the next group commit.</summary>
    Memory,

    /// <summary>After the commit that covers the event, or after the commit wait has passed.</summary>
    Disk,
}

/// <summary>The source of the keys behind the visitor hashes.</summary>
internal enum AddressHashMode
{
    /// <summary>Derived from the salt and the date: the published formula.</summary>
    Daily,

    /// <summary>Derived from the key of the previous day, which is then erased.</summary>
    Ratchet,
}

/// <summary>How log messages are written.</summary>
internal enum LoggingFormat
{
    /// <summary>As text when a terminal shows standard error, else as JSON.</summary>
    Auto,

    /// <summary>A line for people.</summary>
    Text,

    /// <summary>A JSON object per line.</summary>
    Json,
}

/// <summary>The least important messages that are written.</summary>
internal enum LoggingLevel
{
    Trace,
    Debug,
    Info,
    Warning,
    Error,
}

/// <summary>Where the management API is served.</summary>
internal enum ManagementListener
{
    /// <summary>On the public addresses.</summary>
    Public,

    /// <summary>On the admin addresses alone.</summary>
    Admin,
}

/// <summary>Wire protocols of the cleartext listener.</summary>
internal enum HttpProtocol
{
    /// <summary>HTTP/1.1 only.</summary>
    Http1,

    /// <summary>HTTP/2 with prior knowledge only; without TLS one port cannot offer both.</summary>
    Http2,
}

/// <summary>Who receives what is sent to public addresses.</summary>
internal enum HttpTransport
{
    /// <summary>Event loops of our own, which answer pixel and click and hand everything else on to the server.</summary>
    Loops,

    /// <summary>The server alone.</summary>
    Sockets,
}

/// <summary>
/// Every setting of the service as plain values, filled once by <see cref="EdgeConfiguration"/>, fitted to the machine
/// by <see cref="Capacity"/> and not changed afterwards, except those of <see cref="EdgeSettings.Reloadable"/>. <see
/// cref="EdgeSettings"/> has names, units, ranges and reasons; the documentation is checked against it.
/// </summary>
internal sealed class EdgeOptions
{
    /// <summary>Where the published documentation describes the problems.</summary>
    public const string PublishedProblemTypeBase = "https://docs.pictify.io/errors/";

    public string Node { get; set; } = Environment.MachineName;
    public NodeRole Role { get; set; }
    public string FleetId { get; set; } = "";
    public string FleetSecret { get; set; } = "";
    public string FleetSecretFile { get; set; } = "";
    public string FleetOriginUrl { get; set; } = "";
    public StoreKind StoreKind { get; set; }
    public string StoreConnection { get; set; } = "";
    public string StorePassword { get; set; } = "";
    public string StorePasswordFile { get; set; } = "";
    public int StorePollMs { get; set; } = 5_000;
    public string DataDir { get; set; } = "data";

    /// <summary>Whether somebody has named the directory; else it is the one beside wherever we are.</summary>
    public bool IsDataDirNamed { get; set; }
    public string Urls { get; set; } = "http://127.0.0.1:8080";
    public string AdminUrls { get; set; } = "";
    public string TlsCertificateFile { get; set; } = "";
    public string TlsKeyFile { get; set; } = "";
    public bool Demo { get; set; }
    public bool CoreDumps { get; set; }
    public LoggingFormat LoggingFormat { get; set; } = LoggingFormat.Auto;
    public LoggingLevel LoggingLevel { get; set; } = LoggingLevel.Info;

    public HttpProtocol HttpProtocol { get; set; } = HttpProtocol.Http1;
    public HttpTransport HttpTransport { get; set; } = HttpTransport.Loops;
    public int HttpMaxConnections { get; set; } = 10_000;
    public int HttpMaxPerAddressPercent { get; set; } = 75;
    public int HttpMaxRequestLineBytes { get; set; } = 8_192;
    public int HttpMaxHeaderBytes { get; set; } = 32_768;
    public int HttpMaxHeaderCount { get; set; } = 64;
    public int HttpHeadersTimeoutMs { get; set; } = 5_000;
    public int HttpKeepAliveTimeoutMs { get; set; } = 60_000;
    public int HttpRequestTimeoutMs { get; set; } = 10_000;
    public int HttpMaxStreamsPerConnection { get; set; } = 100;
    public int HttpStopGraceMs { get; set; } = 1_000;
    public string[] HttpPublicPages { get; set; } = [.. EdgeSettings.OperationsPages];

    public string[] TrustedProxies { get; set; } = [];
    public ForwardedHeader ForwardedHeader { get; set; } = ForwardedHeader.XForwardedFor;

    public AckMode AckPixel { get; set; } = AckMode.Memory;
    public AckMode AckClick { get; set; } = AckMode.Memory;
    public int AckForwardedMs { get; set; } = 3_000;

    public bool ClickHttpsOnly { get; set; }
    public string[] LinkSchemesAllowed { get; set; } = [];
    public string LinkSecretsFile { get; set; } = "";

    /// <summary>The secrets in that file.</summary>
    public string[] LinkSecrets { get; set; } = [];
    public string LinkFallbackUrl { get; set; } = "";
    public string[] LinkTeamFallbackUrls { get; set; } = [];
    public string ProblemTypeBase { get; set; } = PublishedProblemTypeBase;
    public bool VariantOverride { get; set; } = true;

    public string ImageUrlTemplate { get; set; } = "";
    public bool ImageCounts { get; set; }

    public PlanName Plan { get; set; } = PlanName.SelfHosted;
    public int ApiRequestsPerMinute { get; set; } = 1_000;
    public ManagementListener ApiListener { get; set; } = ManagementListener.Public;
    public bool PageEnabled { get; set; } = true;
    public int PageSessionIdleMinutes { get; set; } = 60;

    public int MillimetricPerSecond { get; set; } = 50;
    public int MillimetricBurst { get; set; } = 200;
    public int ArtiePerSecond { get; set; }
    public int TrafficalPerSecond { get; set; }
    public int TrafficalBucketCount { get; set; }
    public int AddressPerMinute { get; set; } = 1_000;
    public string ApiFirstKey { get; set; } = "";
    public string ApiFirstKeyFile { get; set; } = "";
    public int WrongKeysPerMinute { get; set; } = 300;
    public bool RequireWriteKey { get; set; }
    public long IngestInFlightBytes { get; set; } = 256L << 20;
    public long DuplicateMemoryBytes { get; set; } = 128L << 20;
    public int TallyUnitsMax { get; set; } = 1_000_000;
    public string TallySink { get; set; } = "";
    public int TallyRefreshSeconds { get; set; } = 30;
    public int TallyStaleSeconds { get; set; } = 900;
    public int TallyLateHours { get; set; } = 24;
    public int TallyQuerySeconds { get; set; } = 60;
    public long TallyQueryBytes { get; set; } = 2L << 30;

    public string AlertsWebhookUrl { get; set; } = "";
    public string AlertsWebhookUrlFile { get; set; } = "";
    public string AlertsWebhookSecret { get; set; } = "";
    public string AlertsWebhookSecretFile { get; set; } = "";
    public bool AlertsAllowPrivate { get; set; }
    public string[] AlertsAllowAddresses { get; set; } = [];
    public int AlertsIntervalSeconds { get; set; } = 60;
    public int AlertsNoTrafficHours { get; set; } = 24;
    public bool AlertsCheckDestinations { get; set; }
    public int AlertsDestinationMinutes { get; set; } = 60;

    public string AddressSalt { get; set; } = "";
    public string AddressSaltFile { get; set; } = "";
    public AddressHashMode AddressHash { get; set; } = AddressHashMode.Daily;

    public string GeoDatabase { get; set; } = "";
    public string GeoCountryHeader { get; set; } = "";

    public string AutomationRulesFile { get; set; } = "";
    public bool AutomationExcludeTools { get; set; }
    public bool AutomationExcludeApplePrivacy { get; set; }
    public bool AutomationExcludeBursts { get; set; }
    public int AutomationLateWindowSeconds { get; set; } = 300;
    public int AutomationLateMemoryBytes { get; set; } = 16 << 20;

    public int JournalCommitIntervalMs { get; set; } = 5;
    public int JournalCommitWaitMs { get; set; } = 2_000;
    public int JournalPageBytes { get; set; } = 1 << 20;
    public int JournalMemoryBytes { get; set; } = 16 << 20;
    public int JournalSegmentBytes { get; set; } = 64 << 20;
    public long JournalMaxBytes { get; set; } = 8L << 30;
    public int JournalSoftMarkPercent { get; set; } = 80;
    public long JournalFreeReserveBytes { get; set; } = 64L << 20;
    public int JournalRetainHours { get; set; } = 24;
    public long JournalRetainBytes { get; set; } = 1L << 30;

    /// <summary>Variables of the environment that look like a setting and are none, one line each.</summary>
    public IReadOnlyList<string> IgnoredVariables { get; set; } = [];

    /// <summary>Every configured sink, enabled or not, in order of name.</summary>
    public IReadOnlyList<SinkOptions> Sinks { get; set; } = new SinkConfiguration().Build([]);

    /// <summary>Directory of the experiments, one file each.</summary>
    public string ExperimentsDir => Path.Combine(DataDir, "experiments");

    /// <summary>File of the issued keys, hashes only.</summary>
    public string KeysFile => Path.Combine(DataDir, "keys.json");

    /// <summary>Whether anything says where visitors are, as far as the settings and the file they name go.</summary>
    public bool KnowsPlaces => GeoCountryHeader.Length > 0 || File.Exists(GeoDatabase);

    /// <summary>Every address to listen on, those for visitors first.</summary>
    public IEnumerable<ListenAddress> ListenAddresses =>
        ListenAddress.ParseAll(Urls).Concat(ListenAddress.ParseAll(AdminUrls));

    /// <summary>The hosts at which the service is reached, as far as the settings say.</summary>
    public IReadOnlyList<OwnHost> OwnHosts =>
        OwnHost.Of(
            ListenAddresses
                .Where(static address => address.SocketPath is null)
                .Select(static address => address.Loopback),
            Node
        );

    /// <summary>Directory of the catalog of a fleet: its copy on an edge, its version on an origin.</summary>
    public string FleetDir => Path.Combine(DataDir, "fleet");

    /// <summary>Directory of the copy of PostgreSQL as the store.</summary>
    public string StoreDir => Path.Combine(DataDir, "store");

    /// <summary>Directory of the journal.</summary>
    public string JournalDir => Path.Combine(DataDir, "journal");

    /// <summary>Directory of the sink cursors.</summary>
    public string CursorsDir => Path.Combine(DataDir, "cursors");

    public string RecomputationsDir => Path.Combine(DataDir, "recomputations");

    public string CountsDir => Path.Combine(DataDir, "counts");

    /// <summary>Directory the file sink writes to by default.</summary>
    public string ForwardedDir => Path.Combine(DataDir, "forwarded");

    /// <summary>Where a file sink writes.</summary>
    public string DirectoryOf(SinkOptions sink)
    {
        if (sink.Directory.Length > 0)
        {
            return sink.Directory;
        }

        return sink.Name == SinkConfiguration.DefaultName ? ForwardedDir : Path.Combine(ForwardedDir, sink.Name);
    }

    /// <summary>Directory of the dead letters, with one directory per sink.</summary>
    public string DeadLettersDir => Path.Combine(DataDir, "dead-letters");

    /// <summary>Another path that leads to the data directory: what settings name in it is reached by it too.</summary>
    public void ReachDataDir(string path)
    {
        if (path == DataDir)
        {
            return;
        }

        var named = Path.TrimEndingDirectorySeparator(Path.GetFullPath(DataDir)) + Path.DirectorySeparatorChar;
        (DataDir, GeoDatabase, AutomationRulesFile) = (path, Reached(GeoDatabase), Reached(AutomationRulesFile));
        foreach (var sink in Sinks)
        {
            (sink.Directory, sink.PasswordFile) = (Reached(sink.Directory), Reached(sink.PasswordFile));
            (sink.CaFile, sink.CertificateFile) = (Reached(sink.CaFile), Reached(sink.CertificateFile));
            sink.KeyFile = Reached(sink.KeyFile);
        }

        string Reached(string file) =>
            file.Length > 0 && Path.GetFullPath(file).StartsWith(named, StringComparison.Ordinal)
                ? Path.Combine(path, Path.GetFullPath(file)[named.Length..])
                : file;
    }

    /// <summary>The options for loading the verdict rules.</summary>
    public VerdictRuleOptions ToVerdictRuleOptions() =>
        new(
            AutomationRulesFile,
            AutomationExcludeTools,
            AutomationExcludeApplePrivacy,
            AutomationExcludeBursts
        );

    /// <summary>What the operator allows of definitions.</summary>
    public ExperimentRules ToExperimentRules() =>
        ExperimentRules.Default with
        {
            HttpsOnly = ClickHttpsOnly,
            SchemesAllowed = LinkSchemesAllowed,
        };

    /// <summary>The settings of the journal.</summary>
    public JournalOptions ToJournalOptions() =>
        new()
        {
            Directory = JournalDir,
            CommitIntervalMs = JournalCommitIntervalMs,
            CommitWaitMs = JournalCommitWaitMs,
            PageBytes = JournalPageBytes,
            MemoryBytes = JournalMemoryBytes,
            SegmentBytes = JournalSegmentBytes,
            MaxBytes = JournalMaxBytes,
            SoftMarkPercent = JournalSoftMarkPercent,
            FreeReserveBytes = JournalFreeReserveBytes,
            RetainHours = JournalRetainHours,
            RetainBytes = JournalRetainBytes,
            Readers = Readers,
            Onlookers = [CorrectionPump.Name],
        };

    /// <summary>Who takes events from the journal; nobody when no sink is enabled, whatever is counted.</summary>
    private IReadOnlyList<string> Readers =>
        Sinks.Any(static sink => sink.Enabled)
            ? [.. Sinks.Where(static sink => sink.Enabled).Select(static sink => sink.Name), Tally.SinkName]
            : [];
}
