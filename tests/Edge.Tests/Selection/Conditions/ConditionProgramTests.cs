using System.Globalization;
using System.Text.Json;
using Edge.Experiments;
using Edge.Experiments.Conditions;
using Edge.Selection.Conditions;
using Edge.Tests.Experiments;
using Xunit;

namespace Edge.Tests.Selection.Conditions;

public class ConditionProgramTests
{
    /// <summary>2026-03-04 is a Wednesday.</summary>
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 13, 59, 59, 999, TimeSpan.Zero);

    /// <summary>One described request, as strings, so that rows stay readable.</summary>
    private sealed record Request(
        string Device = "mobile",
        string Os = "iOS",
        string Browser = "safari",
        string Country = "DE",
        string Continent = "EU",
        string Language = "de-AT,de;q=0.9,en;q=0.8",
        string Referrer = "https://www.Google.com/search?q=x",
        string Query = "?plan=Gold+Plus&age=18&empty=&utm_source=Newsletter",
        string? Context =
            """{"plan":"Pro","seats":12.50,"beta":true,"none":null,"list":["a"],"account":{"tier":"Gold","a.b":7},"x.y":"z","empty":""}"""
    )
    {
        public static readonly Request Unknown = new("", "", "", "", "", "", "", "", null);

        private readonly ContextAttributes? _attributes = Context is null
            ? null
            : ContextAttributes.Read(JsonElement.Parse(Context), out _);

        public VisitorContext At(DateTimeOffset now) =>
            new()
            {
                Now = now,
                DeviceType = Device,
                Os = Os,
                Browser = Browser,
                Country = Country,
                Continent = Continent,
                AcceptLanguage = Language,
                Referrer = Referrer,
                Query = Query,
                Attributes = _attributes,
            };
    }

    [Theory]
    // Every property and alias.
    [InlineData("device.type", "equals", "\"mobile\"", true)]
    [InlineData("device", "equals", "\"MOBILE\"", true)]
    [InlineData("device", "equals", "\"desktop\"", false)]
    [InlineData("device.os", "equals", "\"ios\"", true)]
    [InlineData("os", "not_equals", "\"Android\"", true)]
    [InlineData("browser", "equals", "\"Safari\"", true)]
    [InlineData("geo.country", "equals", "\"de\"", true)]
    [InlineData("country", "equals", "\"US\"", false)]
    [InlineData("geo.continent", "equals", "\"EU\"", true)]
    [InlineData("continent", "equals", "\"NA\"", false)]
    [InlineData("time.hour", "equals", "13", true)]
    [InlineData("hour", "equals", "\"13\"", true)]
    [InlineData("time", "equals", "14", false)]
    [InlineData("time.dayOfWeek", "equals", "3", true)]
    [InlineData("dayOfWeek", "in", "[1, \"3\"]", true)]
    [InlineData("browser.language", "equals", "\"de-at\"", true)]
    [InlineData("language", "equals", "\"de\"", true)]
    [InlineData("language", "equals", "\"de-DE\"", false)]
    [InlineData("language", "in", "[\"en\", \"de\"]", true)]
    [InlineData("language", "starts_with", "\"de\"", true)]
    [InlineData("language", "ends_with", "\"AT\"", true)]
    [InlineData("referrer.domain", "equals", "\"google.com\"", true)]
    [InlineData("referrer", "equals", "\"www.google.com\"", true)]
    [InlineData("referrer", "ends_with", "\".com\"", true)]
    [InlineData("url.param.plan", "equals", "\"gold plus\"", true)]
    [InlineData("url.param.Plan", "equals", "\"gold plus\"", false)]
    [InlineData("custom.plan", "equals", "\"gold plus\"", true)]
    [InlineData("utm_source", "equals", "\"newsletter\"", true)]
    // Attributes of the evaluation context: text, numbers, booleans, nested or with dots in their names.
    [InlineData("attribute.plan", "equals", "\"pro\"", true)]
    [InlineData("attribute.Plan", "equals", "\"pro\"", false)]
    [InlineData("attribute.seats", "equals", "12.5", true)]
    [InlineData("attribute.seats", "equals", "\"12.50\"", true)]
    [InlineData("attribute.seats", "gt", "12", true)]
    [InlineData("attribute.beta", "equals", "true", true)]
    [InlineData("attribute.beta", "in", "[\"true\"]", true)]
    [InlineData("attribute.account.tier", "starts_with", "\"go\"", true)]
    [InlineData("attribute.account.a.b", "equals", "7", true)]
    [InlineData("attribute.x.y", "not_equals", "\"z\"", false)]
    [InlineData("attribute.empty", "equals", "\"\"", true)]
    [InlineData("attribute.none", "not_equals", "\"x\"", true)]
    [InlineData("attribute.list", "contains", "\"a\"", false)]
    [InlineData("attribute.account", "contains", "\"Gold\"", false)]
    [InlineData("attribute.other", "equals", "\"x\"", false)]
    [InlineData("attribute.other", "not_in", "[\"x\"]", true)]
    // Every operator.
    [InlineData("custom.plan", "contains", "\"LD P\"", true)]
    [InlineData("custom.plan", "contains", "\"silver\"", false)]
    [InlineData("custom.plan", "not_contains", "\"silver\"", true)]
    [InlineData("custom.plan", "starts_with", "\"gold\"", true)]
    [InlineData("custom.plan", "starts_with", "\"plus\"", false)]
    [InlineData("custom.plan", "ends_with", "\"PLUS\"", true)]
    [InlineData("custom.plan", "in", "[\"x\", \"gold plus\"]", true)]
    [InlineData("custom.plan", "not_in", "[\"x\", \"gold plus\"]", false)]
    [InlineData("custom.age", "gt", "17", true)]
    [InlineData("custom.age", "gt", "18", false)]
    [InlineData("custom.age", "gte", "\"18\"", true)]
    [InlineData("custom.age", "lt", "18.5", true)]
    [InlineData("custom.age", "lt", "18", false)]
    [InlineData("custom.age", "lte", "1.8e1", true)]
    [InlineData("custom.age", "contains", "8", true)]
    [InlineData("hour", "gte", "9", true)]
    [InlineData("hour", "lt", "14", true)]
    // Numbers and booleans.
    [InlineData("custom.age", "equals", "18.0", true)]
    [InlineData("custom.age", "equals", "\"18.0\"", false)]
    [InlineData("custom.age", "not_equals", "19", true)]
    [InlineData("custom.plan", "equals", "18", false)]
    [InlineData("custom.plan", "not_equals", "18", false)]
    [InlineData("custom.plan", "gt", "1", false)]
    [InlineData("custom.plan", "not_equals", "true", true)]
    // Present and empty is not missing.
    [InlineData("custom.empty", "equals", "\"\"", true)]
    [InlineData("custom.empty", "not_equals", "\"x\"", true)]
    [InlineData("custom.empty", "gt", "0", false)]
    public void IsTrue_Rule_AgainstAKnownRequest(string property, string ruleOperator, string value, bool expected) =>
        Assert.Equal(expected, IsTrue(Rule(property, ruleOperator, value), new Request()));

    [Theory]
    // A range of languages matches every tag that begins with its subtags (RFC 4647 section 3.3.1).
    [InlineData("zh-Hant-TW", "zh-Hant", true)]
    [InlineData("zh-Hant-TW", "ZH-hant", true)]
    [InlineData("zh-Hant-TW", "zh", true)]
    [InlineData("zh-Hant-TW", "zh-Hant-TW", true)]
    [InlineData("zh-Hant-TW", "zh-Hans", false)]
    [InlineData("zh-Hant-TW", "zh-Han", false)]
    [InlineData("zh-Hant-TW", "zh-TW", false)]
    [InlineData("zh-Hant", "zh-Hant-TW", false)]
    [InlineData("de-AT", "d", false)]
    public void IsTrue_Language_MatchesARangeOfTags(string sent, string range, bool expected)
    {
        var request = new Request(Language: sent);

        Assert.Equal(expected, IsTrue(Rule("language", "equals", $"\"{range}\""), request));
        Assert.Equal(!expected, IsTrue(Rule("language", "not_in", $"[\"{range}\"]"), request));
    }

    [Theory]
    // 2^53 + 1 is the first whole number that a double does not have.
    [InlineData("9007199254740993", "equals", "9007199254740992", false)]
    [InlineData("9007199254740993", "not_equals", "9007199254740992", true)]
    [InlineData("9007199254740993", "gt", "9007199254740992", true)]
    [InlineData("9007199254740993", "lte", "9007199254740992", false)]
    [InlineData("-9007199254740993", "lt", "-9007199254740992", true)]
    [InlineData("9007199254740993", "equals", "9007199254740993.000", true)]
    [InlineData("009007199254740993", "equals", "9.007199254740993e15", true)]
    [InlineData("900719925474099300", "gt", "9007199254740992.99e2", true)]
    [InlineData("9007199254740993e-20", "gt", "0.00009007199254740992", true)]
    [InlineData("0.1", "equals", "0.1000000000000000000", true)]
    [InlineData("0.1", "lt", "0.10000000000000000001", true)]
    [InlineData("0.00000000000000000", "equals", "-0.000000000000000000", true)]
    [InlineData("18446744073709551615", "in", "[18446744073709551614, 18446744073709551615]", true)]
    [InlineData("18446744073709551615", "in", "[18446744073709551614, 18446744073709551616]", false)]
    public void IsTrue_LongNumbers_CompareByEveryDigit(string sent, string ruleOperator, string value, bool expected) =>
        Assert.Equal(
            expected,
            IsTrue(Rule("custom.id", ruleOperator, value), new Request(Query: $"?id={Uri.EscapeDataString(sent)}"))
        );

    [Theory]
    [InlineData("equals", "\"x\"", false)]
    [InlineData("equals", "1", false)]
    [InlineData("equals", "\"\"", false)]
    [InlineData("not_equals", "\"x\"", true)]
    [InlineData("not_equals", "1", true)]
    [InlineData("contains", "\"x\"", false)]
    [InlineData("not_contains", "\"x\"", true)]
    [InlineData("starts_with", "\"x\"", false)]
    [InlineData("ends_with", "\"x\"", false)]
    [InlineData("gt", "0", false)]
    [InlineData("lt", "0", false)]
    [InlineData("gte", "0", false)]
    [InlineData("lte", "0", false)]
    [InlineData("in", "[\"x\"]", false)]
    [InlineData("not_in", "[\"x\"]", true)]
    public void IsTrue_MissingProperty_OnlyNegationsHold(string ruleOperator, string value, bool expected)
    {
        foreach (
            var property in new[]
            {
                "device.type",
                "os",
                "browser",
                "country",
                "continent",
                "language",
                "referrer",
                "url.param.x",
                "custom.x",
                "utm_x",
            }
        )
        {
            Assert.Equal(expected, IsTrue(Rule(property, ruleOperator, value), Request.Unknown));
        }
    }

    [Theory]
    [InlineData("device.type")]
    [InlineData("os")]
    [InlineData("browser")]
    [InlineData("country")]
    [InlineData("continent")]
    public void IsTrue_PropertyThatSaysUnknown_IsMissing(string property)
    {
        var request = new Request("Unknown", "unknown", "UNKNOWN", "unknown", "unknown");

        Assert.False(IsTrue(Rule(property, "equals", "\"unknown\""), request));
        Assert.True(IsTrue(Rule(property, "not_equals", "\"US\""), request));
    }

    [Fact]
    public void IsTrue_HourBoundary_DecidesBetweenTwoTicks()
    {
        var program = new ConditionProgram(Tree(Rule("hour", "gte", "14")));
        var request = new Request();
        var next = new DateTimeOffset(2026, 3, 4, 14, 0, 0, TimeSpan.Zero);

        Assert.False(IsTrue(program, request.At(next.AddTicks(-1))));
        Assert.True(IsTrue(program, request.At(next)));
        Assert.True(IsTrue(program, request.At(next.ToOffset(TimeSpan.FromHours(-8)))));
    }

    [Fact]
    public void IsTrue_RandomTrees_AgreeWithARecursiveReading()
    {
        var random = new Random(20260304);
        var results = new int[2];
        for (var round = 0; round < 3_000; round++)
        {
            var nodes = 0;
            var json = RandomTree(random, depth: 0, ref nodes);
            var tree = Tree(json);
            var program = new ConditionProgram(tree);
            for (var probe = 0; probe < 5; probe++)
            {
                var request = RandomRequest(random);
                var now = Now.AddHours(random.Next(200));
                var expected = NaiveCondition.IsTrue(tree, property => request.Lookup(property, now));

                Assert.True(expected == IsTrue(program, request.Request.At(now)), json);
                results[expected ? 1 : 0]++;
            }
        }
        // Neither answer is so rare that agreement would mean little.
        Assert.All(results, count => Assert.InRange(count, 3_000, 12_000));
    }

    [Fact]
    public void IsTrue_HundredNodes_AllocatesNothing()
    {
        var rules = string.Join(
            ',',
            Enumerable
                .Range(0, 11)
                .SelectMany(i =>
                    new[]
                    {
                        Rule("url.param.plan", "equals", $"\"silver{i}\""),
                        Rule("language", "in", $"[\"x{i}\", 5]"),
                        Rule("referrer", "contains", $"\"y{i}\""),
                        Rule("hour", "gt", "20"),
                        Rule("device", "equals", $"\"z{i}\""),
                        Rule("utm_medium", "equals", "\"x\""),
                        Rule("country", "in", "[\"US\", \"CA\"]"),
                        Rule("custom.age", "equals", "99"),
                        Rule("os", "starts_with", "\"Win\""),
                    }
                )
        );
        var program = new ConditionProgram(Tree($$"""{"type": "group", "operator": "OR", "children": [{{rules}}]}"""));
        var request = new Request();
        var trues = 0;
        long before = 0;
        for (var i = 0; i < 200; i++)
        {
            before = i == 100 ? GC.GetAllocatedBytesForCurrentThread() : before;
            trues += IsTrue(program, request.At(Now)) ? 1 : 0;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, trues);
    }

    private static bool IsTrue(string json, Request request) =>
        IsTrue(new ConditionProgram(Tree(json)), request.At(Now));

    private static bool IsTrue(ConditionProgram program, in VisitorContext context)
    {
        var visitor = new VisitorProperties(context, stackalloc char[VisitorProperties.ScratchChars]);
        return program.IsTrue(ref visitor);
    }

    private static ConditionNode Tree(string json) =>
        Definitions.Experiment(Definitions.With("variants.0.conditions", json)).Variants[0].Conditions!;

    private static string Rule(string property, string ruleOperator, string value) =>
        $$"""{"type": "rule", "property": "{{property}}", "ruleOperator": "{{ruleOperator}}", "value": {{value}}}""";

    private static readonly string[] Properties =
    [
        "device",
        "os",
        "country",
        "language",
        "referrer",
        "hour",
        "dayOfWeek",
        "url.param.a",
        "custom.b",
        "utm_c",
    ];

    private static readonly string[] Texts =
    [
        "a",
        "ab",
        "A",
        "b",
        "12",
        "1",
        "de",
        "de-AT",
        "example.com",
        "0",
        "13",
        "3",
    ];

    private static readonly string[] Operators =
    [
        "equals",
        "not_equals",
        "contains",
        "not_contains",
        "starts_with",
        "ends_with",
        "gt",
        "lt",
        "gte",
        "lte",
        "in",
        "not_in",
    ];

    private static string RandomTree(Random random, int depth, ref int nodes)
    {
        nodes++;
        if (depth == 3 || nodes > 60 || random.Next(3) == 0)
        {
            var ruleOperator = Operators[random.Next(Operators.Length)];
            return Rule(Properties[random.Next(Properties.Length)], ruleOperator, RandomValue(random, ruleOperator));
        }
        var children = new List<string>();
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            children.Add(RandomTree(random, depth + 1, ref nodes));
        }
        var groupOperator = random.Next(2) == 0 ? "AND" : "OR";
        return $$"""{"type": "group", "operator": "{{groupOperator}}", "children": [{{string.Join(',', children)}}]}""";
    }

    private static string RandomValue(Random random, string ruleOperator) =>
        ruleOperator switch
        {
            "in" or "not_in" =>
                $"[{string.Join(',', Enumerable.Range(0, random.Next(1, 4)).Select(_ => RandomValue(random, "equals")))}]",
            "gt" or "lt" or "gte" or "lte" => random.Next(2) == 0 ? $"{random.Next(20)}" : $"\"{random.Next(20)}\"",
            _ => random.Next(5) switch
            {
                0 => $"{random.Next(20)}",
                1 => random.Next(2) == 0 ? "true" : "false",
                _ => $"\"{Texts[random.Next(Texts.Length)]}\"",
            },
        };

    /// <summary>A request together with its properties in plain words, without any parsing.</summary>
    private sealed record Described(Request Request, Dictionary<string, string?> Known)
    {
        public string? Lookup(string property, DateTimeOffset now) =>
            property switch
            {
                "hour" => now.UtcDateTime.Hour.ToString(CultureInfo.InvariantCulture),
                "dayOfWeek" => ((int)now.UtcDateTime.DayOfWeek).ToString(CultureInfo.InvariantCulture),
                _ => Known.GetValueOrDefault(property),
            };
    }

    private static Described RandomRequest(Random random)
    {
        var known = new Dictionary<string, string?>
        {
            ["device"] = Maybe(),
            ["os"] = Maybe(),
            ["country"] = Maybe(),
            ["url.param.a"] = Maybe(),
            ["custom.b"] = Maybe(),
            ["utm_c"] = Maybe(),
            ["language"] = random.Next(2) == 0 ? "de-AT" : null,
            ["referrer"] = random.Next(2) == 0 ? "example.com" : null,
        };
        var query = new[] { ("a", known["url.param.a"]), ("b", known["custom.b"]), ("utm_c", known["utm_c"]) }
            .Where(pair => pair.Item2 is not null)
            .Select(pair => $"{pair.Item1}={pair.Item2}");
        var request = new Request(
            Device: known["device"] ?? "",
            Os: known["os"] ?? "",
            Country: known["country"] ?? "",
            Language: known["language"] is null ? "" : "en;q=0.1, de-AT;q=0.9",
            Referrer: known["referrer"] is null ? "" : "https://www.example.com/",
            Query: "?" + string.Join('&', query)
        );
        return new Described(request, known);

        string? Maybe() => random.Next(4) == 0 ? null : Texts[random.Next(Texts.Length)];
    }
}

/// <summary>
/// The rules of condition trees written down once more, recursively and with strings, to compare against.
/// </summary>
internal static class NaiveCondition
{
    public static bool IsTrue(ConditionNode node, Func<string, string?> lookup) =>
        node switch
        {
            ConditionGroup { Operator: GroupOperator.And } group => group.Children.All(child => IsTrue(child, lookup)),
            ConditionGroup group => group.Children.Any(child => IsTrue(child, lookup)),
            ConditionRule rule => IsTrue(rule, lookup(rule.Property)),
            _ => throw new InvalidOperationException(),
        };

    private static bool IsTrue(ConditionRule rule, string? actual)
    {
        var name = rule.RuleOperator.ToString();
        if (actual is null)
        {
            return name.StartsWith("Not", StringComparison.Ordinal);
        }
        var values = rule.Value.ValueKind == JsonValueKind.Array ? rule.Value.EnumerateArray().ToArray() : [rule.Value];
        var text = TextOf(values[0]).ToUpperInvariant();
        var upper = actual.ToUpperInvariant();
        switch (rule.RuleOperator)
        {
            case RuleOperator.Equals:
                return AreEqual(rule.Property, actual, values[0]);
            case RuleOperator.NotEquals when values[0].ValueKind == JsonValueKind.Number && NumberOf(actual) is null:
                return false;
            case RuleOperator.NotEquals:
                return !AreEqual(rule.Property, actual, values[0]);
            case RuleOperator.In:
                return values.Any(value => AreEqual(rule.Property, actual, value));
            case RuleOperator.NotIn:
                return !values.Any(value => AreEqual(rule.Property, actual, value));
            case RuleOperator.Contains:
                return upper.Contains(text, StringComparison.Ordinal);
            case RuleOperator.NotContains:
                return !upper.Contains(text, StringComparison.Ordinal);
            case RuleOperator.StartsWith:
                return upper.StartsWith(text, StringComparison.Ordinal);
            case RuleOperator.EndsWith:
                return upper.EndsWith(text, StringComparison.Ordinal);
            default:
                if (NumberOf(actual) is not { } left || NumberOf(TextOf(values[0])) is not { } right)
                {
                    return false;
                }
                var comparison = left.CompareTo(right);
                return name.StartsWith('G') && comparison > 0
                    || name.StartsWith('L') && comparison < 0
                    || name.EndsWith('e') && comparison == 0;
        }
    }

    private static bool AreEqual(string property, string actual, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number)
        {
            return NumberOf(actual) == value.GetDouble();
        }
        var text = TextOf(value);
        var compared =
            property == "language" && !text.Contains('-', StringComparison.Ordinal) ? actual.Split('-')[0] : actual;
        return string.Equals(compared, text, StringComparison.OrdinalIgnoreCase);
    }

    private static double? NumberOf(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string TextOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
