using System.Globalization;
using Edge.FaultTests.Disk;
using Edge.FaultTests.Network;
using Edge.FaultTests.Oracle;
using Edge.Tests.Support;

namespace Edge.FaultTests.Fleets;

/// <summary>
/// A fleet in a network of its own: two origins over PostgreSQL, of which one has the address that the edges ask, edges,
/// and ClickHouse. What contradicts a promise is collected as a finding and not thrown, because a planted bug is proven
/// by findings. One task uses it, beside the visitors.
/// </summary>
internal sealed class FleetSite : IAsyncDisposable
{
    /// <summary>The experiment that visitors see.</summary>
    public const string Slug = "demo-ab";

    public const string Table = "edge_events";

    private const string FleetId = "chaos";
    private const string Secret = "8c2f0e6d17a94b53e0d1f7725c3ab964";
    private const string OriginUrl = "EDGE__FLEET__ORIGINURL";
    private const int Port = 8_080;

    /// <summary>Longer referrers would prove nothing more.</summary>
    private const int FillerMaxChars = 200;

    private const int DiskMebibytes = 64;

    private static readonly TimeSpan ManageTime = TimeSpan.FromSeconds(4);

    /// <summary>Everything as small as it may be, so that pages and segments are crossed; an answer waits for the disk.</summary>
    private static readonly (string Name, string Value)[] Common =
    [
        ("EDGE__FLEET__ID", FleetId),
        ("EDGE__FLEET__SECRET", Secret),
        ("EDGE__ACK__PIXEL", "disk"),
        ("EDGE__ACK__CLICK", "disk"),
        ("EDGE__HTTP__STOPGRACEMS", "0"),
        ("EDGE__JOURNAL__PAGEBYTES", "65536"),
        ("EDGE__JOURNAL__MEMORYBYTES", "524288"),
        ("EDGE__JOURNAL__SEGMENTBYTES", "1048576"),
        ("EDGE__JOURNAL__FREERESERVEBYTES", "1048576"),
        ("EDGE__JOURNAL__RETAINBYTES", "0"),
        ("EDGE__SINKS__FILE__ENABLED", "false"),
    ];

    private readonly TempDirectory _directory = new();
    private readonly List<string> _findings = [];
    private readonly List<string> _expected = [];
    private readonly FleetPlan _plan;
    private string _key = "";
    private int _experiments;

    private FleetSite(FleetPlan plan, TestNetwork network, LoopDisk? disk, Random random)
    {
        (_plan, Network, Disk, Random) = (plan, network, disk, random);
        OriginAddress = network.NewAddress();
        Ledger = new OutsideLedger($"fleet-{random.Next():x8}", FillerMaxChars);
    }

    public TestNetwork Network { get; }

    /// <summary>Of the first edge; null when it has none of its own.</summary>
    public LoopDisk? Disk { get; }

    public Random Random { get; }

    public OutsideLedger Ledger { get; }

    /// <summary>The address that edges ask; it can be moved.</summary>
    public string OriginAddress { get; }

    public Uri OriginEndpoint => new($"http://{OriginAddress}:{Port}");

    public ClickHouseServer ClickHouse { get; private set; } = null!;

    public TestHost ClickHouseHost { get; private set; } = null!;

    public PostgresServer Postgres { get; private set; } = null!;

    public TestHost PostgresHost { get; private set; } = null!;

    public IReadOnlyList<FleetNode> Origins { get; private set; } = [];

    public IReadOnlyList<FleetNode> Edges { get; private set; } = [];

    public IEnumerable<FleetNode> Nodes => Origins.Concat(Edges);

    /// <summary>The origin that edges ask.</summary>
    public FleetNode Leader { get; private set; } = null!;

    /// <summary>The first edition that the fleet has had, as it is sent.</summary>
    public byte[] FirstEdition { get; private set; } = [];

    /// <summary>Slugs that every edge has to serve: the origin has said that it serves them.</summary>
    public IReadOnlyList<string> Expected => _expected;

    public IReadOnlyList<string> Findings => _findings;

    public bool IsClean => _findings.Count == 0;

    public static async Task<FleetSite> StartAsync(FleetPlan plan, Random random)
    {
        var network = TestNetwork.CreateOrSkip();
        FleetSite? site = null;
        try
        {
            var disk = plan.Faults.Contains(FleetFaults.FullDisk) ? LoopDisk.CreateOrSkip(DiskMebibytes) : null;
            site = new FleetSite(plan, network, disk, random);
            await site.StartAsync();
            return site;
        }
        catch
        {
            await (site?.DisposeAsync() ?? default);
            network.Dispose();
            throw;
        }
    }

    public void Add(params IEnumerable<string?> findings) => _findings.AddRange(findings.OfType<string>());

    /// <summary>Starts a node; when it is not ready in time, that is a finding.</summary>
    public async Task StartAsync(FleetNode node) => Add(await node.StartAsync());

    /// <summary>Gives an origin the address that edges ask; null stands for the tests.</summary>
    public void Lead(FleetNode? origin)
    {
        Network.Move(OriginAddress, origin?.Host);
        Leader = origin ?? Leader;
    }

    /// <summary>
    /// The edition that an edge has in force, as it is sent; empty when it has none. Behind eight bytes of its own the
    /// copy is the document.
    /// </summary>
    public static byte[] EditionOf(FleetNode edge)
    {
        var path = CopyOf(edge);
        return File.Exists(path) ? File.ReadAllBytes(path)[8..] : [];
    }

    public static string CopyOf(FleetNode edge) => Path.Combine(edge.DataDir, "fleet", "catalog");

    /// <summary>
    /// Creates an experiment at one of the origins and starts it. While PostgreSQL or the origin is away that does not
    /// succeed, and what was not confirmed is not expected.
    /// </summary>
    public async Task<bool> EditAsync()
    {
        var origin = Origins[Random.Next(Origins.Count)];
        return origin.IsOpen
            && await CreateAsync(origin, string.Create(CultureInfo.InvariantCulture, $"chaos-{_experiments++}"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }

        await (ClickHouse?.DisposeAsync() ?? default);
        await (Postgres?.DisposeAsync() ?? default);
        Disk?.Dispose();
        Network.Dispose();
        _directory.Dispose();
    }

    private async Task StartAsync()
    {
        ClickHouseHost = Network.Add("clickhouse");
        PostgresHost = Network.Add("postgres");
        ClickHouse = await ClickHouseServer.StartAsync(ClickHouseHost.Place);
        Postgres = await PostgresServer.StartAsync(PostgresHost.Place);
        var house = HouseSettings();
        (string, string)[] origins =
        [
            .. Common,
            .. house,
            ("EDGE__ROLE", "origin"),
            ("EDGE__STORE__KIND", "postgres"),
            ("EDGE__STORE__CONNECTION", await Postgres.CreateDatabaseAsync()),
            ("EDGE__STORE__POLLMS", "1000"),
            ("EDGE__API__REQUESTSPERMINUTE", "100000"),
        ];
        await RunAsync(["sink", "init", "house"], house);
        await RunAsync(["store", "migrate"], origins);
        _key = await RunAsync(["keys", "create", "--kind", "pictify", "--data-dir", _directory["commands"]], origins);

        Origins = [Node("origin-a", _plan.OriginBinary, origins), Node("origin-b", _plan.OriginBinary, origins)];
        foreach (var origin in Origins)
        {
            await StartAsync(origin);
        }

        Lead(Origins[0]);
        if (!await CreateAsync(Leader, Slug))
        {
            Add($"the first experiment was not created: {Leader.Messages}");
        }

        Edges =
        [
            .. Enumerable
                .Range(1, _plan.Edges)
                .Select(number => Node(string.Create(CultureInfo.InvariantCulture, $"edge-{number}"), _plan.EdgeBinary, OfEdge(number))),
        ];
        // All at once: none of them needs another one.
        foreach (var problem in await Task.WhenAll(Edges.Select(edge => edge.StartAsync())))
        {
            Add(problem);
        }

        if (IsClean)
        {
            // An edition is in force before its copy is written.
            FirstEdition = await Wait.ForAsync(() => Task.FromResult(EditionOf(Edges[0])), static edition => edition.Length > 0);
        }
    }

    private (string Name, string Value)[] OfEdge(int number) =>
        [
            .. Common,
            ("EDGE__ROLE", "edge"),
            (OriginUrl, OriginEndpoint.ToString()),
            .. number % 3 == 0
                ? new[] { ("EDGE__SINKS__ORIGIN__RETRYCEILINGMS", "500") }
                : [.. HouseSettings(), ("EDGE__SINKS__ORIGIN__ENABLED", "false")],
            .. _plan.EdgeSettings,
        ];

    private (string Name, string Value)[] HouseSettings() =>
        [
            ("EDGE__SINKS__HOUSE__TYPE", "clickhouse"),
            ("EDGE__SINKS__HOUSE__URL", $"http://{ClickHouseHost.Address}:{ClickHouse.Port}/"),
            ("EDGE__SINKS__HOUSE__TABLE", Table),
            ("EDGE__SINKS__HOUSE__PASSWORD", ClickHouseServer.Password),
            ("EDGE__SINKS__HOUSE__LINGERMS", "700"),
            ("EDGE__SINKS__HOUSE__REQUESTTIMEOUTMS", "3000"),
            ("EDGE__SINKS__HOUSE__CONNECTTIMEOUTMS", "1000"),
            ("EDGE__SINKS__HOUSE__RETRYCEILINGMS", "500"),
        ];

    private FleetNode Node(string name, string binary, (string Name, string Value)[] settings)
    {
        var hasDisk = Disk is not null && name == "edge-1";
        var dataDir = hasDisk ? Path.Combine(Disk!.Path, "data") : _directory[name, "data"];
        return new FleetNode(Network.Add(name), _directory[name], dataDir, binary, settings);
    }

    private async Task<bool> CreateAsync(FleetNode origin, string slug)
    {
        const string Variants = """[{"id":"a","weight":5000},{"id":"b","weight":5000}]""";
        var (status, created) = await origin.ManageAsync(
            _key,
            "",
            $$$"""
            {"name":"Chaos","slug":"{{{slug}}}","type":"ab_test","variants":{{{Variants}}},
             "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/landing"}}
            """,
            ManageTime
        );
        if (status is not (201 or 0 or 503))
        {
            Add($"{origin.Name} answered {status} to a new experiment: {created}");
        }

        if (status != 201)
        {
            return false;
        }

        var uid = created.GetProperty("experiment").GetProperty("uid").GetString();
        var (started, answer) = await origin.ManageAsync(_key, $"/{uid}/start", "", ManageTime);
        if (started is not (200 or 0 or 503))
        {
            Add($"{origin.Name} answered {started} to the start of {slug}: {answer}");
        }

        if (started != 200)
        {
            return false;
        }

        _expected.Add(slug);
        return true;
    }

    private static async Task<string> RunAsync(string[] arguments, (string Name, string Value)[] settings)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync(arguments, settings);
        return exitCode == 0
            ? output.Trim()
            : throw new InvalidOperationException($"edge {string.Join(' ', arguments)}: {error}");
    }
}
