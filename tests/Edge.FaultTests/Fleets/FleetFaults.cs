using Edge.FaultTests.Network;

namespace Edge.FaultTests.Fleets;

/// <summary>One thing that happens to a fleet, and its end.</summary>
/// <param name="Name">What happens, and to whom.</param>
/// <param name="Holds">What no other fault may touch at the same time.</param>
/// <param name="StrikeAsync">Lets it happen.</param>
/// <param name="HealAsync">Ends it.</param>
internal sealed record FleetFault(string Name, string[] Holds, Func<Task> StrikeAsync, Func<Task> HealAsync);

/// <summary>Draws what happens to a fleet.</summary>
internal sealed class FleetFaults(FleetSite site)
{
    public const string CutFromOrigin = "cut edge from origin";
    public const string CutFromClickHouse = "cut edge from ClickHouse";
    public const string CutFromPostgres = "cut origin from PostgreSQL";
    public const string KillEdge = "kill edge";
    public const string KillOrigin = "kill origin";
    public const string KillClickHouse = "kill ClickHouse";
    public const string KillPostgres = "kill PostgreSQL";
    public const string SlowLink = "slow link";
    public const string LossyLink = "lossy link";
    public const string FalseEdition = "false origin";
    public const string OlderEdition = "false origin, an older edition";
    public const string OtherOrigin = "another origin";
    public const string DamagedCopy = "damaged copy";
    public const string FullDisk = "full disk";
    public const string ClockJump = "clock";

    /// <summary>Every kind there is.</summary>
    public static readonly string[] All =
    [
        CutFromOrigin,
        CutFromClickHouse,
        CutFromPostgres,
        KillEdge,
        KillOrigin,
        KillClickHouse,
        KillPostgres,
        SlowLink,
        LossyLink,
        FalseEdition,
        OtherOrigin,
        DamagedCopy,
        FullDisk,
        ClockJump,
    ];

    /// <summary>Who holds the address that edges ask.</summary>
    private const string Address = "address of the origin";

    private const int LossPercentMax = 20;
    private const int LinkKilobitsMin = 500;
    private const int LinkKilobitsMax = 4_000;

    private static readonly TimeSpan[] Jumps =
    [
        TimeSpan.FromDays(-2),
        TimeSpan.FromHours(-1),
        TimeSpan.FromSeconds(-70),
        TimeSpan.FromSeconds(70),
        TimeSpan.FromHours(1),
        TimeSpan.FromDays(2),
    ];

    private static readonly TimeSpan DiskPause = TimeSpan.FromMilliseconds(50);

    /// <summary>A fault of a kind; everything about it is drawn now.</summary>
    public FleetFault Draw(string kind) =>
        kind switch
        {
            CutFromOrigin => CutEdgeFromOrigin(AnyEdge()),
            CutFromClickHouse => Cut(AnyEdge().Host, site.ClickHouseHost),
            CutFromPostgres => Cut(AnyOrigin().Host, site.PostgresHost),
            KillEdge => Kill(AnyEdge()),
            KillOrigin => Kill(AnyOrigin()),
            KillClickHouse => KillServer(kind, site.ClickHouseHost, site.ClickHouse.KillAsync, site.ClickHouse.StartAgainAsync),
            KillPostgres => KillServer(kind, site.PostgresHost, site.Postgres.KillAsync, site.Postgres.StartAgainAsync),
            SlowLink => Slow(AnyHost(), site.Random.Next(LinkKilobitsMin, LinkKilobitsMax)),
            LossyLink => Lose(AnyHost(), site.Random.Next(1, LossPercentMax + 1)),
            FalseEdition => Lie(Of(FalseOrigin.Lies)),
            OlderEdition => Lie(FalseOrigin.Older),
            OtherOrigin => Replace(site.Leader, site.Origins.First(origin => origin != site.Leader)),
            DamagedCopy => Damage(AnyEdge()),
            FullDisk => Fill(site.Edges[0]),
            _ => Jump(Of([.. site.Nodes]), Of(Jumps)),
        };

    private T Of<T>(IReadOnlyList<T> values) => values[site.Random.Next(values.Count)];

    private FleetNode AnyEdge() => Of(site.Edges);

    private FleetNode AnyOrigin() => Of(site.Origins);

    private TestHost AnyHost() => Of(site.Network.Hosts);

    /// <summary>Both ways, or only one: then questions arrive and answers do not, or the reverse.</summary>
    private (bool There, bool Back) Ways() =>
        site.Random.Next(3) switch
        {
            0 => (true, true),
            1 => (true, false),
            _ => (false, true),
        };

    private FleetFault Cut(TestHost a, TestHost b)
    {
        var (there, back) = Ways();
        return OnLinks(
            $"{a.Name} cut from {b.Name}{Text(there, back)}",
            [$"{a.Name}/{b.Name}"],
            () => [.. there ? [b.Drop(a.Address)] : Array.Empty<Action>(), .. back ? [a.Drop(b.Address)] : Array.Empty<Action>()]
        );
    }

    private FleetFault CutEdgeFromOrigin(FleetNode edge)
    {
        var (there, back) = Ways();
        return OnLinks(
            $"{edge.Name} cut from the origin{Text(there, back)}",
            [LinkToOrigin(edge)],
            () =>
                [
                    .. there ? site.Origins.Select(origin => origin.Host.Drop(edge.Host.Address)) : [],
                    .. back ? [edge.Host.Drop(site.OriginAddress)] : Array.Empty<Action>(),
                ]
        );
    }

    private static string LinkToOrigin(FleetNode edge) => edge.Name + "/origin";

    private static string Text(bool there, bool back) => there && back ? "" : there ? ", there" : ", back";

    private static FleetFault Slow(TestHost host, int kilobits) =>
        OnLinks($"link of {host.Name} has {kilobits} kbit/s", [host.Name], () => [host.Slow(kilobits)]);

    private static FleetFault Lose(TestHost host, int percent) =>
        OnLinks($"link of {host.Name} loses {percent} %", [host.Name], () => [host.Lose(percent)]);

    private static FleetFault OnLinks(string name, string[] holds, Func<Action[]> strike)
    {
        Action[] undo = [];
        return new FleetFault(
            name,
            holds,
            () =>
            {
                undo = strike();
                return Task.CompletedTask;
            },
            () =>
            {
                foreach (var action in undo)
                {
                    action();
                }

                return Task.CompletedTask;
            }
        );
    }

    private FleetFault Kill(FleetNode node) =>
        new($"{node.Name} killed", [node.Name], node.KillAsync, () => site.StartAsync(node));

    private static FleetFault KillServer(string name, TestHost host, Func<Task> killAsync, Func<Task> startAsync) =>
        new(name, [host.Name], killAsync, startAsync);

    /// <summary>
    /// Somebody else has the origin's address. The origin ends first: its connections would go on.
    /// </summary>
    private FleetFault Lie(string lie)
    {
        var leader = site.Leader;
        FalseOrigin? other = null;
        return new FleetFault(
            $"false origin: {lie}",
            [leader.Name, Address],
            async () =>
            {
                await leader.KillAsync();
                site.Lead(null);
                var newest = site.Edges.Select(FleetSite.EditionOf).First(edition => edition.Length > 0);
                other = await FalseOrigin.StartAsync(site.OriginEndpoint, lie, site.FirstEdition, newest);
            },
            async () =>
            {
                // While it is still there: afterwards the edges get what is right again.
                await CheckVersionsAsync();
                await other!.DisposeAsync();
                site.Lead(leader);
                await site.StartAsync(leader);
            }
        );
    }

    private async Task CheckVersionsAsync()
    {
        foreach (var edge in site.Edges.Where(edge => edge.IsOpen))
        {
            site.Add(await edge.CheckVersionAsync());
        }
    }

    /// <summary>The leader is lost, and the other one gets its address.</summary>
    private FleetFault Replace(FleetNode leader, FleetNode other) =>
        new(
            $"{other.Name} in the place of {leader.Name}",
            [leader.Name, other.Name, Address],
            async () =>
            {
                await leader.KillAsync();
                site.Lead(other);
            },
            () => site.StartAsync(leader)
        );

    /// <summary>
    /// The copy of an edge is damaged while it is down. Without its origin it would not be ready again, so that is left
    /// alone.
    /// </summary>
    private FleetFault Damage(FleetNode edge)
    {
        var isCut = site.Random.Next(2) == 0;
        return new FleetFault(
            $"{edge.Name} killed, its copy {(isCut ? "cut" : "changed")}",
            [edge.Name, LinkToOrigin(edge), Address, .. site.Origins.Select(origin => origin.Name)],
            async () =>
            {
                await edge.KillAsync();
                if (!File.Exists(FleetSite.CopyOf(edge)))
                {
                    return;
                }

                using var copy = new FileStream(FleetSite.CopyOf(edge), FileMode.Open, FileAccess.ReadWrite);
                var middle = copy.Length / 2;
                if (isCut)
                {
                    copy.SetLength(middle);
                    return;
                }

                copy.Position = middle;
                var there = copy.ReadByte();
                copy.Position = middle;
                copy.WriteByte((byte)(there ^ 1));
            },
            () => site.StartAsync(edge)
        );
    }

    /// <summary>The disk of an edge is full, and what is freed on it is taken at once.</summary>
    private FleetFault Fill(FleetNode edge)
    {
        var disk = site.Disk!;
        var end = new CancellationTokenSource();
        var filling = Task.CompletedTask;
        return new FleetFault(
            $"disk of {edge.Name} full",
            [edge.Name],
            () =>
            {
                disk.FillUp();
                filling = Task.Run(async () =>
                {
                    while (!end.IsCancellationRequested)
                    {
                        disk.FillUp();
                        await Task.Delay(DiskPause);
                    }
                });
                return Task.CompletedTask;
            },
            async () =>
            {
                await end.CancelAsync();
                await filling;
                end.Dispose();
                disk.MakeRoom();
            }
        );
    }

    private static FleetFault Jump(FleetNode node, TimeSpan by) =>
        new(
            $"clock of {node.Name} {by:c}",
            [node.Name + " clock"],
            () =>
            {
                node.Clock.Shift = by;
                return Task.CompletedTask;
            },
            () =>
            {
                node.Clock.Shift = TimeSpan.Zero;
                return Task.CompletedTask;
            }
        );
}
