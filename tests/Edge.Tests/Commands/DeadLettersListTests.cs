using Edge.Commands.Sinks;
using Edge.Settings;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Commands;

/// <summary><c>edge dead-letters list</c> without any dead letters.</summary>
public sealed class DeadLettersListTests
{
    [Theory]
    [InlineData("all sinks", null, 0, "")]
    [InlineData("a sink that is configured", "file", 0, "")]
    [InlineData("a misspelt sink", "flie", 2, "edge dead-letters list: there is no sink 'flie'; there are: file")]
    public void List_NothingRefused_TellsAMisspeltSinkFromAnEmptyOne(string name, string? sink, int exit, string message)
    {
        using var data = new TempDirectory();
        var options = new EdgeOptions { DataDir = data.Path };
        var (output, error) = (new StringWriter(), new StringWriter());

        var exitCode = DeadLettersList.Run(options, sink, output, error);

        Assert.True((exit, "", message) == (exitCode, $"{output}", $"{error}".TrimEnd()), $"{name}: {exitCode} {error}");
    }
}
