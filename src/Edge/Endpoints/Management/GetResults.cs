using System.Text.Json;
using Edge.Catalog;
using Edge.Statistics;
using Edge.Statistics.Counting;
using Edge.Statistics.Inference;
using Edge.Statistics.Results;

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

        var now = time.GetUtcNow();
        var runTime = experiment.RunTime(now);
        var input =
            tally.Find(experiment.Uid)?.ToResultsInput(now, runTime)
            ?? new ResultsInput
            {
                Now = now,
                RunningTime = runTime,
                Trials = new TrialStatistics(),
                SampleRatio = new SampleRatioCounts(),
            };
        var results = ExperimentResults.Compute(experiment, input);
        return request.WriteAsync(json =>
        {
            json.WritePropertyName("results");
            JsonSerializer.Serialize(json, results, StatisticsJson.Default.ExperimentResults);
        });
    }
}
