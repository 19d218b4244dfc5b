namespace Edge.Forwarding;

/// <summary>The kinds of destinations. The names are what <c>sinks.NAME.type</c> says, in any case.</summary>
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
}

/// <summary>What is said of a type.</summary>
internal static class SinkTypes
{
    public static readonly SinkType[] All = Enum.GetValues<SinkType>();

    /// <summary>The word of the configuration.</summary>
    public static string Word(SinkType type) => type.ToString().ToLowerInvariant();

    /// <summary>The words of several types, separated by commas.</summary>
    public static string Words(SinkType types) =>
        string.Join(", ", All.Where(type => types.HasFlag(type)).Select(Word));

    /// <summary>Reads the word of one type; a number or several words are none.</summary>
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
}
