using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;
using Edge.Tests.Statistics.Inference;
using Xunit;

namespace Edge.Tests.Statistics.Optimization;

/// <summary>Each condition alone, against a case that meets them all.</summary>
public class WinnerAssessorTests
{
    private static readonly WinnerCriteria Criteria = new(0.95, 1000, 7, 50);
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    [Theory]
    [InlineData("all met", 2000, 160, 2000, 100, 7.0, 0.5, true)]
    [InlineData("exactly enough", 1000, 100, 100, 1, 7.0, 0.5, true)]
    [InlineData("ratio not testable", 2000, 160, 2000, 100, 7.0, null, true)]
    [InlineData("a second too early", 2000, 160, 2000, 100, 6.99998, 0.5, false)]
    [InlineData("leader one short", 999, 99, 2000, 100, 7.0, 0.5, false)]
    [InlineData("other one short", 2000, 160, 99, 1, 7.0, 0.5, false)]
    [InlineData("not sure", 2000, 110, 2000, 100, 7.0, 0.5, false)]
    [InlineData("ratio mismatched", 2000, 160, 2000, 100, 7.0, 0.0009, false)]
    [InlineData("ratio at the limit", 2000, 160, 2000, 100, 7.0, 0.001, true)]
    public void Conditions_OneByOne_Decide(
        string name,
        int trials,
        int successes,
        int otherTrials,
        int otherSuccesses,
        double days,
        double? ratio,
        bool isMet
    )
    {
        var (_, assessment) = Assess(
            [Arm("a", otherTrials, otherSuccesses), Arm("b", trials, successes)],
            TimeSpan.FromDays(days),
            ratio
        );

        Assert.True(isMet == assessment.MeetsAll, name);
        Assert.Equal("b", assessment.LeaderId);
    }

    [Fact]
    public void Others_NeedTheirWarmup_IfThatIsMore()
    {
        ArmPosterior[] arms = [Arm("a", 150, 1), Arm("b", 2000, 160)];
        var best = BestArm.Of(arms.Select(arm => arm.Distribution).ToArray());

        Assert.True(WinnerAssessor.Assess(arms, best, Criteria, Week, 1).OthersHaveEnoughTrials);
        Assert.False(
            WinnerAssessor.Assess(arms, best, Criteria with { WarmupTrials = 151 }, Week, 1).OthersHaveEnoughTrials
        );
    }

    [Fact]
    public void Loss_OfAnUncertainLeader_IsTooLarge()
    {
        var (_, unsure) = Assess([Arm("a", 200, 20), Arm("b", 200, 22)], Week, 1);
        var (_, sure) = Assess([Arm("a", 2000, 100), Arm("b", 2000, 160)], Week, 1);

        Assert.False(unsure.IsLossSmall);
        Assert.True(sure.IsLossSmall);
    }

    [Fact]
    public void AnytimeValid_NeedsMoreThanTheThreshold()
    {
        var (_, likely) = Assess([Arm("a", 2000, 100), Arm("b", 2000, 130)], Week, 1);
        var (_, certain) = Assess([Arm("a", 2000, 100), Arm("b", 2000, 260)], Week, 1);

        Assert.Equal((true, false), (likely.MeetsAll, likely.AnytimeValid));
        Assert.Equal((true, true), (certain.MeetsAll, certain.AnytimeValid));
    }

    [Fact]
    public void Futility_OfTwoEqualsWithMuchData_IsSeen()
    {
        var equal = Assess([Arm("a", 4_000_000, 200_000), Arm("b", 4_000_000, 200_100)], Week, 1);
        var little = Assess([Arm("a", 4_000, 200), Arm("b", 4_000, 200)], Week, 1);
        var early = Assess([Arm("a", 4_000_000, 200_000), Arm("b", 4_000_000, 200_100)], TimeSpan.FromDays(6), 1);
        var decided = Assess([Arm("a", 2000, 100), Arm("b", 2000, 160)], Week, 1);

        Assert.True(equal.IsFutile);
        Assert.False(little.IsFutile);
        Assert.False(early.IsFutile);
        Assert.False(decided.IsFutile);
    }

    [Fact]
    public void OneVariant_IsNothingToJudge() =>
        Assert.Equal(WinnerAssessment.None, Assess([Arm("a", 2000, 100)], Week, 1).Assessment);

    private static ArmPosterior Arm(string id, int trials, int successes) =>
        TrialStatisticsTests.OneVersion((id, trials, successes)).Posterior([id])[0];

    private static (bool IsFutile, WinnerAssessment Assessment) Assess(
        ArmPosterior[] arms,
        TimeSpan runningTime,
        double? sampleRatio
    )
    {
        var best = BestArm.Of(arms.Select(arm => arm.Distribution).ToArray());
        var assessment = WinnerAssessor.Assess(arms, best, Criteria, runningTime, sampleRatio);
        return (WinnerAssessor.IsFutile(arms, best, assessment), assessment);
    }
}
