using System.Text;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Formats;
using Xunit;

namespace Edge.Tests.Experiments;

/// <summary>One row per broken rule: what stands where, and the one violation that must come of it.</summary>
public class ExperimentViolationTests
{
    private const string C = "variants.0.conditions";
    private const string S = "variants.0.schedule";

    public static TheoryData<string, string, string, string> Rows =>
        new()
        {
            // uid
            { "uid", "null", "uid", "required" },
            { "uid", "\"\"", "uid", "required" },
            { "uid", "5", "uid", "invalid_type" },
            { "uid", "\"abc123\"", "uid", "invalid_format" },
            { "uid", "\"exp_\"", "uid", "invalid_format" },
            { "uid", "\"exp_a/b\"", "uid", "invalid_format" },
            { "uid", "\"exp_é\"", "uid", "invalid_format" },
            { "uid", Text(65, "exp_"), "uid", "too_long" },
            // slug
            { "slug", "null", "slug", "required" },
            { "slug", "[]", "slug", "invalid_type" },
            { "slug", "\"ab\"", "slug", "invalid_format" },
            { "slug", Text(61), "slug", "too_long" },
            { "slug", "\"-abc\"", "slug", "invalid_format" },
            { "slug", "\"abc-\"", "slug", "invalid_format" },
            { "slug", "\"Abc\"", "slug", "invalid_format" },
            { "slug", "\"a_b\"", "slug", "invalid_format" },
            { "slug", "\"äbc\"", "slug", "invalid_format" },
            { "slug", "\"a b\"", "slug", "invalid_format" },
            { "slug", "\"abc\\n\"", "slug", "invalid_format" },
            { "slug", "\"events\"", "slug", "invalid_value" },
            { "slug", "\"api\"", "slug", "invalid_value" },
            { "slug", "\"admin\"", "slug", "invalid_value" },
            { "slug", "\"health\"", "slug", "invalid_value" },
            { "slug", "\"status\"", "slug", "invalid_value" },
            { "slug", "\"pixel\"", "slug", "invalid_value" },
            { "slug", "\"track\"", "slug", "invalid_value" },
            { "slug", "\"sdk\"", "slug", "invalid_value" },
            // type, name, status
            { "type", "null", "type", "required" },
            { "type", "1", "type", "invalid_type" },
            { "type", "\"bandit\"", "type", "invalid_value" },
            { "type", "\"AB_TEST\"", "type", "invalid_value" },
            { "name", "null", "name", "required" },
            { "name", "\"\"", "name", "required" },
            { "name", "\" \\t \"", "name", "required" },
            { "name", "true", "name", "invalid_type" },
            { "name", Text(256), "name", "too_long" },
            { "name", "\"a\\u0000b\"", "name", "invalid_format" },
            { "status", "\"active\"", "status", "invalid_value" },
            { "status", "0", "status", "invalid_type" },
            // plain members
            { "templateUid", "1", "templateUid", "invalid_type" },
            { "templateUid", Text(256), "templateUid", "too_long" },
            { "hypothesis", "{}", "hypothesis", "invalid_type" },
            { "hypothesis", Text(501), "hypothesis", "too_long" },
            { "minimumSampleSize", "-1", "minimumSampleSize", "out_of_range" },
            { "minimumSampleSize", "1.5", "minimumSampleSize", "invalid_type" },
            { "minimumSampleSize", "\"1000\"", "minimumSampleSize", "invalid_type" },
            { "minimumSampleSize", "1e300", "minimumSampleSize", "out_of_range" },
            { "minimumSampleSize", "2147483648", "minimumSampleSize", "out_of_range" },
            { "minimumRunDays", "-1", "minimumRunDays", "out_of_range" },
            { "minimumRunDays", "0.5", "minimumRunDays", "invalid_type" },
            { "confidenceThreshold", "0", "confidenceThreshold", "out_of_range" },
            { "confidenceThreshold", "1", "confidenceThreshold", "out_of_range" },
            { "confidenceThreshold", "95", "confidenceThreshold", "out_of_range" },
            { "confidenceThreshold", "\"0.95\"", "confidenceThreshold", "invalid_type" },
            { "fallbackImageUrl", "\"/f.png\"", "fallbackImageUrl", "invalid_format" },
            { "fallbackImageUrl", "1", "fallbackImageUrl", "invalid_type" },
            { "fallbackTemplateUid", "1", "fallbackTemplateUid", "invalid_type" },
            { "team", "1", "team", "invalid_type" },
            { "createdAt", "\"2026-01-01\"", "createdAt", "invalid_format" },
            { "createdAt", "1767225600", "createdAt", "invalid_type" },
            { "updatedAt", "\"2026-01-01T00:00:00\"", "updatedAt", "invalid_format" },
            { "hashVersion", "2", "hashVersion", "invalid_value" },
            { "hashVersion", "0", "hashVersion", "out_of_range" },
            { "weightsVersion", "0", "weightsVersion", "out_of_range" },
            { "winnerVariantId", "\"c\"", "winnerVariantId", "invalid_value" },
            { "winnerVariantId", "\"a\"", "winnerVariantId", "invalid_value" },
            { "winnerDeclaredAt", "\"now\"", "winnerDeclaredAt", "invalid_format" },
            { "slots", "1", "slots", "invalid_type" },
            { "slots", "[1]", "slots", "invalid_type" },
            { "slots", "[{\"to\": 5000, \"variant\": \"a\"}]", "slots", "out_of_range" },
            { "slots", "[{\"variant\": \"a\"}]", "slots[0].to", "required" },
            { "slots", "[{\"to\": 10000}]", "slots[0].variant", "required" },
            {
                "slots",
                "[{\"to\": 9, \"variant\": \"a\"}, {\"to\": 9, \"variant\": \"b\"}]",
                "slots[1].to",
                "out_of_range"
            },
            // goal, bandit, output
            { "goalConfig", "[]", "goalConfig", "invalid_type" },
            { "goalConfig", "{\"type\": \"click_through\"}", "goalConfig.destinationUrl", "required" },
            {
                "goalConfig",
                "{\"type\": \"click_through\", \"destinationUrl\": null}",
                "goalConfig.destinationUrl",
                "required"
            },
            {
                "goalConfig",
                "{\"type\": \"click_through\", \"destinationUrl\": 1}",
                "goalConfig.destinationUrl",
                "invalid_type"
            },
            { "goalConfig", "{\"type\": \"custom_event\"}", "goalConfig.type", "invalid_value" },
            {
                "goalConfig",
                "{\"destinationUrl\": \"javascript:alert(1)\"}",
                "goalConfig.destinationUrl",
                "invalid_format"
            },
            {
                "goalConfig",
                "{\"destinationUrl\": \"mailto:a@example.com\"}",
                "goalConfig.destinationUrl",
                "invalid_format"
            },
            { "passQuery", "\"utm_*\"", "passQuery", "invalid_type" },
            { "passQuery", "[\"a b\"]", "passQuery[0]", "invalid_format" },
            { "passQuery", "[\"a\", \"*\"]", "passQuery[1]", "invalid_format" },
            { "passQuery", "[\"a\", \"b*c\"]", "passQuery[1]", "invalid_format" },
            { "passQuery", "[\"utm_*\", \"utm_*\"]", "passQuery[1]", "not_unique" },
            {
                "goalConfig",
                "{\"destinationUrl\": \"https://a.example/?{clickId}{clickId}{clickId}{clickId}{clickId}\"}",
                "goalConfig.destinationUrl",
                "out_of_range"
            },
            { "trafficShare", "10001", "trafficShare", "out_of_range" },
            { "exclusionGroup", "{}", "exclusionGroup.name", "required" },
            { "exclusionGroup", "{\"name\": \"a b\"}", "exclusionGroup.name", "invalid_format" },
            { "exclusionGroup", "{\"name\": \"g\", \"from\": 5, \"to\": 5}", "exclusionGroup.to", "out_of_range" },
            { "trackingConfig", "1", "trackingConfig", "invalid_type" },
            { "trackingConfig", "{\"mode\": \"some\"}", "trackingConfig.mode", "invalid_value" },
            { "trackingConfig", "{\"onSignal\": true}", "trackingConfig.onSignal", "invalid_type" },
            { "linkConfig", "1", "linkConfig", "invalid_type" },
            { "linkConfig", "{\"expiresAt\": \"2026-01-01T00:00:00Z\"}", "linkConfig.expiredUrl", "required" },
            { "linkConfig", "{\"startsAt\": \"2026-01-01T00:00:00Z\"}", "linkConfig.notStartedUrl", "required" },
            { "linkConfig", "{\"maxClicks\": 5}", "linkConfig.exhaustedUrl", "required" },
            { "linkConfig", "{\"maxClicks\": 1e30, \"exhaustedUrl\": \"https://a.example\"}", "linkConfig.maxClicks", "out_of_range" },
            { "linkConfig", "{\"maxClicks\": 0, \"exhaustedUrl\": \"https://a.example\"}", "linkConfig.maxClicks", "out_of_range" },
            { "linkConfig", "{\"maxClicks\": 5, \"exhaustedUrl\": \"//a.example\"}", "linkConfig.exhaustedUrl", "invalid_format" },
            { "linkConfig", "{\"redirectStatus\": 303}", "linkConfig.redirectStatus", "invalid_value" },
            {
                "linkConfig",
                """
                {"startsAt": "2026-01-02T00:00:00Z", "notStartedUrl": "https://a.example",
                 "expiresAt": "2026-01-02T00:00:00Z", "expiredUrl": "https://a.example"}
                """,
                "linkConfig.expiresAt",
                "out_of_range"
            },
            { "attributionWindowMinutes", "0", "attributionWindowMinutes", "out_of_range" },
            { "attributionWindowMinutes", "43201", "attributionWindowMinutes", "out_of_range" },
            { "stableUnits", "\"yes\"", "stableUnits", "invalid_type" },
            { "decoy", "1", "decoy", "invalid_type" },
            { "trialStart", "\"view\"", "trialStart", "invalid_value" },
            { "goalConfig", "{\"type\": \"event\"}", "goalConfig.event", "required" },
            { "goalConfig", "{\"type\": \"value\", \"event\": \"order\"}", "goalConfig.property", "required" },
            { "goalConfig", "{\"type\": \"event\", \"event\": \" \"}", "goalConfig.event", "required" },
            { "variants.1.destinationUrl", "1", "variants[1].destinationUrl", "invalid_type" },
            { "variants.1.destinationUrl", "\"//example.com\"", "variants[1].destinationUrl", "invalid_format" },
            { "variants.1.destinationUrl", "\"https://example.com/\"", "variants[0].destinationUrl", "required" },
            { "goalConfig", "{\"destinationUrl\": \"//example.com\"}", "goalConfig.destinationUrl", "invalid_format" },
            { "banditConfig", "true", "banditConfig", "invalid_type" },
            { "banditConfig", "{\"enabled\": 1}", "banditConfig.enabled", "invalid_type" },
            { "banditConfig", "{\"algorithm\": \"epsilon_greedy\"}", "banditConfig.algorithm", "invalid_value" },
            { "banditConfig", "{\"warmupImpressions\": -1}", "banditConfig.warmupImpressions", "out_of_range" },
            { "banditConfig", "{\"warmupImpressions\": 0.5}", "banditConfig.warmupImpressions", "invalid_type" },
            {
                "banditConfig",
                "{\"recomputeIntervalMinutes\": 0}",
                "banditConfig.recomputeIntervalMinutes",
                "out_of_range"
            },
            {
                "banditConfig",
                "{\"recomputeIntervalMinutes\": 1441}",
                "banditConfig.recomputeIntervalMinutes",
                "out_of_range"
            },
            { "outputConfig", "\"png\"", "outputConfig", "invalid_type" },
            { "outputConfig", "{\"format\": \"gif\"}", "outputConfig.format", "invalid_value" },
            { "outputConfig", "{\"quality\": 0.5}", "outputConfig.quality", "out_of_range" },
            { "outputConfig", "{\"quality\": 101}", "outputConfig.quality", "out_of_range" },
            { "outputConfig", "{\"quality\": \"90\"}", "outputConfig.quality", "invalid_type" },
            // variants
            { "variants", "null", "variants", "required" },
            { "variants", "{}", "variants", "invalid_type" },
            { "variants", "[]", "variants", "out_of_range" },
            { "variants", "[{\"id\": \"a\", \"weight\": 10000}]", "variants", "out_of_range" },
            { "variants.1", "null", "variants[1]", "invalid_type" },
            { "variants.1", "\"b\"", "variants[1]", "invalid_type" },
            { "variants.0.id", "null", "variants[0].id", "required" },
            { "variants.0.id", "\"\"", "variants[0].id", "required" },
            { "variants.0.id", "1", "variants[0].id", "invalid_type" },
            { "variants.0.id", "\"a b\"", "variants[0].id", "invalid_format" },
            { "variants.0.id", "\"a.b\"", "variants[0].id", "invalid_format" },
            { "variants.0.id", Text(65), "variants[0].id", "too_long" },
            { "variants.1.id", "\"a\"", "variants[1].id", "not_unique" },
            { "variants.0.weight", "null", "variants[0].weight", "required" },
            { "variants.0.weight", "\"5000\"", "variants[0].weight", "invalid_type" },
            { "variants.0.weight", "5000.5", "variants[0].weight", "invalid_type" },
            { "variants.0.weight", "-1", "variants[0].weight", "out_of_range" },
            { "variants.0.weight", "10001", "variants[0].weight", "out_of_range" },
            { "variants.0.weight", "4999", "variants", "weight_sum" },
            { "variants.0.weight", "5001", "variants", "weight_sum" },
            { "variants.0.configuredWeight", "4999", "variants", "weight_sum" },
            { "variants.0.configuredWeight", "-1", "variants[0].configuredWeight", "out_of_range" },
            { "variants.0.name", "1", "variants[0].name", "invalid_type" },
            { "variants.0.name", Text(256), "variants[0].name", "too_long" },
            { "variants.0.templateUid", "{}", "variants[0].templateUid", "invalid_type" },
            { "variants.0.variables", "[]", "variants[0].variables", "invalid_type" },
            { "variants.0.variables", $"{{\"x\": {Text(65_536)}}}", "variants[0].variables", "too_long" },
            { "variants.0.isDefault", "\"true\"", "variants[0].isDefault", "invalid_type" },
            // condition trees
            { C, "[]", "variants[0].conditions", "invalid_type" },
            { C, "{}", "variants[0].conditions.type", "required" },
            { C, "{\"type\": 1}", "variants[0].conditions.type", "invalid_type" },
            { C, "{\"type\": \"not\"}", "variants[0].conditions.type", "invalid_value" },
            { C, "{\"type\": \"group\", \"operator\": \"AND\"}", "variants[0].conditions.children", "required" },
            {
                C,
                "{\"type\": \"group\", \"operator\": \"AND\", \"children\": {}}",
                "variants[0].conditions.children",
                "invalid_type"
            },
            {
                C,
                "{\"type\": \"group\", \"operator\": \"AND\", \"children\": []}",
                "variants[0].conditions.children",
                "out_of_range"
            },
            {
                C,
                Group(Rule).Replace("\"AND\"", "null", StringComparison.Ordinal),
                "variants[0].conditions.operator",
                "required"
            },
            {
                C,
                Group(Rule).Replace("AND", "and", StringComparison.Ordinal),
                "variants[0].conditions.operator",
                "invalid_value"
            },
            { C, Group("5"), "variants[0].conditions.children[0]", "invalid_type" },
            {
                C,
                Group(Rule + ", {\"type\": \"rule\", \"property\": \"os\", \"ruleOperator\": \"equals\"}"),
                "variants[0].conditions.children[1].value",
                "required"
            },
            {
                C,
                Group(Group(Group(Group(Rule)))),
                "variants[0].conditions.children[0].children[0].children[0].type",
                "out_of_range"
            },
            { C, Group(string.Join(',', Enumerable.Repeat(Rule, 100))), "variants[0].conditions", "out_of_range" },
            { C, RuleOf("\"plan\"", "\"equals\"", "1"), "variants[0].conditions.property", "invalid_value" },
            { C, RuleOf("\"Device.Type\"", "\"equals\"", "1"), "variants[0].conditions.property", "invalid_value" },
            { C, RuleOf("\"custom.\"", "\"equals\"", "1"), "variants[0].conditions.property", "invalid_value" },
            { C, RuleOf("\"attribute.\"", "\"equals\"", "1"), "variants[0].conditions.property", "invalid_value" },
            { C, RuleOf("\"attribute.a..b\"", "\"equals\"", "1"), "variants[0].conditions.property", "invalid_value" },
            { C, RuleOf("\"attribute.a.\"", "\"equals\"", "1"), "variants[0].conditions.property", "invalid_value" },
            { C, RuleOf("\"utm_\"", "\"equals\"", "1"), "variants[0].conditions.property", "invalid_value" },
            { C, RuleOf("null", "\"equals\"", "1"), "variants[0].conditions.property", "required" },
            { C, RuleOf("7", "\"equals\"", "1"), "variants[0].conditions.property", "invalid_type" },
            { C, RuleOf("\"url.param\"", "\"equals\"", "1"), "variants[0].conditions.paramName", "required" },
            { C, RuleOf("\"os\"", "null", "1"), "variants[0].conditions.ruleOperator", "required" },
            { C, RuleOf("\"os\"", "\"matches\"", "1"), "variants[0].conditions.ruleOperator", "invalid_value" },
            {
                C,
                RuleOf("\"os\"", "\"gt\", \"operator\": \"lt\"", "1"),
                "variants[0].conditions.ruleOperator",
                "invalid_value"
            },
            { C, RuleOf("\"os\"", "\"equals\"", "null"), "variants[0].conditions.value", "required" },
            { C, RuleOf("\"os\"", "\"equals\"", "{}"), "variants[0].conditions.value", "invalid_type" },
            { C, RuleOf("\"os\"", "\"equals\"", "[\"iOS\"]"), "variants[0].conditions.value", "invalid_type" },
            { C, RuleOf("\"os\"", "\"in\"", "\"iOS\""), "variants[0].conditions.value", "invalid_type" },
            { C, RuleOf("\"os\"", "\"in\"", "[]"), "variants[0].conditions.value", "out_of_range" },
            { C, RuleOf("\"os\"", "\"not_in\"", "[\"iOS\", null]"), "variants[0].conditions.value[1]", "invalid_type" },
            { C, RuleOf("\"hour\"", "\"gt\"", "\"noon\""), "variants[0].conditions.value", "invalid_format" },
            { C, RuleOf("\"hour\"", "\"lte\"", "true"), "variants[0].conditions.value", "invalid_type" },
            { C, RuleOf("\"hour\"", "\"gte\"", "1e999"), "variants[0].conditions.value", "out_of_range" },
            { C, RuleOf("\"os\"", "\"contains\"", "\"\""), "variants[0].conditions.value", "required" },
            { C, RuleOf("\"os\"", "\"equals\"", Text(257)), "variants[0].conditions.value", "too_long" },
            // schedules
            { S, "\"daily\"", "variants[0].schedule", "invalid_type" },
            { S, "{\"startAt\": \"2026-03-01T09:00:00\"}", "variants[0].schedule.startAt", "invalid_format" },
            { S, "{\"startAt\": 5}", "variants[0].schedule.startAt", "invalid_type" },
            { S, "{\"endAt\": \"2026-03-01T09:00:00Z\"}", "variants[0].schedule.startAt", "required" },
            {
                S,
                "{\"startAt\": \"2026-03-01T09:00:00Z\", \"endAt\": \"2026-03-01T10:00:00+01:00\"}",
                "variants[0].schedule.endAt",
                "out_of_range"
            },
            { S, "{\"recurrence\": \"daily\"}", "variants[0].schedule.recurrence", "invalid_type" },
            { S, "{\"recurrence\": {\"type\": \"monthly\"}}", "variants[0].schedule.recurrence.type", "invalid_value" },
            {
                S,
                "{\"recurrence\": {\"type\": \"cron\"}}",
                "variants[0].schedule.recurrence.cronExpression",
                "required"
            },
            { S, Cron("* * * *"), "variants[0].schedule.recurrence.cronExpression", "invalid_format" },
            { S, Cron("0 * * * * *"), "variants[0].schedule.recurrence.cronExpression", "invalid_format" },
            { S, Cron("60 * * * *"), "variants[0].schedule.recurrence.cronExpression", "invalid_format" },
            { S, Cron("0 0 30 2 *"), "variants[0].schedule.recurrence.cronExpression", "invalid_format" },
            { S, Cron("0 0 L * *"), "variants[0].schedule.recurrence.cronExpression", "invalid_format" },
            {
                S,
                "{\"recurrence\": {\"timezone\": \"Mars/Olympus\"}}",
                "variants[0].schedule.recurrence.timezone",
                "invalid_value"
            },
            {
                S,
                "{\"recurrence\": {\"timezone\": \"../../etc/localtime\"}}",
                "variants[0].schedule.recurrence.timezone",
                "invalid_value"
            },
            {
                S,
                "{\"recurrence\": {\"timezone\": \"\"}}",
                "variants[0].schedule.recurrence.timezone",
                "invalid_value"
            },
            { S, "{\"recurrence\": {\"timezone\": 1}}", "variants[0].schedule.recurrence.timezone", "invalid_type" },
        };

    private const string Rule = """{"type": "rule", "property": "os", "ruleOperator": "equals", "value": "iOS"}""";

    [Theory]
    [MemberData(nameof(Rows))]
    public void Read_BrokenRule_NamesFieldAndCode(string path, string json, string field, string code)
    {
        var reading = Definitions.Read(Definitions.With(path, json));

        Assert.Null(reading.Experiment);
        var violation = Assert.Single(reading.Violations);
        Assert.Equal((field, code), (violation.Field, violation.Code));
        Assert.NotEmpty(violation.Message);
    }

    [Theory]
    [InlineData("uid")]
    [InlineData("slug")]
    [InlineData("type")]
    [InlineData("name")]
    [InlineData("variants")]
    public void Read_MissingMember_IsRequired(string name)
    {
        var violation = Assert.Single(Definitions.Read(Definitions.Without(name)).Violations);

        Assert.Equal((name, ViolationCodes.Required), (violation.Field, violation.Code));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("5")]
    public void Read_NotAnObject_IsOneViolation(string json)
    {
        var violation = Assert.Single(Definitions.Read(json).Violations);

        Assert.Equal(("", ViolationCodes.InvalidType), (violation.Field, violation.Code));
    }

    [Theory]
    [InlineData("smart_link")]
    [InlineData("scheduled")]
    public void Read_BanditOnOtherTypes_IsRefused(string type)
    {
        var json = Definitions.With("banditConfig", "{\"enabled\": true}", Definitions.With("type", $"\"{type}\""));

        var violation = Assert.Single(Definitions.Read(json).Violations);

        Assert.Equal(("banditConfig.enabled", ViolationCodes.InvalidValue), (violation.Field, violation.Code));
    }

    [Fact]
    public void Read_TwoDefaults_SecondIsNamed()
    {
        var json = Definitions.With("variants.0.isDefault", "true", Definitions.With("variants.1.isDefault", "true"));

        Assert.Equal("variants[1].isDefault", Assert.Single(Definitions.Read(json).Violations).Field);
    }

    [Fact]
    public void Read_MoreVariantsThanThePlanHas_IsOutOfRange()
    {
        var rules = new ExperimentRules { VariantsMax = 2 };
        var json = Definitions.With(
            "variants",
            """
            [{"id": "a", "weight": 5000}, {"id": "b", "weight": 5000}, {"id": "c", "weight": 0}]
            """
        );

        var violation = Assert.Single(Definitions.Read(json, rules).Violations);

        Assert.Equal(("variants", ViolationCodes.OutOfRange), (violation.Field, violation.Code));
    }

    [Fact]
    public void Read_PlainHttpWhenForbidden_IsInvalidValue()
    {
        var json = Definitions.With("goalConfig", "{\"destinationUrl\": \"http://example.com/\"}");

        var violation = Assert.Single(Definitions.Read(json, new ExperimentRules { HttpsOnly = true }).Violations);

        Assert.Equal(("goalConfig.destinationUrl", ViolationCodes.InvalidValue), (violation.Field, violation.Code));
    }

    /// <summary>A sender is told of members that have no meaning; a stored file is served without them.</summary>
    [Theory]
    [InlineData("bandit", "{}", "bandit", "is not a known member")]
    [InlineData("variants.0.destinationUrI", "\"x\"", "variants[0].destinationUrI", "did you mean destinationUrl?")]
    [InlineData("variants.1.requestedWeight", "1", "variants[1].requestedWeight", "is not a known member")]
    [InlineData("goalConfig", "{\"x\": 1}", "goalConfig.x", "is not a known member")]
    [InlineData("goalConfig", "{\"DestinationUrl\": 1}", "goalConfig.DestinationUrl", "did you mean destinationUrl?")]
    [InlineData("banditConfig", "{\"enable\": true}", "banditConfig.enable", "did you mean enabled?")]
    [InlineData("outputConfig", "{\"qualty\": 1}", "outputConfig.qualty", "did you mean quality?")]
    [InlineData(
        C,
        """{"type": "rule", "property": "device", "operator": "eq", "value": 5, "values": [5]}""",
        "variants[0].conditions.values",
        "did you mean value?"
    )]
    [InlineData(S, "{\"begin\": 1}", "variants[0].schedule.begin", "is not a known member")]
    [InlineData(S, "{\"startat\": 1}", "variants[0].schedule.startat", "did you mean startAt?")]
    [InlineData(
        S,
        "{\"recurrence\": {\"timeZone\": \"UTC\"}}",
        "variants[0].schedule.recurrence.timeZone",
        "did you mean timezone?"
    )]
    public void Read_UnknownMember_IsNamedToSendersAndIgnoredInFiles(
        string path,
        string json,
        string field,
        string message
    )
    {
        var text = Definitions.With(path, json);

        var sent = Assert.Single(
            ExperimentReader
                .ReadCreate(Encoding.UTF8.GetBytes(text), ExperimentRules.Default, "exp_x", null, Definitions.FileTime)
                .Violations
        );
        var stored = Definitions.Read(text);

        Assert.Equal((field, ViolationCodes.UnknownMember), (sent.Field, sent.Code));
        Assert.EndsWith(message, sent.Message, StringComparison.Ordinal);
        Assert.Empty(stored.Violations);
        Assert.Equal([field], stored.Unknown.Select(unknown => unknown.Field));
    }

    /// <summary>A sender is told of a value that nobody can have; a file that was accepted once is still served.</summary>
    [Theory]
    [InlineData("geo.country", "eq", "\"UK\"", "value", "must be a country of ISO 3166-1, not 'UK'; did you mean GB (United Kingdom)?")]
    [InlineData("country", "in", "[\"DE\", \"uk\"]", "value[1]", ", not 'uk'; did you mean GB (United Kingdom)?")]
    [InlineData("geo.country", "neq", "\"EU\"", "value", ", not 'EU'; did you mean the property geo.continent with EU (Europe)?")]
    [InlineData("geo.country", "neq", "\"Europ\"", "value", "did you mean the property geo.continent with EU (Europe)?")]
    [InlineData("geo.country", "in", "[\"Germny\"]", "value[0]", ", not 'Germny'; did you mean DE (Germany)?")]
    [InlineData("geo.country", "eq", "\"Turkey\"", "value", "did you mean TR (Türkiye)?")]
    [InlineData("geo.country", "eq", "\"usa\"", "value", "did you mean US (United States)?")]
    [InlineData("geo.country", "eq", "\"DEU\"", "value", "in two letters, such as DE, GB or US, not 'DEU'")]
    [InlineData("geo.country", "eq", "\"XX\"", "value", "in two letters, such as DE, GB or US, not 'XX'")]
    [InlineData("geo.country", "eq", "\"\"", "value", "in two letters, such as DE, GB or US")]
    [InlineData("geo.country", "not_in", "[49]", "value[0]", "in two letters, such as DE, GB or US, not '49'")]
    [InlineData("continent", "eq", "\"Europe\"", "value", "must be a continent, not 'Europe'; did you mean EU (Europe)?")]
    [InlineData("continent", "eq", "\"Germany\"", "value", "did you mean the property geo.country with DE (Germany)?")]
    [InlineData("continent", "eq", "\"DE\"", "value", "did you mean the property geo.country with DE (Germany)?")]
    [InlineData("continent", "eq", "\"Atlantis\"", "value", "SA (South America), OC (Oceania), AN (Antarctica), not 'Atlantis'")]
    [InlineData("time.hour", "eq", "25", "value", "must be an hour from 0 to 23, not '25'")]
    [InlineData("hour", "eq", "\"09\"", "value", ", not '09'; did you mean 9?")]
    [InlineData("hour", "in", "[9, 9.5]", "value[1]", "must be an hour from 0 to 23, not '9.5'")]
    [InlineData("hour", "neq", "true", "value", "must be an hour from 0 to 23, not 'true'")]
    [InlineData("time", "gt", "24", "value", "must be an hour from 0 to 23, not '24'")]
    [InlineData("time", "lt", "25", "value", "must be an hour from 0 to 23, not '25'")]
    [InlineData("time", "gte", "-1", "value", "must be an hour from 0 to 23, not '-1'")]
    [InlineData("time.dayOfWeek", "eq", "9", "value", "must be a day from 0 (Sunday) to 6 (Saturday), not '9'")]
    [InlineData("dayOfWeek", "in", "[6, 7]", "value[1]", "must be a day from 0 (Sunday) to 6 (Saturday), not '7'")]
    [InlineData("dayOfWeek", "eq", "\"Mon\"", "value", "did you mean 1 (Monday)?")]
    [InlineData("dayOfWeek", "eq", "\"Wensday\"", "value", "did you mean 3 (Wednesday)?")]
    public void Read_ValueThatNobodyHas_IsNamedToSendersAndToleratedInFiles(
        string property,
        string ruleOperator,
        string value,
        string member,
        string message
    )
    {
        var text = Definitions.With(
            C,
            $$"""{"type": "rule", "property": "{{property}}", "operator": "{{ruleOperator}}", "value": {{value}}}"""
        );

        var sent = Assert.Single(
            ExperimentReader
                .ReadCreate(Encoding.UTF8.GetBytes(text), ExperimentRules.Default, "exp_x", null, Definitions.FileTime)
                .Violations
        );
        var stored = Definitions.Read(text);

        Assert.Equal(($"variants[0].conditions.{member}", ViolationCodes.InvalidValue), (sent.Field, sent.Code));
        Assert.EndsWith(message, sent.Message, StringComparison.Ordinal);
        Assert.NotNull(stored.Experiment);
        Assert.Equal([sent.Field], stored.Unknown.Select(unknown => unknown.Field));
    }

    [Theory]
    [InlineData("geo.country", "eq", "\"de\"")]
    [InlineData("geo.country", "eq", "\"XK\"")]
    [InlineData("geo.country", "starts_with", "\"Ger\"")]
    [InlineData("geo.continent", "eq", "\"eu\"")]
    [InlineData("hour", "eq", "\"0\"")]
    [InlineData("hour", "in", "[23, 5.0, \"7\"]")]
    [InlineData("hour", "lt", "24")]
    [InlineData("hour", "gte", "9.5")]
    [InlineData("hour", "starts_with", "\"1\"")]
    [InlineData("dayOfWeek", "lte", "6")]
    [InlineData("dayOfWeek", "lt", "\"7\"")]
    public void Read_ValueThatSomebodyHas_InAnyForm_IsTaken(string property, string ruleOperator, string value) =>
        Assert.Empty(
            Definitions
                .Read(
                    Definitions.With(
                        C,
                        $$"""{"type": "rule", "property": "{{property}}", "operator": "{{ruleOperator}}", "value": {{value}}}"""
                    )
                )
                .Unknown
        );

    [Theory]
    [InlineData("attribute.", "must name an attribute of at most 128 characters, such as attribute.plan")]
    [InlineData("utm_", "must name a query parameter of at most 64 characters, such as custom.plan")]
    [InlineData("geo.contry", "is not known; did you mean geo.country?")]
    [InlineData("weather", "must be one of device.type, ")]
    public void Read_PropertyThatIsNone_IsRefusedWithWhatWasMeant(string property, string message)
    {
        var rule = RuleOf($"\"{property}\"", "\"equals\"", "1");

        Assert.StartsWith(message, Assert.Single(Definitions.Read(Definitions.With(C, rule)).Violations).Message, StringComparison.Ordinal);
    }

    /// <summary>The image is where it cannot be loaded from; a file that was accepted once is still served.</summary>
    [Theory]
    [InlineData("\"banner.png\"", "must be an absolute URL that begins with https:// or http://")]
    [InlineData("\"javascript:alert(1)\"", "must be an absolute URL that begins with https:// or http://")]
    [InlineData("\"https://user@cdn.example/a.png\"", "must not contain a user name or password")]
    [InlineData("7", "must be a string")]
    public void Read_ImageThatIsNone_IsNamedToSendersAndToleratedInFiles(string url, string message)
    {
        var text = Definitions.With("variants.1.variables", $$"""{"headline": "Hi", "imageUrl": {{url}}}""");

        var sent = Assert.Single(Create(text).Violations);
        var stored = Definitions.Read(text);

        Assert.Equal(("variants[1].variables.imageUrl", message, "invalid_value"), (sent.Field, sent.Message, sent.Code));
        Assert.NotNull(stored.Experiment);
        Assert.Equal([sent.Field], stored.Unknown.Select(unknown => unknown.Field));
    }

    [Theory]
    [InlineData("\"https://cdn.example/a.png\"")]
    [InlineData("\"\"")]
    [InlineData("null")]
    public void Read_Image_OrNone_IsTaken(string url) =>
        Assert.Empty(Create(Definitions.With("variants.1.variables", $$"""{"imageUrl": {{url}}}""")).Violations);

    /// <summary>Which of two counts is not for a reader to guess; of a file that was accepted once, the last does.</summary>
    [Fact]
    public void Read_MembersGivenTwice_AreRefusedFromSendersAndNotedInFiles()
    {
        var text = Definitions
            .With("variants.0.variables", """{"a": [{"b": 1, "c": 2}]}""")
            .Replace("\"c\":2", "\"\\u0062\":2", StringComparison.Ordinal)
            .Replace("\"name\":", "\"name\":\"Before\",\"name\":", StringComparison.Ordinal);

        var sent = Create(text);
        var stored = Definitions.Read(text);

        Assert.Equal(["name", "variants[0].variables.a[0].b"], sent.Violations.Select(one => one.Field).Order(StringComparer.Ordinal));
        Assert.All(sent.Violations, one => Assert.Equal(("is given twice", "not_unique"), (one.Message, one.Code)));
        Assert.NotEqual("Before", stored.Experiment!.Name);
        Assert.Equal(sent.Violations.Select(one => one.Field), stored.Unknown.Select(one => one.Field));
    }

    [Fact]
    public void Read_MembersGivenTwiceWithoutEnd_AreNamedShortly()
    {
        var text = Definitions.With("variants.0.variables", $$"""{"x": 1}""");
        text = text.Replace("\"x\":1", string.Join(',', Enumerable.Repeat("\"x\":1", 1_000)), StringComparison.Ordinal);

        Assert.Equal(ExperimentRules.ViolationsMax, Create(text).Violations.Count);
        Assert.Equal(ExperimentRules.ViolationsMax, Definitions.Read(text).Unknown.Count);
    }

    /// <summary>What looks wrong but is allowed.</summary>
    [Theory]
    [InlineData("slug", "\"api-test\"")]
    [InlineData("slug", "\"a--b\"")]
    [InlineData("slug", "\"123\"")]
    [InlineData("name", "\" x \"")]
    [InlineData("variants.0.weight", "5000.0")]
    [InlineData("banditConfig", "null")]
    [InlineData("variants.0.priority", "3")]
    [InlineData("variants.0.impressions", "\"many\"")]
    [InlineData("outputConfig", "{\"quality\": 72.5}")]
    [InlineData(C, "null")]
    [InlineData(C, Rule)]
    [InlineData(C, """{"type": "rule", "property": "device", "operator": "eq", "value": 5}""")]
    [InlineData(
        C,
        """{"type": "rule", "property": "device", "operator": "equals", "ruleOperator": "eq", "value": true}"""
    )]
    [InlineData(C, """{"type": "rule", "property": "url.param.plan", "operator": "neq", "value": ""}""")]
    [InlineData(C, """{"type": "rule", "property": "utm_source", "operator": "in", "value": ["a", 1, false]}""")]
    [InlineData(C, """{"type": "rule", "property": "custom.plan", "operator": "gt", "value": "18.5"}""")]
    [InlineData(C, """{"type": "rule", "property": "attribute.account.plan", "operator": "eq", "value": true}""")]
    [InlineData(S, "{}")]
    [InlineData(
        S,
        """{"startAt": "2026-03-01T09:00:00Z", "endAt": "2026-03-31T17:00:00Z", "recurrence": {"type": "daily"}}"""
    )]
    [InlineData(
        S,
        """{"startAt": "2026-03-01T09:00:00Z", "endAt": "2026-03-31T17:00:00Z", "recurrence": {"type": "weekly"}}"""
    )]
    [InlineData(S, """{"endAt": "2026-03-31T17:00:00Z", "recurrence": {"type": "cron", "cronExpression": "@daily"}}""")]
    [InlineData(S, """{"recurrence": {"type": "daily", "cronExpression": "nonsense", "timezone": "Etc/UTC"}}""")]
    [InlineData(S, """{"recurrence": {"type": "none", "timezone": "Europe/Berlin"}}""")]
    public void Read_AllowedOddity_IsAccepted(string path, string json) =>
        Assert.Empty(Definitions.Read(Definitions.With(path, json)).Violations);

    [Fact]
    public void Read_ThreeNestedGroupsAndHundredNodes_AreAccepted()
    {
        Assert.Empty(Definitions.Read(Definitions.With(C, Group(Group(Group(Rule))))).Violations);
        Assert.Empty(
            Definitions.Read(Definitions.With(C, Group(string.Join(',', Enumerable.Repeat(Rule, 99))))).Violations
        );
    }

    private static string Text(int chars, string prefix = "") =>
        $"\"{prefix}{new string('a', chars - prefix.Length)}\"";

    private static string Group(string children) =>
        $$"""{"type": "group", "operator": "AND", "children": [{{children}}]}""";

    private static ExperimentReadResult Create(string text) =>
        ExperimentReader.ReadCreate(Encoding.UTF8.GetBytes(text), ExperimentRules.Default, "exp_x", null, Definitions.FileTime);

    private static string RuleOf(string property, string ruleOperator, string value) =>
        $$"""{"type": "rule", "property": {{property}}, "ruleOperator": {{ruleOperator}}, "value": {{value}}}""";

    private static string Cron(string expression) =>
        $$"""{"recurrence": {"type": "cron", "cronExpression": "{{expression}}"} }""";
}
