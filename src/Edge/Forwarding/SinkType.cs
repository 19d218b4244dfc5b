namespace Edge.Forwarding;

/// <summary>The kinds of destinations. The names are the values of <c>sinks.NAME.type</c>, in any case.</summary>
[Flags]
internal enum SinkType
{
    /// <summary>NDJSON files on this machine.</summary>
    File = 1,

    /// <summary>Any HTTP server that takes batches of JSON.</summary>
    Http = 2,

    /// <summary>A table of a ClickHouse server, over its HTTP interface.</summary>
    ClickHouse = 4,

    /// <summary>A table of a PostgreSQL server.</summary>
    Postgres = 8,

    /// <summary>NDJSON on standard output.</summary>
    Stdout = 16,

    /// <summary>A topic of a Kafka cluster; in the build with Kafka alone.</summary>
    Kafka = 32,
}

/// <summary>The names of sink types in the configuration.</summary>
internal static partial class SinkTypes
{
    public static readonly SinkType[] All = Enum.GetValues<SinkType>();

    /// <summary>What to do about a type that this build does not have, in words; null when it has the type.</summary>
    public static string? Missing(SinkType type)
    {
        var hasKafka = false;
        FindKafka(ref hasKafka);
        return type == SinkType.Kafka && !hasKafka
            ? "is kafka, which this build does not have; use the image whose tag ends in -kafka, or build with make publish KAFKA=1"
            : null;
    }

    /// <summary>The name in the configuration.</summary>
    public static string Word(SinkType type) => type.ToString().ToLowerInvariant();

    /// <summary>The names of several types, separated by commas.</summary>
    public static string Words(SinkType types) =>
        string.Join(", ", All.Where(type => types.HasFlag(type)).Select(Word));

    /// <summary>Reads the name of one type; numbers and lists of names are refused.</summary>
    public static bool TryParse(string text, out SinkType type)
    {
        foreach (var known in All)
        {
            if (Word(known).Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                type = known;
                return true;
            }
        }

        type = default;
        return false;
    }

    static partial void FindKafka(ref bool isThere);
}
