using Edge.Statistics.Counting;
using Edge.Statistics.Results;
using Xunit;
using static Edge.Tests.Statistics.VisitEvent;

namespace Edge.Tests.Statistics.Counting;

/// <summary>Trials of events without their person, as tracking in aggregate stores them.</summary>
public class UnitlessTrialTests
{
    private static readonly DateTimeOffset Later = Noon.AddHours(3);

    [Fact]
    public void Exposure_WithoutUnit_IsATrialAndAClickMakesOneOfItsVariantSucceed()
    {
        var fold = new Fold()
            .Count(Shown(0), Shown(1), Shown(1), Shown(2, "b"), Shown(2, "b"))
            .Count(Clicked(3), Clicked(4, "b"))
            .UpToDateAt(Later);

        Assert.Equal("a 3/1, b 2/1", fold.Trials());
        Assert.Equal(default, fold.Tally().TrialsMissed);
    }

    [Fact]
    public void Click_WithoutUnit_MakesNoMoreSucceedThanThereAre()
    {
        var fold = new Fold().Count(Shown(0), Clicked(1), Clicked(2), Clicked(3, "b"), Shown(4, "b")).UpToDateAt(Later);

        Assert.Equal("a 1/1, b 1/0", fold.Trials());
    }

    [Fact]
    public void Click_AfterTheWindow_MakesALaterTrialSucceedOrNone()
    {
        var fold = new Fold().Count(Shown(0), Shown(15), Clicked(30), Clicked(50)).UpToDateAt(Later);

        Assert.Equal("a 2/1", fold.Trials());
    }

    [Fact]
    public void Trial_WithoutUnit_SurvivesARestartAndLeavesUnitsAlone()
    {
        var fold = new Fold().Count(Shown(0), Shown(0), Impression(1, 0), Clicked(1));
        fold.Restart();
        fold.Count(Clicked(2), Clicked(3)).UpToDateAt(Later);

        // The click of somebody unknown is not that of the unit, which has not clicked.
        Assert.Equal("a 3/2", fold.Trials());
    }

    [Fact]
    public void Trial_WithoutUnit_TakesRoomUntilItIsCounted()
    {
        var fold = new Fold(TallyLimits.Default with { UnitsMax = 2 });
        fold.Count(Shown(0), Shown(0), Shown(1)).UpToDateAt(Noon.AddHours(1)).Count(Shown(60), Shown(60));

        Assert.Equal("a 2/0", fold.Trials());
        Assert.Equal((2, 1), (fold.Tally().OpenTrials, fold.Tally().TrialsMissed.NoRoom));
    }

    [Fact]
    public void Exposure_WithAMergeTag_IsATrialAsWell()
    {
        var fold = new Fold().Count(Shown(0) with { UnitIgnored = "merge_tag" }).UpToDateAt(Later);

        Assert.Equal("a 1/0", fold.Trials());
    }

    [Fact]
    public void Machine_WithoutUnit_StartsNothing()
    {
        var fold = new Fold().Count(Shown(0) with { Verdict = "scanner" }, Clicked(1)).UpToDateAt(Later);

        Assert.Equal("", fold.Trials());
        Assert.Equal(1, fold.Tally().MachineImpressions.Scanner);
    }

    [Fact]
    public void Exposure_BeforeAGoalOfAnotherEvent_IsATrialMissed()
    {
        var fold = new Fold(null, Fold.Bandit(goal: """{"type":"event","event":"signup"}""")).Count(Shown(0), Shown(0));

        Assert.Equal(new TrialsMissed(Unnamed: 2, NoRoom: 0), fold.Tally().TrialsMissed);
        Assert.Equal(0, fold.Tally().OpenTrials);
    }

    private static VisitEvent Shown(double minutes, string variant = "a") =>
        Impression(0, minutes, variant) with
        {
            UnitIgnored = "aggregate",
        };

    private static VisitEvent Clicked(double minutes, string variant = "a") =>
        Click(0, minutes, variant) with
        {
            UnitIgnored = "aggregate",
        };
}
