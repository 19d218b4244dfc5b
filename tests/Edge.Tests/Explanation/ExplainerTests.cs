using System.Text.Json;
using Edge.Catalog;
using Edge.Experiments.Conditions;
using Edge.Explanation;
using Edge.Formats;
using Edge.Selection.Conditions;
using Edge.Tests.Experiments;
using Edge.Tests.Selection;
using Edge.Tests.Selection.Conditions;
using Xunit;

namespace Edge.Tests.Explanation;

public class ExplainerTests
{
    private static readonly ExplainedVerdict Human = new("human", "", null, null, IsMachine: false, "counted");
    private static readonly ExplainedVerdict Crawler = new(
        "bot",
        "named_bot",
        null,
        null,
        IsMachine: true,
        "not counted"
    );
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("ab_test", "running")]
    [InlineData("ab_test", "paused")]
    [InlineData("ab_test", "completed")]
    [InlineData("smart_link", "running")]
    [InlineData("smart_link", "completed")]
    [InlineData("scheduled", "running")]
    public void Explain_RandomExperimentsAndRequests_AgreesWithTheChoice(string type, string status)
    {
        var random = new RandomExperiments(20261 + type.Length + status.Length);
        var reasons = new HashSet<string>();
        for (var round = 0; round < 400; round++)
        {
            var entry = random.Next(type, status);
            for (var probe = 0; probe < 6; probe++)
            {
                var visitor = random.NextVisitor();
                var choice = VariantSelector.Choose(entry, RandomExperiments.Visitor(visitor), visitor.Unit);

                var explanation = Explain(entry, RandomExperiments.Visitor(visitor), visitor.Unit, Human);

                Assert.Equal(entry.Variants[choice.Variant].Id, explanation.Variant);
                Assert.Equal(
                    status == "paused" ? "PAUSED" : WireNames<ChoiceReason>.Upper.Text(choice.Reason),
                    explanation.Reason
                );
                Assert.NotEmpty(explanation.Why);
                AssertTables(entry, choice, explanation);
                AssertTrees(entry, visitor, choice, explanation);
                reasons.Add(explanation.Reason);
            }
        }
        Assert.Equal(type == "ab_test" && status != "completed" ? 1 : 2, reasons.Count);
    }

    /// <summary>Buckets and windows are those the choice was made from.</summary>
    private static void AssertTables(CatalogEntry entry, Choice choice, VariantExplanation explanation)
    {
        if (explanation.Split is { } split && choice.Reason == ChoiceReason.Split)
        {
            Assert.Equal(choice.Bucket, split.Bucket);
            Assert.InRange(choice.Bucket, split.Range!.From, split.Range.To - 1);
            Assert.Contains(split.Range, split.Shares.Single(share => share.Variant == explanation.Variant).Buckets);
            Assert.All(split.Shares, share => Assert.Equal(share.Weight, share.Buckets.Sum(run => run.To - run.From)));
        }
        if (explanation.Schedules is { } schedules && entry.IsRunning)
        {
            var active = schedules.Variants.Where(variant => variant.Active).ToArray();
            Assert.Equal(choice.Reason == ChoiceReason.Schedule, active.Length > 0);
            var latest = active.MaxBy(variant => variant.Start ?? DateTimeOffset.MinValue);
            Assert.True(latest is null || latest.Start == schedules.Variants[choice.Variant].Start);
        }
    }

    /// <summary>
    /// Every outcome shown is that of a naive evaluator, every node is shown, and what is not evaluated lies behind
    /// something that had decided.
    /// </summary>
    private static void AssertTrees(CatalogEntry entry, RandomVisitor visitor, Choice choice, VariantExplanation explanation)
    {
        if (explanation.Conditions is not { } conditions || !entry.IsRunning)
        {
            return;
        }
        for (var i = 0; i < conditions.Count; i++)
        {
            var (root, nodes) = (entry.Experiment.Variants[i].Conditions, conditions[i].Nodes);
            if (entry.Conditions[i] is null)
            {
                Assert.Empty(nodes);
                Assert.NotNull(conditions[i].Note);
                continue;
            }
            var isReached = choice.Reason != ChoiceReason.TargetingMatch || i <= choice.Variant;
            Assert.Equal(isReached, conditions[i].Result != ConditionOutcome.NotEvaluated);
            var flat = Flatten(root!, $"variants[{i}].conditions").ToArray();
            Assert.Equal(flat.Select(pair => pair.Path), nodes.Select(node => node.Path));
            for (var n = 0; n < nodes.Count; n++)
            {
                if (nodes[n].Result != ConditionOutcome.NotEvaluated)
                {
                    var expected = NaiveCondition.IsTrue(flat[n].Node, property => Lookup(visitor, property));
                    Assert.Equal(expected, nodes[n].Result == ConditionOutcome.True);
                }
                if (flat[n].Node is ConditionRule rule)
                {
                    Assert.Equal(Lookup(visitor, rule.Property), nodes[n].Seen);
                }
            }
        }
    }

    private static IEnumerable<(ConditionNode Node, string Path)> Flatten(ConditionNode node, string path) =>
        node is ConditionGroup group
            ? group.Children.SelectMany((child, i) => Flatten(child, $"{path}.children[{i}]")).Prepend((node, path))
            : [(node, path)];

    private static string? Lookup(RandomVisitor visitor, string property)
    {
        var text = property switch
        {
            "device" => visitor.Texts[0],
            "os" => visitor.Texts[1],
            "country" => visitor.Texts[2],
            "language" => visitor.Texts[3],
            "referrer" => visitor.Texts[4],
            "hour" => $"{visitor.Now.Hour}",
            "dayOfWeek" => $"{(int)visitor.Now.DayOfWeek}",
            "url.param.a" => visitor.Texts[5],
            "custom.b" => visitor.Texts[6],
            _ => visitor.Texts[7],
        };
        // The two that are always sent are known to be empty.
        return text.Length == 0 && property is not ("url.param.a" or "custom.b") ? null : text;
    }

    [Theory]
    [InlineData("running", -1, "b", "BOT", false)]
    [InlineData("completed", -1, "a", "WINNER", false)]
    [InlineData("running", 0, "a", "STATED", false)]
    [InlineData("paused", -1, "b", "PAUSED", false)]
    [InlineData("draft", -1, null, "DRAFT", false)]
    [InlineData("archived", -1, null, "ARCHIVED", false)]
    public void Explain_Machine_GetsTheDefaultUnlessSomethingIsStronger(
        string status,
        int stated,
        string? variant,
        string reason,
        bool isCounted
    )
    {
        var json = Definitions.With("variants.1.isDefault", "true", Definitions.With("status", $"\"{status}\""));
        var entry = new CatalogEntry(
            Definitions.Experiment(status == "completed" ? Definitions.With("winnerVariantId", "\"a\"", json) : json)
        );

        var explanation = Explain(entry, new VisitorContext { Now = Now }, "u"u8, Crawler, stated);

        Assert.Equal((variant, reason, isCounted), (explanation.Variant, explanation.Reason, explanation.Counted));
        Assert.Null(explanation.Split!.Bucket);
        Assert.Equal(variant is not null, explanation.Served);
    }

    [Fact]
    public void Explain_Json_IsCamelCaseWithNullForUnknown()
    {
        var entry = new CatalogEntry(
            Definitions.Experiment(
                Definitions.With(
                    "type",
                    "\"smart_link\"",
                    Definitions.With(
                        "variants.0.conditions",
                        """
                        {"type": "group", "operator": "OR", "children": [
                          {"type": "rule", "property": "country", "operator": "in", "value": ["DE", "AT"]},
                          {"type": "rule", "property": "utm_source", "operator": "eq", "value": "mail"},
                          {"type": "rule", "property": "hour", "operator": "gt", "value": 9}]}
                        """,
                        Definitions.With("status", "\"running\"")
                    )
                )
            )
        );

        var explanation = Explain(entry, new VisitorContext { Now = Now, Query = "utm_source=Mail" }, default, Human);
        var json = JsonDocument.Parse(JsonSerializer.Serialize(explanation, ExplanationJson.Default.VariantExplanation)).RootElement;

        Assert.Equal("TARGETING_MATCH", json.GetProperty("reason").GetString());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("unit").ValueKind);
        Assert.False(json.TryGetProperty("split", out _));
        Assert.Equal(JsonValueKind.Null, json.GetProperty("properties").GetProperty("geo.country").ValueKind);
        Assert.Equal("Mail", json.GetProperty("properties").GetProperty("url.param.utm_source").GetString());
        Assert.Equal("12", json.GetProperty("properties").GetProperty("time.hour").GetString());
        var nodes = json.GetProperty("conditions")[0].GetProperty("nodes");
        Assert.Equal(
            """{"path":"variants[0].conditions.children[0]","result":"false","operator":"in","property":"geo.country","value":["DE","AT"],"seen":null}""",
            nodes[1].GetRawText()
        );
        Assert.Equal("true", nodes[2].GetProperty("result").GetString());
        Assert.Equal("not_evaluated", nodes[3].GetProperty("result").GetString());
        Assert.Equal("true", nodes[0].GetProperty("result").GetString());
        Assert.Equal(
            "has no conditions: never chosen",
            json.GetProperty("conditions")[1].GetProperty("note").GetString()
        );
    }

    [Fact]
    public void Explain_Schedule_ShowsWindowsAndTheNextChange()
    {
        var entry = new CatalogEntry(
            Definitions.Experiment(
                Definitions.With(
                    "type",
                    "\"scheduled\"",
                    Definitions.With(
                        "variants.0.schedule",
                        """{"startAt": "2026-03-01T09:00:00Z", "endAt": "2026-03-01T17:00:00Z", "recurrence": {"type": "daily"}}""",
                        Definitions.With("status", "\"running\"")
                    )
                )
            )
        );

        var at = Explain(entry, new VisitorContext { Now = Now }, default, Human);
        var before = Explain(entry, new VisitorContext { Now = Now.AddHours(8) }, default, Human);

        var window = at.Schedules!.Variants[0];
        Assert.Equal((true, Now.AddHours(-3), Now.AddHours(5)), (window.Active, window.Start, window.Until));
        Assert.Equal(Now.AddHours(5), at.Schedules.NextChange);
        Assert.Equal(
            "Variant 'a' has been active since 2026-03-04T09:00:00.000Z, and no other variant is active.",
            at.Why
        );
        Assert.Equal(("a", "DEFAULT"), (before.Variant, before.Reason));
        Assert.Equal(
            (false, null, Now.AddHours(21)),
            (
                before.Schedules!.Variants[0].Active,
                before.Schedules.Variants[0].Start,
                before.Schedules.Variants[0].Until
            )
        );
        Assert.Equal(new ExplainedSchedule("b", false, null, null, null, null), before.Schedules.Variants[1]);
    }

    private static VariantExplanation Explain(
        CatalogEntry entry,
        in VisitorContext visitor,
        ReadOnlySpan<byte> unit,
        ExplainedVerdict verdict,
        int stated = -1
    ) =>
        Explainer.Explain(
            entry,
            visitor,
            new ExplainedSender
            {
                Unit = unit,
                UnitSource = "u parameter",
                Stated = stated,
                Verdict = verdict,
                IsClick = false,
                IsCounted = !verdict.IsMachine,
            }
        );
}
