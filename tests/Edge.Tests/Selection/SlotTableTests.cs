using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Selection;
using Edge.Tests.Experiments;
using Xunit;

namespace Edge.Tests.Selection;

public class SlotTableTests
{
    [Fact]
    public void FromWeights_EveryBucket_IsThatOfTheCumulativeWeights()
    {
        var random = new Random(3);
        for (var round = 0; round < 50; round++)
        {
            var weights = RandomWeights(random, random.Next(2, 20));
            var table = SlotTable.FromWeights(weights);
            var (variant, sum) = (0, weights[0]);
            for (var bucket = 0; bucket < Bucketing.Count; bucket++)
            {
                while (bucket >= sum)
                {
                    sum += weights[++variant];
                }
                Assert.Equal(variant, table.Choose(bucket));
            }
        }
    }

    [Fact]
    public void Change_WorkedExample_MovesTwoThousandAndBackAgain()
    {
        var equal = new[] { 2500, 2500, 2500, 2500 };
        var first = SlotTable.FromWeights(equal);

        var second = first.Change([4000, 3000, 2000, 1000]);
        var third = second.Change(equal);

        Assert.Equal([(2500, 0), (5000, 1), (7000, 2), (7500, 0), (8500, 3), (9500, 0), (10000, 1)], Runs(second, 4));
        Assert.Equal(2000, Moved(first, second));
        Assert.Equal(Runs(first, 4), Runs(third, 4));
    }

    [Theory]
    [InlineData(new[] { 5000, 5000 }, new[] { 6000, 4000 }, 1000)]
    [InlineData(new[] { 2500, 2500, 2500, 2500 }, new[] { 4000, 2000, 2000, 2000 }, 1500)]
    [InlineData(new[] { 2500, 2500, 2500, 2500 }, new[] { 1000, 2000, 3000, 4000 }, 2000)]
    [InlineData(new[] { 3334, 3333, 3333 }, new[] { 500, 9000, 500 }, 5667)]
    [InlineData(new[] { 2000, 2000, 2000, 2000, 2000 }, new[] { 200, 200, 9200, 200, 200 }, 7200)]
    [InlineData(new[] { 5000, 5000 }, new[] { 4000, 4000, 2000 }, 2000)]
    [InlineData(new[] { 5000, 5000 }, new[] { 10000, 0 }, 5000)]
    [InlineData(new[] { 5000, 5000 }, new[] { 5000, 5000 }, 0)]
    public void Change_PublishedTable_MovesTheTotalVariation(int[] before, int[] after, int moved)
    {
        var table = SlotTable.FromWeights(before);

        Assert.Equal(moved, Moved(table, table.Change(after)));
    }

    [Fact]
    public void Change_RandomHistories_KeepTheInvariants()
    {
        var random = new Random(20260301);
        for (var history = 0; history < 40; history++)
        {
            var weights = RandomWeights(random, random.Next(2, 12));
            var table = SlotTable.FromWeights(weights);
            for (var version = 0; version < 12; version++)
            {
                var next = RandomWeights(random, weights.Length + random.Next(2));
                var changed = table.Change(next);
                var held = new int[next.Length];
                var moved = 0;
                for (var bucket = 0; bucket < Bucketing.Count; bucket++)
                {
                    var (from, to) = (table.Choose(bucket), changed.Choose(bucket));
                    held[to]++;
                    if (from != to)
                    {
                        moved++;
                        // Only who shrinks gives, only who grows takes.
                        Assert.True(next[from] < weights[from]);
                        Assert.True(to >= weights.Length || next[to] > weights[to]);
                    }
                }
                var variation = next.Select((weight, i) => Math.Max(0, weight - (i < weights.Length ? weights[i] : 0)))
                    .Sum();

                Assert.Equal(next, held);
                Assert.Equal(variation, moved);
                Assert.Equal(Runs(changed, next.Length), Runs(table.Change(next), next.Length));
                (table, weights) = (changed, next);
            }
        }
    }

    [Fact]
    public void Of_StoredSlots_SurviveAWriteAndARead()
    {
        var experiment = Definitions.Experiment(
            Definitions.With(
                "variants",
                """
                [{"id": "a", "weight": 2500}, {"id": "b", "weight": 2500}, {"id": "c", "weight": 2500}, {"id": "d", "weight": 2500}]
                """
            )
        );
        var changed = SlotTable.Of(experiment).Change([4000, 3000, 2000, 1000]);
        var weights = new[] { 4000, 3000, 2000, 1000 };
        var stored = experiment with
        {
            Variants = [.. experiment.Variants.Zip(weights, (variant, weight) => variant with { Weight = weight })],
            Slots = changed.ToRanges(experiment.Variants),
            WeightsVersion = 2,
        };

        var bytes = ExperimentWriter.WriteStored(stored);
        var read = ExperimentReader.ReadStored(bytes, ExperimentRules.Default, default).Experiment!;

        Assert.Equal(0, Moved(changed, SlotTable.Of(read)));
    }

    [Fact]
    public void Of_SlotsOfARemovedVariant_GoToTheOthers()
    {
        var experiment = Definitions.Experiment(
            Definitions.With(
                "slots",
                """
                [{"to": 4000, "variant": "a"}, {"to": 7000, "variant": "gone"}, {"to": 10000, "variant": "b"}]
                """
            )
        );

        var table = SlotTable.Of(experiment);

        Assert.Equal([(5000, 0), (10000, 1)], Runs(table, 2));
    }

    [Fact]
    public void Of_WeightsEditedByHand_MoveTheLeast()
    {
        var json = Definitions.With(
            "slots",
            """[{"to": 5000, "variant": "b"}, {"to": 10000, "variant": "a"}]""",
            Definitions.With("variants.0.weight", "7000", Definitions.With("variants.1.weight", "3000"))
        );

        var table = SlotTable.Of(Definitions.Experiment(json));

        Assert.Equal([(3000, 1), (10000, 0)], Runs(table, 2));
    }

    [Fact]
    public void Choose_ManyRuns_IsFoundByBinarySearch()
    {
        var table = SlotTable.FromWeights([.. Enumerable.Repeat(500, 20)]);

        for (var bucket = 0; bucket < Bucketing.Count; bucket++)
        {
            Assert.Equal(bucket / 500, table.Choose(bucket));
        }
    }

    private static int[] RandomWeights(Random random, int count)
    {
        var cuts = Enumerable
            .Range(0, count - 1)
            .Select(_ => random.Next(10_001))
            .Append(0)
            .Append(10_000)
            .Order()
            .ToArray();
        var weights = cuts.Zip(cuts.Skip(1), (from, to) => to - from).ToArray();
        if (random.Next(3) == 0)
        {
            var off = random.Next(count);
            weights[(off + 1) % count] += weights[off];
            weights[off] = 0;
        }
        return weights;
    }

    private static int Moved(SlotTable before, SlotTable after) =>
        Enumerable.Range(0, Bucketing.Count).Count(bucket => before.Choose(bucket) != after.Choose(bucket));

    private static List<(int To, int Owner)> Runs(SlotTable table, int variants)
    {
        var named = Enumerable.Range(0, variants).Select(i => new Variant { Id = $"{i}", Weight = 0 }).ToArray();
        return [.. table.ToRanges(named).Select(range => (range.To, int.Parse(range.Variant, null)))];
    }
}
