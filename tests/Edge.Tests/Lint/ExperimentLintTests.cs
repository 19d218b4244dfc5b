using Edge.Catalog;
using Edge.Explanation;
using Edge.Lint;
using Edge.Selection.Conditions;
using Edge.Tests.Experiments;
using Edge.Tests.Selection;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Lint;

public class ExperimentLintTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private static readonly IReadOnlyList<OwnHost> Hosts = OwnHost.Of(
        [new Uri("http://127.0.0.1:8080"), new Uri("http://track.example.org:80")],
        "Node7"
    );

    [Fact]
    public void Check_DemoExperiments_FindsNothingToMend()
    {
        using var directory = new TempDirectory();
        DemoExperiments.WriteIfEmpty(directory.Path, TimeProvider.System);

        foreach (var file in ExperimentFile.PathsIn(directory.Path))
        {
            var experiment = Definitions.Experiment(File.ReadAllText(file));
            var findings = ExperimentLint.Check(experiment, Hosts, Now);
            // Two headlines for one page are a test of the mail.
            string[] expected = experiment.Slug == DemoExperiments.AbSlug ? ["same_destination"] : [];
            Assert.Equal(expected, findings.Select(finding => finding.Code));
        }
    }

    [Theory]
    // One rule.
    [InlineData("hour gt 23", "never_true c")]
    [InlineData("hour gte 23", "")]
    [InlineData("hour equals \"24\"", "never_true c")]
    [InlineData("dayOfWeek in [7,8]", "never_true c")]
    [InlineData("dayOfWeek in [6,8]", "")]
    [InlineData("country equals \"USA\"", "never_true c")]
    [InlineData("country equals \"us\"", "")]
    [InlineData("device equals \"phone\"", "never_true c")]
    [InlineData("os contains \"mac\"", "")]
    [InlineData("continent equals \"Europe\"", "never_true c")]
    [InlineData("referrer equals \"https://google.com/\"", "never_true c")]
    [InlineData("referrer equals \"www.google.com\"", "")]
    [InlineData("browser equals \"chrome\"", "")]
    [InlineData("& [custom.x gt 9007199254740992] [custom.x lt 9007199254740994]", "")]
    [InlineData("& [language equals \"zh-Hant\"] [language not_equals \"zh-Hant-TW\"]", "")]
    [InlineData("& [language equals \"zh-Hant\"] [language not_equals \"zh\"]", "never_true c")]
    [InlineData("custom.x equals \"\"", "")]
    [InlineData("custom.x equals 18", "")]
    [InlineData("attribute.a.x equals \"\"", "")]
    [InlineData("attribute.a.x equals true", "")]
    [InlineData("& [attribute.a equals \"x\"] [attribute.a equals \"y\"]", "never_true c")]
    [InlineData("& [attribute.a equals \"x\"] [attribute.b equals \"y\"]", "")]
    [InlineData("& [attribute.a gt 5] [attribute.a lt 5]", "never_true c")]
    [InlineData("hour gte 0", "always_true c")]
    [InlineData("country not_equals \"USA\"", "always_true c")]
    // Groups.
    [InlineData("& [country equals \"US\"] [country equals \"CA\"]", "never_true c")]
    [InlineData("& [country equals \"US\"] [country equals \"us\"]", "")]
    [InlineData("& [hour gt 20] [hour lt 4]", "never_true c")]
    [InlineData("| [hour gt 20] [hour lt 4]", "")]
    [InlineData("| [hour gt 10] [hour lt 14]", "always_true c")]
    [InlineData("& [custom.age gt 20] [custom.age lt 10]", "never_true c")]
    [InlineData("& [custom.age gt 10] [custom.age lt 20] [custom.age not_equals 15]", "")]
    [InlineData("& [custom.age gt 10] [custom.age equals 10]", "never_true c")]
    [InlineData("& [custom.x equals \"a\"] [custom.x equals \"b\"]", "never_true c")]
    [InlineData("& [custom.x equals \"a\"] [custom.x contains \"b\"]", "never_true c")]
    [InlineData("& [custom.x equals \"ab\"] [custom.x contains \"b\"]", "")]
    [InlineData("& [custom.x starts_with \"a\"] [custom.x ends_with \"z\"]", "")]
    [InlineData("& [custom.x equals \"18.0\"] [custom.x equals 18]", "")]
    [InlineData("& [custom.x ends_with \"0\"] [custom.x equals 18]", "")]
    [InlineData("& [custom.x in [\"a\",\"b\"]] [custom.x not_in [\"b\",\"A\"]]", "never_true c")]
    [InlineData("| [custom.x equals \"a\"] [custom.x not_equals \"a\"]", "always_true c")]
    [InlineData("& [language equals \"de\"] [language equals \"de-AT\"]", "")]
    [InlineData("& [language equals \"de\"] [language equals \"en-US\"]", "never_true c")]
    [InlineData("& [language equals \"de\"] [language ends_with \"AT\"]", "")]
    [InlineData("& [language equals \"de\"] [language not_equals \"de-DE\"]", "")]
    [InlineData("& [country equals \"US\"] [url.param.country equals \"CA\"]", "")]
    // The cause, not what follows from it.
    [InlineData("& [hour gt 23] [device equals \"mobile\"]", "never_true c.children[0]")]
    [InlineData(
        "& [device equals \"mobile\"] [| [hour gt 23] [hour lt 0]]",
        "never_true c.children[1].children[0] never_true c.children[1].children[1]"
    )]
    [InlineData("| [hour gt 23] [device equals \"mobile\"]", "never_true c.children[0]")]
    // A branch that the conditions around it exclude.
    [InlineData(
        "& [country equals \"US\"] [| [country equals \"DE\"] [device equals \"mobile\"]]",
        "unreachable c.children[1].children[0]"
    )]
    [InlineData("& [country equals \"US\"] [| [country not_equals \"DE\"] [device equals \"mobile\"]]", "")]
    public void Check_Conditions_FindsWhatCanNeverBe(string tree, string expected) =>
        Assert.Equal(expected, Codes(Smart(tree), "variants[1].conditions"));

    [Theory]
    [InlineData("device equals \"mobile\"", "device.type equals \"MOBILE\"", "shadowed v2")]
    [InlineData("device equals \"mobile\"", "& [device equals \"mobile\"] [country equals \"DE\"]", "shadowed v2")]
    [InlineData("& [device equals \"mobile\"] [country equals \"DE\"]", "device equals \"mobile\"", "")]
    [InlineData("hour gte 0", "device equals \"mobile\"", "always_true c shadowed v2")]
    [InlineData("hour lt 12", "hour gte 12", "")]
    [InlineData("custom.x starts_with \"a\"", "custom.x starts_with \"a\"", "shadowed v2")]
    [InlineData("custom.x starts_with \"a\"", "custom.x starts_with \"ab\"", "")]
    [InlineData("country in [\"DE\",\"AT\"]", "country equals \"at\"", "shadowed v2")]
    public void Check_LaterVariant_IsShadowedOnlyWhenItIs(string first, string second, string expected) =>
        Assert.Equal(expected, Codes(Smart(first, second), "variants[1].conditions"));

    [Fact]
    public void Check_TwoVariantsTogether_ShadowAThird()
    {
        var findings = Lint(Smart("hour lt 12", "hour gte 12", "country equals \"DE\""));

        var finding = Assert.Single(findings);
        Assert.Equal(("shadowed", "variants[3]"), (finding.Code, finding.Path));
        Assert.Contains("'v1', 'v2'", finding.Message, StringComparison.Ordinal);
    }

    /// <summary>Whatever is said to be impossible does not happen, however one tries.</summary>
    [Fact]
    public void Check_RandomSmartLinks_RaisesNoFalseAlarm()
    {
        var random = new RandomExperiments(77);
        var counts = new Dictionary<string, int>();
        for (var round = 0; round < 150; round++)
        {
            var entry = random.Next("smart_link", "running");
            var findings = ExperimentLint.Check(entry.Experiment, Hosts, Now);
            foreach (var finding in findings)
            {
                counts[finding.Code] = counts.GetValueOrDefault(finding.Code) + 1;
            }
            for (var probe = 0; probe < 150 && findings.Count > 0; probe++)
            {
                var visitor = random.NextPossibleVisitor();
                var explanation = Explainer.Explain(
                    entry,
                    RandomExperiments.Visitor(visitor),
                    new ExplainedSender
                    {
                        Stated = -1,
                        Verdict = new ExplainedVerdict("human", "", null, null, false, ""),
                        IsClick = false,
                        IsCounted = true,
                    }
                );
                AssertConsistent(findings, explanation);
            }
        }
        Assert.True(
            counts.GetValueOrDefault("never_true") > 20
                && counts.GetValueOrDefault("shadowed") > 5
                && counts.GetValueOrDefault("unreachable") > 0,
            string.Join(' ', counts)
        );
    }

    private static void AssertConsistent(IReadOnlyList<Finding> findings, VariantExplanation explanation)
    {
        foreach (var finding in findings)
        {
            foreach (var variant in explanation.Conditions!)
            {
                var node = variant.Nodes.FirstOrDefault(node => node.Path == finding.Path);
                var isContradicted = finding.Code switch
                {
                    "never_true" => node?.Result == ConditionOutcome.True,
                    "always_true" => node?.Result == ConditionOutcome.False,
                    "unreachable" => node?.Result == ConditionOutcome.True && variant.Result == ConditionOutcome.True,
                    "shadowed" => variant.Result == ConditionOutcome.True
                        && variant.Nodes[0].Path == $"{finding.Path}.conditions",
                    _ => false,
                };
                Assert.False(isContradicted, $"{finding}");
            }
        }
    }

    [Fact]
    public void Check_LargestDefinition_EndsSoon()
    {
        var rules = string.Concat(Enumerable.Range(0, 90).Select(i => $" [custom.p{i % 30} contains \"{i}\"]"));
        var trees = Enumerable.Repeat($"| {rules.Trim()}", 19).ToArray();

        Assert.DoesNotContain(Lint(Smart(trees)), finding => finding.Code is "never_true" or "always_true");
    }

    [Theory]
    [InlineData("ab_test", "no_default variants")]
    [InlineData("smart_link", "no_default variants no_conditions variants[1]")]
    [InlineData("scheduled", "no_default variants no_schedule variants[1] schedule_gap variants")]
    public void Check_NothingSaidOfVariants_IsFound(string type, string expected) =>
        Assert.Equal(expected, Codes(Definitions.With("type", $"\"{type}\"")));

    [Fact]
    public void Check_Weights_NamesVariantsNobodyGets()
    {
        var json = Definitions.With(
            "variants",
            """
            [{"id": "a", "weight": 0, "isDefault": true}, {"id": "b", "weight": 10000}, {"id": "c", "weight": 0},
             {"id": "d", "weight": 0, "configuredWeight": 500}, {"id": "e", "weight": 0}]
            """
        );

        // The weights asked for must sum up too, so another one gives them up.
        Assert.Equal(
            "weight_zero variants[0].weight weight_zero variants[2].weight weight_zero variants[4].weight",
            Codes(
                json.Replace("\"weight\":10000", "\"weight\":10000,\"configuredWeight\":9500", StringComparison.Ordinal)
            )
        );
    }

    [Fact]
    public void Check_MembersOfAnotherType_HaveNoEffect()
    {
        var json = Definitions.With(
            "variants.0.isDefault",
            "true",
            Definitions.With(
                "variants.0.schedule",
                "{\"startAt\": \"2026-01-01T00:00:00Z\"}",
                Definitions.With(
                    "variants.1.conditions",
                    """{"type": "rule", "property": "os", "operator": "eq", "value": "iOS"}"""
                )
            )
        );

        Assert.Equal("ignored variants[0].schedule ignored variants[1].conditions", Codes(json));
    }

    [Theory]
    [InlineData("https://example.com/landing", "")]
    [InlineData("http://localhost:8080/x", "destination_loop")]
    [InlineData("http://127.0.0.1:8080/s/other/click", "destination_loop")]
    [InlineData("http://NODE7:8080/", "destination_loop")]
    [InlineData("http://localhost:8081/x", "")]
    [InlineData("https://track.example.org/x", "")]
    [InlineData("http://track.example.org/x", "destination_loop")]
    [InlineData("https://links.example.org/s/spring-sale/click?x=1", "destination_tracking")]
    [InlineData("https://cloud.example.org/s/Ab3kX", "")]
    [InlineData("https://cloud.example.org/s/a/b/click", "")]
    [InlineData("https://example.com/unsubscribe", "destination_unsubscribe")]
    [InlineData("https://example.com/news/Opt-Out?id=1", "destination_unsubscribe")]
    [InlineData("https://example.com/?do=%75nsubscribe&id=1", "destination_unsubscribe")]
    [InlineData("https://example.de/newsletter/abmelden.php", "destination_unsubscribe")]
    [InlineData("https://example.com/unsubscribed-books", "")]
    [InlineData("https://example.com/crop-outlet/optoutdoor", "")]
    [InlineData("https://unsubscribe.example.com/", "")]
    public void Check_Destination_MayNotLeadBackOrOffAList(string url, string expected)
    {
        var json = Definitions.With(
            "variants.0.isDefault",
            "true",
            Definitions.With("goalConfig.destinationUrl", $"\"{url}\"")
        );

        Assert.Equal(expected, string.Join(' ', Lint(json).Select(finding => finding.Code)));
        Assert.All(Lint(json), finding => Assert.Equal("goalConfig.destinationUrl", finding.Path));
    }

    [Theory]
    // Once, with and without an end.
    [InlineData(
        """{"startAt": "2026-03-10T00:00:00Z", "endAt": "2026-03-11T00:00:00Z"}""",
        null,
        "Note schedule_gap variants"
    )]
    [InlineData(
        """{"startAt": "2025-03-10T00:00:00Z", "endAt": "2025-03-11T00:00:00Z"}""",
        null,
        "Note schedule_gap variants Note never_active variants[0].schedule"
    )]
    [InlineData("""{"startAt": "2025-03-10T00:00:00Z"}""", null, "")]
    [InlineData(
        """{"recurrence": {"type": "daily"}}""",
        null,
        "Note schedule_gap variants Warning never_active variants[0].schedule"
    )]
    // A switch is no overlap, a window inside another one is.
    [InlineData(
        """{"startAt": "2026-01-01T09:00:00Z", "recurrence": {"type": "daily"}}""",
        """{"startAt": "2026-01-01T17:00:00Z", "recurrence": {"type": "daily"}}""",
        ""
    )]
    [InlineData(
        """{"startAt": "2026-01-01T00:00:00Z"}""",
        """{"startAt": "2026-05-01T17:00:00Z", "endAt": "2026-06-01T00:00:00Z"}""",
        ""
    )]
    [InlineData(
        """{"startAt": "2026-01-01T00:00:00Z", "endAt": "2027-12-01T00:00:00Z"}""",
        """{"startAt": "2026-05-01T17:00:00Z", "endAt": "2026-06-01T00:00:00Z"}""",
        "Warning schedule_overlap variants[0].schedule"
    )]
    [InlineData(
        """{"startAt": "2026-01-01T00:00:00Z", "endAt": "2027-12-01T00:00:00Z"}""",
        """{"startAt": "2026-01-01T00:00:00Z", "endAt": "2027-12-01T00:00:00Z"}""",
        "Warning schedule_overlap variants[1].schedule Warning shadowed variants[1].schedule"
    )]
    [InlineData(
        """{"recurrence": {"type": "cron", "cronExpression": "* 9-16 * * *"}}""",
        """{"recurrence": {"type": "cron", "cronExpression": "* 17-8 * * *"}}""",
        ""
    )]
    // Clock changes.
    [InlineData(
        """{"recurrence": {"type": "cron", "cronExpression": "30 2 * * *", "timezone": "Europe/Berlin"}}""",
        null,
        "Warning clock_gap variants[0].schedule.recurrence.cronExpression"
    )]
    [InlineData(
        """{"recurrence": {"type": "cron", "cronExpression": "30 3 * * *", "timezone": "Europe/Berlin"}}""",
        null,
        ""
    )]
    [InlineData("""{"recurrence": {"type": "cron", "cronExpression": "30 2 * * *"}}""", null, "")]
    [InlineData(
        """{"recurrence": {"type": "cron", "cronExpression": "30 2 * * MON", "timezone": "Europe/Berlin"}}""",
        null,
        ""
    )]
    [InlineData(
        """{"recurrence": {"type": "cron", "cronExpression": "*/30 * * * *", "timezone": "Europe/Berlin"}}""",
        null,
        ""
    )]
    [InlineData(
        """{"startAt": "2026-01-01T01:15:00Z", "recurrence": {"type": "daily", "timezone": "Europe/Berlin"}}""",
        null,
        "Warning clock_gap variants[0].schedule.startAt"
    )]
    [InlineData(
        """{"startAt": "2026-01-01T01:15:00Z", "recurrence": {"type": "weekly", "timezone": "Europe/Berlin"}}""",
        null,
        ""
    )]
    [InlineData(
        """{"startAt": "2026-01-04T01:15:00Z", "recurrence": {"type": "weekly", "timezone": "Europe/Berlin"}}""",
        null,
        "Warning clock_gap variants[0].schedule.startAt"
    )]
    public void Check_Schedules_FindsGapsOverlapsAndClockChanges(string first, string? second, string expected)
    {
        var json = Definitions.With(
            "type",
            "\"scheduled\"",
            Definitions.With(
                "variants",
                $$"""
                [{"id": "a", "weight": 0, "schedule": {{first}}}, {"id": "b", "weight": 0, "schedule": {{second
                    ?? "null"}}},
                 {"id": "default", "weight": 10000, "isDefault": true}]
                """
            )
        );

        var findings = Lint(json).Where(finding => second is not null || finding.Code != "no_schedule");
        Assert.Equal(
            expected,
            string.Join(' ', findings.Select(finding => $"{finding.Severity} {finding.Code} {finding.Path}"))
        );
    }

    [Fact]
    public void Check_Schedules_SaysWhenAndWho()
    {
        var json = Definitions.With(
            "type",
            "\"scheduled\"",
            Definitions.With(
                "variants",
                """
                [{"id": "day", "weight": 0, "schedule": {"startAt": "2026-03-01T09:00:00Z", "endAt": "2026-03-01T17:00:00Z", "recurrence": {"type": "daily"}}},
                 {"id": "lunch", "weight": 10000, "schedule": {"startAt": "2026-03-01T12:00:00Z", "endAt": "2026-03-01T13:00:00Z", "recurrence": {"type": "daily"}}},
                 {"id": "cron", "weight": 0, "schedule": {"startAt": "2026-03-28T01:30:00Z", "endAt": "2026-03-28T01:45:00Z",
                  "recurrence": {"type": "cron", "cronExpression": "30 2 * * *", "timezone": "Europe/Berlin"}}}]
                """
            )
        );

        var messages = Lint(json).Select(finding => finding.Message).ToArray();

        Assert.Contains(
            "none is active from 2026-03-04T17:00:00.000Z to 2026-03-05T09:00:00.000Z, and 776 more times within 400 days; 'day' is served then",
            messages
        );
        Assert.Contains(
            "is active together with that of 'lunch' at 2026-03-04T12:00:00.000Z: 'lunch' is served, since it began later, and 'day' is not",
            messages
        );
        Assert.Contains(
            "begins at 2026-03-29 02:30, which the clock of Europe/Berlin does not show that day; it begins at 03:00 instead (2026-03-29T01:00:00.000Z)",
            messages
        );
    }

    [Theory]
    [InlineData("", "same_destination variants")]
    [InlineData(""", "destinationUrl": "https://EXAMPLE.com/landing" """, "same_destination variants")]
    [InlineData(""", "destinationUrl": "https://example.com/other" """, "")]
    [InlineData(
        """, "destinationUrl": "http://localhost:8080/other" """,
        "destination_loop variants[1].destinationUrl"
    )]
    public void Check_Destinations_AreLookedAtOneByOneAndCompared(string own, string expected)
    {
        var json = Definitions.With(
            "variants",
            $$"""[{"id": "a", "weight": 5000, "isDefault": true}, {"id": "b", "weight": 5000{{own}}}]""",
            Definitions.With(
                "goalConfig",
                """{"type": "click_through", "destinationUrl": "https://example.com/landing"}"""
            )
        );

        Assert.Equal(expected, Codes(json));
    }

    [Theory]
    [InlineData("click_through", "full", "same_destination variants")]
    [InlineData("click_through", "aggregate", "same_destination variants")]
    [InlineData("click_through", "off", "tracking_learns_nothing trackingConfig.mode same_destination variants")]
    [InlineData("conversion", "full", "")]
    [InlineData("conversion", "aggregate", "tracking_learns_nothing trackingConfig.mode")]
    public void Check_TrackingThatLearnsNothing_IsAWarning(string goal, string mode, string expected)
    {
        var link = goal == "click_through" ? ""","destinationUrl":"https://example.com/a" """ : "";
        var json = Definitions.With(
            "trackingConfig",
            $$"""{"mode": "{{mode}}"}""",
            Definitions.With(
                "variants",
                """[{"id": "a", "weight": 5000, "isDefault": true}, {"id": "b", "weight": 5000}]""",
                Definitions.With("goalConfig", $$"""{"type": "{{goal}}"{{link}}}""")
            )
        );

        Assert.Equal(expected, Codes(json));
    }

    [Theory]
    [InlineData("conversion", "exposure", true, "click_starts_no_trial trialStart")]
    [InlineData("event", "exposure", true, "click_starts_no_trial trialStart")]
    [InlineData("value", "exposure", true, "click_starts_no_trial trialStart")]
    [InlineData("conversion", "click", true, "")]
    [InlineData("conversion", "exposure", false, "")]
    [InlineData("impressions_only", "exposure", true, "")]
    public void Check_TrialsThatNoClickStarts_AreNotedWhereThereAreLinks(
        string goal,
        string start,
        bool hasLink,
        string expected
    )
    {
        var more = goal == "event" ? ""","event":"buy" """ : goal == "value" ? ""","event":"buy","property":"sum" """ : "";
        var link = hasLink ? ""","destinationUrl":"https://example.com/a" """ : "";
        var json = Definitions.With(
            "trialStart",
            $"\"{start}\"",
            Definitions.With(
                "variants",
                $$"""[{"id": "a", "weight": 5000, "isDefault": true{{link}}}, {"id": "b", "weight": 5000{{link}}}]""",
                Definitions.With("goalConfig", $$"""{"type": "{{goal}}"{{more}}}""")
            )
        );

        Assert.Equal(expected, Codes(json));
    }

    [Fact]
    public void Check_RulesOnPlaces_AreNamedWhereNobodySaysWhereVisitorsAre()
    {
        var json = Smart("& [continent equals \"EU\"] [hour gt 3]", "hour gt 3", "country not_in [\"DE\"]");

        var findings = ExperimentLint.Check(Definitions.Experiment(json), Hosts, Now, knowsPlaces: false);

        Assert.Equal(
            ["variants[1].conditions.children[0]", "variants[3].conditions"],
            findings.Where(finding => finding.Code == "no_geo").Select(finding => finding.Path)
        );
        Assert.DoesNotContain(Lint(json), finding => finding.Code == "no_geo");
    }

    private static string Codes(string json, string c = "-")
    {
        var findings = Lint(json).Select(finding => $"{finding.Code} {finding.Path}").ToArray();
        return string.Join(' ', findings)
            .Replace(c, "c", StringComparison.Ordinal)
            .Replace("variants[2]", c == "-" ? "variants[2]" : "v2", StringComparison.Ordinal);
    }

    private static IReadOnlyList<Finding> Lint(string json) =>
        ExperimentLint.Check(Definitions.Experiment(json), Hosts, Now);

    /// <summary>A smart link with a default and then one variant for each tree.</summary>
    private static string Smart(params string[] trees)
    {
        var variants = trees.Select(
            (tree, i) => $$"""{"id": "v{{i + 1}}", "weight": 0, "conditions": {{Tree(tree)}}}"""
        );
        return Definitions.With(
            "type",
            "\"smart_link\"",
            Definitions.With(
                "variants",
                $$"""[{"id": "default", "weight": 10000, "isDefault": true}, {{string.Join(',', variants)}}]"""
            )
        );
    }

    /// <summary>Reads <c>property operator value</c>, and <c>&amp;</c> or <c>|</c> before trees in brackets.</summary>
    private static string Tree(string text)
    {
        if (text[0] is not ('&' or '|'))
        {
            var parts = text.Split(' ', 3);
            return $$"""{"type": "rule", "property": "{{parts[0]}}", "ruleOperator": "{{parts[1]}}", "value": {{parts[2]}}}""";
        }
        var children = new List<string>();
        for (int at = 2, depth = 0, from = 0; at < text.Length; at++)
        {
            if (text[at] == '[' && depth++ == 0)
            {
                from = at + 1;
            }
            else if (text[at] == ']' && --depth == 0)
            {
                children.Add(Tree(text[from..at]));
            }
        }
        return $$"""{"type": "group", "operator": "{{(text[0] == '&' ? "AND" : "OR")}}", "children": [{{string.Join(',', children)}}]}""";
    }
}
