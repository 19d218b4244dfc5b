using System.Text.Json;
using Edge.Catalog;
using Edge.Statistics;
using Edge.Statistics.Counting;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>GET /experiments/api/{uid}/results</c>: counts, rates and what they say of the variants
/// (<c>docs/statistics.md</c>), from the events the tally has folded so far.
/// </summary>
internal sealed class GetResults(CatalogHolder catalog, Tally tally, TimeProvider time)
{
    public Task HandleAsync(ManagedRequest request)
    {
        if (request.Find(catalog.Current) is not { Experiment: var experiment })
        {
            return request.NotFoundAsync();
        }

        var results = ExperimentTally.ResultsOf(experiment, tally.Find(experiment.Uid), time.GetUtcNow());
        return request.WriteAsync(json =>
        {
            json.WritePropertyName("results");
            JsonSerializer.Serialize(json, results, StatisticsJson.Default.ExperimentResults);
        });
    }
}
