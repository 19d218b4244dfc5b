using System.Security.Authentication;

namespace Edge.LoadTests.Targets;

/// <summary>Why a server cannot be spoken to, in a line that says what to mend. Pure.</summary>
internal static class ConnectionProblem
{
    public static string Describe(Uri address, HttpRequestException e) =>
        e.InnerException is AuthenticationException tls
            ? $"the certificate of {address} is not trusted ({tls.Message.TrimEnd('.')}); --insecure accepts it"
            : $"{address} cannot be reached: {e.Message}";
}
