using Edge.Catalog;
using Edge.Tests.Experiments;
using Edge.Visits;
using Xunit;

namespace Edge.Tests.Selection;

/// <summary>What units were shown stays theirs for a day, whatever the weights and the list of variants do.</summary>
public class ExposureMapTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 16, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Show_ForTheFirstTime_IsTheChoiceOfNow()
    {
        var map = new ExposureMap();

        Assert.Equal(new Exposure(1, 4_000, 3), map.Show(Entry(6_000, version: 3), Split(1), 7, Now));
        Assert.True(map.TryFind(Entry(6_000, version: 3), 7, Now, out var shown));
        Assert.Equal(new Exposure(1, 4_000, 3), shown);
    }

    [Fact]
    public void Show_AfterWeightsChanged_KeepsVariantProbabilityAndVersion()
    {
        var map = new ExposureMap();
        map.Show(Entry(5_000), Split(0), 7, Now);

        Assert.Equal(new Exposure(0, 5_000, 1), map.Show(Entry(1_000, version: 2), Split(1), 7, Now.AddHours(1)));
    }

    [Fact]
    public void Show_VariantWithoutTrafficNow_IsChosenAnew_AndItsClickIsStillTheOldOnes()
    {
        var map = new ExposureMap();
        map.Show(Entry(5_000), Split(0), 7, Now);
        var off = Entry(0, version: 2);

        Assert.True(map.TryFind(off, 7, Now, out var clicked));
        Assert.Equal(0, clicked.Variant);
        Assert.Equal(new Exposure(1, 10_000, 2), map.Show(off, Split(1), 7, Now));
        Assert.Equal(new Exposure(1, 10_000, 2), map.Show(Entry(5_000, version: 3), Split(0), 7, Now));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(ExposureMap.ValidSeconds - 1, true)]
    [InlineData(ExposureMap.ValidSeconds, false)]
    [InlineData(-5, true)]
    public void TryFind_ByAge_HoldsForADay(int seconds, bool isFound)
    {
        var map = new ExposureMap();
        map.Show(Entry(5_000), Split(0), 7, Now);

        Assert.Equal(isFound, map.TryFind(Entry(5_000), 7, Now.AddSeconds(seconds), out _));
    }

    [Fact]
    public void TryFind_VariantsChanged_FindsTheIdOrNothing()
    {
        var map = new ExposureMap();
        map.Show(Entry(5_000), Split(1), 7, Now);
        var reordered = Of("""[{"id":"c","weight":2000},{"id":"x","weight":3000},{"id":"b","weight":5000}]""");
        var removed = Of("""[{"id":"a","weight":2000},{"id":"c","weight":8000}]""");

        Assert.True(map.TryFind(reordered, 7, Now, out var shown));
        Assert.Equal(2, shown.Variant);
        Assert.False(map.TryFind(removed, 7, Now, out _));
        Assert.Equal(new Exposure(1, 8_000, 1), map.Show(removed, Split(1), 7, Now));
    }

    [Fact]
    public void Show_SetIsFull_ForgetsTheOldest()
    {
        var map = new ExposureMap(entriesMax: 8);
        for (var unit = 1; unit <= 9; unit++)
        {
            map.Show(Entry(5_000), Split(0), (ulong)unit, Now.AddSeconds(unit == 3 ? -100 : unit));
        }

        var held = Enumerable.Range(1, 9).Where(unit => map.TryFind(Entry(5_000), (ulong)unit, Now, out _));

        Assert.Equal([1, 2, 4, 5, 6, 7, 8, 9], held);
    }

    [Fact]
    public void ShowAndTryFind_OnceWarm_AllocateNothing()
    {
        var map = new ExposureMap(1 << 10);
        var entry = Entry(5_000);
        ShowAll(0);

        // The runtime may allocate once, when it compiles what is called so often anew.
        Assert.Contains(0, Enumerable.Range(1, 5).Select(run => ShowAll((ulong)run * 10_000)));

        long ShowAll(ulong from)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var unit = from; unit < from + 5_000; unit++)
            {
                map.Show(entry, Split(0), unit, Now);
                map.TryFind(entry, unit, Now, out _);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public async Task Show_FromManyThreads_GivesEachUnitOneAnswer()
    {
        const int Units = 2_000;
        var map = new ExposureMap(1 << 15);
        var entry = Entry(5_000);
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(thread =>
                    Task.Run(() =>
                    {
                        var seen = new Exposure[Units];
                        for (var unit = 0; unit < Units; unit++)
                        {
                            seen[unit] = map.Show(
                                entry,
                                Split((unit + thread) % 2),
                                (ulong)unit * 0x9E3779B97F4A7C15,
                                Now
                            );
                        }

                        return seen;
                    })
                )
        );

        for (var unit = 0; unit < Units; unit++)
        {
            Assert.Single(answers.Select(seen => seen[unit]).Distinct());
        }
    }

    private static Choice Split(int variant) => new(variant, 0, ChoiceReason.Split);

    private static CatalogEntry Entry(int weightA, int version = 1) =>
        Of($$"""[{"id":"a","weight":{{weightA}}},{"id":"b","weight":{{10_000 - weightA}} }]""", version);

    private static CatalogEntry Of(string variants, int version = 1) =>
        new(
            Definitions.Experiment(
                Definitions.With("variants", variants, Definitions.With("weightsVersion", $"{version}"))
            )
        );
}
