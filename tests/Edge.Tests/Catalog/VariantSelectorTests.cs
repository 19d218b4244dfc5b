using System.Text;
using Edge.Catalog;
using Edge.Selection;
using Edge.Selection.Conditions;
using Edge.Tests.Experiments;
using Xunit;

namespace Edge.Tests.Catalog;

public class VariantSelectorTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private const string SmartVariants = """
        [
          {"id": "default", "weight": 10000, "isDefault": true,
           "conditions": {"type": "rule", "property": "device", "operator": "equals", "value": "mobile"}},
          {"id": "plain", "weight": 0},
          {"id": "phone", "weight": 0, "conditions": {"type": "rule", "property": "device", "operator": "equals", "value": "mobile"}},
          {"id": "iphone", "weight": 0, "conditions": {"type": "rule", "property": "os", "operator": "equals", "value": "iOS"}}
        ]
        """;

    [Theory]
    [InlineData("b35b0be5636c4858", 3621, 0)]
    [InlineData("cbdd4005ad805fed", 8897, 1)]
    public void Choose_AbTest_IsTheBucketOfTheUnit(string unit, int bucket, int variant)
    {
        var choice = Choose(Entry(Definitions.Minimal, "running"), unit: unit);

        Assert.Equal(new Choice(variant, bucket, ChoiceReason.Split), choice);
        Assert.True(choice.IsChance);
    }

    [Fact]
    public void Choose_MillionViewers_LandWithinFourSigmaOfTheWeights()
    {
        var entry = Entry(
            Definitions.With(
                "variants",
                """
                [{"id": "a", "weight": 1000}, {"id": "b", "weight": 0}, {"id": "c", "weight": 6500}, {"id": "d", "weight": 2500}]
                """
            ),
            "running"
        );
        const int Viewers = 1_000_000;
        var counts = new int[4];
        Span<byte> unit = stackalloc byte[ViewerKey.Bytes];
        for (var i = 0; i < Viewers; i++)
        {
            Encoding.ASCII.GetBytes($"{i:x16}", unit);
            counts[VariantSelector.Choose(entry, new VisitorContext { Now = Now }, unit).Variant]++;
        }

        for (var i = 0; i < counts.Length; i++)
        {
            AssertShare(entry.Variants[i].Weight / 10_000.0, counts[i], Viewers);
        }
    }

    [Fact]
    public void Choose_WeightsChanged_MovesOnlyTheViewersItMust()
    {
        int[] before = [4000, 3000, 3000],
            after = [2500, 3500, 4000];
        var experiment = Definitions.Experiment(
            Definitions.With(
                "status",
                "\"running\"",
                Definitions.With(
                    "variants",
                    """
                    [{"id": "a", "weight": 4000}, {"id": "b", "weight": 3000}, {"id": "c", "weight": 3000}]
                    """
                )
            )
        );
        var first = new CatalogEntry(experiment);
        var second = new CatalogEntry(
            experiment with
            {
                Variants = [.. experiment.Variants.Zip(after, (variant, weight) => variant with { Weight = weight })],
                Slots = first.Slots.Change(after).ToRanges(experiment.Variants),
                WeightsVersion = 2,
            }
        );
        const int Viewers = 1_000_000;
        var counts = new int[3];
        var moved = 0;
        Span<byte> unit = stackalloc byte[ViewerKey.Bytes];
        for (var i = 0; i < Viewers; i++)
        {
            Encoding.ASCII.GetBytes($"{i:x16}", unit);
            var from = VariantSelector.Choose(first, new VisitorContext { Now = Now }, unit).Variant;
            var to = VariantSelector.Choose(second, new VisitorContext { Now = Now }, unit).Variant;
            counts[to]++;
            moved += from == to ? 0 : 1;
            Assert.True(from == to || (after[from] < before[from] && after[to] > before[to]));
        }

        // The total variation of the weights is 0.15, and no change can move fewer.
        AssertShare(0.15, moved, Viewers);
        for (var i = 0; i < counts.Length; i++)
        {
            AssertShare(after[i] / 10_000.0, counts[i], Viewers);
        }
    }

    private static void AssertShare(double share, int count, int of)
    {
        var sigma = Math.Sqrt(of * share * (1 - share));
        Assert.InRange(count, of * share - 4 * sigma, of * share + 4 * sigma);
    }

    [Theory]
    [InlineData("mobile", "Android", 2, "TargetingMatch")]
    [InlineData("mobile", "iOS", 2, "TargetingMatch")]
    [InlineData("tablet", "iOS", 3, "TargetingMatch")]
    [InlineData("desktop", "Windows", 0, "Default")]
    [InlineData("", "", 0, "Default")]
    public void Choose_SmartLink_IsTheFirstTrueTreeSkippingTheDefault(
        string device,
        string os,
        int variant,
        string reason
    )
    {
        var entry = Entry(
            Definitions.With("type", "\"smart_link\"", Definitions.With("variants", SmartVariants)),
            "running"
        );

        Assert.Equal(new Choice(variant, -1, Enum.Parse<ChoiceReason>(reason)), Choose(entry, device, os));
    }

    [Fact]
    public void Choose_SmartLinkWithoutDefault_FallsBackToTheFirst()
    {
        var json = Definitions.With(
            "type",
            "\"smart_link\"",
            Definitions.With(
                "variants",
                SmartVariants.Replace("\"isDefault\": true", "\"isDefault\": false", StringComparison.Ordinal)
            )
        );

        Assert.Equal(new Choice(0, -1, ChoiceReason.TargetingMatch), Choose(Entry(json, "running"), "mobile"));
        Assert.Equal(new Choice(0, -1, ChoiceReason.Default), Choose(Entry(json, "running"), "desktop"));
    }

    [Theory]
    [InlineData("2026-03-04T06:00:00Z", "day", "Schedule")]
    [InlineData("2026-03-04T17:59:59Z", "day", "Schedule")]
    [InlineData("2026-03-04T18:00:00Z", "night", "Schedule")]
    [InlineData("2026-03-05T05:59:59Z", "night", "Schedule")]
    [InlineData("2025-12-31T12:00:00Z", "default", "Default")]
    public void Choose_Scheduled_IsTheActiveVariant(string at, string variant, string reason)
    {
        var entry = Entry(
            Definitions.With(
                "type",
                "\"scheduled\"",
                Definitions.With(
                    "variants",
                    """
                    [
                      {"id": "day", "weight": 0, "schedule": {"startAt": "2026-01-01T06:00:00Z", "endAt": "2026-01-01T18:00:00Z",
                       "recurrence": {"type": "daily"}}},
                      {"id": "night", "weight": 0, "schedule": {"startAt": "2026-01-01T18:00:00Z", "endAt": "2026-01-02T06:00:00Z",
                       "recurrence": {"type": "daily"}}},
                      {"id": "default", "weight": 10000, "isDefault": true}
                    ]
                    """
                )
            ),
            "running"
        );

        var choice = VariantSelector.Choose(
            entry,
            new VisitorContext { Now = DateTimeOffset.Parse(at, null) },
            default
        );

        Assert.Equal((variant, reason), (entry.Variants[choice.Variant].Id, choice.Reason.ToString()));
    }

    [Theory]
    [InlineData("ab_test")]
    [InlineData("smart_link")]
    [InlineData("scheduled")]
    public void Choose_Completed_IsTheWinner(string type)
    {
        var json = Definitions.With("type", $"\"{type}\"", Definitions.With("winnerVariantId", "\"b\""));

        Assert.Equal(new Choice(1, -1, ChoiceReason.Winner), Choose(Entry(json, "completed")));
    }

    [Fact]
    public void Choose_CompletedWithoutWinner_IsTheDefault()
    {
        var json = Definitions.With("variants.1.isDefault", "true");

        Assert.Equal(new Choice(1, -1, ChoiceReason.Default), Choose(Entry(json, "completed")));
    }

    [Fact]
    public void Assign_EveryType_AllocatesNothing()
    {
        var ab = Entry(Definitions.Minimal, "running");
        var smart = Entry(
            Definitions.With("type", "\"smart_link\"", Definitions.With("variants", SmartVariants)),
            "running"
        );
        var scheduled = Entry(
            Definitions.With(
                "type",
                "\"scheduled\"",
                Definitions.With(
                    "variants.1.schedule",
                    """{"startAt": "2026-01-01T06:00:00Z", "recurrence": {"type": "daily"}}"""
                )
            ),
            "running"
        );
        var unit = "b35b0be5636c4858"u8.ToArray();
        var sum = 0;
        long before = 0;
        for (var i = 0; i < 200; i++)
        {
            before = i == 100 ? GC.GetAllocatedBytesForCurrentThread() : before;
            var visitor = new VisitorContext
            {
                Now = Now,
                DeviceType = "tablet",
                Os = "iOS",
            };
            sum += VariantSelector.Assign(ab, visitor, unit, stated: -1, isMachine: false).Variant;
            sum += VariantSelector.Assign(smart, visitor, unit, stated: -1, isMachine: false).Variant;
            sum += VariantSelector.Assign(scheduled, visitor, unit, stated: -1, isMachine: false).Variant;
            sum += VariantSelector.Assign(ab, visitor, unit, stated: 1, isMachine: true).Variant;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1_000, sum);
    }

    private static CatalogEntry Entry(string json, string status) =>
        new(Definitions.Experiment(Definitions.With("status", $"\"{status}\"", json)));

    private static Choice Choose(CatalogEntry entry, string device = "", string os = "", string unit = "u") =>
        VariantSelector.Choose(
            entry,
            new VisitorContext
            {
                Now = Now,
                DeviceType = device,
                Os = os,
            },
            Encoding.UTF8.GetBytes(unit)
        );
}
