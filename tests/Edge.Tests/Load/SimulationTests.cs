using CsCheck;
using Edge.LoadTests;
using Edge.LoadTests.Simulations;
using Xunit;

namespace Edge.Tests.Load;

/// <summary>When requests are meant to begin.</summary>
public class SimulationTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>Text, number of requests, and the milliseconds of the first ones.</summary>
    public static TheoryData<string, int, double[]> Tables() =>
        new()
        {
            { "inject 10 1s", 10, [0, 100, 200, 300] },
            { "inject 4 500ms", 2, [0, 250] },
            { "pause 2s, inject 2 1s", 2, [2_000, 2_500] },
            { "inject 1 1s, pause 1s, inject 1 1s", 2, [0, 2_000] },
            // t² requests after t seconds.
            { "inject 0..4 2s", 4, [0, 1_000, 1_414, 1_732] },
            // 4 t - t².
            { "inject 4..0 2s", 4, [0, 268, 586, 1_000] },
            { "inject 3..3 1s", 3, [0, 333, 667] },
            { "random 5..5 2s", 10, [0, 200, 400, 600, 800, 1_000] },
            { "keep 7 1m", 0, [] },
        };

    [Theory]
    [MemberData(nameof(Tables))]
    public void Arrivals_OfASimulation_AreThoseOfTheTable(string text, int count, double[] milliseconds)
    {
        var arrivals = new LoadPlan(SimulationText.Parse(text)).Arrivals().ToArray();

        Assert.Equal(count, arrivals.Length);
        Assert.Equal(milliseconds, arrivals.Take(milliseconds.Length).Select(static at => Math.Round(at / 1e6)));
    }

    [Fact]
    public void Arrivals_OfEverySimulation_AreInOrderWithinItAndShared() =>
        Gen.OneOf<LoadSimulation>(
                Gen.Double[1, 5_000].Select(static rate => (LoadSimulation)new Inject(rate, Second)),
                Gen.Select(
                    Gen.Double[0, 2_000],
                    Gen.Double[1, 2_000],
                    static (a, b) => (LoadSimulation)new RampingInject(a, b, 2 * Second)
                ),
                Gen.Select(
                    Gen.Double[1, 500],
                    Gen.Int,
                    static (min, seed) => (LoadSimulation)new InjectRandom(min, 2 * min, 3.5 * Second, seed)
                ),
                Gen.Double[1, 2_000]
                    .Select(static peak => (LoadSimulation)new InjectDecaying(peak, 3 * Second, 2 * Second))
            )
            .Array[1, 3]
            .Sample(
                static simulations =>
                {
                    var plan = new LoadPlan(simulations);
                    var arrivals = plan.Arrivals().ToArray();

                    Assert.Equal(arrivals.Order(), arrivals);
                    Assert.All(arrivals, at => Assert.InRange(at, 0, plan.Length));
                    Assert.Equal(simulations.Sum(static s => Math.Ceiling(s.Arrivals - 1e-9)), arrivals.Length);
                    var shared = Enumerable.Range(0, 3).SelectMany(thread => plan.Arrivals(thread, 3)).Order();
                    Assert.Equal(arrivals, shared);
                },
                iter: 100
            );

    [Fact]
    public void InjectRandom_Rates_StayWithinTheirBounds()
    {
        var seconds = new LoadPlan([new InjectRandom(100, 300, 20 * Second)])
            .Arrivals()
            .CountBy(static at => at / 1_000_000_000)
            .Select(static second => second.Value)
            .ToArray();

        Assert.Equal(20, seconds.Length);
        Assert.All(seconds, static rate => Assert.InRange(rate, 99, 301));
        Assert.True(seconds.Distinct().Count() > 10);
    }

    [Theory]
    [InlineData("keep 10 4s", 0, 10)]
    [InlineData("keep 10 4s", 3.9, 10)]
    [InlineData("keep 10 4s", 4, 0)]
    [InlineData("keep 0..8 4s", 1, 2)]
    [InlineData("keep 8..0 4s", 1, 6)]
    [InlineData("pause 1s, keep 3 1s", 0.5, 0)]
    [InlineData("pause 1s, keep 3 1s", 1, 3)]
    public void Copies_AtATime_AreThoseOfTheStretch(string text, double seconds, int copies)
    {
        var plan = new LoadPlan(SimulationText.Parse(text));
        var at = (long)(seconds * 1e9);

        Assert.Equal(copies, plan.CopiesAt(at));
        Assert.Equal(copies, Enumerable.Range(0, 3).Sum(thread => plan.CopiesAt(at, thread, 3)));
    }

    [Fact]
    public void Decay_AsCampaignsHaveIt_BringsAFifthInTheFirstTwoMinutes()
    {
        var constant = TimeSpan.FromMinutes(-2 / Math.Log(0.8));
        var twoMinutes = new InjectDecaying(100, constant, TimeSpan.FromMinutes(2)).Arrivals;
        var forever = new InjectDecaying(100, constant, TimeSpan.FromDays(1)).Arrivals;

        Assert.Equal(0.2, twoMinutes / forever, 6);
    }

    [Theory]
    [InlineData("inject 500 30s")]
    [InlineData("inject 0..5000 60s, pause 10s, keep 64 60s, keep 1..64 30s")]
    [InlineData("random 1000..3000 1.5s, decay 5000 538s 120s")]
    public void Text_OfSimulations_IsWhatTheyAreWrittenAs(string text) =>
        Assert.Equal(text, string.Join(", ", SimulationText.Parse(text).Select(SimulationText.Write)));

    [Theory]
    [InlineData("")]
    [InlineData("inject")]
    [InlineData("inject 0 10s")]
    [InlineData("inject -5 10s")]
    [InlineData("inject 5 10")]
    [InlineData("inject 5 0s")]
    [InlineData("inject 5 10s,")]
    [InlineData("random 5..1 10s")]
    [InlineData("decay 5 10s")]
    [InlineData("keep 0 10s")]
    [InlineData("surge 5 10s")]
    [InlineData("inject 1e9 10s")]
    public void Text_ThatIsNone_IsRefusedWithAnExample(string text) =>
        Assert.Contains(
            SimulationText.Example,
            Assert.Throws<UsageException>(() => SimulationText.Parse(text)).Message,
            StringComparison.Ordinal
        );
}
