using Edge.Enrichment.Verdicts;
using Edge.Events;
using Xunit;

namespace Edge.Tests.Corrections;

/// <summary>
/// Precision and recall of the late rules on simulated campaigns, as <c>docs/enrichment.md</c> states them, and how many people
/// are misjudged: whoever has a click taken back.
/// </summary>
public class LateCorpusTests(ITestOutputHelper output)
{
    private const int CampaignCount = 12;
    private const int Recipients = 4_000;
    private const double PeopleMisjudgedMax = 0.002;

    /// <summary>One rule that a naive program would have.</summary>
    private static readonly LateRule[] TwoWithinTenSeconds = [Naive(links: 2, withinMs: 10_000)];

    /// <summary>Another: nobody clicks as soon after the send.</summary>
    private static readonly LateRule[] ThreeWithinAMinute = [Naive(links: 3, withinMs: 60_000)];

    [Theory]
    [InlineData(true, 0.03, 0.99, 0.89)]
    [InlineData(true, 0.15, 0.99, 0.89)]
    [InlineData(false, 0.03, 0.99, 0.60)]
    [InlineData(false, 0.15, 0.99, 0.60)]
    public void Rules_OnSimulatedCampaigns_FindBurstsAndSparePeople(
        bool areSigned,
        double tabOpeners,
        double precision,
        double recall
    )
    {
        var figures = Measure(Judged.BuiltIn(excludesBursts: true), areSigned, tabOpeners);
        output.WriteLine($"signed {areSigned}, tabs {tabOpeners}: {figures}");

        Assert.True(figures.Misjudged <= PeopleMisjudgedMax, $"{figures}");
        Assert.True(figures.Precision >= precision && figures.Recall >= recall, $"{figures}");
    }

    [Theory]
    [InlineData("two links within ten seconds")]
    [InlineData("three links within a minute")]
    public void NaiveRule_OnTheSameCampaigns_MisjudgesPeople(string rule)
    {
        var figures = Measure(
            rule.StartsWith("two", StringComparison.Ordinal) ? TwoWithinTenSeconds : ThreeWithinAMinute,
            areSigned: true,
            tabOpeners: 0.03
        );
        output.WriteLine($"{rule}: {figures}");

        Assert.True(figures.Misjudged > 5 * PeopleMisjudgedMax, $"{figures}");
    }

    [Fact]
    public void Campaigns_OfTheCorpus_AreDistributedAsPublished()
    {
        var campaigns = new Campaigns(1, areSigned: true);
        var (begins, links) = (new List<long>(), new List<int>());
        for (var number = 0; number < 40; number++)
        {
            foreach (var burst in campaigns.Draw(500, 0, number).Where(e => e.Person < 0).GroupBy(e => e.Message))
            {
                begins.Add(burst.Min(e => e.Ms));
                links.Add(burst.Select(e => e.Link).Distinct().Count());
            }
        }

        Assert.InRange(begins.Count(ms => ms is >= 20_000 and < 60_000) / (double)begins.Count, 0.65, 0.68);
        Assert.InRange(begins.Count(ms => ms is >= 60_000 and < 300_000) / (double)begins.Count, 0.27, 0.30);
        Assert.Equal(2, links.Min());
        Assert.InRange(links.Max(), 30, 40);
    }

    private static Figures Measure(IReadOnlyList<LateRule> rules, bool areSigned, double tabOpeners)
    {
        var judged = new Judged(rules);
        var campaigns = new Campaigns(20_260_516, areSigned, tabOpeners);
        var (machines, people) = (0, new HashSet<int>());
        for (var number = 0; number < CampaignCount; number++)
        {
            // A day each, so that the readers of one campaign and the gateways of the next meet.
            var events = campaigns.Draw(Recipients, number * 86_400_000L, number);
            machines += events.Count(static e => e.Person < 0);
            people.UnionWith(events.Where(static e => e.Person >= 0).Select(static e => e.Person));
            judged.Read(events);
        }

        var taken = judged.TakenBack();
        var byClick = judged.Found.DistinctBy(static found => found.Click.Id).Where(found => taken.Contains(found.Click.Id));
        var (right, misjudged) = (0, new HashSet<int>());
        foreach (var correction in byClick)
        {
            if (judged.Of(correction).Person is >= 0 and var person)
            {
                misjudged.Add(person);
            }
            else
            {
                right++;
            }
        }

        return new Figures(
            right / (double)Math.Max(1, taken.Count),
            right / (double)machines,
            misjudged.Count / (double)people.Count,
            machines,
            people.Count,
            misjudged.Count
        );
    }

    private static LateRule Naive(int links, int withinMs) =>
        new()
        {
            Id = "naive",
            Verdict = Verdict.Scanner,
            Scope = LateScope.Message,
            IsCertain = false,
            IsEnforced = true,
            Links = links,
            WithinMs = withinMs,
        };

    private sealed record Figures(
        double Precision,
        double Recall,
        double Misjudged,
        int MachineClicks,
        int People,
        int MisjudgedPeople
    );
}
