using System.Diagnostics;
using System.Globalization;
using Edge.FaultTests.Disk;
using Edge.FaultTests.Load;
using Edge.FaultTests.Oracle;
using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// One data directory, the binary that serves from it, and the outside ledger of its visitors. What contradicts a
/// promise is collected as a finding and not thrown, because a planted bug is proven by findings. One task uses it.
/// </summary>
internal sealed class Site
{
    /// <summary>From the start after a fault until the service is ready and its counters agree.</summary>
    private static readonly TimeSpan RecoveryDeadline = Wait.Limit;

    /// <summary>Environment variable that plants a mistake in the fault build.</summary>
    public const string PlantedBug = "EDGE_PLANTED_BUG";

    /// <summary>
    /// Referrers up to the length the service keeps would make the runs longer and prove nothing more.
    /// </summary>
    private const int FillerMaxChars = 1_500;

    /// <summary>Visits of each visitor between two looks at how much there is.</summary>
    private const int BacklogVisitsEach = 2;

    private static readonly TimeSpan DrainDeadline = Wait.Limit;

    /// <summary>
    /// The time a build with a planted mistake has to deliver: some mistakes show by what never comes, and waiting for
    /// it is most of their test.
    /// </summary>
    private static readonly TimeSpan PlantedDeadline = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Everything as small as it may be, so that seconds of traffic fill pages, segments and forwarded files; both
    /// answers wait for the disk.
    /// </summary>
    private static readonly (string Name, string Value)[] Settings =
    [
        ("EDGE__ACK__PIXEL", "disk"),
        ("EDGE__ACK__CLICK", "disk"),
        ("EDGE__HTTP__STOPGRACEMS", "0"),
        ("EDGE__JOURNAL__PAGEBYTES", "65536"),
        ("EDGE__JOURNAL__MEMORYBYTES", "524288"),
        ("EDGE__JOURNAL__SEGMENTBYTES", "1048576"),
        ("EDGE__JOURNAL__FREERESERVEBYTES", "1048576"),
        ("EDGE__JOURNAL__RETAINBYTES", "0"),
        ("EDGE__SINKS__FILE__MAXFILEBYTES", "524288"),
    ];

    private readonly string _binary;
    private readonly (string Name, string Value)[] _settings;
    private readonly bool _isPlanted;
    private readonly List<string> _findings = [];
    private readonly List<string> _collected = [];
    private Counters? _last;
    private int _visitors;

    private Site(
        string dataDir,
        string binary,
        Random random,
        (string Name, string Value)[] settings,
        OutsideLedger ledger
    )
    {
        DataDir = dataDir;
        Random = random;
        Ledger = ledger;
        _binary = binary;
        _settings = settings;
        _isPlanted = settings.Any(static setting => setting.Name == PlantedBug);
        Delivered = () => Task.FromResult(Forwarded.Lines(dataDir));
        HasDelivered = referrer =>
            Task.FromResult(Forwarded.Lines(dataDir).Any(line => line.Contains(referrer, StringComparison.Ordinal)));
    }

    /// <param name="dataDir">Directory of the service; kept from cycle to cycle.</param>
    /// <param name="binary">The build under test.</param>
    /// <param name="random">Source of every choice.</param>
    /// <param name="settings">Environment beside the usual one, a planted bug for instance.</param>
    public Site(string dataDir, string binary, Random random, params (string Name, string Value)[] settings)
        : this(dataDir, binary, random, settings, new OutsideLedger($"site-{random.Next():x8}", FillerMaxChars)) { }

    public string DataDir { get; }

    /// <summary>What the sink under test has: the lines of the file sink unless it is another.</summary>
    public Func<Task<string[]>> Delivered { get; init; }

    /// <summary>Whether the event with this referrer is among them.</summary>
    public Func<string, Task<bool>> HasDelivered { get; init; }

    public Random Random { get; }

    public OutsideLedger Ledger { get; }

    /// <summary>Broken promises so far, in words.</summary>
    public IReadOnlyList<string> Findings => _findings;

    public bool IsClean => _findings.Count == 0;

    /// <summary>Faults so far.</summary>
    public int Cycles { get; set; }

    public void Add(params IEnumerable<string> findings) => _findings.AddRange(findings);

    /// <summary>
    /// A site that goes on from the state of this one, in a copy of its data directory. The service must be stopped.
    /// </summary>
    public Site CopyTo(string dataDir)
    {
        SystemCommand.Run("cp", "-a", DataDir + "/.", dataDir);
        return new Site(dataDir, _binary, Random, _settings, Ledger.Copy()) { _visitors = _visitors, _last = _last };
    }

    /// <summary>Starts the service; null, and a finding, when it is not ready in time.</summary>
    public async Task<EdgeProcess?> StartAsync(params (string Name, string Value)[] more)
    {
        var edge = Launch(more);
        if (!await edge.IsReadyWithinAsync(RecoveryDeadline))
        {
            Add(
                edge.HasExited
                    ? $"the start was refused: {(await edge.Error).Trim()}"
                    : $"not ready within {RecoveryDeadline.TotalSeconds} s"
            );
            await edge.DisposeAsync();
            return null;
        }
        await CheckCountersAsync(edge);
        return edge;
    }

    /// <summary>Starts the service and waits for nothing.</summary>
    public EdgeProcess Launch(params (string Name, string Value)[] more) =>
        EdgeProcess.Launch(DataDir, ["--demo"], [.. Settings, .. _settings, .. more], _binary);

    /// <summary>Visitors that go on until the service ends or <see cref="EndAsync"/> is called.</summary>
    public Crowd SendCrowd(EdgeProcess edge, int visitsEach = int.MaxValue) =>
        Crowd.Send(edge.Address, Ledger, Random, () => _visitors++, visitsEach);

    public async Task EndAsync(Crowd crowd) => Add(await crowd.EndAsync());

    /// <summary>A crowd for a while; every visit is finished on return.</summary>
    public async Task VisitAsync(EdgeProcess edge, TimeSpan time)
    {
        var crowd = SendCrowd(edge);
        await Task.Delay(time);
        await EndAsync(crowd);
    }

    /// <summary>
    /// Stores events while the sink is off, until the journal holds that many bytes; then stops in order.
    /// </summary>
    public async Task FillBacklogAsync(long bytes)
    {
        if (await StartAsync(("EDGE__SINKS__FILE__ENABLED", "false")) is not { } edge)
        {
            return;
        }

        await using (edge)
        {
            while (await ReadJournalBytesAsync(edge) < bytes && IsClean)
            {
                Add(await SendCrowd(edge, BacklogVisitsEach).FinishAsync());
            }

            await edge.StopAsync();
        }
    }

    /// <summary>
    /// The end of every scenario, faults over: the service starts, acknowledges and delivers a new event in time,
    /// forwards the rest, stops in order, and what it has delivered is compared with what was promised.
    /// </summary>
    /// <param name="damagesRecords">
    /// The scenario damaged records on the disk. Those may be missing, if the service counts them as skipped.
    /// </param>
    public async Task<DeliveryCheck> CheckAsync(bool damagesRecords = false)
    {
        var skipped = 0L;
        var clock = Stopwatch.StartNew();
        if (await StartAsync() is { } edge)
        {
            await using (edge)
            {
                await VisitFreshlyAsync(edge, clock);
                skipped = (await DrainAsync(edge)).Skipped;
                if (await edge.StopAsync() is not 0 and var code)
                {
                    Add($"the orderly stop ended with {code}: {(await edge.Error).Trim()}");
                }
            }
        }
        var check = DeliveryCheck.Of(Ledger, [.. _collected, .. await Delivered()]);
        var isAccountedFor = damagesRecords && check.Lost <= skipped;
        Add(
            check.Findings.Where(finding =>
                !(isAccountedFor && finding.Contains(DeliveryCheck.LostKind, StringComparison.Ordinal))
            )
        );
        if (!damagesRecords && skipped > 0)
        {
            Add($"{skipped} events were skipped");
        }

        return check;
    }

    /// <summary>
    /// Takes the complete forwarded files away, as a log shipper would, and keeps their lines for the check. Only
    /// while nothing is killed: what follows the durable cursor may be written once more.
    /// </summary>
    public void ShipForwardedFiles()
    {
        var directory = Path.Combine(DataDir, "forwarded");
        foreach (var file in Directory.GetFiles(directory, "*.ndjson").Order(StringComparer.Ordinal).SkipLast(1))
        {
            _collected.AddRange(File.ReadAllLines(file));
            File.Delete(file);
        }
    }

    /// <summary>
    /// The counters once nothing is under way, checked against each other, against the visitors and against the time
    /// before.
    /// </summary>
    public async Task<Counters?> CheckCountersAsync(EdgeProcess edge)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                var counters = await ReadCountersAsync(edge);
                var broken = counters.BrokenEquations().ToArray();
                if ((broken.Length > 0 || counters.InFlight > 0) && clock.Elapsed < RecoveryDeadline)
                {
                    await Task.Delay(PollPause);
                    continue;
                }
                Add(broken);
                Add(counters.BrokenPromises(Ledger.Count(Promise.Disk), Ledger.Attempted));
                if (_last is not null)
                {
                    Add(counters.BrokenSince(_last));
                }

                return _last = counters;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                Add($"the ledger cannot be read: {e.Message}");
                return null;
            }
        }
    }

    private static async Task<Counters> ReadCountersAsync(EdgeProcess edge) =>
        Counters.Parse(await edge.Client.GetStringAsync("/ledger"));

    private static async Task<long> ReadJournalBytesAsync(EdgeProcess edge)
    {
        const string Metric = "edge_journal_bytes ";
        var metrics = await edge.Client.GetStringAsync("/metrics");
        var sample = metrics.Split('\n').Single(line => line.StartsWith(Metric, StringComparison.Ordinal));
        return long.Parse(sample.AsSpan(Metric.Length), CultureInfo.InvariantCulture);
    }

    private async Task VisitFreshlyAsync(EdgeProcess edge, Stopwatch clock)
    {
        using var visitor = new Visitor(_visitors++, edge.Address, Ledger, Random);
        var fresh = await visitor.VisitOnceAsync();
        if (visitor.Finding is not null)
        {
            Add(visitor.Finding);
        }

        if (fresh?.Promise != Promise.Disk)
        {
            Add(
                $"after the last fault a new event was not acknowledged but {fresh?.Promise.ToString() ?? "without answer"}"
            );
            return;
        }
        while (!await HasDelivered(fresh.Referrer))
        {
            if (clock.Elapsed > (_isPlanted ? PlantedDeadline : RecoveryDeadline))
            {
                Add($"after the last fault a new event was not delivered within {clock.Elapsed.TotalSeconds:F0} s");
                return;
            }
            await Task.Delay(PollPause);
        }
    }

    private async Task<Counters> DrainAsync(EdgeProcess edge)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var counters = await ReadCountersAsync(edge);
            if (counters is { Pending: 0, InFlight: 0 })
            {
                return counters;
            }

            if (clock.Elapsed > (_isPlanted ? PlantedDeadline : DrainDeadline))
            {
                Add($"{counters.Pending} events are still pending after {clock.Elapsed.TotalSeconds:F0} s");
                return counters;
            }
            await Task.Delay(PollPause);
        }
    }
}
