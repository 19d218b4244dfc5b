using Edge.Access;
using Edge.Fleet;
using Edge.Telemetry;

namespace Edge.Endpoints.Fleet;

/// <summary>Admits the edges of this fleet, and nobody else. Thread safe.</summary>
internal sealed class FleetAccess(FleetSecret secret, WrongKeys wrong, Metrics metrics)
{
    /// <summary>Null for an edge of this fleet; else the answer that says why not, before a body is read.</summary>
    public Task? Refuse(HttpContext context)
    {
        if (Bearer.TryRead(context.Request.Headers.Authorization, out var token) && secret.IsToken(token))
        {
            return null;
        }

        if (wrong.Count(context) is { } rate)
        {
            metrics.Count(RouteName.Fleet, Outcome.RateLimited);
            return Problem.RateLimitedAsync(context, rate, "address");
        }

        metrics.Count(RouteName.Fleet, Outcome.Unauthorized);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Problem.WriteAsync(
            context,
            StatusCodes.Status401Unauthorized,
            "not-of-this-fleet",
            "Not Of This Fleet",
            "Only edges with this fleet's fleet.id and fleet.secret are answered here."
        );
    }
}
