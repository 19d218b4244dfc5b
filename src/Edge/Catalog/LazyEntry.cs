using Edge.Experiments;

namespace Edge.Catalog;

/// <summary>What a catalog has to know of an experiment before it is compiled.</summary>
/// <param name="Uid">Its uid.</param>
/// <param name="Slug">Its slug, which others may have when it is archived.</param>
/// <param name="IsArchived">Whether it is.</param>
/// <param name="GoalEvent">As <see cref="CatalogEntry.GoalEvent"/>.</param>
/// <param name="MayBeLimited">Whether its link may take a limited number of clicks.</param>
internal readonly record struct ExperimentNames(
    string Uid,
    string Slug,
    bool IsArchived,
    string? GoalEvent,
    bool MayBeLimited
);

/// <summary>
/// An experiment of a catalog, compiled when somebody first asks for it: an edge that starts with thousands of them from
/// its copy would compile for half a second before it answers. Thread safe; all threads get one entry.
/// </summary>
internal sealed class LazyEntry
{
    private readonly ExperimentNames _names;
    private readonly Func<CatalogEntry>? _compile;
    private CatalogEntry? _entry;

    /// <summary>One that is compiled.</summary>
    public LazyEntry(CatalogEntry entry)
    {
        _entry = entry;
        _names = new ExperimentNames(
            entry.Experiment.Uid,
            entry.Experiment.Slug,
            entry.Status == ExperimentStatus.Archived,
            entry.GoalEvent,
            entry.Limits?.Exhausted is not null
        );
    }

    /// <param name="names">What is known of it.</param>
    /// <param name="compile">Compiles it; may be called by several threads at once.</param>
    public LazyEntry(in ExperimentNames names, Func<CatalogEntry> compile) => (_names, _compile) = (names, compile);

    public string Uid => _names.Uid;

    public string Slug => _names.Slug;

    public bool IsArchived => _names.IsArchived;

    public string? GoalEvent => _names.GoalEvent;

    public bool MayBeLimited => _names.MayBeLimited;

    /// <summary>The experiment, compiled.</summary>
    public CatalogEntry Entry => Volatile.Read(ref _entry) ?? Compile();

    private CatalogEntry Compile()
    {
        var entry = _compile!();
        return Interlocked.CompareExchange(ref _entry, entry, null) ?? entry;
    }
}
