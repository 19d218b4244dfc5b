using System.Diagnostics;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// <see cref="CallSweepScenario"/> for one failure and one call after the other, until a run ends without having made
/// that many calls.
/// </summary>
internal static class CallSweep
{
    /// <summary>Calls a start makes at least.</summary>
    private const int CallsOfStart = 60;

    /// <summary>Calls a run with its traffic makes at least.</summary>
    private const int CallsAtLeast = 130;

    private const int CallsAtMost = 5_000;

    /// <summary>Every call in the long tier, one of the start and one under traffic in the short one.</summary>
    public static Task RunAsync(string what, bool isAged)
    {
        var random = new Random(Tier.Seed + what.Length);
        return RunAsync(
            what,
            isAged,
            Tier.IsLong
                ? Enumerable.Range(1, CallsAtMost)
                : [random.Next(1, CallsOfStart), random.Next(CallsOfStart, CallsAtLeast)]
        );
    }

    /// <summary>Only some calls under traffic.</summary>
    public static Task RunSamplesAsync(string what, int samples)
    {
        var random = new Random(Tier.Seed);
        return RunAsync(
            what,
            isAged: true,
            Enumerable.Range(0, samples).Select(_ => random.Next(CallsOfStart, CallsAtLeast))
        );
    }

    private static async Task RunAsync(string what, bool isAged, IEnumerable<int> calls)
    {
        var state = isAged ? "full segment" : "new journal";
        var random = new Random(Tier.Seed);
        using var original = new TempDirectory();
        var aged = new Site(original.Path, FaultBuild.Path, random);
        if (isAged)
        {
            await aged.FillBacklogAsync(CallSweepScenario.AgedBytes);
        }

        var report = new RunReport($"a call fails with {what}, {state}", Tier.Seed, cyclesWanted: null);
        var beganAt = Stopwatch.GetTimestamp();
        foreach (var nth in calls)
        {
            using var directory = new TempDirectory();
            Directory.CreateDirectory(directory["data"]);
            var site = aged.CopyTo(directory["data"]);
            var (wasHit, check) = await new CallSweepScenario(what).RunAsync(site, nth);
            report.Add(1, check);
            Assert.True(
                site.IsClean,
                $"call {nth} fails with {what}, {state}, seed {Tier.Seed} ({check}):\n{string.Join('\n', site.Findings)}"
            );
            if (!wasHit)
            {
                report.SetComplete();
            }

            if (!wasHit || !Tier.HasTime(beganAt))
            {
                break;
            }
        }
        await report.WriteAsync();
    }
}
