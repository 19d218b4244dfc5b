using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Edge.Experiments;

/// <summary>
/// The experiments that requests read, found by slug without allocating. Immutable: a change builds a new catalog,
/// which shares the entries that did not change, and <see cref="CatalogHolder"/> swaps it in.
/// </summary>
internal sealed class Catalog
{
    /// <summary>Before anything is loaded.</summary>
    public static readonly Catalog Empty = new([], 0);

    private readonly FrozenDictionary<string, CatalogEntry> _byUid;
    private readonly FrozenDictionary<string, CatalogEntry>.AlternateLookup<ReadOnlySpan<char>> _bySlug;

    /// <summary>Builds a catalog. Uids must differ, and slugs among the entries that are not archived.</summary>
    public Catalog(IReadOnlyList<CatalogEntry> entries, long version)
    {
        Entries = entries;
        Version = version;
        _byUid = entries.ToFrozenDictionary(entry => entry.Experiment.Uid, StringComparer.Ordinal);
        _bySlug = entries.Where(entry => entry.Status != ExperimentStatus.Archived)
            .ToFrozenDictionary(entry => entry.Experiment.Slug, StringComparer.Ordinal)
            .GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>All entries, archived ones too, in no particular order.</summary>
    public IReadOnlyList<CatalogEntry> Entries { get; }

    /// <summary>Grows with each catalog of one process; two catalogs of the same version are the same.</summary>
    public long Version { get; }

    /// <summary>Finds the entry of a slug; archived experiments have given theirs up. Allocates nothing.</summary>
    public bool TryFind(ReadOnlySpan<char> slug, [NotNullWhen(true)] out CatalogEntry? entry) =>
        _bySlug.TryGetValue(slug, out entry);

    /// <summary>Finds the entry of a uid, archived experiments too.</summary>
    public bool TryFindByUid(string uid, [NotNullWhen(true)] out CatalogEntry? entry) =>
        _byUid.TryGetValue(uid, out entry);
}

/// <summary>
/// The place requests take the current catalog from. One writer swaps the reference; readers take it once per
/// request, so one request never sees two catalogs, and a reader that is a moment late sees a catalog that was whole
/// and true a moment ago.
/// </summary>
internal sealed class CatalogHolder
{
    private volatile Catalog _current = Catalog.Empty;

    /// <summary>The current catalog.</summary>
    public Catalog Current => _current;

    /// <summary>Makes another catalog the current one.</summary>
    public void Swap(Catalog next) => _current = next;
}
