using System.Text;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Fleet;
using Edge.Formats;
using Edge.Hosting;
using Edge.Postgres;
using Edge.Settings;
using Edge.Storage;

namespace Edge.Commands;

/// <summary>
/// The experiments of a data directory, for commands that are given the name of one. Reads them as the service does,
/// whether or not it runs.
/// </summary>
internal static class StoredExperiments
{
    /// <summary>The experiment with this slug or uid, unless it is archived; null when there is none, as on an edge.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="name">Slug or uid.</param>
    /// <param name="now">The time.</param>
    /// <param name="refused">How many files with mistakes there are, or that cannot be read, one of which may be it.</param>
    public static CatalogEntry? Find(EdgeOptions options, string name, DateTimeOffset now, out int refused)
    {
        refused = 0;
        if (options.Role == NodeRole.Edge)
        {
            return null;
        }

        var rules = options.ToExperimentRules();
        foreach (var bytes in Definitions(options))
        {
            var read = bytes is null ? null : ExperimentReader.ReadStored(bytes, rules, now).Experiment;
            refused += read is null ? 1 : 0;
            if (
                read is { Status: not ExperimentStatus.Archived } experiment
                && (experiment.Slug == name || experiment.Uid == name)
            )
            {
                return new CatalogEntry(experiment);
            }
        }

        return null;
    }

    /// <summary>What to say when there is none.</summary>
    public static string NotFound(EdgeOptions options, string name, int refused) =>
        IsOfAnEdge(options)
            ? $"{options.DataDir} is that of an edge, and an edge has the experiments of its origin; run this there"
            : $"there is no experiment '{name}' in {(options.StoreKind == StoreKind.Postgres ? "the store" : options.ExperimentsDir)}"
                + (refused == 0 ? "" : $"; files with mistakes there: {refused} ('edge check' says which)");

    /// <summary>Every definition of the store, as it was written; null in place of one that cannot be read.</summary>
    private static IEnumerable<byte[]?> Definitions(EdgeOptions options)
    {
        if (options.StoreKind == StoreKind.Postgres)
        {
            using var store = StoreFactory.Connection(options);
            return PostgresStore
                .ReadDefinitions(store)
                .Select(static stored => Encoding.UTF8.GetBytes(stored.Definition));
        }

        return Directory.Exists(options.ExperimentsDir)
            ? ExperimentFile.PathsIn(options.ExperimentsDir).Select(Read)
            : [];
    }

    private static byte[]? Read(string path)
    {
        try
        {
            return JsonProblem.WithoutMark(DiskFile.ReadWhole(path, ExperimentFile.BytesMax)).ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether the settings say so, or what lies there: a command is not always given the role.</summary>
    private static bool IsOfAnEdge(EdgeOptions options) =>
        options.Role == NodeRole.Edge
        || (options.Role == NodeRole.Standalone && File.Exists(Path.Combine(options.FleetDir, CatalogCopy.FileName)));
}
