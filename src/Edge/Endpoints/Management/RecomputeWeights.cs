using System.Text.Json;
using Edge.Audit;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Statistics.Optimization;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST /experiments/api/{uid}/recompute</c>: works the weights of a bandit out now instead of at its next interval.
/// Only a running A/B test has weights that move.
/// </summary>
internal sealed class RecomputeWeights(CatalogHolder catalog, Optimizer optimizer, AuditTrail audit)
{
    public async Task HandleAsync(ManagedRequest request)
    {
        if (request.Find(catalog.Current) is not { } entry)
        {
            await request.NotFoundAsync();
            return;
        }
        if (entry is not { IsRunning: true, Type: ExperimentType.AbTest })
        {
            await MoveExperiment.RefuseAsync(request, entry.Status, "Only a running A/B test has weights that move.");
            return;
        }
        var done = await optimizer.RecomputeAsync(entry.Experiment.Uid, request.Context.RequestAborted);
        if (done.Outcome == RecomputeOutcome.Published)
        {
            audit.Record(request, AuditAction.Recompute, entry.Experiment, $"weights version {done.WeightsVersion}");
        }

        await request.WriteAsync(json =>
        {
            json.WriteString("outcome", JsonNamingPolicy.SnakeCaseLower.ConvertName(done.Outcome.ToString()));
            json.WriteNumber("movedBasisPoints", done.Moved);
            json.WriteNumber("weightsVersion", done.WeightsVersion);
        });
    }
}
