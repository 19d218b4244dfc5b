using System.Text.Json;
using Edge.Catalog;
using Edge.Statistics;
using Edge.Statistics.Counting;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>GET /experiments/api/{uid}/results</c>: counts, rates and what they say of the variants
/// (<c>docs/statistics.md</c>), from the events that the tally has counted so far.
/// </summary>
internal sealed class GetResults(CatalogHolder catalog, ITally tally, TimeProvider time)
{
    public Task HandleAsync(ManagedRequest request)
    {
        if (request.Find(catalog.Current) is not { Experiment: var experiment })
        {
            return request.NotFoundAsync();
        }

        if (Refuse(request.Context, tally.AgeOf(experiment.Uid)) is { } refusal)
        {
            return refusal;
        }

        var results = ExperimentTally.ResultsOf(experiment, tally, time.GetUtcNow());
        return request.WriteAsync(json =>
        {
            json.WritePropertyName("results");
            JsonSerializer.Serialize(json, results, StatisticsJson.Default.ExperimentResults);
        });
    }

    /// <summary>Answers when there are no counts at all, with the reason; null when there are some.</summary>
    public static Task? Refuse(HttpContext context, CountsAge age) =>
        age.At is not null
            ? null
            : Problem.WriteAsync(
                context,
                StatusCodes.Status503ServiceUnavailable,
                "service-unavailable",
                "Service Unavailable",
                NoCounts(age)
            );

    /// <summary>Says that there are no counts at all, and why.</summary>
    public static string NoCounts(CountsAge age) => $"There are no counts yet: {age.Problem}.";
}
