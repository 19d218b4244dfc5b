using System.Diagnostics.CodeAnalysis;
using System.Text;
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

    /// <summary>Longest name of an event that reaches a goal, bytes of UTF-8.</summary>
    private const int GoalNameBytesMax = 4 * ExperimentRules.ReferenceCharsMax;

    /// <summary>The catalog before anything is loaded.</summary>
    public static readonly ExperimentCatalog Empty = new([], 0);

    private readonly Names[] _byUid;
    private readonly Names[] _bySlug;
    private readonly Dictionary<string, CatalogEntry[]> _byGoalEvent;
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
        _byGoalEvent = entries
            .Where(entry => entry.GoalEvent is not null)
            .GroupBy(entry => entry.GoalEvent!, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
    }

    private ExperimentCatalog(
        Names[] byUid,
        Names[] bySlug,
        Dictionary<string, CatalogEntry[]> byGoalEvent,
        long version
    )
    {
        _byGoalEvent = byGoalEvent;
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
        var byGoalEvent = ReplaceGoal(before?.GoalEvent, next);
        return new ExperimentCatalog(Replace(_byUid, next.Experiment.Uid, next), bySlug, byGoalEvent, Version + 1);
    }

    /// <summary>The running experiments whose goal is an event of this name. Allocates nothing.</summary>
    public ReadOnlySpan<CatalogEntry> GoalsOf(ReadOnlySpan<byte> eventUtf8)
    {
        if (_byGoalEvent.Count == 0 || eventUtf8.IsEmpty || eventUtf8.Length > GoalNameBytesMax)
        {
            return default;
        }
        Span<char> name = stackalloc char[GoalNameBytesMax];
        return
            Encoding.UTF8.TryGetChars(eventUtf8, name, out var chars)
            && _byGoalEvent.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name[..chars], out var entries)
            ? entries
            : default;
    }

    /// <summary>Finds the entry of a slug, which archived experiments no longer have. Allocates nothing.</summary>
    public bool TryFind(ReadOnlySpan<char> slug, [NotNullWhen(true)] out CatalogEntry? entry) =>
        _bySlug[PartOf(slug)].TryGetValue(slug, out entry);

    /// <summary>Finds the entry of a uid, archived experiments included.</summary>
    public bool TryFindByUid(string uid, [NotNullWhen(true)] out CatalogEntry? entry) =>
        _byUid[PartOf(uid)].TryGetValue(uid, out entry);

    private Dictionary<string, CatalogEntry[]> ReplaceGoal(string? before, CatalogEntry next)
    {
        if (before is null && next.GoalEvent is null)
        {
            return _byGoalEvent;
        }
        var copy = new Dictionary<string, CatalogEntry[]>(_byGoalEvent, StringComparer.Ordinal);
        if (before is not null)
        {
            copy[before] = [.. copy[before].Where(entry => entry.Experiment.Uid != next.Experiment.Uid)];
        }
        if (next.GoalEvent is { } name)
        {
            copy[name] = [.. copy.GetValueOrDefault(name, []), next];
        }
        return copy;
    }

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
