using Edge.Experiments;
using Edge.Statistics.WhatIf;
using Edge.Tests.Experiments;
using Edge.Tests.Statistics.Counting;
using Xunit;
using static Edge.Tests.Statistics.VisitEvent;

namespace Edge.Tests.Statistics.WhatIf;

/// <summary>The trials that a replay finds are those that the tally counts.</summary>
public class TrialLogTests
{
    private static readonly DateTimeOffset Later = Noon.AddDays(2);

    [Theory]
    [MemberData(nameof(TrialTests.Rows), MemberType = typeof(TrialTests))]
    public void Trials_OfEvents_AreThoseOfTheTally(string row, string expected, object events)
    {
        var log = Read(Definitions.Experiment(Fold.Bandit()), (VisitEvent[])events);

        Assert.True(expected == Text(log), $"{row}: {Text(log)}");
    }

    [Fact]
    public void Trials_OfAThousandRandomVisitors_AreThoseOfTheTally()
    {
        var random = new Random(20_261_201);
        var events = Enumerable
            .Range(0, 4_000)
            .Select(_ => Impression((ulong)random.Next(1, 1_000), random.NextDouble() * 3_000, random.Next(2) == 0 ? "a" : "b") with
            {
                Type = random.Next(3) == 0 ? "click" : "impression",
                Version = random.Next(1, 4),
            })
            .OrderBy(static e => e.At)
            .ToArray();

        var log = Read(Definitions.Experiment(Fold.Bandit()), events);

        Assert.Equal(new Fold().Count(events).UpToDateAt(Later.AddDays(2)).Trials(), Text(log));
    }

    [Fact]
    public void Trial_OfAValueGoal_HasTheSum()
    {
        var experiment = Definitions.Experiment(Fold.Bandit(goal: """{"type":"value","event":"purchase","property":"total"}"""));

        var log = Read(experiment, Impression(1, 0), Worth(1, "12.5", 1), Worth(2, "7.5", 1), Impression(2, 3));

        Assert.Equal([20.0, 0.0], log.Trials.Select(static trial => trial.Result));
    }

    [Fact]
    public void Trial_BeforeTheTimeThatIsAskedFor_IsNoTrial()
    {
        var log = new TrialLog(Definitions.Experiment(Fold.Bandit()), default);
        foreach (var e in Of(Impression(1, 0), Impression(2, 10), Click(2, 11)))
        {
            log.Add(e.Encode(), 0, at => at >= Noon.AddMinutes(5).ToUnixTimeMilliseconds());
        }

        log.End(Later);

        Assert.Equal("a 1/1", Text(log));
    }

    [Fact]
    public void Exposures_WithoutChanceOrUnit_AreCountedApart()
    {
        var log = Read(
            Definitions.Experiment(Fold.Bandit()),
            Impression(1, 0) with { BasisPoints = 0 },
            Impression(0, 1),
            Impression(3, 2)
        );

        Assert.Equal((1, 1, 1), (log.WithoutChance, log.WithoutTrial, log.Trials.Count));
        Assert.Equal((3, 3), (log.Events, log.OfExperiment));
    }

    [Fact]
    public void Visitor_OfATrial_IsWhatItsEventSays()
    {
        var log = Read(
            Definitions.Experiment(Fold.Bandit()),
            Impression(1, 0) with { Country = "FR", Device = "mobile" }
        );

        var visitor = Assert.Single(log.Trials).Visitor;
        Assert.Equal(("mobile", "windows", "chrome", "FR", "EU"), (visitor.Device, visitor.Os, visitor.Browser, visitor.Country.Text, visitor.Country.Continent));
    }

    private static VisitEvent[] Of(params VisitEvent[] events) => events;

    private static TrialLog Read(Experiment experiment, params VisitEvent[] events)
    {
        var log = new TrialLog(experiment, VisitorNeeds.Of(experiment));
        foreach (var e in events)
        {
            log.Add(e.Encode(), e.At.ToUnixTimeMilliseconds(), static _ => true);
        }

        log.End(Later.AddDays(2));
        return log;
    }

    private static string Text(TrialLog log) =>
        Fold.Text(
            log.Trials.GroupBy(static trial => trial.Variant)
                .Select(static arm => (arm.Key, arm.LongCount(), arm.LongCount(static trial => trial.Result > 0)))
        );
}
