using System.Globalization;
using System.Text;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Reading;

namespace Edge.Benchmarks;

/// <summary>
/// Ten thousand running experiments: half A/B tests, a quarter smart links of 20 rules, a quarter scheduled.
/// </summary>
internal static class ManyExperiments
{
    public const int Count = 10_000;

    /// <summary>Rules on everything a condition may read, none of which the visitor of the benchmark meets.</summary>
    private static readonly string Tree =
        $$"""{"type": "group", "operator": "OR", "children": [{{string.Join(',', Rules())}}]}""";

    public static string SlugOf(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"campaign-{number}-spring-sale");

    public static CatalogEntry[] All() =>
        [.. Enumerable.Range(0, Count).Select(number => new CatalogEntry(One(number)))];

    public static Experiment One(int number)
    {
        var (type, variants) = (number % 4) switch
        {
            0 => (
                "smart_link",
                $$"""[{"id": "a", "weight": 10000, "isDefault": true}, {"id": "b", "weight": 0, "conditions": {{Tree}}}]"""
            ),
            1 => (
                "scheduled",
                """
                [{"id": "day", "weight": 0, "schedule": {"startAt": "2026-01-01T08:00:00Z", "endAt": "2026-01-01T18:00:00Z",
                  "recurrence": {"type": "daily", "timezone": "Europe/Berlin"}}}, {"id": "night", "weight": 10000, "isDefault": true}]
                """
            ),
            _ => (
                "ab_test",
                """[{"id": "a", "weight": 5000, "isDefault": true}, {"id": "b", "weight": 3000}, {"id": "c", "weight": 2000}]"""
            ),
        };
        var json = string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {"uid": "exp_{{number:x8}}", "slug": "{{SlugOf(
                number
            )}}", "type": "{{type}}", "name": "Campaign {{number}}", "status": "running",
             "variants": {{variants}}, "goalConfig": {"type": "click_through", "destinationUrl": "https://example.com/{{number}}"} }
            """
        );
        return ExperimentReader.ReadStored(Encoding.UTF8.GetBytes(json), ExperimentRules.Default, default).Experiment!;
    }

    private static IEnumerable<string> Rules()
    {
        (string Property, string Operator, string Value)[] kinds =
        [
            ("device", "equals", "\"mobile\""),
            ("country", "in", "[\"US\", \"CA\", \"MX\"]"),
            ("language", "equals", "\"de\""),
            ("utm_campaign", "equals", "\"spring\""),
            ("referrer", "ends_with", "\".example.org\""),
            ("hour", "gte", "22"),
            ("os", "equals", "\"iOS\""),
            ("url.param.plan", "starts_with", "\"silver\""),
            ("custom.age", "gt", "64"),
            ("browser", "equals", "\"safari\""),
        ];
        return kinds
            .Concat(kinds)
            .Select(kind =>
                $$"""{"type": "rule", "property": "{{kind.Property}}", "ruleOperator": "{{kind.Operator}}", "value": {{kind.Value}}}"""
            );
    }
}
