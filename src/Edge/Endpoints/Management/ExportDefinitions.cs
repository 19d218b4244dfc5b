using Edge.Catalog;
using Edge.Experiments.Reading;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>GET /experiments/api/definitions</c>: everything that is stored of the team's experiments, archived ones too, as
/// the files of the embedded store have it. What <see cref="ApplyDefinitions"/> takes.
/// </summary>
internal sealed class ExportDefinitions(CatalogHolder catalog)
{
    public Task HandleAsync(ManagedRequest request)
    {
        var owned = catalog
            .Current.Entries.Where(entry => entry.Experiment.Team == request.Team)
            .Select(entry => entry.Experiment)
            .OrderBy(experiment => experiment.Uid, StringComparer.Ordinal);
        return request.WriteAsync(json =>
        {
            json.WriteStartArray(ApplyDefinitions.Member);
            foreach (var experiment in owned)
            {
                ExperimentWriter.WriteStored(json, experiment);
            }

            json.WriteEndArray();
        });
    }
}
