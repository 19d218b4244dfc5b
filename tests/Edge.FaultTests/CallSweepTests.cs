using System.Diagnostics;
using Edge.FaultTests.Scenarios;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests;

/// <summary>Every single system call may fail, in every way, at any time.</summary>
public class CallSweepTests
{
    private const int SamplesInShortTier = 2;

    /// <summary>Calls a run makes at least; samples are drawn from these.</summary>
    private const int CallsAtLeast = 60;

    private const int CallsAtMost = 5_000;

    /// <summary>Longer than a request waits for its commit.</summary>
    private const string Hang = "hang=3000";

    public static TheoryData<string> Failures() => ["ENOSPC", "EIO", "EINTR", "EMFILE", "short", Hang];

    [Theory]
    [MemberData(nameof(Failures))]
    public Task AnyCall_FailsInANewJournal_LosesNothingAcknowledged(string what) => SweepAsync(what, isAged: false);

    [Theory]
    [MemberData(nameof(Failures))]
    public Task AnyCall_FailsInAFullJournal_LosesNothingAcknowledged(string what) => SweepAsync(what, isAged: true);

    private static async Task SweepAsync(string what, bool isAged)
    {
        var state = isAged ? "full segment" : "new journal";
        var report = new RunReport($"call n fails with {what}, {state}", Tier.Seed, cyclesWanted: null);
        var random = new Random(Tier.Seed);
        using var original = new TempDirectory();
        var aged = new Site(original.Path, FaultBuild.Path, random);
        if (isAged) await aged.FillBacklogAsync(CallSweepScenario.AgedBytes);

        var beganAt = Stopwatch.GetTimestamp();
        var isComplete = false;
        foreach (var nth in Tier.IsLong ? Enumerable.Range(1, CallsAtMost) : Samples(random))
        {
            using var directory = new TempDirectory();
            Directory.CreateDirectory(directory["data"]);
            var site = aged.CopyTo(directory["data"]);
            var (wasHit, verdict) = await new CallSweepScenario(what).RunAsync(site, nth);
            report.Add(1, verdict);
            if (!site.IsClean) Assert.Fail($"call {nth} fails with {what}, {state}, seed {Tier.Seed} ({verdict}):\n{string.Join('\n', site.Findings)}");
            isComplete = !wasHit;
            if (isComplete || !Tier.HasTime(beganAt)) break;
        }
        await report.WriteAsync();
        Assert.False(Tier.IsLong && !isComplete && Tier.HasTime(beganAt), $"{CallsAtMost} calls were not enough");
    }

    private static IEnumerable<int> Samples(Random random) => Enumerable.Range(0, SamplesInShortTier).Select(_ => random.Next(1, CallsAtLeast));
}
