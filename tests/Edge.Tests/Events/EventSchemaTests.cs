using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Events;
using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.Postgres;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Events;

/// <summary>The one table of members against everything that is made or written after it.</summary>
public partial class EventSchemaTests
{
    private static readonly string[] Names = [.. EventSchema.All.Select(member => member.Name)];

    [Fact]
    public void Members_OfTheGoldenFiles_AreTheSchemas()
    {
        string[] files = ["full", "ingested", "goals", "tag", "stable", "trace", "test", "link", "verdict"];
        var written = files
            .Select(file => JsonDocument.Parse(Read("tests", "Edge.Tests", "Golden", $"event-v1-{file}.json")).RootElement)
            .Select(golden => golden.EnumerateObject().Select(member => member.Name).ToArray())
            .ToArray();

        Assert.All(written, members => Assert.Equal(Names.Where(members.Contains), members));
        Assert.Equal(Names.Order(), written.SelectMany(members => members).Distinct().Order());
    }

    [Theory]
    [InlineData(18, 16)]
    [InlineData(25, 8)]
    public void ClickHouseTable_ItsColumns_AreTheMembersInOrder(int major, int minor)
    {
        var server = new ClickHouseVersion($"{major}.{minor}", major, minor, HasTokens: false);

        var statements = ClickHouseSchema.Statements(ClickHouseTable.Of("edge_events"), server, []);

        var columns = Column().Matches(Assert.Single(statements)).Select(match => match.Groups[1].Value);
        Assert.Equal([.. Names, "timestamp_text", "day", "received_ms"], columns);
    }

    [Fact]
    public void PostgresTable_ItsColumns_AreTheMembersInOrderAndThePayload()
    {
        var statements = PostgresSchema.Statements(PostgresTable.Of("edge_events"), [], hasLz4: false);

        Assert.Equal(
            [.. Names, "payload"],
            QuotedColumn().Matches(statements[0]).Select(match => match.Groups[1].Value).ToArray()
        );
    }

    /// <summary>What <c>edge sink init</c> does to a table that an earlier version has made.</summary>
    [Fact]
    public void Tables_OfAnEarlierVersion_GetTheMembersTheyLack()
    {
        string[] lacking = ["environment", "layers", "properties"];
        var present = Names.Append("payload").Except(lacking).ToArray();
        var server = new ClickHouseVersion("25.8", 25, 8, HasTokens: true);

        var postgres = PostgresSchema.Statements(PostgresTable.Of("edge_events"), present, hasLz4: false);
        var clickHouse = ClickHouseSchema.Statements(ClickHouseTable.Of("edge_events"), server, present);

        Assert.Equal(
            """
            ALTER TABLE "edge_events"
              ADD COLUMN "environment" text,
              ADD COLUMN "layers" json,
              ADD COLUMN "properties" json
            """,
            Assert.Single(postgres)
        );
        Assert.Equal(
            [
                "ALTER TABLE `edge_events` ADD COLUMN environment LowCardinality(String)",
                "ALTER TABLE `edge_events` ADD COLUMN layers String",
                "ALTER TABLE `edge_events` ADD COLUMN properties String",
                "ALTER TABLE `edge_events` ADD COLUMN timestamp_text String",
            ],
            clickHouse
        );
    }

    [Fact]
    public void Documentation_ItsTable_HasTheMembersInOrder()
    {
        var page = Read("docs", "event-schema.md");

        Assert.Equal(Names, DocumentedMember().Matches(page).Select(match => match.Groups[1].Value).ToArray());
    }

    [Fact]
    public void Verdicts_AndTheirNames_BelongTogether()
    {
        Assert.All(
            Enum.GetValues<Verdict>(),
            verdict => Assert.Equal(verdict, VerdictNames.Find(VerdictNames.Of(verdict)))
        );
        Assert.Equal(Enum.GetNames<Verdict>().Skip(1).Select(name => name.ToLowerInvariant()), VerdictNames.All);
        Assert.All(
            VerdictNames.All,
            name => Assert.Equal(VerdictNames.Find(name), VerdictNames.Find(System.Text.Encoding.UTF8.GetBytes(name)))
        );
    }

    private static string Read(params string[] path) => File.ReadAllText(Path.Combine([Repository.Root, .. path]));

    [GeneratedRegex(@"^    (\w+) ", RegexOptions.Multiline)]
    private static partial Regex Column();

    [GeneratedRegex("^  \"(\\w+)\" ", RegexOptions.Multiline)]
    private static partial Regex QuotedColumn();

    [GeneratedRegex(@"^\| `(\w+)` \| (?:text|number|true/false|JSON)", RegexOptions.Multiline)]
    private static partial Regex DocumentedMember();
}
