using System.Diagnostics;
using Edge.FaultTests.Oracle;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// Repeats a scenario in rounds: each round has a data directory of its own, goes through some cycles of start, traffic
/// and fault, and ends with a check. So births of the journal are hit as well as old age, and a failed round names
/// the seed that repeats it.
/// </summary>
internal static class Rounds
{
    private const int CyclesPerRound = 25;

    /// <summary>One round: runs that many cycles on its site, returns the site and its check.</summary>
    public delegate Task<(Site Site, DeliveryCheck Check)> Round(Random random, int cycles);

    /// <summary>Runs rounds until there were that many cycles, reports, and fails when a promise was broken.</summary>
    public static async Task RunAsync(string test, int cycles, Round round)
    {
        var report = new RunReport(test, Tier.Seed, cycles);
        var beganAt = Stopwatch.GetTimestamp();
        for (var number = 0; report.CyclesLeft > 0 && Tier.HasTime(beganAt); number++)
        {
            var count = Math.Min(CyclesPerRound, report.CyclesLeft);
            var (site, check) = await round(new Random(SeedOf(Tier.Seed, number)), count);
            report.Add(site.Cycles, check);
            if (site.IsClean)
            {
                continue;
            }

            await report.WriteAsync();
            Assert.Fail($"{test}, seed {Tier.Seed}, round {number} ({check}):\n{string.Join('\n', site.Findings)}");
        }
        await report.WriteAsync();
    }

    /// <summary>A round in a temporary directory.</summary>
    /// <param name="binary">The build under test.</param>
    /// <param name="cycles">Runs that many cycles on the site.</param>
    /// <param name="settings">Environment of the service.</param>
    /// <param name="damagesRecords">See <see cref="Site.CheckAsync"/>.</param>
    public static Round On(
        string binary,
        Func<Site, int, Task> cycles,
        (string Name, string Value)[]? settings = null,
        bool damagesRecords = false
    ) =>
        async (random, count) =>
        {
            using var directory = new TempDirectory();
            var site = new Site(directory.Path, binary, random, settings ?? []);
            await cycles(site, count);
            return (site, await site.CheckAsync(damagesRecords));
        };

    /// <summary>The same in every process, other than <see cref="System.HashCode"/>.</summary>
    public static int SeedOf(int seed, int number) => unchecked((seed * 31) + number);
}
