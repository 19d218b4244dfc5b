using Edge.Forwarding;
using Edge.Forwarding.Postgres;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.Postgres;

/// <summary>Events in, rows out, against a real server.</summary>
public sealed class PostgresSinkTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Deliver_EveryMember_HasItsColumn()
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        const string More =
            ""","timestamp":"2026-11-21T10:29:59.5+01:00","event":"redirect","experiment":"demo-ab","probability":0.5,"weights_version":7,"city":"São \"Paulo\"","verdict":"human","authenticated":true,"properties":{"a":[1,{"b":2}]},"extra":{"type":"no"},"environment":"test","layers":[{"layer":"l"}],"verdict_shadow":"bot:http_tool","os_version":"17.5" """;

        await DeliverAsync(connection, PostgresEvents.EventOf(1, More));

        const string Columns =
            "concat_ws('|', id, to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'), to_char(timestamp AT TIME ZONE 'UTC', 'HH24:MI:SS.MS'),"
            + " api, type, event, experiment, probability, weights_version, city, verdict, authenticated, payload->'properties'->'a'->1->>'b', coalesce(variant, 'null'), v, environment, layers, verdict_shadow, os_version, properties, extra)";
        var row = await PostgresServer.QueryAsync(connection, $"SELECT {Columns} FROM edge_events");
        Assert.Equal(
            [
                $"{PostgresEvents.IdOf(1)}|2026-11-21 09:30:00.123|09:29:59.500|pictify|click|redirect|demo-ab|0.5|7|São \"Paulo\"|human|t|2|null|1|test|"
                    + """[{"layer":"l"}]|bot:http_tool|17.5|{"a":[1,{"b":2}]}|{"type":"no"}""",
            ],
            row
        );
    }

    [Theory]
    [InlineData("spaces, order and repeated members", """{ "b" : 1.50, "a":1e400, "a":2 }""")]
    [InlineData("a pair of surrogates", """{"a":"\ud83d\ude00"}""")]
    [InlineData("the text \\u0000", """{"a":"\\u0000\\ud800"}""")]
    [InlineData("escapes", """{"a":"\u0041\/\t"}""")]
    [InlineData("deep", """{"a":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}""")]
    public async Task Deliver_Payload_IsStoredByteForByte(string row, string properties)
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        var sent = PostgresEvents.EventOf(1, $",\"properties\":{properties}");

        await DeliverAsync(connection, sent);

        Assert.Equal(
            (row, sent),
            (row, (await PostgresServer.QueryAsync(connection, "SELECT payload::text FROM edge_events"))[0])
        );
    }

    [Theory]
    [InlineData("U+0000", """a\u0000b\u0000""", "a\uFFFDb\uFFFD")]
    [InlineData("first half of a pair", """a\ud800b""", "a\uFFFDb")]
    [InlineData("second half of a pair", """\udc00""", "\uFFFD")]
    [InlineData("two first halves and a pair", """\ud83d\ud83d\ude00""", "\uFFFD\U0001F600")]
    public async Task Deliver_CharacterThatTextCannotHold_PoisonsNoColumn(string row, string sent, string expected)
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        var more = $$""","event":"{{sent}}","url":"{{sent}}","country":"DE","properties":{"a":{"{{sent}}":"{{sent}}"} }""";

        await DeliverAsync(connection, PostgresEvents.EventOf(1, more));

        const string Query =
            "SELECT concat_ws('|', event, url, country, payload->>'event', payload->>'country', properties->'a'->>(payload->>'url')) FROM edge_events";
        Assert.Equal(
            (row, $"{expected}|{expected}|DE|{expected}|DE|{expected}"),
            (row, (await PostgresServer.QueryAsync(connection, Query))[0])
        );
    }

    [Theory]
    [InlineData("U+0000 in a text", """ "campaign":"a\u0000b\u0000" """, "campaign", "a\uFFFDb\uFFFD")]
    [InlineData("a pair of surrogates", """ "campaign":"\ud83d\ude00" """, "campaign", "\U0001F600")]
    [InlineData("number instead of text", """ "campaign":5 """, "campaign", "")]
    [InlineData("text instead of time", """ "timestamp":"yesterday" """, "timestamp::text", "")]
    [InlineData("number that is none of the column's", """ "weights_version":1.5 """, "weights_version::text", "")]
    [InlineData("null", """ "campaign":null """, "campaign", "")]
    public async Task Deliver_UnusualMember_IsTakenAsFarAsItGoes(
        string row,
        string member,
        string column,
        string expected
    )
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);

        await DeliverAsync(connection, PostgresEvents.EventOf(1, "," + member.Trim()));

        Assert.Equal(
            (row, expected),
            (row, (await PostgresServer.QueryAsync(connection, $"SELECT coalesce({column}, '') FROM edge_events"))[0])
        );
    }

    [Fact]
    public async Task Deliver_RepeatedEvents_AreStoredOnce()
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        using var sink = new PostgresSink(PostgresEvents.Options(connection));

        foreach (var (first, last) in new[] { (1, 3_000), (1, 3_000), (2_000, 4_000) })
        {
            Assert.Equal(
                DeliveryResult.Delivered,
                await sink.DeliverAsync(PostgresEvents.BatchOf(first, last), Cancellation)
            );
        }

        Assert.Equal(4_000, await PostgresServer.CountAsync(connection, "edge_events"));
        Assert.Equal(
            ["4000"],
            await PostgresServer.QueryAsync(connection, "SELECT count(DISTINCT id) FROM edge_events")
        );
    }

    [Fact]
    public async Task Deliver_LargeEvents_ComeThrough()
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        var sent = Enumerable
            .Range(1, 12)
            .Select(n =>
                PostgresEvents.EventOf(n, $",\"properties\":{{\"a\":\"{new string((char)('a' + n), 500_000)}\"}}")
            )
            .ToArray();

        await DeliverAsync(connection, sent);

        Assert.Equal(
            sent,
            await PostgresServer.QueryAsync(connection, "SELECT payload::text FROM edge_events ORDER BY id")
        );
    }

    [Theory]
    [InlineData("a check", "CHECK (variant <> 'poison')", "23514")]
    [InlineData("a length", "ALTER TYPE", "22001")]
    [InlineData("another unique key", "UNIQUE (variant)", "23505")]
    public async Task Deliver_EventTheTableRefuses_IsRefusedAndTheRestCanGoOn(string row, string rule, string state)
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        await PostgresServer.ExecuteAsync(
            connection,
            rule == "ALTER TYPE"
                ? "ALTER TABLE edge_events ALTER variant TYPE varchar(5)"
                : $"ALTER TABLE edge_events ADD {rule}"
        );
        using var sink = new PostgresSink(PostgresEvents.Options(connection));
        var good = PostgresEvents.EventOf(1, ",\"variant\":\"a\"");
        var bad = PostgresEvents.EventOf(2, ",\"variant\":\"poison\"");
        var third = PostgresEvents.EventOf(3, ",\"variant\":\"poison\"");

        var refused = await sink.DeliverAsync(PostgresEvents.Batch(good, bad, third), Cancellation);
        var delivered = await sink.DeliverAsync(PostgresEvents.Batch(good), Cancellation);

        Assert.Equal(
            (row, DeliveryOutcome.Refused, DeliveryOutcome.Delivered),
            (row, refused.Outcome, delivered.Outcome)
        );
        Assert.Contains($"SQLSTATE {state}", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(1, await PostgresServer.CountAsync(connection, "edge_events"));
    }

    [Fact]
    public async Task Deliver_PayloadThatIsNoJson_IsRefused()
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        using var sink = new PostgresSink(PostgresEvents.Options(connection));

        var result = await sink.DeliverAsync(PostgresEvents.Batch("{\"id\":"), Cancellation);

        Assert.Equal(DeliveryOutcome.Refused, result.Outcome);
    }

    [Theory]
    [InlineData(
        "fewer columns and one more",
        "CREATE TABLE edge_events (id uuid UNIQUE, type text, mine int DEFAULT 5)",
        "type || mine",
        "click5"
    )]
    [InlineData(
        "a column made of the payload",
        "CREATE TABLE edge_events (id uuid UNIQUE, payload json, type text GENERATED ALWAYS AS (payload->>'type') STORED)",
        "type",
        "click"
    )]
    [InlineData("jsonb", "CREATE TABLE edge_events (id uuid PRIMARY KEY, payload jsonb)", "payload->>'type'", "click")]
    [InlineData(
        "partitions",
        "CREATE TABLE edge_events (id uuid, received_at timestamptz, type varchar(9), UNIQUE (id, received_at)) PARTITION BY RANGE (received_at);"
            + " CREATE TABLE edge_events_2026 PARTITION OF edge_events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
        "type",
        "click"
    )]
    public async Task Deliver_TableOfTheUsersOwn_IsFilledAsFarAsItGoes(
        string row,
        string table,
        string column,
        string expected
    )
    {
        var connection = await postgres.Server.CreateDatabaseAsync();
        await PostgresServer.ExecuteAsync(connection, table);

        await DeliverAsync(connection, PostgresEvents.EventOf(1));
        await DeliverAsync(connection, PostgresEvents.EventOf(1));

        Assert.Equal(
            [(row, expected)],
            (await PostgresServer.QueryAsync(connection, $"SELECT {column} FROM edge_events")).Select(text =>
                (row, text)
            )
        );
    }

    [Fact]
    public async Task Deliver_DatabaseThatDoesNotWaitForItsDisk_IsMadeTo()
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        await PostgresServer.ExecuteAsync(
            connection,
            "ALTER ROLE postgres IN DATABASE "
                + connection.Split("Database=")[1].Split(';')[0]
                + " SET synchronous_commit = off"
        );
        await PostgresServer.ExecuteAsync(
            connection,
            "ALTER TABLE edge_events ALTER node SET DEFAULT NULL, ADD setting text DEFAULT current_setting('synchronous_commit')"
        );

        await DeliverAsync(connection, PostgresEvents.EventOf(1));

        Assert.Equal(["on"], await PostgresServer.QueryAsync(connection, "SELECT setting FROM edge_events"));
    }

    private static async Task DeliverAsync(string connection, params string[] events)
    {
        using var sink = new PostgresSink(PostgresEvents.Options(connection));
        Assert.Equal(DeliveryResult.Delivered, await sink.DeliverAsync(PostgresEvents.Batch(events), Cancellation));
    }
}
