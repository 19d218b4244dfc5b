using Edge.Catalog;
using Edge.Experiments;

namespace Edge.Fleet.Origin;

/// <summary>
/// The links that have taken all their clicks (<c>linkConfig.maxClicks</c>) on all nodes together. Each edge closes a link
/// by its own count; what the others have taken it learns from here. Used by one thread at a time.
/// </summary>
/// <param name="catalog">The experiments.</param>
/// <param name="counted">Clicks of people that the tally has counted, by uid.</param>
internal sealed class ExhaustedLinks(CatalogHolder catalog, Func<string, long> counted)
{
    private ExperimentCatalog? _seen;
    private CatalogEntry[] _limited = [];

    /// <summary>Uids of those that are exhausted now, in ordinal order.</summary>
    public IReadOnlyList<string> Find()
    {
        var current = catalog.Current;
        if (_seen != current)
        {
            _limited = [.. current.Entries.Where(static entry => IsLimited(entry.Experiment))];
            _seen = current;
        }

        var uids = new List<string>();
        foreach (var entry in _limited)
        {
            if (counted(entry.Experiment.Uid) >= entry.Experiment.LinkConfig!.MaxClicks)
            {
                uids.Add(entry.Experiment.Uid);
            }
        }

        uids.Sort(StringComparer.Ordinal);
        return uids;
    }

    private static bool IsLimited(Experiment experiment) =>
        experiment.Status == ExperimentStatus.Running && experiment.LinkConfig?.MaxClicks is not null;
}
