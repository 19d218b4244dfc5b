using System.Diagnostics.CodeAnalysis;
using Edge.Experiments;
using Names = System.Collections.Generic.Dictionary<
    string,
    Edge.Catalog.CatalogEntry
>.AlternateLookup<System.ReadOnlySpan<char>>;

namespace Edge.Catalog;

/// <summary>
/// The experiments that requests read, found by slug without allocating. Immutable: a change builds a new catalog,
/// which shares everything that did not change, and <see cref="CatalogHolder"/> swaps it in. It is partitioned by the
/// hash of the names, so that changing one experiment of thousands copies a few dozen entries: rebuilding everything
/// each time would take tens of milliseconds of processor time, and collecting the garbage would pause every request.
/// </summary>
internal sealed class ExperimentCatalog
{
    /// <summary>Number of partitions, a power of two.</summary>
    private const int Parts = 256;

    /// <summary>The catalog before anything is loaded.</summary>
    public static readonly ExperimentCatalog Empty = new([], 0);

    private readonly Names[] _byUid;
    private readonly Names[] _bySlug;
    private IReadOnlyList<CatalogEntry>? _entries;

    /// <summary>
    /// Builds a catalog. Uids must be unique, and so must slugs among the entries that are not archived.
    /// </summary>
    public ExperimentCatalog(IReadOnlyList<CatalogEntry> entries, long version)
    {
        _entries = entries;
        Version = version;
        _byUid = Divide(entries, entry => entry.Experiment.Uid);
        _bySlug = Divide(
            entries.Where(entry => entry.Status != ExperimentStatus.Archived),
            entry => entry.Experiment.Slug
        );
    }

    private ExperimentCatalog(Names[] byUid, Names[] bySlug, long version)
    {
        _byUid = byUid;
        _bySlug = bySlug;
        Version = version;
    }

    /// <summary>All entries, archived ones too, in no particular order.</summary>
    public IReadOnlyList<CatalogEntry> Entries =>
        // Built on first use; two threads that race build equal lists.
        _entries ??= [.. _byUid.SelectMany(part => part.Dictionary.Values)];

    /// <summary>Increases with each catalog of a process; two catalogs with the same version are the same.</summary>
    public long Version { get; }

    /// <summary>
    /// The catalog with one experiment changed or added. The slug must not belong to another experiment.
    /// </summary>
    public ExperimentCatalog With(CatalogEntry next)
    {
        var bySlug = _bySlug;
        if (TryFindByUid(next.Experiment.Uid, out var before) && before.Status != ExperimentStatus.Archived)
        {
            bySlug = Replace(bySlug, before.Experiment.Slug, null);
        }
        if (next.Status != ExperimentStatus.Archived)
        {
            bySlug = Replace(bySlug, next.Experiment.Slug, next);
        }
        return new ExperimentCatalog(Replace(_byUid, next.Experiment.Uid, next), bySlug, Version + 1);
    }

    /// <summary>Finds the entry of a slug, which archived experiments no longer have. Allocates nothing.</summary>
    public bool TryFind(ReadOnlySpan<char> slug, [NotNullWhen(true)] out CatalogEntry? entry) =>
        _bySlug[PartOf(slug)].TryGetValue(slug, out entry);

    /// <summary>Finds the entry of a uid, archived experiments included.</summary>
    public bool TryFindByUid(string uid, [NotNullWhen(true)] out CatalogEntry? entry) =>
        _byUid[PartOf(uid)].TryGetValue(uid, out entry);

    private static int PartOf(ReadOnlySpan<char> name) => string.GetHashCode(name) & (Parts - 1);

    private static Names[] Divide(IEnumerable<CatalogEntry> entries, Func<CatalogEntry, string> nameOf)
    {
        var parts = new Dictionary<string, CatalogEntry>[Parts];
        for (var i = 0; i < Parts; i++)
        {
            parts[i] = new Dictionary<string, CatalogEntry>(StringComparer.Ordinal);
        }
        foreach (var entry in entries)
        {
            parts[PartOf(nameOf(entry))].Add(nameOf(entry), entry);
        }
        return [.. parts.Select(part => part.GetAlternateLookup<ReadOnlySpan<char>>())];
    }

    /// <summary>
    /// The partitions with one name mapped to an entry, or removed. A partition is copied, never modified, because
    /// readers use it.
    /// </summary>
    private static Names[] Replace(Names[] parts, string name, CatalogEntry? entry)
    {
        var number = PartOf(name);
        var part = new Dictionary<string, CatalogEntry>(parts[number].Dictionary, StringComparer.Ordinal);
        part.Remove(name);
        if (entry is not null)
        {
            part.Add(name, entry);
        }
        var copy = (Names[])parts.Clone();
        copy[number] = part.GetAlternateLookup<ReadOnlySpan<char>>();
        return copy;
    }
}

/// <summary>
/// Holds the current catalog for requests. One writer swaps the reference; readers read it once per request, so one
/// request never sees two catalogs, and a reader that is a moment late sees a consistent catalog that was current a
/// moment ago.
/// </summary>
internal sealed class CatalogHolder
{
    private volatile ExperimentCatalog _current = ExperimentCatalog.Empty;

    /// <summary>The current catalog.</summary>
    public ExperimentCatalog Current => _current;

    /// <summary>Makes a catalog the current one.</summary>
    public void Swap(ExperimentCatalog next) => _current = next;
}
