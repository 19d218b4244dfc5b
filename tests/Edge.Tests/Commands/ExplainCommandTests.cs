using System.Text;
using System.Text.Json;
using Edge.Commands;
using Edge.Settings;
using Edge.Tests.Experiments;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Commands;

public sealed class ExplainCommandTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Explain_TwoFiles_PrintsTheTrace()
    {
        var (code, output, error) = Run(
            Definitions.With("status", "\"running\""),
            """{"query": "u=b35b0be5636c4858"}"""
        );

        Assert.Equal((0, ""), (code, error));
        var json = JsonDocument.Parse(output).RootElement;
        Assert.Equal(
            (3621, "a"),
            (json.GetProperty("split").GetProperty("bucket").GetInt32(), json.GetProperty("variant").GetString())
        );
        Assert.Equal("2026-01-02T03:04:05.000Z", json.GetProperty("at").GetString());
        Assert.EndsWith("}\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("homepage-hero-test")]
    [InlineData("exp_abc123")]
    public void Explain_SlugOrUid_TakesTheStoredOne(string name)
    {
        var options = new EdgeOptions { DataDir = _directory["data"] };
        Directory.CreateDirectory(options.ExperimentsDir);
        File.WriteAllText(Path.Combine(options.ExperimentsDir, "one.json"), Definitions.With("status", "\"running\""));
        var request = _directory["request.json"];
        File.WriteAllText(request, """{"query": "u=1"}""");
        var (output, error) = (new MemoryStream(), new StringWriter());

        var code = ExplainCommand.Run(options, name, request, null, TimeProvider.System, output, error);
        var missing = ExplainCommand.Run(options, "other", request, null, TimeProvider.System, output, error);

        Assert.Equal((0, 1), (code, missing));
        Assert.Contains("\"slug\": \"homepage-hero-test\"", Encoding.UTF8.GetString(output.ToArray()), StringComparison.Ordinal);
        Assert.StartsWith("edge explain: there is no file 'other', and ", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_At_IsStrongerThanTheDescription()
    {
        var (_, output, _) = Run(
            Definitions.Minimal,
            """{"query": "u=1", "at": "2030-01-01T00:00:00Z"}""",
            at: "2031-01-01T00:00:00+01:00"
        );

        Assert.Contains("\"at\": \"2030-12-31T23:00:00.000Z\"", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_BadExperimentAndRequest_NamesEachViolationInALine()
    {
        var (code, output, error) = Run(
            Definitions.With("variants.0.weight", "1", Definitions.With("slug", "\"X\"")),
            """{"ip": 1}"""
        );
        var (second, _, errors) = Run(Definitions.Minimal, """{"ip": 1, "country": 2}""");

        Assert.Equal((1, 1, ""), (code, second, output));
        Assert.Equal(
            ["slug", "variants"],
            error.TrimEnd().Split('\n').Select(line => line.Split(": ")[2].Split(' ')[0])
        );
        Assert.Equal(["ip", "country"], errors.TrimEnd().Split('\n').Select(line => line.Split(": ")[2].Split(' ')[0]));
        Assert.All(
            error.TrimEnd().Split('\n'),
            line => Assert.StartsWith("edge explain: ", line, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("-", "-", null)]
    [InlineData("e", "r", "tomorrow")]
    public void Explain_WrongUsage_IsOneLine(string experiment, string request, string? at)
    {
        var error = new StringWriter();

        Assert.Equal(
            2,
            ExplainCommand.Run(new EdgeOptions(), experiment, request, at, TimeProvider.System, Stream.Null, error)
        );
        Assert.Single(error.ToString().TrimEnd().Split('\n'));
    }

    [Fact]
    public void Explain_MissingAndLargeFiles_AreNamed()
    {
        var large = _directory["large"];
        File.WriteAllText(large, new string(' ', 1 << 20) + "{}");
        var error = new StringWriter();

        Assert.Equal(
            1,
            ExplainCommand.Run(
                new EdgeOptions(),
                large,
                _directory["none"],
                null,
                TimeProvider.System,
                Stream.Null,
                error
            )
        );
        Assert.Contains("large: must be at most 1048576 bytes", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("none: Could not find file", error.ToString(), StringComparison.Ordinal);
    }

    private (int Code, string Output, string Error) Run(string experiment, string request, string? at = null)
    {
        File.WriteAllText(_directory["experiment"], experiment);
        File.WriteAllText(_directory["request"], request);
        using var output = new MemoryStream();
        var error = new StringWriter();
        var code = ExplainCommand.Run(
            new EdgeOptions(),
            _directory["experiment"],
            _directory["request"],
            at,
            new TestClock(Definitions.FileTime),
            output,
            error
        );
        return (code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
