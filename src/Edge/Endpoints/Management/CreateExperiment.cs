using Edge.Audit;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Requests.Bodies;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST /experiments/api</c> (spec 2.5): a new experiment, a draft until it is started. Checked in this order: the
/// definition, the slug, the quota; nothing is stored unless all three pass.
/// </summary>
internal sealed class CreateExperiment(
    IExperimentStore store,
    DefinitionRules rules,
    ExperimentView view,
    AuditTrail audit,
    TimeProvider time
)
{
    // One at a time, so that two requests cannot both take the last of a quota.
    private readonly Lock _turn = new();

    public async Task HandleAsync(ManagedRequest request)
    {
        var (body, problem) = await RequestBody.ReadCopyAsync(request.Context, ManagedRequest.Definition);
        if (problem != BodyFault.None)
        {
            await Problem.BodyAsync(request.Context, problem, ManagedRequest.Definition);
            return;
        }
        var reading = ExperimentReader.ReadCreate(
            body,
            rules.Limits,
            Lifecycle.CreateUid(),
            request.Team,
            time.GetUtcNow()
        );
        if (rules.Violations(reading) is { Count: > 0 } violations)
        {
            await Problem.ValidationAsync(request.Context, violations);
            return;
        }
        Task answer;
        lock (_turn)
        {
            answer = StoreAsync(request, reading.Experiment!);
        }

        await answer;
    }

    private Task StoreAsync(ManagedRequest request, Experiment experiment)
    {
        var catalog = store.Catalog.Current;
        if (catalog.TryFind(experiment.Slug, out _))
        {
            return DefinitionRules.SlugInUseAsync(request, experiment.Slug);
        }

        if (DefinitionRules.RefuseOverlap(request, catalog, experiment) is { } overlap)
        {
            return overlap;
        }

        if (rules.RefuseQuota(request, catalog, experiment.Type) is { } refusal)
        {
            return refusal;
        }

        if (store.Write(experiment, current: null) != ExperimentWriteResult.Written)
        {
            return DefinitionRules.SlugInUseAsync(request, experiment.Slug);
        }

        audit.Record(request, AuditAction.Create, experiment);
        request.Context.Response.Headers.Location = $"{ManagementApi.Prefix}/{experiment.Uid}";
        return view.WriteAsync(request, experiment, StatusCodes.Status201Created);
    }
}
