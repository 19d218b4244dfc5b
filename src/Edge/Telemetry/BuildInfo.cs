using System.Reflection;
using System.Runtime.InteropServices;

namespace Edge.Telemetry;

/// <summary>
/// Version information of this binary, including the runtime: it is compiled in, so a servicing release of .NET
/// requires a rebuild.
/// </summary>
internal static class BuildInfo
{
    /// <summary>Version of the program, set by the build.</summary>
    public static string Version { get; } = Split().Version;

    /// <summary>Commit the binary was built from, or "unknown".</summary>
    public static string Commit { get; } = Split().Commit;

    /// <summary>Runtime version, for example ".NET 10.0.12".</summary>
    public static string Runtime => RuntimeInformation.FrameworkDescription;

    private static (string Version, string Commit) Split()
    {
        var text = typeof(BuildInfo)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion;
        var plus = text.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? (text, "unknown") : (text[..plus], text[(plus + 1)..]);
    }
}
