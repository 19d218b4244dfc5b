using System.Text.Json;
using Edge.Fleet.Origin;
using Edge.Formats;
using Edge.Telemetry;

namespace Edge.Endpoints.Fleet;

/// <summary><c>GET /fleet/nodes</c>: the edges of this fleet and how far each has come, for the operator's key.</summary>
internal sealed class NodesEndpoint(
    OperatorAccess access,
    string fleet,
    CatalogPublisher publisher,
    NodeList nodes,
    TimeProvider time,
    Metrics metrics
)
{
    public const string Path = "/fleet/nodes";

    public Task HandleAsync(HttpContext context)
    {
        if (access.Admit(context, out var refusal) is null)
        {
            return refusal;
        }

        if (!RequestMethod.IsGet(context.Request.Method) && !RequestMethod.IsHead(context.Request.Method))
        {
            metrics.Count(RouteName.Fleet, Outcome.MethodNotAllowed);
            return Problem.MethodNotAllowedAsync(context);
        }

        metrics.Count(RouteName.Fleet, Outcome.Answered);
        return Replies.WriteJsonAsync(context, Write);
    }

    private void Write(Utf8JsonWriter json)
    {
        var edition = publisher.Newest;
        var now = time.GetUtcNow();
        json.WriteString("fleet", fleet);
        json.WriteNumber("catalogVersion", edition.Tag.Version);
        json.WriteString("publishedAt", Timestamp.Format(edition.PublishedAt));
        json.WriteStartArray("nodes");
        foreach (var node in nodes.Nodes)
        {
            json.WriteStartObject();
            json.WriteString("name", node.Report.Name);
            json.WriteString("version", node.Report.Software);
            json.WriteNumber("catalogVersion", node.Report.Version);
            json.WriteNumber(
                "lagSeconds",
                node.BehindSince is { } since ? Math.Round((now - since).TotalSeconds, 3) : 0
            );
            json.WriteBoolean("held", node.IsHeld);
            json.WriteBoolean("connected", node.IsConnected);
            json.WriteString("seenAt", Timestamp.Format(node.SeenAt));
            json.WriteBoolean("duplicateName", node.IsDuplicate);
            json.WriteBoolean("otherSalt", node.HasOtherSalt);
            json.WriteString("problem", node.Report.Problem.Length > 0 ? node.Report.Problem : null);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
