using Edge.Statistics.Counting;
using Xunit;
using static Edge.Tests.Statistics.VisitEvent;

namespace Edge.Tests.Statistics.Counting;

/// <summary>
/// Clicks that are taken back and given back: the counts are those of a story in which they were judged so at once. The window
/// of these experiments is 20 minutes.
/// </summary>
public class CorrectionTests
{
    private const string Machine = "scanner";

    public static TheoryData<string, string, object> Rows() =>
        new()
        {
            { "taken back", "a 1/0", Of(Impression(1, 0), Click(1, 1), Taken(Click(1, 1))) },
            { "one of two", "a 1/1", Of(Impression(1, 0), Click(1, 1), Click(1, 2), Taken(Click(1, 1))) },
            { "both", "a 1/0", Of(Impression(1, 0), Click(1, 1), Click(1, 2), Taken(Click(1, 1)), Taken(Click(1, 2))) },
            { "given back", "a 1/1", Of(Impression(1, 0), Click(1, 1), Taken(Click(1, 1)), Given(Click(1, 1))) },
            { "a click behind it", "a 1/1", Of(Impression(1, 0), Click(1, 1), Taken(Click(1, 1)), Click(1, 9)) },
            { "under yesterday's hash", "a 1/0", Of(Impression(1, 0), Click(2, 1) with { PreviousUnit = 1 }, Taken(Click(2, 1) with { PreviousUnit = 1 })) },
            { "of another unit", "a 1/1", Of(Impression(1, 0), Click(1, 1), Taken(Click(5, 1))) },
            { "of an unknown caller", "a 1/1", Of(Impression(1, 0), Click(1, 1), Taken(Click(1, 1)) with { Before = "unknown" }) },
            { "in shadow", "a 1/1", Of(Impression(1, 0), Click(1, 1), Taken(Click(1, 1)) with { Verdict = "human" }) },
            { "outside of the window", "a 1/1", Of(Impression(1, 0), Click(1, 1), Taken(Click(1, 30))) },
        };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Trials_OfCorrectedClicks_AreThoseOfPeople(string row, string expected, object events)
    {
        var fold = new Fold().Count((VisitEvent[])events).UpToDateAt(Noon.AddHours(3));

        Assert.True(expected == fold.Trials(), $"{row}: {fold.Trials()}");
    }

    [Fact]
    public void Counts_OfCorrectedClicks_AreThoseOfAStoryWithoutThem()
    {
        var clicks = Enumerable.Range(1, 40).Select(i => Click((ulong)i, i / 10.0, i % 3 == 0 ? "b" : "a") with { Country = i % 4 == 0 ? "FR" : "DE", Source = "mail" }).ToArray();
        var shown = clicks.Select(click => click with { Type = "impression" }).ToArray();
        var taken = clicks.Where((_, i) => i % 5 == 0).ToArray();
        var fold = new Fold().Count(shown).Count(clicks).Count(taken.Select(Taken));
        fold.Restart();
        fold.Count(taken.Take(3).Select(Given)).UpToDateAt(Noon.AddHours(3));

        var machines = taken.Skip(3).ToHashSet();
        var other = new Fold()
            .Count(shown)
            .Count(clicks.Select(click => machines.Contains(click) ? click with { Verdict = Machine } : click))
            .UpToDateAt(Noon.AddHours(3));

        var (counted, expected) = (fold.Tally(), other.Tally());
        Assert.Equal(expected.Variants, counted.Variants);
        Assert.Equal(expected.MachineClicks, counted.MachineClicks);
        Assert.Equal(other.Trials(), fold.Trials());
        Assert.Equal(Text(expected), Text(counted));
    }

    [Fact]
    public void Trial_ThatAClickBegan_IsWithdrawnAndTheNextBegins()
    {
        var fold = new Fold(null, Fold.Bandit(goal: """{"type":"conversion","destinationUrl":"https://example.com/"}""", more: "\"trialStart\":\"click\","));
        fold.Count(Click(1, 0), Click(2, 0), Taken(Click(1, 0)), Taken(Click(2, 0)));
        Assert.Equal(0, fold.Counts.Status.Units);

        fold.Count(Click(1, 5, "b"), Click(1, 6) with { Type = "conversion" }, Given(Click(2, 0))).UpToDateAt(Noon.AddHours(3));
        Assert.Equal("a 1/0, b 1/1", fold.Trials());
    }

    [Fact]
    public void Correction_OfAClickThatWasNotCounted_TakesNothingBelowNone()
    {
        var fold = new Fold().Count(Impression(1, 0), Taken(Click(1, 1)), Taken(Click(1, 1))).UpToDateAt(Noon.AddHours(3));

        Assert.Equal(0, fold.Tally().Variants.Sum(static variant => variant.Clicks));
        Assert.Equal("a 1/0", fold.Trials());
    }

    [Fact]
    public void Clicks_BeyondWhatATrialCounts_NeverMakeItFail()
    {
        var fold = new Fold().Count(Impression(1, 0));
        for (var i = 0; i < 300; i++)
        {
            fold.Count(Click(1, 1));
        }

        fold.Restart();
        for (var i = 0; i < 299; i++)
        {
            fold.Count(Taken(Click(1, 1)));
        }

        Assert.Equal("a 1/1", fold.UpToDateAt(Noon.AddHours(3)).Trials());
    }

    private static VisitEvent[] Of(params VisitEvent[] events) => events;

    private static VisitEvent Taken(VisitEvent click) =>
        click with
        {
            Type = "verdict",
            Before = click.Verdict,
            Verdict = Machine,
        };

    private static VisitEvent Given(VisitEvent click) => click with { Type = "verdict", Before = Machine };

    /// <summary>Series and breakdowns, in words.</summary>
    private static string Text(ExperimentTally tally) =>
        System.Text.Json.JsonSerializer.Serialize(new { tally.Hourly, tally.Daily, tally.Breakdown });
}
