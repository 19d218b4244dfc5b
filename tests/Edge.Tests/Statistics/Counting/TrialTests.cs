using Edge.Statistics.Counting;
using Xunit;
using static Edge.Tests.Statistics.VisitEvent;

namespace Edge.Tests.Statistics.Counting;

/// <summary>
/// What a trial is, when it succeeds and when it counts. The window of these experiments is 20 minutes.
/// </summary>
public class TrialTests
{
    private const double Window = 20;
    private const double Lateness = TallyLimits.LatenessSeconds / 60.0;
    private static readonly DateTimeOffset Later = Noon.AddHours(3);

    public static TheoryData<string, string, object> Rows() =>
        new()
        {
            { "no click", "a 1/0", Of(Impression(1, 0)) },
            { "click at once", "a 1/1", Of(Impression(1, 0), Click(1, 0)) },
            { "click in the last moment", "a 1/1", Of(Impression(1, 0), Click(1, Window)) },
            { "click too late", "a 1/0", Of(Impression(1, 0), Click(1, Window + 0.001)) },
            { "click before the exposure", "a 1/0", Of(Click(1, 0), Impression(1, 1)) },
            { "click alone", "", Of(Click(1, 0)) },
            { "two clicks", "a 1/1", Of(Impression(1, 0), Click(1, 1), Click(1, 2)) },
            { "click that names another variant", "a 1/1", Of(Impression(1, 0), Click(1, 1, "b")) },
            { "second exposure", "a 1/0", Of(Impression(1, 0), Impression(1, 5)) },
            {
                "second exposure does not prolong the window",
                "a 1/0",
                Of(Impression(1, 0), Impression(1, 15), Click(1, 25))
            },
            { "exposure of another variant", "a 1/1", Of(Impression(1, 0), Impression(1, 1, "b"), Click(1, 2)) },
            {
                "exposure after the window and within the day",
                "a 1/0",
                Of(Impression(1, 0), Impression(1, 23 * 60), Click(1, 23 * 60))
            },
            { "exposure after a day", "a 2/1", Of(Impression(1, 0), Impression(1, 24 * 60), Click(1, 24 * 60)) },
            {
                "proxy",
                "a 1/1",
                Of(Impression(1, 0) with { Verdict = "proxy" }, Click(1, 1) with { Verdict = "proxy" })
            },
            { "unknown caller", "", Of(Impression(1, 0) with { Verdict = "unknown" }, Click(1, 1)) },
            { "bot", "", Of(Impression(1, 0) with { Verdict = "bot" }, Click(1, 1)) },
            { "click of a scanner", "a 1/0", Of(Impression(1, 0), Click(1, 1) with { Verdict = "scanner" }) },
            { "click of an unknown caller", "a 1/0", Of(Impression(1, 0), Click(1, 1) with { Verdict = "unknown" }) },
            { "no chance involved", "", Of(Impression(1, 0) with { BasisPoints = 0 }, Click(1, 1)) },
            {
                "no chance first, then chance",
                "a 1/1",
                Of(Impression(1, 0) with { BasisPoints = 0 }, Impression(1, 1), Click(1, 2))
            },
            { "no unit", "", Of(Impression(0, 0), Click(0, 1)) },
            { "view", "a 1/1", Of(View(1, 0), Click(1, 1)) },
            { "view of what the pixel has shown", "a 1/1", Of(Impression(1, 0), View(1, 1), Click(1, 2)) },
            { "conversion is no click", "a 1/0", Of(Impression(1, 0), View(1, 1) with { Type = "conversion" }) },
            { "yesterday's hash", "a 1/1", Of(Impression(1, 0), Click(2, 10) with { PreviousUnit = 1 }) },
            { "yesterday's hash too late", "a 1/0", Of(Impression(1, 0), Click(2, 21) with { PreviousUnit = 1 }) },
            {
                "exposed under both hashes",
                "a 1/1, b 1/1",
                Of(Impression(1, 0), Impression(2, 5, "b"), Click(2, 10) with { PreviousUnit = 1 })
            },
            { "another experiment's click", "a 1/0", Of(Impression(1, 0), Click(1, 1) with { Uid = "exp_other" }) },
        };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Trials_OfEvents_AreAsSpecified(string row, string expected, object events)
    {
        var fold = new Fold().Count((VisitEvent[])events).UpToDateAt(Later.AddDays(1));

        Assert.True(expected == fold.Trials(), $"{row}: {fold.Trials()}");
    }

    [Fact]
    public void Exposure_OfAVariantThatTheSenderHasChosen_IsMissed()
    {
        var fold = new Fold().Count(
            Impression(1, 0) with { BasisPoints = 0 },
            Impression(2, 0),
            Impression(3, 0) with { BasisPoints = 0, Verdict = "bot" },
            Click(4, 0) with { BasisPoints = 0 }
        );

        Assert.Equal(1, fold.Tally().TrialsMissed.NoChance);
    }

    [Fact]
    public void Trial_BeforeItsWindowHasPassed_IsNotCounted()
    {
        var fold = new Fold().Count(Impression(1, 0), Click(1, 1));

        fold.Count(Impression(2, Window + Lateness));
        Assert.Equal("", fold.Trials());
        Assert.Equal(2, fold.Tally().OpenTrials);

        fold.Count(Impression(3, Window + Lateness + 0.05));
        Assert.Equal("a 1/1", fold.Trials());
    }

    [Fact]
    public void Trial_WithoutFurtherEvents_MaturesByTheClockOnceEverythingIsCounted()
    {
        var fold = new Fold { Clock = Later }.Count(Impression(1, 0));
        Assert.Equal("", fold.Trials());

        fold.UpToDateAt(Noon.AddMinutes(Window + Lateness));
        Assert.Equal("", fold.Trials());

        fold.UpToDateAt(Later);
        Assert.Equal("a 1/0", fold.Trials());
    }

    [Fact]
    public void Click_OutOfOrderWithinTheLateness_StillSucceeds()
    {
        var fold = new Fold().Count(Impression(1, 0), Impression(2, Window + 0.1), Click(1, Window)).UpToDateAt(Later);

        Assert.Equal("a 2/1", fold.Trials());
    }

    [Fact]
    public void Trial_WindowFollowsTheExperiment_AtTheTimeOfTheExposure()
    {
        var fold = new Fold().Count(Impression(1, 0));
        fold.Serve(Fold.Bandit(window: 2));
        fold.Count(Impression(2, 0), Click(1, 15), Click(2, 15)).UpToDateAt(Later);

        Assert.Equal("a 2/1", fold.Trials());
    }

    /// <summary>
    /// Each goal is reached by its own events, within the window of the experiment. Conversions of servers are marked as
    /// goals like named events.
    /// </summary>
    [Theory]
    [InlineData("click_through", "a 2/1, b 1/0")]
    [InlineData("conversion", "a 2/2, b 1/1")]
    [InlineData("event", "a 2/2, b 1/0")]
    public void Goal_IsReached_ByItsOwnEventsOnly(string goal, string expected)
    {
        var fold = new Fold(
            null,
            Fold.Bandit(
                window: 100,
                goal: $$"""{"type":"{{goal}}","event":"signup","destinationUrl":"https://example.com/"}"""
            )
        );

        fold.Count(
                Impression(1, 0),
                View(2, 0),
                Impression(3, 0, "b"),
                View(1, 5) with { Type = "conversion" },
                Goal(5, "exp_other", 3),
                // The verdict on a server is not one on its visitor.
                Goal(50, units: [77, 2]) with { Verdict = "bot" },
                Goal(60, units: [1, 88]),
                Click(1, 90),
                View(3, 99) with { Type = "conversion" },
                Goal(101, units: [3]),
                View(2, 101) with { Type = "conversion" }
            )
            .UpToDateAt(Later.AddDays(1));

        Assert.Equal(expected, fold.Trials());
    }

    /// <summary>
    /// The calibration simulates trials and successes; whatever they were made of, the estimator sees the same.
    /// </summary>
    [Theory]
    [InlineData("view", """{"type":"click_through","destinationUrl":"https://example.com/"}""", "")]
    [InlineData("view", """{"type":"conversion"}""", "")]
    [InlineData("impression", """{"type":"event","event":"signup"}""", "")]
    [InlineData("click", """{"type":"conversion"}""", """ "trialStart":"click", """)]
    [InlineData("impression", """{"type":"conversion"}""", """ "stableUnits":true, """)]
    [InlineData("view", """{"type":"conversion"}""", """ "trafficShare":2000, """)]
    public void Estimate_OfTheSameVisitors_DoesNotDependOnTheKindOfGoal(string start, string goal, string more)
    {
        var plain = Play(new Fold(), "impression", "click", isStable: false);
        var other = Play(
            new Fold(null, Fold.Bandit(goal: goal, more: more)),
            start,
            goal.Contains("click_through", StringComparison.Ordinal) ? "click"
                : goal.Contains("event", StringComparison.Ordinal) ? "goal"
                : "conversion",
            more.Contains("stableUnits", StringComparison.Ordinal)
        );

        Assert.Equal(plain, other);

        static string Play(Fold fold, string start, string end, bool isStable)
        {
            for (var i = 1; i <= 600; i++)
            {
                var unit = (ulong)i;
                var version = 1 + (i / 200);
                var seen = Impression(unit, i, i * 7 % 10 < 4 + version ? "a" : "b") with
                {
                    Type = start,
                    StableUnit = isStable ? unit : 0,
                    BasisPoints = i * 7 % 10 < 4 + version ? 1_000 * (4 + version) : 1_000 * (6 - version),
                    Version = version,
                };
                fold.Count(seen);
                if (i * 13 % 11 < 3)
                {
                    fold.Count(end == "goal" ? Goal(i + 5, units: [unit]) : seen with { Type = end, At = seen.At.AddMinutes(5) });
                }
            }

            fold.UpToDateAt(Later.AddDays(1));
            return string.Join(
                "; ",
                fold.Counts.Find("exp_abc123")!
                    .Trials.Posterior(["a", "b"])
                    .Select(arm => $"{arm.Trials} {arm.Successes} {arm.Estimate:R} {arm.Variance:R}")
            );
        }
    }

    [Fact]
    public void Value_OfAUnit_AddsUpWithinItsWindowAndSurvivesARestart()
    {
        var fold = new Fold(null, Fold.Bandit(goal: """{"type":"value","event":"order","property":"total"}"""));
        fold.Count(Impression(1, 0), Impression(2, 0), Impression(3, 0, "b"), Impression(4, 0, "b"));
        fold.Count(Worth(1, "10.5", 9, 1), Worth(2, "4.5", 1, 3));
        fold.Restart();
        fold.Count(Worth(3, "7", 3), Click(4, 4), Worth(30, "100", 2)).UpToDateAt(Later);

        var arms = fold.Counts.Find("exp_abc123")!.Trials.ToState().Arms;

        Assert.Equal("a 2/1, b 2/1", fold.Trials());
        // The second value names two units with a trial, and counts for the first of them alone.
        Assert.Equal([15, 7], arms.Select(arm => arm.Values!.Total));
        Assert.Equal([225, 49], arms.Select(arm => arm.Values!.TotalOfSquares));
    }

    [Fact]
    public void TrialStart_Click_BeginsWithTheFirstClick()
    {
        var fold = new Fold(
            null,
            Fold.Bandit(goal: """{"type":"conversion"}""", more: """ "trialStart":"click", """)
        );

        fold.Count(
                Impression(1, 0),
                Impression(2, 0),
                View(2, 1) with { Type = "conversion" },
                Click(2, 2),
                Click(3, 3, "b"),
                Click(3, 4, "b"),
                View(3, 20) with { Type = "conversion" }
            )
            .UpToDateAt(Later);

        Assert.Equal("a 1/0, b 1/1", fold.Trials());
    }

    [Fact]
    public void Window_OfADay_IsKeptOpenToItsEnd()
    {
        var fold = new Fold(null, Fold.Bandit(window: 1440)).Count(Impression(1, 0), Impression(2, 1));

        // Old units are forgotten from time to time, these are not old yet.
        fold.Count(Impression(0, 24 * 60), Click(2, 24 * 60 + 1)).UpToDateAt(Later.AddDays(2));

        Assert.Equal("a 2/1", fold.Trials());
    }

    [Fact]
    public void Trial_OfAWindowWithoutLength_IsMatureAtOnce()
    {
        var book = new TrialTracker(new SharedBudget(10));
        book.Expose(1, new OpenTrial(0, 5_000, 1, 1_000, 1_000, IsSuccess: false));

        Assert.True(book.TryTakeMature(1_000, out _));
    }

    [Fact]
    public void Units_BeyondTheLimit_AreCountedAndNotLearnedFrom()
    {
        var fold = new Fold(TallyLimits.Default with { UnitsMax = 2 });
        fold.Count(Impression(1, 0), Impression(2, 0), Impression(3, 0), Impression(1, 1), Click(3, 1))
            .UpToDateAt(Later);

        Assert.Equal("a 2/0", fold.Trials());
        Assert.Equal(4, Assert.Single(fold.Tally().Variants).Impressions);
        Assert.Equal((2, 1L), (fold.Counts.Status.Units, fold.Counts.Status.Unlearned));
    }

    [Fact]
    public void Units_AfterADay_GiveTheirRoomBack()
    {
        var fold = new Fold(TallyLimits.Default with { UnitsMax = 1 }).Count(Impression(1, 0));
        fold.Count(Impression(0, 24 * 60 + 30), Impression(2, 24 * 60 + 31)).UpToDateAt(Later.AddDays(2));

        Assert.Equal("a 2/0", fold.Trials());
    }

    [Fact]
    public void Clock_ThatWasAheadForAWhile_DoesNotCloseTheTrialsOfTheRightTime()
    {
        var fold = new Fold { Clock = Noon.AddYears(4) };
        fold.Count(Impression(1, 0), Impression(2, 0) with { At = Noon.AddYears(4) });
        fold.Clock = Noon.AddMinutes(3);
        fold.Count(Impression(3, 2), Click(3, 3)).UpToDateAt(Later);

        Assert.Equal("a 2/1", fold.Trials());
    }

    [Fact]
    public void Trials_OfSeveralVersions_AreComparedWithTheWeightsOfTheirVersion()
    {
        var fold = new Fold();
        fold.Count(Enumerable.Range(1, 10).Select(i => Impression((ulong)i, i / 100.0, i % 2 == 0 ? "a" : "b")));
        fold.Serve(Fold.Bandit(weightA: 9_000, version: 2));
        fold.Count(
            Enumerable
                .Range(11, 10)
                .Select(i => Impression((ulong)i, i / 100.0) with { BasisPoints = 9_000, Version = 2 })
        );
        fold.Count(Impression(99, 1) with { BasisPoints = 100, Version = 7 }).UpToDateAt(Later);

        Assert.Equal((15L, 14.0), Rounded(fold.Tally().SampleRatio.Of("a")));
        Assert.Equal((5L, 6.0), Rounded(fold.Tally().SampleRatio.Of("b")));
        Assert.Equal([1, 2], fold.Tally().Weights.Select(version => version.Version));
    }

    private static (long, double) Rounded((long Observed, double Expected) counts) =>
        (counts.Observed, Math.Round(counts.Expected, 9));

    private static VisitEvent[] Of(params VisitEvent[] events) => events;
}
