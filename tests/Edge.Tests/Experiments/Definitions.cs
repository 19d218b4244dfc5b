using System.Text;
using System.Text.Json.Nodes;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Xunit;

namespace Edge.Tests.Experiments;

/// <summary>Definitions that obey every rule, to be changed one member at a time.</summary>
internal static class Definitions
{
    public static readonly DateTimeOffset FileTime = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public const string Minimal = """
        {
          "uid": "exp_abc123", "slug": "homepage-hero-test", "type": "ab_test", "name": "Homepage Hero A/B Test",
          "variants": [{"id": "a", "weight": 5000}, {"id": "b", "weight": 5000}]
        }
        """;

    /// <summary>Every member of the published schema, none at its default.</summary>
    public const string Full = """
        {
          "uid": "exp_Full-1_x", "slug": "full-test", "type": "ab_test", "name": "Völlig 🙂", "status": "completed",
          "templateUid": "tmpl_xyz789",
          "variants": [
            {
              "id": "variant-a", "name": "New Design", "templateUid": "tmpl_1", "destinationUrl": "https://example.com/a", "weight": 2500, "configuredWeight": 4000,
              "variables": {"n": 12345678901234567890, "text": "<é>", "nested": {"list": [1, 2.50, null]}},
              "isDefault": true,
              "conditions": {
                "type": "group", "operator": "OR", "children": [
                  {"type": "rule", "property": "url.param", "paramName": "q", "ruleOperator": "starts_with", "value": "x"},
                  {"type": "rule", "property": "geo.country", "ruleOperator": "not_in", "value": ["US", "CA"]}
                ]
              },
              "schedule": {
                "startAt": "2026-03-01T09:00:00+01:00", "endAt": "2026-03-01T17:00:00+01:00",
                "recurrence": {"type": "cron", "cronExpression": "0 9 * * MON-FRI", "timezone": "America/New_York"}
              }
            },
            {"id": "variant_B", "weight": 7500, "configuredWeight": 6000, "schedule": {"recurrence": {"type": "daily"}}}
          ],
          "goalConfig": {"type": "click_through", "destinationUrl": "https://example.com/landing", "event": "signup", "property": "total"},
          "banditConfig": {"enabled": true, "algorithm": "thompson_sampling", "warmupImpressions": 0, "recomputeIntervalMinutes": 1440},
          "hypothesis": "B wins", "minimumSampleSize": 0, "confidenceThreshold": 0.99, "minimumRunDays": 1,
          "winnerVariantId": "variant_B", "winnerDeclaredAt": "2026-03-02T00:00:00.123Z",
          "fallbackImageUrl": "https://example.com/f.png", "fallbackTemplateUid": "tmpl_f",
          "outputConfig": {"format": "webp", "quality": 72.5}, "passQuery": ["gclid", "utm_*"],
          "linkConfig": {
            "startsAt": "2026-03-01T00:00:00.000Z", "notStartedUrl": "https://example.com/soon",
            "expiresAt": "2026-04-01T00:00:00.000Z", "expiredUrl": "https://example.com/over",
            "exhaustedUrl": "https://example.com/gone", "redirectStatus": 307
          },
          "trackingConfig": {"mode": "aggregate", "onSignal": "off"},
          "trafficShare": 2500, "exclusionGroup": {"name": "checkout", "from": 100, "to": 9000},
          "attributionWindowMinutes": 1440, "stableUnits": true, "decoy": true, "trialStart": "exposure",
          "hashVersion": 1, "weightsVersion": 7,
          "slots": [{"to": 2500, "variant": "variant-a"}, {"to": 10000, "variant": "variant_B"}],
          "team": "team-1", "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-02-01T00:00:00.000Z"
        }
        """;

    /// <summary>
    /// The minimal definition with one member replaced; the path has members and indexes divided by dots.
    /// </summary>
    public static string With(string path, string json, string definition = Minimal)
    {
        var root = JsonNode.Parse(definition)!;
        var steps = path.Split('.');
        var parent = root;
        foreach (var step in steps[..^1])
        {
            parent = int.TryParse(step, out var index) ? parent![index]! : parent![step] ??= new JsonObject();
        }
        var value = JsonNode.Parse(json);
        if (int.TryParse(steps[^1], out var last))
        {
            parent.AsArray()[last] = value;
        }
        else
        {
            parent[steps[^1]] = value;
        }
        return root.ToJsonString();
    }

    /// <summary>The minimal definition without one member of the root.</summary>
    public static string Without(string name)
    {
        var root = JsonNode.Parse(Minimal)!.AsObject();
        root.Remove(name);
        return root.ToJsonString();
    }

    public static ExperimentReadResult Read(string json, ExperimentRules? rules = null) =>
        ExperimentReader.ReadStored(Encoding.UTF8.GetBytes(json), rules ?? ExperimentRules.Default, FileTime);

    public static Experiment Experiment(string json)
    {
        var reading = Read(json);
        Assert.Empty(reading.Violations);
        return reading.Experiment!;
    }
}
