using Edge.Settings;
using Xunit;

namespace Edge.Tests.Settings;

/// <summary>What sources of settings are called, and what is said of those that are none.</summary>
public class SourceNameTests
{
    [Theory]
    [InlineData("EDGE_URLS", "EDGE__URLS")]
    [InlineData("EDGE_DATA_DIR", "EDGE__DATADIR")]
    [InlineData("edge_journal_maxBytes", "EDGE__JOURNAL__MAXBYTES")]
    [InlineData("EDGE_SINKS_FILE_ENABLED", "EDGE__SINKS__NAME__SETTING")]
    [InlineData("EDGE_KEY", null)]
    [InlineData("EDGE_SERVICE_HOST", null)]
    [InlineData("KNOWLEDGE_URLS", null)]
    public void Variable_WithTooFewUnderscores_IsIgnoredAndNamed(string name, string? meant)
    {
        var (options, problems) = Load([(name, "x")], []);

        Assert.Empty(problems);
        string[] expected =
            meant is null
                ? []
                : [$"environment variable {name} is no setting and is ignored; did you mean {meant}?"];
        Assert.Equal(expected, options.IgnoredVariables);
    }

    [Fact]
    public void Option_ThatIsRefused_IsCalledWhatItIs()
    {
        var (_, problems) = Load([], [("dataDir", "a\u0007")]);

        Assert.StartsWith("option --data-dir: dataDir must", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void List_WithSeveralMistakes_IsToldAll() =>
        Assert.EndsWith(
            "clientAddress.trustedProxies 'x' is not an address or network such as 10.0.0.0/8; 'y' is not an address or network such as 10.0.0.0/8",
            Assert.Single(Load([("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "x,10.0.0.1,y")], []).Problems),
            StringComparison.Ordinal
        );

    private static (EdgeOptions Options, IReadOnlyList<string> Problems) Load(
        (string Key, string Value)[] environment,
        (string Key, string Value)[] flags
    )
    {
        var configuration = new EdgeConfiguration();
        var options = configuration.Load(
            null,
            environment.Select(static e => KeyValuePair.Create(e.Key, e.Value)),
            flags.Select(static e => KeyValuePair.Create(e.Key, e.Value))
        );
        return (options, configuration.Problems);
    }
}
