using Edge.Settings.Sinks;

namespace Edge.Settings;

/// <summary>Finds what differs between the settings in force and those that were read again. Pure.</summary>
internal static class SettingChanges
{
    /// <summary>
    /// Keys of the settings whose values differ, in their order; secrets cannot be compared and are left out.
    /// </summary>
    public static IEnumerable<Setting<EdgeOptions>> Between(EdgeOptions inForce, EdgeOptions read) =>
        EdgeSettings.All.Where(setting => setting.Read(inForce) != setting.Read(read));

    /// <summary>Names of the sinks that are new, gone or set otherwise, in order.</summary>
    public static IEnumerable<string> OfSinks(EdgeOptions inForce, EdgeOptions read)
    {
        var (before, now) = (Describe(inForce), Describe(read));
        return before
            .Keys.Union(now.Keys)
            .Where(name => before.GetValueOrDefault(name) != now.GetValueOrDefault(name))
            .Order(StringComparer.Ordinal);
    }

    private static Dictionary<string, string> Describe(EdgeOptions options) =>
        options.Sinks.ToDictionary(
            static sink => sink.Name,
            static sink =>
                string.Join('\n', SinkSettings.All.Select(setting => setting.Read(sink)).Append(sink.Type.ToString()))
        );
}
