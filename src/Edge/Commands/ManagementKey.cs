using System.Net.Http.Headers;

namespace Edge.Commands;

/// <summary>
/// The management key with which commands ask a running service: from the environment, because every user of the
/// machine can read a command line.
/// </summary>
internal static class ManagementKey
{
    private const string Variable = "EDGE_KEY";

    /// <summary>What to do when there is none.</summary>
    public const string Missing = $"needs a management key in {Variable}; edge keys create --kind pictify makes one";

    /// <summary>The header that carries it; null when there is no key, or what is there is none.</summary>
    public static AuthenticationHeaderValue? Read() =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } key
        && AuthenticationHeaderValue.TryParse("Bearer " + key, out var authorization)
            ? authorization
            : null;
}
