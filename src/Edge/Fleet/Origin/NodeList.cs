namespace Edge.Fleet.Origin;

/// <summary>An edge as the origin knows it.</summary>
/// <param name="Report">What it said last.</param>
/// <param name="SeenAt">When it last asked.</param>
/// <param name="IsConnected">Whether it asks, or waits for an answer.</param>
/// <param name="BehindSince">When the first edition was published that it lacks; null when it lacks none.</param>
/// <param name="IsHeld">Whether another edition than the newest is held for it.</param>
/// <param name="IsDuplicate">Whether two edges have its name.</param>
/// <param name="HasOtherSalt">Whether its visitor hashes cannot be those of this origin.</param>
internal sealed record FleetNode(
    NodeReport Report,
    DateTimeOffset SeenAt,
    bool IsConnected,
    DateTimeOffset? BehindSince,
    bool IsHeld,
    bool IsDuplicate,
    bool HasOtherSalt
);

/// <summary>The edges that have asked for the catalog, a bounded number of them. Thread safe.</summary>
/// <param name="publisher">What is published.</param>
/// <param name="salt">Fingerprint of the origin's own salt.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where two edges with one name are reported.</param>
internal sealed class NodeList(CatalogPublisher publisher, string salt, TimeProvider time, ILogger log)
{
    /// <summary>Most nodes that are remembered; the one that was away longest makes room.</summary>
    public const int NodesMax = 1_000;

    /// <summary>Longest pause between two requests of an edge that follows, with time to spare.</summary>
    public static readonly TimeSpan ConnectedFor = TimeSpan.FromSeconds(60);

    /// <summary>How long a node that has gone is remembered.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>How long a name counts as taken twice after the last sign of it.</summary>
    private static readonly TimeSpan DuplicateFor = TimeSpan.FromMinutes(5);

    /// <summary>Starts of a node that are remembered: a node that was replaced does not ask again, two with one name do.</summary>
    private const int InstancesMax = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _nodes = new(StringComparer.Ordinal);

    /// <summary>Notes a node that asks. Returns the number of its request, for <see cref="NoteGone"/>.</summary>
    public long Note(NodeReport report)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (!_nodes.TryGetValue(report.Name, out var entry))
            {
                MakeRoom(now);
                _nodes[report.Name] = entry = new Entry();
            }

            if (entry.Instances is [.., var last] && last != report.Instance)
            {
                if (entry.Instances.Contains(report.Instance))
                {
                    if (now - entry.DuplicateAt > DuplicateFor)
                    {
                        log.NodeNameTwice(report.Name);
                    }

                    entry.DuplicateAt = now;
                }

                entry.Instances.Remove(report.Instance);
            }

            if (entry.Instances is not [.., var same] || same != report.Instance)
            {
                entry.Instances.Add(report.Instance);
            }

            if (entry.Instances.Count > InstancesMax)
            {
                entry.Instances.RemoveAt(0);
            }

            if (report.Salt != salt && entry.Report?.Salt != report.Salt)
            {
                log.NodeSaltDiffers(report.Name);
            }

            (entry.Report, entry.SeenAt, entry.IsGone) = (report, now, false);
            return ++entry.Requests;
        }
    }

    /// <summary>Notes that a node has gone while it waited, unless it has asked again meanwhile.</summary>
    public void NoteGone(NodeReport report, long request)
    {
        lock (_lock)
        {
            if (_nodes.TryGetValue(report.Name, out var entry) && entry.Requests == request)
            {
                entry.IsGone = true;
            }
        }
    }

    /// <summary>The nodes, in order of name.</summary>
    public IReadOnlyList<FleetNode> Nodes
    {
        get
        {
            var (now, published) = (time.GetUtcNow(), publisher.Current);
            lock (_lock)
            {
                Forget(now);
                return
                [
                    .. _nodes
                        .Values.OrderBy(static entry => entry.Report!.Name, StringComparer.Ordinal)
                        .Select(entry => new FleetNode(
                            entry.Report!,
                            entry.SeenAt,
                            !entry.IsGone && now - entry.SeenAt < ConnectedFor,
                            published.For(entry.Report!.Name).BehindSince(entry.Report!.Version),
                            published.HoldsBack && published.IsHeldFor(entry.Report!.Name),
                            now - entry.DuplicateAt < DuplicateFor,
                            entry.Report!.Salt != salt
                        )),
                ];
            }
        }
    }

    private void MakeRoom(DateTimeOffset now)
    {
        Forget(now);
        if (_nodes.Count >= NodesMax)
        {
            _nodes.Remove(_nodes.Values.OrderBy(static entry => entry.SeenAt).First().Report!.Name);
        }
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var (name, entry) in _nodes)
        {
            if (now - entry.SeenAt > Kept)
            {
                _nodes.Remove(name);
            }
        }
    }

    private sealed class Entry
    {
        public List<string> Instances { get; } = [];
        public NodeReport? Report { get; set; }
        public DateTimeOffset SeenAt { get; set; }
        public long Requests { get; set; }
        public bool IsGone { get; set; }
        public DateTimeOffset DuplicateAt { get; set; }
    }
}
