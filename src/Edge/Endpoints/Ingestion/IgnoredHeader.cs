using Edge.Requests.Ingestion;
using Edge.Telemetry;

namespace Edge.Endpoints.Ingestion;

/// <summary>The response header <c>Edge-Ignored</c>: which members of the events are not stored.</summary>
internal static class IgnoredHeader
{
    public const string Name = "Edge-Ignored";

    /// <summary>Names and counts them; writes nothing when there are none.</summary>
    public static void Write(HttpContext context, IgnoredMembers ignored, Metrics metrics, string api)
    {
        if (ignored.Count == 0)
        {
            return;
        }

        context.Response.Headers[Name] = ignored.Describe();
        metrics.CountIgnoredMembers(api, ignored.Count);
    }
}
