using System.Diagnostics.CodeAnalysis;
using Edge.Experiments;
using Names = System.Collections.Generic.Dictionary<
    string,
    Edge.Catalog.CatalogEntry
>.AlternateLookup<System.ReadOnlySpan<char>>;

namespace Edge.Catalog;

/// <summary>
/// The experiments that requests read, found by slug without allocating. Immutable: a change builds a new catalog,
/// which shares everything that did not change, and <see cref="CatalogHolder"/> swaps it in. It is divided by the hash
/// of the names, so that changing one experiment of thousands copies a few dozen entries: rebuilding all of them each
/// time would take the processor for tens of milliseconds, and collecting what was thrown away would stop every
/// request.
/// </summary>
internal sealed class ExperimentCatalog
{
    /// <summary>How many parts it is divided into, a power of two.</summary>
    private const int Parts = 256;

    /// <summary>Before anything is loaded.</summary>
    public static readonly ExperimentCatalog Empty = new([], 0);

    private readonly Names[] _byUid;
    private readonly Names[] _bySlug;
    private IReadOnlyList<CatalogEntry>? _entries;

    /// <summary>Builds a catalog. Uids must differ, and slugs among the entries that are not archived.</summary>
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
        // Put together when first asked for; two threads that ask at once make equal lists.
        _entries ??= [.. _byUid.SelectMany(part => part.Dictionary.Values)];

    /// <summary>Grows with each catalog of one process; two catalogs of the same version are the same.</summary>
    public long Version { get; }

    /// <summary>
    /// The catalog with one experiment changed or added. Nobody else may have the slug.
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

    /// <summary>Finds the entry of a slug; archived experiments have given theirs up. Allocates nothing.</summary>
    public bool TryFind(ReadOnlySpan<char> slug, [NotNullWhen(true)] out CatalogEntry? entry) =>
        _bySlug[PartOf(slug)].TryGetValue(slug, out entry);

    /// <summary>Finds the entry of a uid, archived experiments too.</summary>
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
    /// The parts with one name given to an entry, or to none. A part is never changed, since readers have it.
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
/// The place requests take the current catalog from. One writer swaps the reference; readers take it once per
/// request, so one request never sees two catalogs, and a reader that is a moment late sees a catalog that was whole
/// and true a moment ago.
/// </summary>
internal sealed class CatalogHolder
{
    private volatile ExperimentCatalog _current = ExperimentCatalog.Empty;

    /// <summary>The current catalog.</summary>
    public ExperimentCatalog Current => _current;

    /// <summary>Makes another catalog the current one.</summary>
    public void Swap(ExperimentCatalog next) => _current = next;
}
