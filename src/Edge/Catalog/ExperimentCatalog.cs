using System.Diagnostics.CodeAnalysis;
using System.Text;
using Edge.Experiments;
using Names = System.Collections.Generic.Dictionary<
    string,
    Edge.Catalog.LazyEntry
>.AlternateLookup<System.ReadOnlySpan<char>>;

namespace Edge.Catalog;

/// <summary>
/// The experiments that requests read, found by slug without allocating. Immutable: a change builds a new catalog,
/// which shares everything that did not change, and <see cref="CatalogHolder"/> swaps it in. It is partitioned by the
/// hash of the names, so that changing one experiment of thousands copies a few dozen entries: rebuilding everything
/// each time would take tens of milliseconds of processor time, and collecting the garbage would pause every request.
/// Entries may be compiled when they are first asked for; whether one exists is known from the beginning.
/// </summary>
internal sealed class ExperimentCatalog
{
    /// <summary>Number of partitions, a power of two.</summary>
    private const int Parts = 256;

    /// <summary>Longest name of an event that reaches a goal, bytes of UTF-8.</summary>
    private const int GoalNameBytesMax = 4 * ExperimentRules.ReferenceCharsMax;

    /// <summary>The catalog before anything is loaded.</summary>
    public static readonly ExperimentCatalog Empty = OfLazy([], 0);

    private readonly Names[] _byUid;
    private readonly Names[] _bySlug;
    private readonly Dictionary<string, GoalEntries> _byGoalEvent;
    private IReadOnlyList<CatalogEntry>? _entries;

    /// <summary>
    /// Builds a catalog. Uids must be unique, and so must slugs among the entries that are not archived.
    /// </summary>
    public ExperimentCatalog(IReadOnlyList<CatalogEntry> entries, long version)
        : this(entries.Select(static entry => new LazyEntry(entry)).ToArray(), version) => _entries = entries;

    private ExperimentCatalog(LazyEntry[] entries, long version)
    {
        Version = version;
        _byUid = Divide(entries, static entry => entry.Uid);
        _bySlug = Divide(entries.Where(static entry => !entry.IsArchived), static entry => entry.Slug);
        _byGoalEvent = entries
            .Where(static entry => entry.GoalEvent is not null)
            .GroupBy(static entry => entry.GoalEvent!, StringComparer.Ordinal)
            .ToDictionary(static group => group.Key, static group => new GoalEntries([.. group]), StringComparer.Ordinal);
    }

    private ExperimentCatalog(
        Names[] byUid,
        Names[] bySlug,
        Dictionary<string, GoalEntries> byGoalEvent,
        long version
    )
    {
        _byGoalEvent = byGoalEvent;
        _byUid = byUid;
        _bySlug = bySlug;
        Version = version;
    }

    /// <summary>Builds a catalog, likewise, of entries that may be compiled later.</summary>
    public static ExperimentCatalog OfLazy(LazyEntry[] entries, long version) => new(entries, version);

    /// <summary>All entries, archived ones too, in no particular order; compiles those that are not yet.</summary>
    public IReadOnlyList<CatalogEntry> Entries =>
        // Built on first use; two threads that race build equal lists.
        _entries ??= [.. All.Select(static entry => entry.Entry)];

    /// <summary>The same, compiled or not.</summary>
    public IEnumerable<LazyEntry> All => _byUid.SelectMany(static part => part.Dictionary.Values);

    /// <summary>The number of all entries.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var part in _byUid)
            {
                count += part.Dictionary.Count;
            }

            return count;
        }
    }

    /// <summary>Increases with each catalog of a process; two catalogs with the same version are the same.</summary>
    public long Version { get; }

    /// <summary>
    /// The catalog with one experiment changed or added. The slug must not belong to another experiment.
    /// </summary>
    public ExperimentCatalog With(CatalogEntry next) => With(new LazyEntry(next));

    /// <summary>The same with an entry that may be compiled later.</summary>
    public ExperimentCatalog With(LazyEntry next)
    {
        var bySlug = _bySlug;
        var before = FindByUid(next.Uid);
        if (before is { IsArchived: false })
        {
            bySlug = Replace(bySlug, before.Slug, null);
        }
        if (!next.IsArchived)
        {
            bySlug = Replace(bySlug, next.Slug, next);
        }
        var byGoalEvent = ReplaceGoal(before?.GoalEvent, next);
        return new ExperimentCatalog(Replace(_byUid, next.Uid, next), bySlug, byGoalEvent, Version + 1);
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
            && _byGoalEvent.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name[..chars], out var goal)
            ? goal.Entries
            : default;
    }

    /// <summary>Finds the entry of a slug, which archived experiments no longer have. Allocates nothing.</summary>
    public bool TryFind(ReadOnlySpan<char> slug, [NotNullWhen(true)] out CatalogEntry? entry)
    {
        entry = _bySlug[PartOf(slug)].TryGetValue(slug, out var found) ? found.Entry : null;
        return entry is not null;
    }

    /// <summary>Finds the entry of a uid, archived experiments included.</summary>
    public bool TryFindByUid(string uid, [NotNullWhen(true)] out CatalogEntry? entry)
    {
        entry = FindByUid(uid)?.Entry;
        return entry is not null;
    }

    /// <summary>The same, compiled or not; null when there is none.</summary>
    public LazyEntry? FindByUid(string uid) => _byUid[PartOf(uid)].TryGetValue(uid, out var entry) ? entry : null;

    private Dictionary<string, GoalEntries> ReplaceGoal(string? before, LazyEntry next)
    {
        if (before is null && next.GoalEvent is null)
        {
            return _byGoalEvent;
        }
        var copy = new Dictionary<string, GoalEntries>(_byGoalEvent, StringComparer.Ordinal);
        if (before is not null)
        {
            copy[before] = new GoalEntries([.. copy[before].All.Where(entry => entry.Uid != next.Uid)]);
        }
        if (next.GoalEvent is { } name)
        {
            LazyEntry[] others = copy.TryGetValue(name, out var there) ? there.All : [];
            copy[name] = new GoalEntries([.. others, next]);
        }
        return copy;
    }

    private static int PartOf(ReadOnlySpan<char> name) => string.GetHashCode(name) & (Parts - 1);

    private static Names[] Divide(IEnumerable<LazyEntry> entries, Func<LazyEntry, string> nameOf)
    {
        var parts = new Dictionary<string, LazyEntry>[Parts];
        for (var i = 0; i < Parts; i++)
        {
            parts[i] = new Dictionary<string, LazyEntry>(StringComparer.Ordinal);
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
    private static Names[] Replace(Names[] parts, string name, LazyEntry? entry)
    {
        var number = PartOf(name);
        var part = new Dictionary<string, LazyEntry>(parts[number].Dictionary, StringComparer.Ordinal);
        part.Remove(name);
        if (entry is not null)
        {
            part.Add(name, entry);
        }
        var copy = (Names[])parts.Clone();
        copy[number] = part.GetAlternateLookup<ReadOnlySpan<char>>();
        return copy;
    }

    /// <summary>The experiments whose goal is one event. Thread safe.</summary>
    private sealed class GoalEntries(LazyEntry[] all)
    {
        private CatalogEntry[]? _entries;

        public LazyEntry[] All => all;

        /// <summary>Compiled; two threads that race make equal arrays.</summary>
        public CatalogEntry[] Entries => _entries ??= Array.ConvertAll(all, static entry => entry.Entry);
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
