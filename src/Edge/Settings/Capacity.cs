using System.Numerics;
using Edge.Forwarding;

namespace Edge.Settings;

/// <summary>A limit that the machine makes lower than its setting.</summary>
/// <param name="Setting">Key of the setting.</param>
/// <param name="From">What the setting says.</param>
/// <param name="To">What holds.</param>
/// <param name="Reason">What there is too little of, in words: too little memory.</param>
internal sealed record LoweredLimit(string Setting, long From, long To, string Reason);

/// <summary>
/// What the machine gives this process, and how its limits are fitted into that: a limit that promises more than there
/// is would be kept by the kernel instead, by failing calls and by killing the process. Pure.
/// </summary>
/// <param name="Descriptors">Open files, sockets included, that the process may have.</param>
/// <param name="MemoryBytes">Memory that it may take.</param>
internal sealed record Capacity(long Descriptors, long MemoryBytes)
{
    /// <summary>Fewest connections worth a start.</summary>
    public const int ConnectionsMin = 8;

    /// <summary>
    /// Memory that a connection needs with its buffers, bytes: its state, what is read ahead of a body, what the kernel
    /// holds for it.
    /// </summary>
    public const int ConnectionBytes = 32 << 10;

    /// <summary>Descriptors of the runtime, the journal and the files that are read and replaced now and then.</summary>
    private const int OwnDescriptors = 24;

    /// <summary>Descriptors of one sink: its connections or files, its cursor, the segment it reads.</summary>
    private const int SinkDescriptors = 8;

    /// <summary>Further ones of a Kafka sink: a socket and a pipe for each of some twenty brokers.</summary>
    private const int KafkaDescriptors = 64;

    /// <summary>Part of the descriptors that stays free, so that what nobody thought of does not fail.</summary>
    private const int FreePart = 16;

    /// <summary>Most of them.</summary>
    private const int FreeMax = 256;

    // Shares of the memory. What is left is for the program, the catalog, the counts and the collector's garbage.
    private const int ConnectionsPart = 4;
    private const int BodiesPart = 4;

    /// <summary>
    /// Memory below which connections and bodies have a smaller part: the program itself takes most of it.
    /// </summary>
    private const long SmallMemoryBytes = 128L << 20;

    private const int SmallConnectionsPart = 8;
    private const int SmallBodiesPart = 16;
    private const int SmallJournalPart = 64;

    /// <summary>
    /// Pages of a new journal there, bytes: each reader holds two and the log some more. It also bounds an event.
    /// </summary>
    private const int SmallPageBytes = 256 << 10;

    /// <summary>
    /// A connection may hold the headers of two requests, and as text they take twice their bytes.
    /// </summary>
    private const int HeadersPart = 16_384;

    /// <summary>A unit with an open trial, as the tally benchmark measures it.</summary>
    private const int UnitBytes = 186;

    /// <summary>Least bytes of headers: those of a browser with some cookies.</summary>
    private const int HeadersMinBytes = 8 << 10;

    private const int DuplicatesPart = 16;
    private const int JournalPart = 32;
    private const int UnitsPart = 5;

    /// <summary>
    /// A sink has two batches at hand, and holds each as it was read and as it is sent.
    /// </summary>
    private const int BatchPart = 64;

    /// <summary>
    /// Lowers the limits that need more than there is, and says which; <paramref name="problem"/> says why the service
    /// cannot run at all, or is null.
    /// </summary>
    /// <param name="options">The settings.</param>
    /// <param name="journalPageBytes">Page of the journal there is, which stays what it is; null without one.</param>
    /// <param name="problem">Why the service cannot run.</param>
    public IReadOnlyList<LoweredLimit> Fit(EdgeOptions options, int? journalPageBytes, out string? problem)
    {
        var lowered = new List<LoweredLimit>();
        var isSmall = MemoryBytes < SmallMemoryBytes;
        var own =
            OwnDescriptors
            + (SinkDescriptors * (1 + options.Sinks.Count(static sink => sink.Enabled)))
            + (KafkaDescriptors * options.Sinks.Count(static sink => sink is { Enabled: true, Type: SinkType.Kafka }));
        var connections = Descriptors - own - Math.Min(FreeMax, Descriptors / FreePart);
        var used = own + ConnectionsMin;
        problem =
            connections < ConnectionsMin
                ? $"the limit of {Descriptors} open files leaves no room for connections; at least"
                    // Of which a part stays free, too.
                    + $" {used + Math.Min(FreeMax, (used - 1) / (FreePart - 1))} are needed (ulimit -Hn, LimitNOFILE)"
                : null;
        options.HttpMaxConnections = (int)Lower(
            "http.maxConnections",
            options.HttpMaxConnections,
            connections,
            "too few open files"
        );
        options.HttpMaxConnections = (int)Lower(
            "http.maxConnections",
            options.HttpMaxConnections,
            MemoryBytes
                / (isSmall ? SmallConnectionsPart : ConnectionsPart)
                / ConnectionBytes,
            "too little memory"
        );
        options.HttpMaxHeaderBytes = (int)Lower(
            "http.maxHeaderBytes",
            options.HttpMaxHeaderBytes,
            Math.Max(HeadersMinBytes, MemoryBytes / HeadersPart),
            "too little memory"
        );
        options.IngestInFlightBytes = Lower(
            "ingest.inFlightBytes",
            options.IngestInFlightBytes,
            MemoryBytes / (isSmall ? SmallBodiesPart : BodiesPart),
            "too little memory"
        );
        options.DuplicateMemoryBytes = Lower(
            "ingest.duplicateMemoryBytes",
            options.DuplicateMemoryBytes,
            MemoryBytes / DuplicatesPart,
            "too little memory"
        );
        if (isSmall && journalPageBytes is null)
        {
            options.JournalPageBytes = (int)Lower(
                "journal.pageBytes",
                options.JournalPageBytes,
                SmallPageBytes,
                "too little memory"
            );
        }
        else if (journalPageBytes == SmallPageBytes && options.JournalPageBytes > SmallPageBytes)
        {
            // Made with little memory, and perhaps moved to where there is more.
            options.JournalPageBytes = SmallPageBytes;
        }

        options.TallyUnitsMax = (int)Lower(
            "tally.unitsMax",
            options.TallyUnitsMax,
            MemoryBytes / UnitsPart / UnitBytes,
            "too little memory"
        );
        options.JournalMemoryBytes = (int)Lower(
            "journal.memoryBytes",
            options.JournalMemoryBytes,
            Math.Max(
                2L * options.JournalPageBytes,
                (long)BitOperations.RoundUpToPowerOf2((ulong)(MemoryBytes / (isSmall ? SmallJournalPart : JournalPart) / 2) + 1)
            ),
            "too little memory"
        );
        foreach (var sink in options.Sinks)
        {
            sink.BatchMaxBytes = (int)Lower(
                $"sinks.{sink.Name}.batchMaxBytes",
                sink.BatchMaxBytes,
                MemoryBytes / BatchPart,
                "too little memory"
            );
        }

        return lowered;

        long Lower(string setting, long value, long most, string reason)
        {
            most = Math.Max(1, most);
            if (value <= most)
            {
                return value;
            }

            lowered.Add(new LoweredLimit(setting, value, most, reason));
            return most;
        }
    }
}
