using System.Globalization;
using System.Text;
using Edge.Catalog;
using Edge.Formats;
using Edge.Lint;
using Edge.Selection.Conditions;
using Edge.Tests.Experiments;

namespace Edge.Tests.Selection;

/// <summary>Experiments and requests drawn at random from a few words, so that they often meet.</summary>
internal sealed class RandomExperiments(int seed)
{
    public static readonly string[] Texts =
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
        "mobile",
    ];

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

    private static readonly string[] Zones = ["UTC", "Europe/Berlin", "America/New_York"];

    private static readonly string[] Crons =
    [
        "0 9 * * 1-5",
        "* 9-17 * * *",
        "*/20 8-10 * * *",
        "30 2 * * *",
        "0 0 1 * *",
        "* * * * 6",
    ];

    public Random Random { get; } = new(seed);

    public CatalogEntry Next(string type, string status)
    {
        var count = Random.Next(2, 7);
        var weights = new int[count];
        for (var left = 10_000; left > 0;)
        {
            var part = Math.Min(left, Random.Next(1, 4_000));
            weights[Random.Next(count)] += part;
            left -= part;
        }
        var marked = Random.Next(count + 1);
        var variants = weights.Select(
            (weight, i) =>
                $$"""
                    {"id": "v{{i}}", "weight": {{weight}}, "isDefault": {{(i == marked ? "true" : "false")}}{{Rest(
                        type
                    )}}}
                    """
        );
        var winner = status == "completed" && Random.Next(3) > 0 ? $"\"v{Random.Next(count)}\"" : "null";
        return new CatalogEntry(
            Definitions.Experiment(
                $$"""
                {
                  "uid": "exp_r{{Random.Next()}}", "slug": "random", "type": "{{type}}", "name": "r", "status": "{{status}}",
                  "variants": [{{string.Join(',', variants)}}], "winnerVariantId": {{winner}}
                }
                """
            )
        );
    }

    public static VisitorContext Visitor(RandomVisitor visitor) =>
        new()
        {
            Now = visitor.Now,
            DeviceType = visitor.Texts[0],
            Os = visitor.Texts[1],
            Country = visitor.Texts[2],
            AcceptLanguage = visitor.Texts[3],
            Referrer = visitor.Texts[4].Length == 0 ? "" : $"https://www.{visitor.Texts[4]}/",
            Query =
                $"?a={visitor.Texts[5]}&b={visitor.Texts[6]}"
                + (visitor.Texts[7].Length == 0 ? "" : $"&utm_c={visitor.Texts[7]}"),
        };

    public RandomVisitor NextVisitor() =>
        new(
            new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(Random.Next(366 * 86_400)),
            [.. Enumerable.Range(0, 8).Select(_ => Random.Next(4) == 0 ? "" : Texts[Random.Next(Texts.Length)])],
            Encoding.UTF8.GetBytes(Random.Next().ToString(CultureInfo.InvariantCulture))
        );

    /// <summary>One whose device, system and country are among those there are.</summary>
    public RandomVisitor NextPossibleVisitor()
    {
        var visitor = NextVisitor();
        visitor.Texts[0] = Pick(RuleOutcomes.DeviceTypes);
        visitor.Texts[1] = Pick(RuleOutcomes.Systems);
        visitor.Texts[2] = Pick(["DE", "AB", "US"]);
        return visitor;

        string Pick(string[] values) => Random.Next(4) == 0 ? "" : values[Random.Next(values.Length)];
    }

    public string Tree(int depth = 0)
    {
        if (depth == 3 || Random.Next(3) == 0)
        {
            var ruleOperator = Operators[Random.Next(Operators.Length)];
            return $$"""
                {"type": "rule", "property": "{{Properties[
                    Random.Next(Properties.Length)
                ]}}", "ruleOperator": "{{ruleOperator}}", "value": {{Value(ruleOperator)}}}
                """;
        }
        var children = Enumerable.Range(0, Random.Next(1, 5)).Select(_ => Tree(depth + 1)).ToArray();
        return $$"""
            {"type": "group", "operator": "{{(Random.Next(2) == 0 ? "AND" : "OR")}}", "children": [{{string.Join(
                ',',
                children
            )}}]}
            """;
    }

    private string Rest(string type) =>
        type switch
        {
            "smart_link" when Random.Next(8) > 0 => $", \"conditions\": {Tree()}",
            "scheduled" when Random.Next(8) > 0 => $", \"schedule\": {Schedule()}",
            _ => "",
        };

    private string Value(string ruleOperator) =>
        ruleOperator switch
        {
            "in" or "not_in" =>
                $"[{string.Join(',', Enumerable.Range(0, Random.Next(1, 4)).Select(_ => Value("equals")))}]",
            "gt" or "lt" or "gte" or "lte" => $"{Random.Next(24)}",
            _ => Random.Next(4) == 0 ? $"{Random.Next(20)}" : $"\"{Texts[Random.Next(Texts.Length)]}\"",
        };

    private string Schedule()
    {
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(Random.Next(200 * 1440));
        var end = start.AddMinutes(Random.Next(1, Random.Next(2) == 0 ? 1440 : 300 * 1440));
        var type = Random.Next(4) switch
        {
            0 => "none",
            1 => "daily",
            2 => "weekly",
            _ => "cron",
        };
        var times = Random.Next(5) switch
        {
            0 => $"\"startAt\": \"{Timestamp.Format(start)}\", ",
            1 when type == "cron" => "",
            _ => $"\"startAt\": \"{Timestamp.Format(start)}\", \"endAt\": \"{Timestamp.Format(end)}\", ",
        };
        return $$"""
            { {{times}}"recurrence": {"type": "{{type}}", "timezone": "{{Zones[
                Random.Next(Zones.Length)
            ]}}", "cronExpression": "{{Crons[Random.Next(Crons.Length)]}}"} }
            """;
    }
}

/// <summary>One request drawn at random.</summary>
internal sealed record RandomVisitor(DateTimeOffset Now, string[] Texts, byte[] Unit);
