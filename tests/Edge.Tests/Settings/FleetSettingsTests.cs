using Edge.Forwarding;
using Edge.Settings;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Settings;

/// <summary>Settings that belong together on a node of a fleet, and what follows from them.</summary>
public class FleetSettingsTests
{
    private const string Secret = "4f1d9c2ab7e35f8806cd41e7930b5a6e";
    private const string Origin = "role=origin fleet.id=f fleet.secret=" + Secret;
    private const string Edge = "role=edge fleet.id=f fleet.originUrl=http://origin:8080 fleet.secret=" + Secret;

    [Theory]
    [InlineData("role=edge fleet.id=f fleet.secret=" + Secret, "fleet.originUrl must say where the origin is")]
    [InlineData("role=origin fleet.secret=" + Secret, "fleet.id must name the fleet")]
    [InlineData("role=origin fleet.id=f", "fleet.secret or fleet.secretFile must be set")]
    [InlineData("role=origin fleet.id=f fleet.secret=4f1d9c2ab7e35f8806cd41e7930b5a6", "at least 32 characters")]
    [InlineData("role=origin fleet.id=f fleet.secret=abababababababababababababababababab", "fleet.secret ")]
    [InlineData("role=origin fleet.id=f fleet.secretFile=missing", "fleet.secretFile cannot be read")]
    [InlineData(Origin + " fleet.secretFile=missing", "are both set")]
    [InlineData(Origin + " fleet.originUrl=http://other:8080", "this node is the origin itself")]
    [InlineData(Origin + " privacy.addressHash=ratchet", "ratchet, whose keys are each node's own")]
    [InlineData(Edge + " automation.excludeTools=true", "an edge has the rules of its origin")]
    [InlineData("fleet.id=f", "fleet.* is set, but role is standalone")]
    [InlineData("role=other", "role must be")]
    [InlineData(Edge + " fleet.originUrl=http://origin:8080/path", "fleet.originUrl must be an address")]
    [InlineData(Edge + " fleet.originUrl=origin:8080", "fleet.originUrl must be an address")]
    [InlineData(Edge + " sinks.origin.url=http://other/x", "sinks.origin.url cannot be set")]
    [InlineData(Edge + " sinks.origin.type=clickhouse", "sinks.origin.type cannot be set")]
    [InlineData(Edge + " sinks.origin.headers.X-A=b", "sinks.origin.headers.X-A cannot be set")]
    [InlineData(Edge + " sinks.origin.fields.deny=id", "sinks.origin.fields.deny cannot be set")]
    [InlineData(Edge + " fleet.id=a/b", "fleet.id must have at most 64")]
    [InlineData(Edge + " fleet.originUrl=http://origin:0", "fleet.originUrl must be an address")]
    [InlineData(Edge + " urls=http://*:8443 fleet.originUrl=https://127.0.0.1:8443", "where this edge itself listens")]
    [InlineData(Edge + " urls=http://10.1.2.3:80 fleet.originUrl=http://10.1.2.3", "where this edge itself listens")]
    [InlineData(Edge + " sinks.h.type=clickhouse sinks.h.url=http://h:8123 tally.sink=h", "tally.sink is set, but an edge counts for its origin")]
    [InlineData(Origin + " tally.sink=h", "tally.sink must name a sink of type clickhouse; h is no sink")]
    [InlineData(Origin + " tally.sink=file", "tally.sink must name a sink of type clickhouse; file is none")]
    [InlineData(Origin + " sinks.h.type=clickhouse sinks.h.url=http://h:8123 sinks.h.filters.types=click tally.sink=h", "whose filters and fields")]
    [InlineData(Edge + " node=a/b", "node must have at most 253")]
    public void Settings_ThatDoNotBelongTogether_AreRefused(string settings, string expected) =>
        Assert.Contains(
            Load(settings).Problems,
            problem => problem.Contains(expected, StringComparison.Ordinal)
        );

    [Fact]
    public void Secret_OfBlanks_IsTooShort()
    {
        var configuration = new EdgeConfiguration();
        configuration.Load(
            null,
            [],
            new Dictionary<string, string>
            {
                ["role"] = "origin",
                ["fleet.id"] = "f",
                ["fleet.secret"] = new string(' ', 40),
            }
        );

        Assert.Contains(configuration.Problems, static problem => problem.Contains("at least 32 characters", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://*:8080", "http://127.0.0.1:8443")]
    [InlineData("http://10.1.2.3:8443", "http://10.1.2.4:8443")]
    [InlineData("http://10.1.2.3:8443", "http://127.0.0.1:8443")]
    public void OriginUrl_OfAnotherListener_IsTaken(string urls, string origin) =>
        Assert.Empty(Load($"{Edge} urls={urls} fleet.originUrl={origin}").Problems);

    [Fact]
    public void Edge_WithoutFurtherSettings_ForwardsToItsOriginAlone()
    {
        var (options, problems) = Load(Edge);

        Assert.Empty(problems);
        var sink = Assert.Single(options.Sinks, static sink => sink.Enabled);
        Assert.Equal(("origin", SinkType.Http), (sink.Name, sink.Type));
        Assert.Equal("http://origin:8080/fleet/events", sink.Url);
        Assert.StartsWith("Bearer ", sink.Headers["Authorization"], StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, sink.Headers["Authorization"], StringComparison.Ordinal);
    }

    [Fact]
    public void Edge_WhoseSinksAreSet_HasThemSo()
    {
        var (options, problems) = Load(Edge + " sinks.origin.batchMaxEvents=7 sinks.origin.filters.types=click sinks.origin.retryCeilingMs=900 sinks.file.enabled=true");

        Assert.Empty(problems);
        Assert.All(options.Sinks, static sink => Assert.True(sink.Enabled));
        Assert.Equal(7, options.Sinks.Single(static sink => sink.Name == "origin").BatchMaxEvents);
    }

    [Fact]
    public void Salt_OfAllNodes_IsTheFleets()
    {
        var salts = new[] { Origin, Edge, Edge + " node=other" }.Select(settings => Load(settings).Options.AddressSalt);

        Assert.Single(salts.Distinct());
        Assert.NotEqual(
            Load(Origin).Options.AddressSalt,
            Load(Origin.Replace("fleet.id=f", "fleet.id=g", StringComparison.Ordinal)).Options.AddressSalt
        );
        const string Own = "c6d1f04a9be2473581f60b7dde39a82e";
        Assert.Equal(Own, Load(Edge + " privacy.addressSalt=" + Own).Options.AddressSalt);
    }

    [Fact]
    public void Secret_OfAFile_IsThatOfTheSetting()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["secret"], Secret + "\n");

        var configuration = new EdgeConfiguration();
        var options = configuration.Load(
            null,
            [],
            new Dictionary<string, string>
            {
                ["role"] = "origin",
                ["fleet.id"] = "f",
                ["fleet.secretFile"] = directory["secret"],
            }
        );

        Assert.Empty(configuration.Problems);
        Assert.Equal(Load(Origin).Options.AddressSalt, options.AddressSalt);
        Assert.Equal("fleet.secretFile", configuration.OriginOf("fleet.secret"));
    }

    /// <summary>Settings as <c>KEY=VALUE</c>, of which a later one wins.</summary>
    [Fact]
    public void Settings_WithSeveralMistakes_AreAllTold()
    {
        var problems = Load("role=origin fleet.secret=short").Problems;

        Assert.Equal(2, problems.Count);
        Assert.Contains(problems, static problem => problem.Contains("fleet.id must name", StringComparison.Ordinal));
        Assert.Contains(problems, static problem => problem.Contains("at least 32 characters", StringComparison.Ordinal));
    }

    private static (EdgeOptions Options, IReadOnlyList<string> Problems) Load(string settings)
    {
        var configuration = new EdgeConfiguration();
        var options = configuration.Load(
            null,
            [],
            settings.Split(' ').Select(static pair => pair.Split('=', 2)).Select(static pair => KeyValuePair.Create(pair[0], pair[1]))
        );
        return (options, configuration.Problems);
    }
}
