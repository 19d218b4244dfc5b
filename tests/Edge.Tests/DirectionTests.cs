using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests;

/// <summary>
/// The dependency direction of <c>docs/ARCHITECTURE.md</c>, checked on every mention of an Edge namespace in every
/// source file.
/// </summary>
public partial class DirectionTests
{
    /// <summary>What each folder may know; the root namespace (options, JSON context) is open to all.</summary>
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Events"] = [],
        ["Requests"] = ["Events"],
        ["Enrichment"] = ["Requests"],
        ["Telemetry"] = [],
        ["Faults"] = ["Journal"],
        ["Access"] = ["Experiments"],
        ["Experiments"] = ["Selection", "Telemetry"],
        ["Selection"] = ["Experiments", "Requests"],
        // What a request is to an experiment, for the endpoints and for explanations on the command line alike.
        ["Visits"] = ["Requests", "Enrichment", "Experiments", "Selection"],
        ["Statistics"] = ["Experiments", "Selection", "Journal", "Forwarding", "Events", "Telemetry"],
        ["Journal"] = ["Events", "Telemetry", "Faults"],
        ["Forwarding"] = ["Journal", "Events", "Telemetry", "Faults"],
        ["Endpoints"] =
        [
            "Events",
            "Requests",
            "Access",
            "Enrichment",
            "Visits",
            "Telemetry",
            "Experiments",
            "Selection",
            "Statistics",
            "Journal",
            "Forwarding",
        ],
        ["Hosting"] =
        [
            "Events",
            "Requests",
            "Access",
            "Enrichment",
            "Visits",
            "Telemetry",
            "Experiments",
            "Selection",
            "Statistics",
            "Journal",
            "Forwarding",
            "Endpoints",
        ],
        ["Commands"] =
        [
            "Events",
            "Requests",
            "Access",
            "Enrichment",
            "Visits",
            "Telemetry",
            "Experiments",
            "Selection",
            "Statistics",
            "Journal",
            "Forwarding",
            "Hosting",
        ],
    };

    private static readonly string SourceRoot = Path.Combine(Repository.Root, "src", "Edge");

    public static TheoryData<string> Folders() =>
        new(
            Directory
                .GetDirectories(SourceRoot)
                .Select(d => Path.GetFileName(d)!)
                .Where(name =>
                    Directory.EnumerateFiles(Path.Combine(SourceRoot, name), "*.cs", SearchOption.AllDirectories).Any()
                )
        );

    [Theory]
    [MemberData(nameof(Folders))]
    public void Folder_Uses_OnlyWhatLiesBelowIt(string folder)
    {
        Assert.True(
            MayUse.TryGetValue(folder, out var allowed),
            $"folder {folder} has no rule in {nameof(DirectionTests)}"
        );
        var forbidden = MayUse.Keys.Except(allowed).Where(other => other != folder).ToHashSet();
        var offences = Sources(folder)
            .SelectMany(file =>
                EdgeNamespace()
                    .Matches(file.Text)
                    .Where(match => forbidden.Contains(match.Groups[1].Value))
                    .Select(match => $"{file.Name} mentions Edge.{match.Groups[1].Value}")
            );

        Assert.Empty(offences);
    }

    [Fact]
    public void Faster_IsSeen_OnlyByTheJournal() => AssertOnly(["Journal"], Faster());

    [Fact]
    public void Npgsql_IsSeen_OnlyByThePostgresSink()
    {
        var place = Path.Combine("Forwarding", "Postgres") + Path.DirectorySeparatorChar;
        var offences = MayUse
            .Keys.SelectMany(Sources)
            .Where(file => Npgsql().IsMatch(file.Text) && !file.Name.StartsWith(place, StringComparison.Ordinal))
            .Select(file => file.Name);

        Assert.Empty(offences);
    }

    [Fact]
    public void Response_IsWritten_OnlyByEndpointsAndHosting() => AssertOnly(["Endpoints", "Hosting"], Response());

    [Fact]
    public void Container_IsSeen_OnlyByHosting() => AssertOnly(["Hosting"], Container());

    [Fact]
    public void PureFolders_Do_NoInputOutput()
    {
        var offences = new[] { "Events", "Requests", "Selection", "Visits" }
            .SelectMany(Sources)
            .Where(file => InputOutput().IsMatch(file.Text))
            .Select(file => file.Name);

        Assert.Empty(offences);
    }

    private static void AssertOnly(string[] folders, Regex mention)
    {
        var offences = MayUse
            .Keys.Except(folders)
            .SelectMany(Sources)
            .Where(file => mention.IsMatch(file.Text))
            .Select(file => file.Name);

        Assert.Empty(offences);
    }

    /// <summary>The sources of a folder without their comments: prose may name what code may not.</summary>
    private static IEnumerable<(string Name, string Text)> Sources(string folder)
    {
        var directory = Path.Combine(SourceRoot, folder);
        if (!Directory.Exists(directory))
        {
            yield break;
        }

        foreach (var file in Directory.EnumerateFiles(directory, "*.cs", SearchOption.AllDirectories))
        {
            yield return (Path.GetRelativePath(SourceRoot, file), Comment().Replace(File.ReadAllText(file), ""));
        }
    }

    [GeneratedRegex(@"//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bEdge\.([A-Z]\w+)")]
    private static partial Regex EdgeNamespace();

    [GeneratedRegex(@"\bFASTER\b|\bFasterLog\b")]
    private static partial Regex Faster();

    [GeneratedRegex(@"\bNpgsql(?=[A-Z.;])")]
    private static partial Regex Npgsql();

    [GeneratedRegex(@"\.Response\b|\bHttpResponse\b")]
    private static partial Regex Response();

    [GeneratedRegex(@"\bIServiceCollection\b|\bIServiceProvider\b|\bIConfiguration\b|\bRequestServices\b")]
    private static partial Regex Container();

    [GeneratedRegex(
        @"\bFile\.|\bFileStream\b|\bDirectory\.|\bSocket\b|\bHttpClient\b|\bProcess\.|\bDateTime(Offset)?\.(Utc)?Now\b|\bThread\b"
    )]
    private static partial Regex InputOutput();
}
