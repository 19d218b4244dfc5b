namespace Edge.FaultTests.Scenarios;

/// <summary>kill -9 under traffic: what the process had in memory is gone, what it had written is not.</summary>
internal static class KillScenario
{
    private const int BootKillPercent = 15;
    private const int SinkOffPercent = 20;
    private const int BootMaxMs = 80;
    private const int TrafficMinMs = 50;
    private const int TrafficMaxMs = 500;

    /// <summary>Longest time a planted kill point may take to be reached.</summary>
    private const int PlantedMaxMs = 1_500;

    /// <summary>
    /// Kills at random moments, sometimes in the middle of the start; in some cycles the sink is off and a backlog
    /// grows.
    /// </summary>
    public static async Task AtRandomMomentsAsync(Site site, int cycles)
    {
        for (var i = 0; i < cycles && site.IsClean; i++)
        {
            site.Cycles++;
            if (site.Random.Next(100) < BootKillPercent)
            {
                await using var starting = site.Launch();
                await Task.Delay(site.Random.Next(BootMaxMs));
                continue;
            }
            if (await site.StartAsync(SinkSwitch(site)) is not { } edge)
            {
                return;
            }

            await using (edge)
            {
                var crowd = site.SendCrowd(edge);
                await Task.Delay(site.Random.Next(TrafficMinMs, TrafficMaxMs));
                await edge.KillAsync();
                await site.EndAsync(crowd);
            }
        }
    }

    /// <summary>The fault build kills itself at one of its kill points, chosen in turn, at a random passage.</summary>
    public static async Task AtPlantedPointsAsync(Site site, int cycles, IReadOnlyList<KillPoint> points)
    {
        for (var i = 0; i < cycles && site.IsClean; i++)
        {
            site.Cycles++;
            var point = points[i % points.Count];
            await using var edge = site.Launch(
                ("EDGE_KILL_AT", $"{point.Name}:{site.Random.Next(1, point.MaxPassage + 1)}")
            );
            // It may die before it is ready, which is as good a moment as any.
            if (!await edge.IsReadyWithinAsync(TimeSpan.FromMilliseconds(PlantedMaxMs)))
            {
                continue;
            }

            var crowd = site.SendCrowd(edge);
            await edge.ExitCodeWithinAsync(TimeSpan.FromMilliseconds(PlantedMaxMs));
            await edge.KillAsync();
            await site.EndAsync(crowd);
        }
    }

    private static (string Name, string Value)[] SinkSwitch(Site site) =>
        site.Random.Next(100) < SinkOffPercent ? [("EDGE__SINKS__FILE__ENABLED", "false")] : [];
}

/// <summary>
/// A named place in the fault build, and how often at most it is passed before the process is killed there.
/// </summary>
internal sealed record KillPoint(string Name, int MaxPassage)
{
    public static readonly KillPoint[] All =
    [
        new("after-enqueue", 500),
        new("before-allocate", 2),
        new("after-data-write", 100),
        new("before-slot", 100),
        new("after-slot", 100),
        new("before-sink", 5),
        new("after-sink", 5),
        new("before-cursor", 2),
        new("after-cursor", 2),
        new("before-unlink", 2),
    ];
}
