using System.IO.Compression;

namespace Edge.Fleet.Origin;

/// <summary>A published edition and what has been made of it for edges. Immutable and thread safe.</summary>
internal sealed class Edition
{
    /// <summary>
    /// Editions back to which changes are kept. An edge that is further behind, after minutes without its origin, gets
    /// everything.
    /// </summary>
    private const int HistoryMax = 512;

    /// <summary>Part of the items from which on everything is sent instead of the changes.</summary>
    private const int DeltaPart = 4;

    private readonly string _fleet;
    private readonly Change[] _history;
    private readonly Lazy<Task<byte[]>> _whole;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Lazy<Task<byte[]>>> _changes = [];

    private Edition(string fleet, EditionTag tag, DateTimeOffset at, CatalogItems items, Change[] history)
    {
        _fleet = fleet;
        Tag = tag;
        PublishedAt = at;
        Items = items;
        _history = history;
        _whole = Made(new EditionDocument(tag, null, items.All, []), CompressionLevel.Fastest);
    }

    /// <summary>Version, digest, signature.</summary>
    public EditionTag Tag { get; }

    /// <summary>When it was published.</summary>
    public DateTimeOffset PublishedAt { get; }

    /// <summary>Its content.</summary>
    public CatalogItems Items { get; }

    /// <summary>What remains of it when another one takes its place.</summary>
    public EditionContent Content => new(Tag.Version, PublishedAt, Items);

    /// <summary>The first edition since the start.</summary>
    public static Edition First(string fleet, EditionTag tag, DateTimeOffset at, CatalogItems items) =>
        new(fleet, tag, at, items, []);

    /// <summary>The edition after this one.</summary>
    /// <param name="tag">Its version, digest, signature.</param>
    /// <param name="at">When it was published.</param>
    /// <param name="items">Its content.</param>
    /// <param name="other">An edition that other edges have, and from which they may come to this one; null without.</param>
    public Edition Next(EditionTag tag, DateTimeOffset at, CatalogItems items, Edition? other = null)
    {
        Change[] changes =
            other is null || other.Tag == Tag ? [ChangeFrom(this)] : [ChangeFrom(other), ChangeFrom(this)];
        return new Edition(
            _fleet,
            tag,
            at,
            items,
            [.. _history.AsSpan(Math.Max(0, _history.Length - HistoryMax + changes.Length)), .. changes]
        );

        Change ChangeFrom(Edition before) =>
            new(before.Tag.Version, before.Tag.Digest, at, [.. items.DifferencesTo(before.Items)]);
    }

    /// <summary>The document for an edge that has an edition, or none, in gzip; made once for all that ask.</summary>
    public Task<byte[]> DocumentFor(EditionTag? known)
    {
        var first = known is null ? -1 : Array.FindIndex(_history, change => change.Since == known.Version);
        if (first < 0 || _history[first].SinceDigest != known!.Digest)
        {
            return _whole.Value;
        }

        Lazy<Task<byte[]>>? made;
        lock (_lock)
        {
            if (!_changes.TryGetValue(known.Version, out made))
            {
                _changes[known.Version] = made = Changes(first);
            }
        }

        return made.Value;
    }

    /// <summary>
    /// When the first edition was published that an edge lacks; null when it lacks none. With an edition that is not
    /// remembered it is the oldest that is.
    /// </summary>
    public DateTimeOffset? BehindSince(long version)
    {
        if (version == Tag.Version)
        {
            return null;
        }

        foreach (var change in _history)
        {
            if (change.Since >= version)
            {
                return change.At;
            }
        }

        return PublishedAt;
    }

    private Lazy<Task<byte[]>> Changes(int first)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var change in _history.AsSpan(first))
        {
            names.UnionWith(change.Names);
        }

        if (names.Count * DeltaPart > Items.All.Count)
        {
            return _whole;
        }

        var (changed, removed) = (new List<CatalogItem>(), new List<string>());
        foreach (var name in names)
        {
            if (Items.Find(name) is { } item)
            {
                changed.Add(item);
            }
            else
            {
                removed.Add(name);
            }
        }

        return Made(new EditionDocument(Tag, _history[first].Since, changed, removed), CompressionLevel.Optimal);
    }

    private Lazy<Task<byte[]>> Made(EditionDocument document, CompressionLevel level) =>
        new(() =>
            Task.Run(() =>
            {
                using var bytes = new MemoryStream();
                using (var gzip = new GZipStream(bytes, level, leaveOpen: true))
                {
                    document.WriteTo(gzip, _fleet);
                }

                return bytes.ToArray();
            })
        );

    /// <param name="Since">The version before.</param>
    /// <param name="SinceDigest">Its digest.</param>
    /// <param name="At">When the one after it was published.</param>
    /// <param name="Names">Names of the items that it changed, added or removed.</param>
    private sealed record Change(long Since, string SinceDigest, DateTimeOffset At, string[] Names);
}
