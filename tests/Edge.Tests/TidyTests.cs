using System.Diagnostics;
using System.Text.RegularExpressions;
using Edge.Settings;
using Edge.Settings.Sinks;
using Edge.Telemetry;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests;

/// <summary>
/// What belongs into the repository and what does not, and documents that must keep up with the code.
/// </summary>
public partial class TidyTests
{
    private const int FileMaxBytes = 256 * 1024;

    private static readonly Lazy<string[]> Tracked = new(ListTrackedFiles);

    [Fact]
    public void Repository_Files_AreSmall()
    {
        var large = Tracked.Value.Where(file => new FileInfo(Full(file)).Length > FileMaxBytes);

        Assert.Empty(large);
    }

    [Fact]
    public void Repository_Text_NamesNoMachineAndNoRegistry()
    {
        // Put together here, so that this file does not find itself.
        string[] hosts =
        [
            "registry." + "npmjs",
            "api." + "nuget.org",
            "deb." + "debian.org",
            "pkgs." + "dev.azure.com",
            "npm" + "mirror",
        ];
        var offences =
            from file in Tracked.Value
            from line in File.ReadLines(Full(file)).Select((text, index) => (Text: text, Number: index + 1))
            where
                MachinePath().IsMatch(line.Text)
                || hosts.Any(host => line.Text.Contains(host, StringComparison.OrdinalIgnoreCase))
            select $"{file}:{line.Number}";

        Assert.Empty(offences);
    }

    [Fact]
    public void Repository_Folders_NameAConcept()
    {
        string[] vague = ["Utils", "Helpers", "Common", "Managers", "Services", "Misc"];
        var offences = Tracked.Value.Where(file =>
            file.Split('/').SkipLast(1).Any(part => vague.Contains(part, StringComparer.OrdinalIgnoreCase))
        );

        Assert.Empty(offences);
    }

    [Fact]
    public void Sources_Hold_NoLeftovers()
    {
        var offences =
            from file in Tracked.Value
            where
                file.EndsWith(".cs", StringComparison.Ordinal)
                && !file.EndsWith("TidyTests.cs", StringComparison.Ordinal)
            from line in File.ReadLines(Full(file)).Select((text, index) => (Text: text, Number: index + 1))
            where Leftover().IsMatch(line.Text)
            select $"{file}:{line.Number}: {line.Text.Trim()}";

        Assert.Empty(offences);
    }

    [Fact]
    public void Settings_AllOfThem_StandInTheOperatingGuide()
    {
        var guide = File.ReadAllText(Full("docs/operating.md"));
        var defaults = new EdgeOptions();
        var missing = EdgeSettings
            .All.Where(setting =>
                !guide.Contains($"| `{setting.Key}` | {DefaultOf(setting, defaults)} |", StringComparison.Ordinal)
            )
            .Select(setting => $"| `{setting.Key}` | {DefaultOf(setting, defaults)} | {setting.Meaning} |");

        Assert.Empty(missing);
    }

    /// <summary>What documents put in backticks and looks like a setting is one, or the beginning of some.</summary>
    [Fact]
    public void Settings_ThatDocumentsName_Exist()
    {
        var keys = EdgeSettings
            .All.Select(static setting => setting.Key)
            .Concat(SinkSettings.All.Select(static setting => "sinks." + setting.Key))
            .ToArray();
        // Members of a context, and the example of a new setting.
        string[] others = ["geo.country", "geo.continent", "http.bodyBytesPerSecondMin"];
        var groups = keys.Where(static key => key.Contains('.')).Select(static key => key.Split('.')[0]).ToHashSet();
        var named = (
            from file in Tracked.Value
            where file.EndsWith(".md", StringComparison.Ordinal)
            from match in SettingInBackticks().Matches(File.ReadAllText(Full(file)))
            where groups.Contains(match.Groups["group"].Value) && !others.Contains(match.Groups["key"].Value)
            where !FileEnding().IsMatch(match.Groups["key"].Value)
            // The second part of a sink's key is its name.
            let written = match.Groups["key"].Value.TrimEnd('.')
            select (file, Key: SinkName().Replace(written, "sinks.").TrimEnd('.'))
        ).ToArray();
        var unknown = named.Where(name =>
            !Array.Exists(keys, key => Begins(key, name.Key) || Begins(name.Key, key))
        );

        Assert.NotEmpty(named);
        Assert.Empty(unknown);

        // Below a key that is a map, such as headers, stand names of its own.
        static bool Begins(string key, string start) =>
            key == start || key.StartsWith(start + ".", StringComparison.Ordinal);
    }

    [Fact]
    public void Metrics_AllOfThem_StandInTheOperatingGuide()
    {
        var guide = File.ReadAllText(Full("docs/operating.md"));
        var missing = MetricFamilies
            .All.Where(family => !guide.Contains($"`{family.Name}`", StringComparison.Ordinal))
            .Select(family => family.Name);

        Assert.NotEmpty(MetricFamilies.All);
        Assert.Empty(missing);
    }

    [Fact]
    public void Metrics_Names_AreWrittenOnceAndByConvention()
    {
        var names = MetricFamilies.All.Select(family => family.Name).ToArray();
        var elsewhere =
            from file in Tracked.Value
            where
                file.StartsWith("src/Edge/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
            where Path.GetFileName(file) != "MetricFamilies.cs"
            let text = File.ReadAllText(Full(file))
            from name in names
            where text.Contains($"\"{name}", StringComparison.Ordinal)
            select $"{file}: {name}";

        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.Empty(elsewhere);
        Assert.DoesNotContain(
            MetricFamilies.All,
            family =>
                family.Kind == MetricKind.Counter != family.Name.EndsWith("_total", StringComparison.Ordinal)
                || !family
                    .Name.Replace("_total", "", StringComparison.Ordinal)
                    .EndsWith(family.Unit, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void LogMessages_Ids_AreUniqueAndExplained()
    {
        var guide = File.ReadAllText(Full("docs/operating.md"));
        var messages = Tracked
            .Value.Where(file =>
                file.StartsWith("src/Edge/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
            )
            .SelectMany(file => LogMessage().Matches(File.ReadAllText(Full(file))))
            .Select(match => (Id: match.Groups[1].Value, Level: match.Groups[2].Value))
            .ToArray();

        Assert.NotEmpty(messages);
        Assert.Equal(messages.Length, messages.Select(message => message.Id).Distinct().Count());
        Assert.DoesNotContain(
            messages,
            message =>
                message.Level is "Warning" or "Error" or "Critical"
                && !guide.Contains($"| {message.Id} |", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Changelog_HasAn_UnreleasedBlock() =>
        Assert.Contains("## [Unreleased]", File.ReadAllText(Full("CHANGELOG.md")), StringComparison.Ordinal);

    /// <summary>The default as the guide shows it; the node's name is the machine's.</summary>
    private static string DefaultOf(Setting<EdgeOptions> setting, EdgeOptions defaults) =>
        setting.Key == "node"
            ? "host name"
            : setting.Read(defaults) switch
            {
                "" => "(empty)",
                var text => $"`{text}`",
            };

    private static string Full(string file) => Path.Combine(Repository.Root, file);

    private static string[] ListTrackedFiles()
    {
        using var git = Process.Start(
            new ProcessStartInfo("git", ["-C", Repository.Root, "ls-files", "-z"]) { RedirectStandardOutput = true }
        )!;
        var files = git.StandardOutput.ReadToEnd().Split('\0', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        return files.Where(file => File.Exists(Full(file))).ToArray();
    }

    [GeneratedRegex(@"(?<![\w.])/(root|work|farm|home/\w+|Users/\w+)/")]
    private static partial Regex MachinePath();

    [GeneratedRegex(
        @"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException|catch *(\([^)]*\))? *\{ *\}|#region|Skip *= *"""
    )]
    private static partial Regex Leftover();

    [GeneratedRegex(@"`(?<key>(?<group>[a-zA-Z]+)\.[\w.-]+)")]
    private static partial Regex SettingInBackticks();

    [GeneratedRegex(@"\.(json|set-aside|sh|lua|crt|key)$")]
    private static partial Regex FileEnding();

    [GeneratedRegex(@"^sinks\.[\w-]+\.?")]
    private static partial Regex SinkName();

    [GeneratedRegex(@"LoggerMessage\((\d+), LogLevel\.(\w+)")]
    private static partial Regex LogMessage();
}
