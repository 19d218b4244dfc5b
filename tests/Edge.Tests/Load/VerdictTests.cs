using Edge.LoadTests;
using Edge.LoadTests.Reconciliation;
using Edge.LoadTests.Targets;
using Edge.LoadTests.Verdicts;
using Xunit;

namespace Edge.Tests.Load;

/// <summary>Thresholds, and the run's ledger beside the server's.</summary>
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
