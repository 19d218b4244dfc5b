using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;

namespace Edge.Endpoints.Management;

/// <summary><c>GET /experiments/api/quota</c> (spec 2.10): what the team has and may have; null is unlimited.</summary>
internal sealed class GetQuota(CatalogHolder catalog, Plan plan)
{
    public Task HandleAsync(ManagedRequest request) =>
        request.WriteAsync(json =>
        {
            json.WriteString("plan", plan.Name);
            json.WriteStartObject("quota");
            foreach (var type in Enum.GetValues<ExperimentType>())
            {
                json.WriteStartObject(WireNames<ExperimentType>.Lower.Text(type));
                json.WriteNumber("used", Plan.CountUsed(catalog.Current, request.Team, type));
                if (plan.LimitOf(type) is { } limit)
                {
                    json.WriteNumber("limit", limit);
                }
                else
                {
                    json.WriteNull("limit");
                }

                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteNumber("maxVariants", plan.VariantsMax);
            json.WriteNumber("analyticsRetentionDays", plan.AnalyticsRetentionDays);
        });
}
