using Edge.Settings;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Settings;

/// <summary>Directories of file sinks, of which each has one of its own.</summary>
public class FileSinkDirectoryTests
{
    [Theory]
    [InlineData("data/./forwarded/")]
    [InlineData("data/../data/forwarded")]
    public void Sinks_WithOneDirectoryInTwoSpellings_AreRefused(string directory) =>
        Assert.StartsWith(
            "sinks.file.directory and sinks.b.directory are one directory, ",
            Assert.Single(Load([("EDGE__SINKS__B__TYPE", "file"), ("EDGE__SINKS__B__DIRECTORY", directory)])),
            StringComparison.Ordinal
        );

    [Fact]
    public void Sinks_WithOneDirectoryByALink_AreRefusedUnlessOneIsDisabled()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["out"]);
        Directory.CreateSymbolicLink(directory["link"], directory["out"]);
        (string, string)[] sinks =
        [
            ("EDGE__SINKS__A__TYPE", "file"),
            ("EDGE__SINKS__A__DIRECTORY", directory["out", "events"]),
            ("EDGE__SINKS__B__TYPE", "file"),
            ("EDGE__SINKS__B__DIRECTORY", directory["link", "events"]),
        ];

        Assert.Contains(
            $"sinks.b.directory and sinks.a.directory are one directory, {directory["out", "events"]}",
            Assert.Single(Load(sinks)),
            StringComparison.Ordinal
        );
        Assert.Empty(Load([.. sinks, ("EDGE__SINKS__B__ENABLED", "false")]));
        Assert.Empty(Load([.. sinks, ("EDGE__SINKS__B__DIRECTORY", directory["link", "other"])]));
    }

    private static IReadOnlyList<string> Load((string Key, string Value)[] environment)
    {
        var configuration = new EdgeConfiguration();
        configuration.Load(null, environment.Select(static e => KeyValuePair.Create(e.Key, e.Value)), []);
        return configuration.Problems;
    }
}
