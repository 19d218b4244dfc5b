using Edge.LoadTests;
using Edge.LoadTests.Commands;
using Edge.LoadTests.Generation;
using Edge.LoadTests.Reconciliation;
using Edge.LoadTests.Reports;
using Edge.LoadTests.Scenarios;
using Edge.LoadTests.Simulations;
using Edge.LoadTests.Targets;
using Edge.LoadTests.Verdicts;
using Xunit;

namespace Edge.Tests.Load;

/// <summary>Thresholds, the run's ledger beside the server's, and the figures that they are judged by.</summary>
public class VerdictTests
{
    [Theory]
    [InlineData("p99<=50ms", 50, true)]
    [InlineData("p99<50ms", 50, false)]
    [InlineData("p99<=50", 50.1, false)]
    [InlineData("p50<=500us", 0.5, true)]
    [InlineData("max<=2s", 1_999, true)]
    [InlineData("errors<=0.1%", 0.2, false)]
    [InlineData("rate>=99%", 98.9, false)]
    [InlineData("rate>98.9", 98.9, false)]
    [InlineData("cpu <= 80us", 79, true)]
    [InlineData("lost<=0", 1, false)]
    public void Threshold_AndFigure_AreCompared(string text, double figure, bool passes) =>
        Assert.Equal(passes, Threshold.Parse(text).Judge(figure).Passed);

    [Fact]
    public void Threshold_OfWhatWasNotMeasured_IsNotKept() =>
        Assert.False(Threshold.Parse("cpu<=80us").Judge(null).Passed);

    [Theory]
    [InlineData("p99", "is no threshold")]
    [InlineData("p99<=", "is no threshold")]
    [InlineData("p99<=fast", "is no threshold")]
    [InlineData("p99<=5%", "is no threshold")]
    [InlineData("p95<=5ms", "did you mean")]
    [InlineData("error<=1%", "did you mean errors?")]
    [InlineData("errors<=-1%", "is no threshold")]
    [InlineData("p99<=NaN", "is no threshold")]
    [InlineData("p99<=1,5ms", "is no threshold")]
    // None of these could ever fail, or ever pass.
    [InlineData("errors<=200%", "is no threshold")]
    [InlineData("rate>=101%", "is no threshold")]
    [InlineData("lost>=0", "lost is bounded from above")]
    [InlineData("p99>=5ms", "p99 is bounded from above")]
    [InlineData("rate<=99%", "a rate is bounded from below")]
    public void Threshold_ThatIsNone_IsRefused(string text, string problem) =>
        Assert.Contains(
            problem,
            Assert.Throws<UsageException>(() => Threshold.Parse(text)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Thresholds_OfTheCaller_TakeThePlaceOfTheScenarios()
    {
        var combined = Threshold.Combine(["errors<=0.1%", "lost<=0"], ["errors<=5%", "p99<=10ms"]);

        Assert.Equal(["lost<=0", "errors<=5%", "p99<=10ms"], combined.Select(static threshold => threshold.Text));
    }

    [Theory]
    // What was acknowledged is stored or dropped; what is unconfirmed may be either; others may send more.
    [InlineData(100, 0, 100, 0, true, 0, 0)]
    [InlineData(100, 0, 97, 3, true, 3, 0)]
    [InlineData(100, 5, 103, 0, true, 0, 0)]
    [InlineData(100, 0, 99, 0, true, 1, 1)]
    [InlineData(100, 0, 120, 0, false, 0, 0)]
    [InlineData(100, 0, 120, 0, true, 0, 1)]
    public void Comparison_OfLedgers_FindsWhatDoesNotAddUp(
        int acknowledged,
        int unconfirmed,
        int stored,
        int dropped,
        bool isAlone,
        int lost,
        int contradictions
    )
    {
        var own = new OwnLedger(acknowledged, new Dictionary<string, long> { ["HTTP 429"] = 7 }, unconfirmed);

        var end = Ledger(1_000 + stored, 50 + dropped);
        var comparison = LedgerComparison.Of(own, Ledger(1_000, 50), end, end, isAlone);

        Assert.Equal(acknowledged + unconfirmed + 7, comparison.Sent);
        Assert.Equal(lost, comparison.Lost);
        Assert.Equal(contradictions, comparison.Contradictions.Count);
    }

    [Theory]
    [InlineData(100, 0)]
    [InlineData(99, 1)]
    [InlineData(101, 1)]
    public void Comparison_OfTheColumnOfTests_FindsWhatIsMissingAndWhatIsThereTwice(int counted, int contradictions)
    {
        var own = new OwnLedger(100, new Dictionary<string, long>(), 0);
        var end = Ledger(1_500, 0) with { Synthetic = 10 + counted };

        var comparison = LedgerComparison.Of(own, Ledger(1_000, 0) with { Synthetic = 10 }, end, end, isAlone: false, isMarked: true);

        Assert.Equal(contradictions, comparison.Contradictions.Count);
    }

    [Theory]
    [InlineData(100, 0, 0, 0)]
    [InlineData(90, 10, 0, 1)]
    [InlineData(90, 0, 0, 1)]
    [InlineData(90, 0, 10, 1)]
    public void Comparison_OfASink_FindsWhatItHasNotTaken(
        int forwarded,
        int pending,
        int deadLettered,
        int contradictions
    )
    {
        var own = new OwnLedger(100, new Dictionary<string, long>(), 0);
        var after = Ledger(1_100, 0) with
        {
            Sinks = [new ServerLedger.Sink("file", 1_000 + forwarded, pending, deadLettered, 0)],
        };

        var comparison = LedgerComparison.Of(own, Ledger(1_000, 0), Ledger(1_100, 0), after, isAlone: true);

        Assert.Equal(contradictions, comparison.Contradictions.Count);
    }

    [Fact]
    public void Comparison_OfASinkThatIsGone_IsAContradiction()
    {
        var own = new OwnLedger(100, new Dictionary<string, long>(), 0);
        var after = Ledger(1_100, 0);

        var comparison = LedgerComparison.Of(own, Ledger(1_000, 0), after, after with { Sinks = [] }, isAlone: true);

        Assert.Equal(["sink file is no longer in the server's ledger"], comparison.Contradictions);
    }

    [Fact]
    public void Server_OfAnotherProcessAtTheEnd_IsNotMeasured()
    {
        var before = new ServerSample { StartedAt = 1, CpuSeconds = 5 };

        var same = Figures.Server(before, before with { CpuSeconds = 6 }, 1_000, Timeline(static _ => 100));
        var restarted = Figures.Server(
            before,
            new ServerSample { StartedAt = 2, CpuSeconds = 7 },
            1_000,
            Timeline(static _ => 100)
        );
        var unnamed = Figures.Server(before, before with { CpuSeconds = 1 }, 1_000, Timeline(static _ => 100));

        Assert.Equal((1_000, 0), (same.CpuMicrosecondsPerRequest, same.MemoryGrowthPercent));
        Assert.Equal((null, null), (restarted.CpuMicrosecondsPerRequest, restarted.MemoryGrowthPercent));
        Assert.Null(unnamed.CpuMicrosecondsPerRequest);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 100)]
    public void Server_FilesGrowth_LeavesConnectionsOut(bool leaks, double growth)
    {
        var sample = new ServerSample();

        var summary = Figures.Server(
            sample,
            sample,
            1,
            Timeline(connections: static second => second < 10 ? 5 : 200, files: second => leaks && second >= 10 ? 60 : 30)
        );

        Assert.Equal(growth, summary.FilesGrowthPercent);
    }

    [Fact]
    public void Answered_CountsWhatCameBack()
    {
        var recorder = new Recorder(measureFrom: 0);
        var request = new LoadRequest
        {
            Step = "step",
            Target = "/",
            Check = Checks.Gif,
        };
        Fate[] fates = [Fate.Passed, Fate.Refused, Fate.Failed, Fate.Wrong, Fate.Broken, Fate.TimedOut];
        foreach (var fate in fates)
        {
            recorder.Ended(request, 1, 0, 1_000_000, fate, fate == Fate.Passed ? null : "problem");
        }

        var plan = new LoadPlan([new Inject(6, TimeSpan.FromSeconds(1))]);
        var counts = Figures.Requests(Results.Of([recorder]).Totals, plan, warmUp: 0, plan.Length);

        Assert.Equal(4, counts.AnsweredRate);
        Assert.Equal((6, 5), (counts.Ended, counts.Errors));
    }

    [Fact]
    public async Task GeneratorsDelay_OfAServerThatIsDown_IsNotItsOwn()
    {
        using var generator = new GeneratorOptions
        {
            Address = new Uri("http://127.0.0.1:1"),
            Timeout = TimeSpan.FromMilliseconds(500),
        }.Create();
        var traffic = new Traffic { Experiment = "none", Run = "run" };
        var plan = new LoadPlan([new Inject(2_000, TimeSpan.FromMilliseconds(500))]);

        await generator.RunAsync(new PixelScenario(traffic), plan, Clock.Now, CancellationToken.None);

        var results = Results.Of(generator.Recorders);
        Assert.Equal(1_000, results.Totals.Errors);
        Assert.InRange(results.Lag.TotalCount, 0, results.Totals.Sent / 2);
    }

    [Fact]
    public async Task SinkSwitch_ThatCannotGiveTheSinkBack_SaysThatItStaysPaused()
    {
        using var sinkSwitch = new SinkSwitch(("true", "echo no such sink >&2; exit 3"));
        var at = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        await sinkSwitch.FollowAsync(at, TimeSpan.FromSeconds(1));

        var problem = await Assert.ThrowsAsync<UsageException>(() =>
            sinkSwitch.FollowAsync(at, TimeSpan.FromSeconds(2))
        );

        Assert.Contains("the sink stays paused", problem.Message, StringComparison.Ordinal);
        Assert.Contains("no such sink", problem.Message, StringComparison.Ordinal);
    }

    private static TimelinePoint[] Timeline(Func<int, double> connections, Func<int, double>? files = null) =>
        [
            .. Enumerable
                .Range(0, 20)
                .Select(second => new TimelinePoint(
                    second,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    Cores: null,
                    MemoryMebibytes: 50,
                    OpenFiles: connections(second) + (files?.Invoke(second) ?? 30),
                    Threads: null,
                    connections(second),
                    Pending: null
                )),
        ];

    private static ServerLedger Ledger(long stored, long dropped) =>
        new()
        {
            Stored = stored,
            InFlight = 0,
            Received = stored + dropped,
            Dropped = new Dictionary<string, long> { ["journal_full"] = dropped },
            Sinks = [new ServerLedger.Sink("file", stored, 0, 0, 0)],
        };
}
