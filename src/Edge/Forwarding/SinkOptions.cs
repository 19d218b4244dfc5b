using Edge.Forwarding.Http;
using Edge.Settings.Sinks;

namespace Edge.Forwarding;

/// <summary>
/// Every setting of one sink as plain values, filled once by <see cref="SinkConfiguration"/> and not changed
/// afterwards. Names, units, ranges and reasons are in <see cref="SinkSettings"/>, against which the documentation is
/// checked. A setting of another sink type keeps its default and is ignored.
/// </summary>
internal sealed class SinkOptions(string name, SinkType type)
{
    /// <summary>Name in configuration, metrics, messages and file names: lower-case letters, digits, hyphens.</summary>
    public string Name { get; } = name;

    public SinkType Type { get; } = type;

    /// <summary>Whether it is the sink that an edge has to its origin; no setting.</summary>
    public bool IsOrigin { get; init; }

    public bool Enabled { get; set; } = true;

    public int BatchMaxEvents { get; set; } = 20_000;
    public int BatchMaxBytes { get; set; } = 4 << 20;

    /// <summary>0 is no limit.</summary>
    public int EventsPerSecondMax { get; set; }

    /// <summary>
    /// ClickHouse makes a part of every insert and has to merge small ones, so it gets fewer, larger batches.
    /// </summary>
    public int LingerMs { get; set; } = type == SinkType.ClickHouse ? 1_000 : 100;
    public int RetryCeilingMs { get; set; } = 5_000;
    public int RefusedInARowMax { get; set; } = 100;

    /// <summary>Values an event must have to be sent, by member; empty lets every event pass.</summary>
    public string[] FilterApis { get; set; } = [];
    public string[] FilterProjects { get; set; } = [];
    public string[] FilterTypes { get; set; } = [];
    public string[] FilterVerdicts { get; set; } = [];

    public SyntheticEvents FilterSynthetic { get; set; } = SyntheticEvents.Exclude;

    /// <summary>Members that are kept; empty keeps all.</summary>
    public string[] FieldsAllow { get; set; } = [];
    public string[] FieldsDeny { get; set; } = [];

    /// <summary>New names by the names of <c>docs/event-schema.md</c>.</summary>
    public Dictionary<string, string> FieldsRename { get; } = new(StringComparer.Ordinal);

    // File.

    /// <summary>Empty: <c>DATA/forwarded</c> for the sink named file, a directory below it for others.</summary>
    public string Directory { get; set; } = "";
    public long MaxFileBytes { get; set; } = 64L << 20;

    // HTTP and ClickHouse.

    public string Url { get; set; } = "";
    public bool Gzip { get; set; } = true;

    /// <summary>
    /// A ClickHouse server is usually in the operator's own network; somebody else's collector is not.
    /// </summary>
    public bool AllowPrivate { get; set; } = type == SinkType.ClickHouse;
    public string[] AllowAddresses { get; set; } = [];
    public int RequestTimeoutMs { get; set; } = 30_000;

    public BodyFormat Format { get; set; }
    public int[] RefusedStatuses { get; set; } = HttpResponseClassifier.DefaultRefusedStatuses;
    public string ContentType { get; set; } = "";
    public Dictionary<string, string> Headers { get; } = new(StringComparer.OrdinalIgnoreCase);
    public string Secret { get; set; } = "";
    public string SecretFile { get; set; } = "";
    public string SecretPrevious { get; set; } = "";

    public string User { get; set; } = "default";

    // PostgreSQL.

    public string Connection { get; set; } = "";
    public string Password { get; set; } = "";
    public string PasswordFile { get; set; } = "";
    public string Table { get; set; } = "edge_events";
    public int ConnectTimeoutMs { get; set; } = 5_000;
    public int StatementTimeoutMs { get; set; } = 30_000;

    // Kafka.

    public string[] Brokers { get; set; } = [];
    public string Topic { get; set; } = "edge-events";
    public MessageKey Key { get; set; }

    /// <summary>Brokers store what they get, so it is compressed here, by the codec that takes the least processor time.</summary>
    public MessageCompression Compression { get; set; } = MessageCompression.Lz4;
    public int MaxMessageBytes { get; set; } = 1_000_000;
    public bool Tls { get; set; }

    /// <summary>Empty: the certificate authorities of the system.</summary>
    public string CaFile { get; set; } = "";
    public string CertificateFile { get; set; } = "";
    public string KeyFile { get; set; } = "";
    public SaslMechanism Sasl { get; set; }
    public string SaslUser { get; set; } = "";
}
