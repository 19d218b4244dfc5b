using System.Text.Json;
using Edge.Statistics;
using Edge.Statistics.Optimization;
using Xunit;

namespace Edge.Tests.Statistics.Optimization;

public class WinnerWatchTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly WinnerAssessment Good = new()
    {
        LeaderId = "a",
        ProbabilityToBeBest = 0.97,
        MinimumRunDaysMet = true,
        MinimumSampleSizeMet = true,
        OthersHaveEnoughTrials = true,
        ConfidenceThresholdMet = true,
        IsLossSmall = true,
        IsRatioSound = true,
    };

    private static readonly WinnerAssessment Doubtful = Good with { ConfidenceThresholdMet = false };

    [Fact]
    public void Suggestion_NeedsADay_AndWaitsForMidnight()
    {
        var watch = Hours(WinnerWatch.Empty, 0, 35, _ => Good);
        // At the first midnight it had held for 12 hours only.
        Assert.Null(watch.SuggestedWinner);

        watch = Hours(watch, 36, 36, _ => Good);

        Assert.Equal("a", watch.SuggestedWinner);
        Assert.Equal(Start.AddHours(36), watch.SuggestedAt);
    }

    [Theory]
    [InlineData(12, true)]
    [InlineData(13, false)]
    [InlineData(35, false)]
    [InlineData(36, false)]
    public void Doubt_WithinTheDayBefore_PreventsIt(int doubtfulHour, bool isSuggested)
    {
        var watch = Hours(WinnerWatch.Empty, 0, 36, hour => hour == doubtfulHour - 1 ? Doubtful : Good);

        Assert.Equal(isSuggested, watch.SuggestedWinner is not null);
    }

    [Fact]
    public void ChangeOfLeader_WithinTheDayBefore_PreventsIt()
    {
        var watch = Hours(WinnerWatch.Empty, 0, 36, hour => hour == 20 ? Good with { LeaderId = "b" } : Good);

        Assert.Null(watch.SuggestedWinner);
    }

    [Theory]
    [InlineData(nameof(WinnerAssessment.MinimumRunDaysMet))]
    [InlineData(nameof(WinnerAssessment.MinimumSampleSizeMet))]
    [InlineData(nameof(WinnerAssessment.OthersHaveEnoughTrials))]
    [InlineData(nameof(WinnerAssessment.IsLossSmall))]
    [InlineData(nameof(WinnerAssessment.IsRatioSound))]
    public void Condition_MissingAtTheLook_PreventsIt(string condition)
    {
        var missing = condition switch
        {
            nameof(WinnerAssessment.MinimumRunDaysMet) => Good with { MinimumRunDaysMet = false },
            nameof(WinnerAssessment.MinimumSampleSizeMet) => Good with { MinimumSampleSizeMet = false },
            nameof(WinnerAssessment.OthersHaveEnoughTrials) => Good with { OthersHaveEnoughTrials = false },
            nameof(WinnerAssessment.IsLossSmall) => Good with { IsLossSmall = false },
            _ => Good with { IsRatioSound = false },
        };

        Assert.Null(Hours(WinnerWatch.Empty, 0, 36, hour => hour == 36 ? missing : Good).SuggestedWinner);
        // Missing at any other time does not matter: only the confidence must hold.
        Assert.Equal("a", Hours(WinnerWatch.Empty, 0, 36, hour => hour == 36 ? Good : missing).SuggestedWinner);
    }

    [Fact]
    public void Suggestion_StaysUntilALookDisagrees()
    {
        var watch = Hours(WinnerWatch.Empty, 0, 36, _ => Good);

        watch = Hours(watch, 37, 59, _ => Doubtful);
        Assert.Equal("a", watch.SuggestedWinner);
        watch = Hours(watch, 60, 60, _ => Good);
        Assert.Null(watch.SuggestedWinner);
        Assert.Null(watch.SuggestedAt);
    }

    [Fact]
    public void Suggestion_RepeatedByTheNextLook_KeepsItsTime()
    {
        var watch = Hours(WinnerWatch.Empty, 0, 84, _ => Good);

        Assert.Equal(Start.AddHours(36), watch.SuggestedAt);
    }

    [Fact]
    public void Pause_DoesNotCountAsHolding()
    {
        var watch = WinnerWatch.Empty.Observe(Start, TimeSpan.Zero, Good);
        watch = watch.Observe(Start.AddHours(11), TimeSpan.FromHours(11), Good);

        // Two days later, of which the experiment ran one hour.
        watch = watch.Observe(Start.AddHours(60), TimeSpan.FromHours(12), Good);

        Assert.Null(watch.SuggestedWinner);
        Assert.Equal(TimeSpan.FromHours(12), watch.Held(TimeSpan.FromHours(12)));
    }

    [Fact]
    public void State_ThroughJson_IsTheSame()
    {
        foreach (var watch in new[] { WinnerWatch.Empty, Hours(WinnerWatch.Empty, 0, 40, _ => Good) })
        {
            var json = JsonSerializer.Serialize(watch, StatisticsJson.Default.WinnerWatch);

            Assert.Equal(watch, JsonSerializer.Deserialize(json, StatisticsJson.Default.WinnerWatch));
        }
    }

    private static WinnerWatch Hours(WinnerWatch watch, int from, int to, Func<int, WinnerAssessment> assessment)
    {
        for (var hour = from; hour <= to; hour++)
        {
            watch = watch.Observe(Start.AddHours(hour), TimeSpan.FromHours(hour), assessment(hour));
        }
        return watch;
    }
}
