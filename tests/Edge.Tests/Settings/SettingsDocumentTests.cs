using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Commands.Configuration;
using Edge.Forwarding;
using Edge.Settings;
using Edge.Settings.Sinks;
using Edge.Tests.Support;
using Json.Schema;
using Xunit;

namespace Edge.Tests.Settings;

/// <summary>The files and schema that describe the settings agree with the program.</summary>
public sealed class SettingsDocumentTests : IDisposable
{
    private static readonly JsonDocumentOptions Lenient = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Reference_InTheRepository_IsWhatTheProgramPrints() =>
        Assert.Equal(Output(ConfigReference.Run), Repository.Read("deploy/edge.reference.json"));

    [Fact]
    public void Reference_Loaded_IsTheDefaults()
    {
        var (options, problems) = Load(Repository.Read("deploy/edge.reference.json"));

        Assert.Empty(problems);
        var (defaults, none) = Load("{}");
        Assert.Empty(none);
        Assert.All(EdgeSettings.All, setting => Assert.Equal(setting.Read(defaults), setting.Read(options)));
        var sink = Assert.Single(options.Sinks);
        Assert.All(
            SinkSettings.All.Where(setting => setting.Types.HasFlag(sink.Type)),
            setting => Assert.Equal(setting.Read(defaults.Sinks[0]), setting.Read(sink))
        );
    }

    [Fact]
    public void Reference_CommentsTakenAway_HasEverySettingOfEverySink()
    {
        var lines = Repository.Read("deploy/edge.reference.json").Split('\n');
        var sinks = Array.FindIndex(lines, static line => line.Contains("\"sinks\"", StringComparison.Ordinal));
        const string Comment = "    // ";
        var text = string.Join(
            '\n',
            lines.Select((line, i) =>
                i > sinks && line.StartsWith(Comment, StringComparison.Ordinal) ? line[Comment.Length..] : line
            )
        );

        using var document = JsonDocument.Parse(text, Lenient);

        var described = document.RootElement.GetProperty("sinks");
        Assert.All(
            SinkTypes.All,
            type =>
                Assert.All(
                    SinkSettings.All.Where(setting => setting.Types.HasFlag(type)),
                    setting => Assert.True(Has(described.GetProperty(SinkTypes.Word(type)), setting.Key), setting.Key)
                )
        );
    }

    [Theory]
    [InlineData("deploy/edge.minimal.json")]
    [InlineData("deploy/edge.reference.json")]
    public void Schema_OfAFileOfTheRepository_AcceptsIt(string file)
    {
        var text = Repository.Read(file);

        Assert.True(IsAccepted(text));
        Assert.Empty(Load(text).Problems);
    }

    [Theory]
    [InlineData("""{ "$schema": "edge.schema.json", "http": { "stopGraceMs": "2s" } }""", true)]
    [InlineData("""{ "journal": { "maxBytes": "8GB" } }""", true)]
    [InlineData("""{ "sinks": { "mine": { "type": "http", "url": "https://collector.example/", "headers": { "A": "b" } } } }""", true)]
    [InlineData("""{ "http": { "stopGrace": "2s" } }""", false)]
    [InlineData("""{ "http": { "maxConnections": 0 } }""", false)]
    [InlineData("""{ "ack": { "pixel": "tape" } }""", false)]
    [InlineData("""{ "sinks": { "file": { "typ": "file" } } }""", false)]
    public void Schema_AndTheProgram_AgreeAbout(string text, bool isRight)
    {
        Assert.Equal(isRight, IsAccepted(text));
        Assert.Equal(isRight, Load(text).Problems.Count == 0);
    }

    private static bool Has(JsonElement element, string key) =>
        key.Split('.').Aggregate((JsonElement?)element, static (at, name) => at is { } o && o.TryGetProperty(name, out var next) ? next : null)
            is not null;

    private static bool IsAccepted(string text) =>
        JsonSchema
            .FromText(Output(ConfigSchema.Run))
            .Evaluate(JsonSerializer.SerializeToElement(JsonNode.Parse(text, documentOptions: Lenient)))
            .IsValid;

    private static string Output(Func<TextWriter, int> command)
    {
        using var output = new StringWriter { NewLine = "\n" };
        Assert.Equal(0, command(output));
        return output.ToString();
    }

    private (EdgeOptions Options, IReadOnlyList<string> Problems) Load(string text)
    {
        var file = _directory[$"{Guid.NewGuid():N}.json"];
        File.WriteAllText(file, text);
        var configuration = new EdgeConfiguration();
        return (configuration.Load(file, [], []), configuration.Problems);
    }
}
