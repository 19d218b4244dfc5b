using System.Text;
using System.Text.Json;
using CsCheck;
using Edge.Experiments;
using Edge.Experiments.Conditions;
using Edge.Experiments.Reading;
using Edge.Formats;
using Xunit;

namespace Edge.Tests.Experiments;

public class ExperimentReaderTests
{
    [Theory]
    [InlineData("alerts")]
    [InlineData("audit")]
    [InlineData("quota")]
    public void ReadStored_SlugThatIsAPathOfTheApi_IsServedAndReported(string slug)
    {
        var reading = Definitions.Read(Definitions.With("slug", $"\"{slug}\""));

        Assert.Equal(slug, reading.Experiment?.Slug);
        Assert.Equal("slug", Assert.Single(reading.Unknown).Field);
    }

    [Fact]
    public void ReadStored_NumberBeyondAll_NamesTheLimitItPasses()
    {
        var reading = Definitions.Read(
            Definitions.With("linkConfig", """{"maxClicks": 1e30, "exhaustedUrl": "https://a.example/"}""")
        );

        Assert.Equal("must be at most 2147483647", Assert.Single(reading.Violations).Message);
    }

    [Fact]
    public void ReadStored_Minimal_MaterialisesDefaults()
    {
        var experiment = Definitions.Experiment(Definitions.Minimal);

        Assert.Equal(ExperimentStatus.Draft, experiment.Status);
        Assert.Equal(GoalType.ImpressionsOnly, experiment.GoalConfig.Type);
        Assert.Equal(
            new BanditConfig
            {
                Enabled = false,
                WarmupImpressions = 50,
                RecomputeIntervalMinutes = 15,
            },
            experiment.BanditConfig
        );
        Assert.Equal(new OutputConfig { Format = ImageFormat.Png, Quality = 90 }, experiment.OutputConfig);
        Assert.Equal(
            (1000, 0.95, 7),
            (experiment.MinimumSampleSize, experiment.ConfidenceThreshold, experiment.MinimumRunDays)
        );
        Assert.Equal((1, 1), (experiment.HashVersion, experiment.WeightsVersion));
        Assert.Null(experiment.WinnerVariantId);
        Assert.Equal(Definitions.FileTime, experiment.CreatedAt);
        Assert.Equal(Definitions.FileTime, experiment.UpdatedAt);
        Assert.False(experiment.Variants[0].IsDefault);
        Assert.Equal(5000, experiment.Variants[1].RequestedWeight);
    }

    [Fact]
    public void ReadStored_Full_KeepsEveryMember()
    {
        var experiment = Definitions.Experiment(Definitions.Full);

        Assert.Equal("Völlig 🙂", experiment.Name);
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        Assert.Equal((2500, 4000), (experiment.Variants[0].Weight, experiment.Variants[0].RequestedWeight));
        Assert.Equal("12345678901234567890", experiment.Variants[0].Variables!.Value.GetProperty("n").GetRawText());
        var group = Assert.IsType<ConditionGroup>(experiment.Variants[0].Conditions);
        Assert.Equal(GroupOperator.Or, group.Operator);
        Assert.Equal("q", Assert.IsType<ConditionRule>(group.Children[0]).ParamName);
        Assert.Equal(RuleOperator.NotIn, Assert.IsType<ConditionRule>(group.Children[1]).RuleOperator);
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero), experiment.Variants[0].Schedule!.StartAt);
        Assert.Equal("America/New_York", experiment.Variants[0].Schedule!.Recurrence.Timezone);
        Assert.Equal("variant_B", experiment.WinnerVariantId);
        Assert.Equal(new SlotRange(2500, "variant-a"), experiment.Slots![0]);
        Assert.Equal("team-1", experiment.Team);
    }

    [Fact]
    public void WriteStored_OfWhatWasRead_ReadsBackTheSame()
    {
        foreach (var definition in new[] { Definitions.Minimal, Definitions.Full })
        {
            var first = ExperimentWriter.WriteStored(Definitions.Experiment(definition));
            var second = ExperimentWriter.WriteStored(Definitions.Experiment(Encoding.UTF8.GetString(first)));

            Assert.Equal(Encoding.UTF8.GetString(first), Encoding.UTF8.GetString(second));
        }
    }

    [Fact]
    public void WriteStored_Full_HasThePublishedNamesAndIsReadable()
    {
        var text = Encoding.UTF8.GetString(ExperimentWriter.WriteStored(Definitions.Experiment(Definitions.Full)));
        using var document = JsonDocument.Parse(text);
        var root = document.RootElement;

        Assert.Contains("\n  \"name\": \"Völlig", text, StringComparison.Ordinal);
        Assert.EndsWith("}\n", text, StringComparison.Ordinal);
        foreach (
            var name in new[]
            {
                "uid",
                "slug",
                "type",
                "name",
                "status",
                "templateUid",
                "variants",
                "goalConfig",
                "banditConfig",
                "hypothesis",
                "minimumSampleSize",
                "confidenceThreshold",
                "minimumRunDays",
                "winnerVariantId",
                "winnerDeclaredAt",
                "fallbackImageUrl",
                "fallbackTemplateUid",
                "outputConfig",
                "hashVersion",
                "createdAt",
                "updatedAt",
            }
        )
        {
            Assert.True(root.TryGetProperty(name, out _), name);
        }
        Assert.Equal("click_through", root.GetProperty("goalConfig").GetProperty("type").GetString());
        Assert.Equal("2026-03-02T00:00:00.123Z", root.GetProperty("winnerDeclaredAt").GetString());
        var variant = root.GetProperty("variants")[0];
        Assert.Equal("OR", variant.GetProperty("conditions").GetProperty("operator").GetString());
        var rule = variant.GetProperty("conditions").GetProperty("children")[0];
        Assert.Equal("rule", rule.GetProperty("type").GetString());
        Assert.Equal("starts_with", rule.GetProperty("ruleOperator").GetString());
        Assert.Equal("2026-03-01T08:00:00.000Z", variant.GetProperty("schedule").GetProperty("startAt").GetString());
        Assert.Equal("12345678901234567890", variant.GetProperty("variables").GetProperty("n").GetRawText());
        Assert.False(variant.TryGetProperty("impressions", out _));
    }

    [Fact]
    public void WriteStored_WithoutWinner_WritesNulls()
    {
        var text = Encoding.UTF8.GetString(ExperimentWriter.WriteStored(Definitions.Experiment(Definitions.Minimal)));

        Assert.Contains("\"winnerVariantId\": null", text, StringComparison.Ordinal);
        Assert.Contains("\"winnerDeclaredAt\": null", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hypothesis", text, StringComparison.Ordinal);
    }

    [Fact]
    public void WriteStored_OfABrokenDefinition_IsABug()
    {
        var experiment = Definitions.Experiment(Definitions.Minimal) with { Slug = "api" };

        Assert.Throws<InvalidOperationException>(() => ExperimentWriter.WriteStored(experiment));
    }

    [Fact]
    public void Read_ManyMistakes_NamesAllAtOnce()
    {
        var reading = Definitions.Read(
            """
            {
              "uid": "abc", "slug": "API", "type": "bandit", "minimumRunDays": -1,
              "variants": [
                {"id": "a b", "weight": 5000.5, "isDefault": true, "conditions": {"type": "group", "operator": "XOR", "children": []}},
                {"id": "c", "weight": 5000, "isDefault": true, "schedule": {"endAt": "tomorrow", "recurrence": {"type": "cron"}}}
              ],
              "goalConfig": {"type": "click_through"},
              "outputConfig": {"format": "gif", "quality": 0}
            }
            """
        );

        Assert.Null(reading.Experiment);
        Assert.Equal(
            new SortedSet<string>(StringComparer.Ordinal)
            {
                "uid invalid_format",
                "slug invalid_format",
                "type invalid_value",
                "name required",
                "minimumRunDays out_of_range",
                "variants[0].id invalid_format",
                "variants[0].weight invalid_type",
                "variants[0].conditions.operator invalid_value",
                "variants[0].conditions.children out_of_range",
                "variants[1].isDefault not_unique",
                "variants[1].schedule.endAt invalid_format",
                "variants[1].schedule.recurrence.cronExpression required",
                "goalConfig.destinationUrl required",
                "outputConfig.format invalid_value",
                "outputConfig.quality out_of_range",
            },
            new SortedSet<string>(reading.Violations.Select(v => $"{v.Field} {v.Code}"), StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Read_EndlessMistakes_AreReportedUpToTheLimit()
    {
        var variant =
            """{"id": "", "weight": -1, "name": 1, "templateUid": 1, "variables": 1, "isDefault": 1, "schedule": 1}""";
        var json = $$"""{"variants": [{{string.Join(',', Enumerable.Repeat(variant, 5000))}}]}""";

        Assert.Equal(ExperimentRules.ViolationsMax, Definitions.Read(json).Violations.Count);
    }

    [Theory]
    [InlineData("", "line 1, column 1")]
    [InlineData("{", "line 1, column 2")]
    [InlineData("{\n  \"uid\": ,\n}", "line 2, column 10")]
    [InlineData("{} {}", "line 1, column 4")]
    [InlineData("{\"a\": 01}", "line 1, column 8")]
    [InlineData("{\"a\": NaN}", "line 1, column 7")]
    [InlineData("{\"a\": 1,}", "line 1, column 9")]
    [InlineData("{\n\"a\": \"\\ud800\"}", "line 2, column 6")]
    [InlineData("{\"\\udc00\": 1}", "line 1, column 2")]
    [InlineData("{\"a\": \"\\ud83d\\ud83d\"}", "line 1, column 7")]
    public void Read_MalformedJson_IsOneViolationWithItsPlace(string json, string place)
    {
        var violation = Assert.Single(Definitions.Read(json).Violations);

        Assert.Equal(("", ViolationCodes.InvalidFormat), (violation.Field, violation.Code));
        Assert.Contains(place, violation.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_InvalidUtf8_IsOneViolationWithItsPlace()
    {
        byte[] bytes = [.. "{\n \"name\": \""u8, 0xC3, 0x28, .. "\"}"u8];

        var violation = Assert.Single(ExperimentReader.ReadStored(bytes, ExperimentRules.Default, default).Violations);

        Assert.Contains("UTF-8 at line 2, column 11", violation.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TooDeep_IsOneViolation()
    {
        var json = new string('[', 100) + new string(']', 100);

        Assert.Contains("depth", Assert.Single(Definitions.Read(json).Violations).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ByteOrderMark_IsSkipped()
    {
        byte[] bytes = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Definitions.Minimal)];

        Assert.Empty(ExperimentReader.ReadStored(bytes, ExperimentRules.Default, default).Violations);
    }

    [Fact]
    public void Read_PairedSurrogateEscapes_AreText()
    {
        var experiment = Definitions.Experiment(
            Definitions.Minimal.Replace("Homepage Hero A/B Test", "\\uD83D\\ude42 \\\\ud800", StringComparison.Ordinal)
        );

        Assert.Equal("🙂 \\ud800", experiment.Name);
    }

    [Fact]
    public void Read_RandomBytesAndMutations_NeverThrow()
    {
        var definition = Encoding.UTF8.GetBytes(Definitions.Full);
        Gen.Select(Gen.Int[0, definition.Length - 1], Gen.Byte)
            .Array[1, 3]
            .Sample(
                changes =>
                {
                    var bytes = (byte[])definition.Clone();
                    foreach (var (at, value) in changes)
                    {
                        bytes[at] = value;
                    }

                    var reading = ExperimentReader.ReadStored(bytes, ExperimentRules.Default, default);
                    return reading.Experiment is null != (reading.Violations.Count == 0);
                },
                iter: 5_000
            );
    }

    [Fact]
    public void Read_RepeatedMember_LastCounts()
    {
        var json = Definitions.Minimal.Replace(
            "\"type\": \"ab_test\"",
            "\"type\": 5, \"type\": \"ab_test\"",
            StringComparison.Ordinal
        );

        Assert.Equal(ExperimentType.AbTest, Definitions.Experiment(json).Type);
    }

    [Theory]
    [InlineData("minimumSampleSize", "5e3", 5000)]
    [InlineData("minimumSampleSize", "5000.0", 5000)]
    [InlineData("minimumSampleSize", "0", 0)]
    [InlineData("minimumSampleSize", "null", 1000)]
    public void Read_WholeNumbers_InAnySpelling(string name, string json, int expected) =>
        Assert.Equal(expected, Definitions.Experiment(Definitions.With(name, json)).MinimumSampleSize);

    [Fact]
    public void ReadCreate_ServerOwnedMembers_AreIgnored()
    {
        var now = new DateTimeOffset(2026, 5, 5, 0, 0, 0, TimeSpan.Zero);
        var body = Encoding.UTF8.GetBytes(Definitions.Full);

        var experiment = ExperimentReader.ReadCreate(body, ExperimentRules.Default, "exp_new", "mine", now).Experiment!;

        Assert.Equal(("exp_new", "mine", ExperimentStatus.Draft), (experiment.Uid, experiment.Team, experiment.Status));
        Assert.Equal((now, now), (experiment.CreatedAt, experiment.UpdatedAt));
        Assert.Null(experiment.WinnerVariantId);
        Assert.Null(experiment.WinnerDeclaredAt);
        Assert.Null(experiment.Slots);
        Assert.Equal(1, experiment.WeightsVersion);
    }

    [Fact]
    public void ReadCreate_ConfiguredWeight_IsTheWeight()
    {
        var body = Encoding.UTF8.GetBytes(Definitions.Full);

        var experiment = ExperimentReader
            .ReadCreate(body, ExperimentRules.Default, "exp_new", null, default)
            .Experiment!;

        Assert.All(experiment.Variants, variant => Assert.Equal(variant.Weight, variant.RequestedWeight));
    }

    [Fact]
    public void ReadUpdate_Empty_ChangesNothing()
    {
        var current = Definitions.Experiment(Definitions.Full);

        var next = ExperimentReader.ReadUpdate("{}"u8.ToArray(), ExperimentRules.Default, current).Experiment!;

        Assert.Equal(current, next);
    }

    [Fact]
    public void ReadUpdate_Members_MergeAndNullClears()
    {
        var current = Definitions.Experiment(Definitions.Full);
        var body = """
            {"goalConfig": {"destinationUrl": "https://example.com/other"}, "banditConfig": {"warmupImpressions": 9},
             "outputConfig": {"quality": 50}, "hypothesis": null, "confidenceThreshold": null, "uid": "exp_other", "status": "draft"}
            """;

        var next = ExperimentReader
            .ReadUpdate(Encoding.UTF8.GetBytes(body), ExperimentRules.Default, current)
            .Experiment!;

        Assert.Equal(
            current with
            {
                GoalConfig = current.GoalConfig with { DestinationUrl = "https://example.com/other" },
                BanditConfig = current.BanditConfig with { WarmupImpressions = 9 },
                OutputConfig = current.OutputConfig with { Quality = 50 },
                Hypothesis = null,
                ConfidenceThreshold = 0.95,
            },
            next
        );
    }

    [Theory]
    [InlineData("""{"goalConfig": {"destinationUrl": null}}""", "variants[1].destinationUrl", "required")]
    [InlineData(
        """{"variants": [{"id": "a", "weight": 0}, {"id": "b", "weight": 10000}], "goalConfig": {"destinationUrl": null}}""",
        "goalConfig.destinationUrl",
        "required"
    )]
    [InlineData(
        """{"type": "scheduled", "stableUnits": false, "trafficShare": null, "exclusionGroup": null}""",
        "banditConfig.enabled",
        "invalid_value"
    )]
    [InlineData(
        """{"type": "scheduled", "stableUnits": null, "banditConfig": null, "exclusionGroup": null}""",
        "trafficShare",
        "invalid_value"
    )]
    [InlineData(
        """{"type": "smart_link", "stableUnits": null, "banditConfig": null, "trafficShare": 10000}""",
        "exclusionGroup",
        "invalid_value"
    )]
    [InlineData(
        """{"linkConfig": {"maxClicks": 5}, "exclusionGroup": null}""",
        "linkConfig.maxClicks",
        "invalid_value"
    )]
    [InlineData("""{"trialStart": "click"}""", "trialStart", "invalid_value")]
    [InlineData("""{"attributionWindowMinutes": 1441}""", "attributionWindowMinutes", "out_of_range")]
    [InlineData(
        """{"attributionWindowMinutes": 43200, "stableUnits": null, "goalConfig": {"type": "value"}}""",
        "attributionWindowMinutes",
        "out_of_range"
    )]
    [InlineData(
        """{"attributionWindowMinutes": 43201, "goalConfig": {"type": "event"}}""",
        "attributionWindowMinutes",
        "out_of_range"
    )]
    [InlineData(
        """{"type": "scheduled", "banditConfig": null, "trafficShare": null, "exclusionGroup": null}""",
        "stableUnits",
        "invalid_value"
    )]
    [InlineData("""{"name": null}""", "name", "required")]
    [InlineData("""{"variants": null}""", "variants", "required")]
    [InlineData("""{"variants": []}""", "variants", "out_of_range")]
    [InlineData("""{"type": null}""", "type", "required")]
    [InlineData("""{"slug": "admin"}""", "slug", "invalid_value")]
    public void ReadUpdate_MergedResult_MustObeyEveryRule(string body, string field, string code)
    {
        var current = Definitions.Experiment(Definitions.Full);

        var violation = Assert.Single(
            ExperimentReader.ReadUpdate(Encoding.UTF8.GetBytes(body), ExperimentRules.Default, current).Violations
        );

        Assert.Equal((field, code), (violation.Field, violation.Code));
    }
}
