using Edge.Access;
using Edge.Endpoints.Management;
using Edge.Telemetry;

namespace Edge.Endpoints.Fleet;

/// <summary>Admits who runs the fleet: a management key without a project, because its nodes serve every team. Thread safe.</summary>
internal sealed class OperatorAccess(ManagementAccess access, Metrics metrics)
{
    /// <summary>The key that was accepted; else null, and the answer that says why.</summary>
    public ApiKey? Admit(HttpContext context, out Task refusal)
    {
        var key = access.Admit(context, RouteName.Fleet, out refusal);
        if (key?.Team is null)
        {
            return key;
        }

        metrics.Count(RouteName.Fleet, Outcome.Refused);
        refusal = Problem.WriteAsync(
            context,
            StatusCodes.Status403Forbidden,
            "team-key",
            "Key Of A Team",
            "The nodes serve every team; a fleet is shown and changed with a management key without a project."
        );
        return null;
    }
}
