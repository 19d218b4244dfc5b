using System.Text.Json;
using Edge.Experiments;
using Edge.Lint;
using Edge.Statistics.Counting;

namespace Edge.Endpoints.Management;

/// <summary>
/// An experiment as the API shows it: with the counters of its variants, without what only the store needs.
/// </summary>
/// <param name="tally">The counters.</param>
/// <param name="knowsPlaces">Whether the service can say where visitors are now.</param>
internal sealed class ExperimentView(ITally tally, Func<bool> knowsPlaces)
{
    /// <summary>The definition with its counters.</summary>
    public Experiment Of(Experiment experiment)
    {
        var counts = tally.CountsOf(experiment.Uid).ToDictionary(variant => variant.Id, StringComparer.Ordinal);
        var variants = experiment.Variants.Select(variant =>
        {
            var counted = counts.GetValueOrDefault(variant.Id);
            return variant with { Impressions = counted.Impressions, Clicks = counted.Clicks };
        });
        return experiment with { Variants = [.. variants], Slots = null };
    }

    /// <summary>
    /// Writes <c>{"experiment": ...}</c> with its entity tag, and warnings where something is legal and yet of no use.
    /// </summary>
    public Task WriteAsync(ManagedRequest request, Experiment experiment, int status = 200)
    {
        var view = Of(experiment);
        request.Context.Response.Headers.ETag = ExperimentVersion.TagOf(view);
        return request.WriteAsync(
            json =>
            {
                json.WritePropertyName("experiment");
                JsonSerializer.Serialize(json, view, ExperimentJson.Default.Experiment);
                WriteWarnings(json, experiment);
            },
            status
        );
    }

    /// <summary>What is legal in a definition and yet of no use.</summary>
    public IEnumerable<string> WarningsOf(Experiment experiment)
    {
        if (experiment is { BanditConfig.Enabled: true, GoalConfig.Type: GoalType.ImpressionsOnly })
        {
            yield return "banditConfig.enabled has no effect while the goal is impressions_only: there is nothing to learn from.";
        }

        if (experiment.LinkConfig is { IsPermanent: true, RedirectStatus: var status })
        {
            yield return $"linkConfig.redirectStatus {status} is permanent: browsers keep it for 90 seconds, in which a repeated click is "
                + "not counted and does not see a change, and search engines take the destination for the page itself. "
                + "Use 302 unless the link replaces a page that has moved.";
        }

        if (PlaceLint.RulesOf(experiment) is { Count: > 0 } rules && !knowsPlaces())
        {
            yield return $"{string.Join(", ", rules)}: {PlaceLint.Problem}.";
        }
    }

    private void WriteWarnings(Utf8JsonWriter json, Experiment experiment)
    {
        var warnings = WarningsOf(experiment).ToArray();
        if (warnings.Length == 0)
        {
            return;
        }

        json.WriteStartArray("warnings");
        foreach (var warning in warnings)
        {
            json.WriteStringValue(warning);
        }

        json.WriteEndArray();
    }
}
