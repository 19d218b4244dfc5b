using Edge.Alerts;
using Edge.Catalog;
using Edge.Formats;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>GET /experiments/api/alerts</c>: the alerts of the team's experiments whose causes last, the newest first.
/// </summary>
internal sealed class GetAlerts(CatalogHolder catalog, Alerter alerter)
{
    /// <summary>What may be asked for.</summary>
    public static readonly string[] Parameters = ["page", "limit"];

    private const int DefaultLimit = 20;
    private const int LimitMax = 100;

    public Task HandleAsync(ManagedRequest request)
    {
        var violations = new Violations();
        var query = new QueryFields(request.Context.Request.Query, violations);
        var page = query.Number("page", 1, int.MaxValue);
        var limit = query.Number("limit", DefaultLimit, LimitMax);
        if (violations.Count > 0)
        {
            return Problem.ValidationAsync(request.Context, violations.List);
        }

        var current = catalog.Current;
        var owned = alerter
            .Alerts.Where(alert => current.TryFindByUid(alert.Uid, out var entry) && request.Owns(entry))
            .Reverse()
            .ToArray();

        var skipped = (int)Math.Min(int.MaxValue, (page - 1L) * limit);
        return request.WriteAsync(json =>
        {
            json.WriteStartArray("alerts");
            foreach (var alert in owned.Skip(skipped).Take(limit))
            {
                _ = current.TryFindByUid(alert.Uid, out var entry);
                json.WriteStartObject();
                alert.WriteTo(json, entry!.Experiment);
                json.WriteBoolean("delivered", alert.IsDelivered);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("total", owned.Length);
            json.WriteNumber("page", page);
            json.WriteNumber("limit", limit);
        });
    }
}
