using Edge.Catalog;
using Edge.Settings;
using Edge.Statistics.Querying;

namespace Edge.Hosting;

/// <summary>Creates what counts experiments from ClickHouse, from the settings.</summary>
internal static class CountsSetup
{
    /// <summary>Null when the journal of this node is what experiments are counted from.</summary>
    public static ClickHouseTally? Open(EdgeOptions options, CatalogHolder catalog, TimeProvider time, ILogger log)
    {
        if (options.TallySink.Length == 0)
        {
            return null;
        }

        return ClickHouseTally.Open(
            new ClickHouseTallyOptions
            {
                Directory = options.CountsDir,
                Sink = SinkFactory.ClickHouseOptions(options.Sinks.First(sink => sink.Name == options.TallySink)),
                RefreshEvery = TimeSpan.FromSeconds(options.TallyRefreshSeconds),
                StaleAfter = TimeSpan.FromSeconds(options.TallyStaleSeconds),
                LateUpTo = TimeSpan.FromHours(options.TallyLateHours),
                QuerySeconds = options.TallyQuerySeconds,
                QueryBytes = options.TallyQueryBytes,
            },
            catalog,
            time,
            log
        );
    }
}
