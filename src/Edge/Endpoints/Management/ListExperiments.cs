using System.Text.Json;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>GET /experiments/api</c> (spec 2.4): the team's experiments, newest first, archived ones never.
/// </summary>
internal sealed class ListExperiments(CatalogHolder catalog, ExperimentView view)
{
    /// <summary>What may be asked for.</summary>
    public static readonly string[] Parameters = ["type", "status", "page", "limit"];

    private const int DefaultLimit = 20;
    private const int LimitMax = 100;

    public Task HandleAsync(ManagedRequest request)
    {
        var violations = new Violations();
        var query = new QueryFields(request.Context.Request.Query, violations);
        var type = query.Choice<ExperimentType>("type");
        var status = query.Choice("status", ExperimentStatus.Archived);
        var page = query.Number("page", 1, int.MaxValue);
        var limit = query.Number("limit", DefaultLimit, LimitMax);
        if (violations.Count > 0)
        {
            return Problem.ValidationAsync(request.Context, violations.List);
        }

        var found = catalog
            .Current.Entries.Where(entry =>
                request.Owns(entry)
                && (type is null || entry.Type == type)
                && (status is null || entry.Status == status)
            )
            .Select(entry => entry.Experiment)
            .OrderByDescending(experiment => experiment.CreatedAt)
            .ThenBy(experiment => experiment.Uid, StringComparer.Ordinal)
            .ToList();
        var skipped = (int)Math.Min(int.MaxValue, (page - 1L) * limit);
        return request.WriteAsync(json =>
        {
            json.WriteStartArray("experiments");
            foreach (var experiment in found.Skip(skipped).Take(limit))
            {
                JsonSerializer.Serialize(json, view.Of(experiment), ExperimentJson.Default.Experiment);
            }

            json.WriteEndArray();
            json.WriteNumber("total", found.Count);
            json.WriteNumber("page", page);
            json.WriteNumber("limit", limit);
        });
    }
}
