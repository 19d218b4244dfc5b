using Edge.Catalog;

namespace Edge.Endpoints.Management;

/// <summary><c>GET /experiments/api/{uid}</c> (spec 2.6).</summary>
internal sealed class GetExperiment(CatalogHolder catalog, ExperimentView view)
{
    public Task HandleAsync(ManagedRequest request) =>
        request.Find(catalog.Current) is { } entry
            ? view.WriteAsync(request, entry.Experiment)
            : request.NotFoundAsync();
}
