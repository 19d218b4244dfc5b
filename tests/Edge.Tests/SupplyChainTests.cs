using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests;

/// <summary>What goes into the binary and the image is what is written down, and the image gives it little to do.</summary>
public class SupplyChainTests
{
    [Theory]
    [InlineData("packages.lock.json", false)]
    [InlineData("packages.kafka.lock.json", true)]
    public void Packages_OfTheBinary_AreLockedWithTheirHashesAndNamed(string file, bool hasKafka)
    {
        var notices = Repository.Read("THIRD-PARTY-NOTICES.md");
        using var locked = JsonDocument.Parse(Repository.Read("src/Edge/" + file));
        var packages = locked
            .RootElement.GetProperty("dependencies")
            .EnumerateObject()
            .SelectMany(static framework => framework.Value.EnumerateObject())
            .Where(static package => package.Value.GetProperty("type").GetString() != "Project")
            .ToArray();

        Assert.NotEmpty(packages);
        Assert.Equal(hasKafka, packages.Any(static package => package.Name.Contains("kafka", StringComparison.OrdinalIgnoreCase)));
        Assert.All(packages, static package => Assert.True(package.Value.TryGetProperty("contentHash", out _), package.Name));
        Assert.All(
            packages.Where(static package => !IsOfTheSdk(package.Name)),
            package => Assert.Contains(package.Name, notices, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void CleanBuild_RestoresWhatIsLockedAndNothingElse()
    {
        Assert.Contains("RestoreLockedMode", Repository.Read("Directory.Build.props"), StringComparison.Ordinal);
        Assert.Contains("export CI=true", Repository.Read(".ci/run"), StringComparison.Ordinal);
        var versions = Regex.Matches(Repository.Read("Directory.Packages.props"), "Version=\"([^\"]*)\"");
        Assert.NotEmpty(versions);
        Assert.All(versions, static version => Assert.DoesNotContain('*', version.Groups[1].Value));
    }

    [Fact]
    public void Image_HasNoShellRunsAsNobodyAndWritesToOneVolume()
    {
        var image = Repository.Read("Dockerfile.aot");
        var last = image[image.LastIndexOf("\nFROM ", StringComparison.Ordinal)..];

        Assert.Contains("runtime-deps:10.0-noble-chiseled", image, StringComparison.Ordinal);
        Assert.DoesNotContain("\nRUN ", last, StringComparison.Ordinal);
        Assert.Matches(@"\nUSER [1-9]\d*:[1-9]\d*\n", last);
        Assert.Single(Regex.Matches(last, "\nVOLUME "));
        Assert.Contains("--read-only", Repository.Read("docs/operating.md"), StringComparison.Ordinal);
    }

    [Fact]
    public void Image_SourcesOfTheContext_ExistAndAreNotIgnored()
    {
        var allowed = Repository
            .Read(".dockerignore")
            .Split('\n')
            .Where(static line => line.StartsWith('!') && !line.Contains('*'))
            .Select(static line => line[1..])
            .ToArray();
        var sources = Regex
            .Matches(Repository.Read("Dockerfile.aot"), @"^COPY (?!--from)(.*) \S+$", RegexOptions.Multiline)
            .SelectMany(static copy => copy.Groups[1].Value.Split(' '))
            .ToArray();

        Assert.NotEmpty(sources);
        Assert.All(
            sources,
            source =>
            {
                Assert.True(Path.Exists(Path.Combine(Repository.Root, source)), source);
                Assert.Contains(
                    allowed,
                    path => source == path || source.StartsWith(path + "/", StringComparison.Ordinal)
                );
            }
        );
    }

    /// <summary>Packages that compile or check and leave nothing of their own in the binary, or that are the runtime.</summary>
    private static bool IsOfTheSdk(string name) =>
        name.StartsWith("Microsoft.NET.", StringComparison.Ordinal)
        || name.StartsWith("Microsoft.DotNet.", StringComparison.Ordinal)
        || name.StartsWith("runtime.", StringComparison.Ordinal)
        || name.StartsWith("Microsoft.CodeAnalysis.", StringComparison.Ordinal)
        || name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal);
}
