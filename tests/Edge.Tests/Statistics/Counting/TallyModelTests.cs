using Edge.Statistics.Counting;
using Xunit;

namespace Edge.Tests.Statistics.Counting;

/// <summary>Random events, out of order, with restarts in between, against the plainest possible bookkeeping.</summary>
public class TallyModelTests
{
    private const int Events = 4_000;
    private const int Minutes = 300;
    private const double WindowMinutes = 20;
    private static readonly TimeSpan Lateness = TimeSpan.FromSeconds(TallyLimits.LatenessSeconds);

    public static TheoryData<int> Seeds() => new(Enumerable.Range(1, 25));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Fold_OfRandomEvents_AgreesWithTheModel(int seed)
    {
        var random = new Random(seed);
        var events = Draw(random);
        var fold = new Fold { Clock = VisitEvent.Noon.AddYears(1) };
        foreach (var e in events)
        {
            fold.Count(e);
            if (random.Next(200) == 0)
            {
                fold.Restart();
            }
        }
        fold.UpToDateAt(VisitEvent.Noon.AddMinutes(Minutes + 60));

        Assert.Equal(Model.TrialsOf(events), fold.Trials());
        foreach (var variant in fold.Tally().Variants)
        {
            Assert.Equal(events.Count(e => IsCounted(e, variant.Id, "impression")), variant.Impressions);
            Assert.Equal(events.Count(e => IsCounted(e, variant.Id, "click")), variant.Clicks);
        }
        var hourly = fold.Tally().Hourly.SelectMany(point => point.Variants).ToArray();
        Assert.Equal(
            events.Count(e => e is { Type: "click", Verdict: not "bot" }),
            hourly.Sum(counts => counts.Clicks)
        );
        Assert.Equal(fold.Tally().Trials.Trials, hourly.Sum(counts => counts.Trials));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Fold_OfEventsInAnotherOrderWithinTheLateness_ComesToTheSame(int seed)
    {
        var random = new Random(seed);
        // Each unit is exposed once, so that it does not matter which of two exposures came first.
        var events = Draw(random)
            .Where((e, i) => e.Type == "click" || i % 50 == (int)(e.Unit % 50))
            .DistinctBy(e => e.Type == "click" ? e : (object)e.Unit)
            .OrderBy(e => e.At)
            .ToArray();
        var exposed = events.Where(e => e.Type == "impression").ToDictionary(e => e.Unit, e => e.At);
        // A click and its exposure keep their order: nobody clicks before.
        events =
        [
            .. events.Where(e =>
                e.Type == "impression" || !exposed.TryGetValue(e.Unit, out var at) || (e.At - at).Duration() > Lateness
            ),
        ];
        var shuffled = events.OrderBy(e => e.At + random.NextDouble() * Lateness * 0.9).ToArray();
        var clock = VisitEvent.Noon.AddYears(1);

        var ordered = new Fold { Clock = clock }
            .Count(events)
            .UpToDateAt(clock);
        var disordered = new Fold { Clock = clock }
            .Count(shuffled)
            .UpToDateAt(clock);

        Assert.NotEqual("", ordered.Trials());
        Assert.Equal(ordered.Trials(), disordered.Trials());
    }

    private static bool IsCounted(VisitEvent e, string variant, string type) =>
        e.Variant == variant && e.Type == type && e.Verdict != "bot";

    private static VisitEvent[] Draw(Random random)
    {
        string[] verdicts = ["human", "human", "human", "proxy", "unknown", "bot"];
        var events = new VisitEvent[Events];
        for (var i = 0; i < events.Length; i++)
        {
            var minutes = Minutes * (double)i / Events + (random.Next(4) == 0 ? random.NextDouble() - 0.5 : 0);
            var unit = (ulong)random.Next(1, 400);
            events[i] = new VisitEvent
            {
                Type = random.Next(2) == 0 ? "click" : "impression",
                Variant = random.Next(2) == 0 ? "a" : "b",
                Unit = unit,
                PreviousUnit = random.Next(5) == 0 ? (ulong)random.Next(1, 400) : 0,
                At = VisitEvent.Noon.AddMilliseconds(Math.Round(minutes * 60_000)),
                Verdict = verdicts[random.Next(verdicts.Length)],
                BasisPoints = random.Next(8) == 0 ? 0 : 5_000,
            };
        }
        return events;
    }

    /// <summary>The rules of experiments.md 2.4, read aloud.</summary>
    private static class Model
    {
        public static string TrialsOf(IReadOnlyList<VisitEvent> events)
        {
            var trials =
                new List<(ulong Unit, string Variant, DateTimeOffset At, DateTimeOffset End, bool IsSuccess)>();
            var newest = DateTimeOffset.MinValue;
            foreach (var e in events)
            {
                newest = e.At > newest ? e.At : newest;
                if (e.Verdict is not ("human" or "proxy"))
                {
                    continue;
                }

                if (e.Type == "impression" && e.BasisPoints > 0 && trials.All(trial => trial.Unit != e.Unit))
                {
                    trials.Add((e.Unit, e.Variant, e.At, e.At.AddMinutes(WindowMinutes), false));
                }
                if (e.Type != "click")
                {
                    continue;
                }

                for (var i = 0; i < trials.Count; i++)
                {
                    var trial = trials[i];
                    var isOfUnit = trial.Unit == e.Unit || (e.PreviousUnit != 0 && trial.Unit == e.PreviousUnit);
                    if (isOfUnit && e.At >= trial.At && e.At <= trial.End && newest <= trial.End + Lateness)
                    {
                        trials[i] = trial with { IsSuccess = true };
                    }
                }
            }
            return Fold.Text(
                trials
                    .GroupBy(trial => trial.Variant)
                    .Select(group => (group.Key, (long)group.Count(), (long)group.Count(trial => trial.IsSuccess)))
            );
        }
    }
}
