using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Edge.Forwarding;
using Edge.Forwarding.Postgres;
using Edge.Tests.Support;
using Npgsql;
using Xunit;

namespace Edge.Tests.Forwarding.Postgres;

/// <summary>
/// What the sink answers when the server is not as it should be: an outcome and words, never an exception, never late.
/// </summary>
public sealed class PostgresOutageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    /// <summary>A wrong password has to be known by then.</summary>
    private static readonly TimeSpan WordsDeadline = Wait.Limit;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("wrong password", "Password=wrong", "refuses the user or the password")]
    [InlineData("no password", "Password=", "assword")]
    [InlineData("unknown user", "Username=nobody", "refuses the user or the password")]
    [InlineData("unknown database", "Database=nowhere", "there is no such database")]
    [InlineData("no TLS there", "SSL Mode=Require", "SSL")]
    [InlineData("unknown host", "Host=nowhere.invalid", "nowhere.invalid")]
    public async Task Resume_WrongConnection_IsSaidInWords(string row, string change, string words)
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        using var sink = new PostgresSink(PostgresEvents.Options($"{connection};{change}"));
        var clock = Stopwatch.StartNew();

        var result = await sink.ResumeAsync(1, default);

        Assert.Equal((row, DeliveryOutcome.Retry), (row, result.Outcome));
        Assert.Contains(words, result.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresServer.Password, result.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', result.Reason!);
        Assert.True(clock.Elapsed < WordsDeadline);
    }

    [Fact]
    public async Task Resume_PasswordInAFile_IsReadAtEveryConnect()
    {
        using var directory = new TempDirectory();
        var connection = new NpgsqlConnectionStringBuilder(await PostgresEvents.CreateAsync(postgres.Server))
        {
            Password = null,
        }.ToString();
        using var sink = new PostgresSink(
            PostgresEvents.Options(connection) with
            {
                PasswordFile = directory["password"],
            }
        );

        var missing = await sink.ResumeAsync(1, default);
        await File.WriteAllTextAsync(directory["password"], "wrong\n", Cancellation);
        var wrong = await sink.ResumeAsync(1, default);
        await File.WriteAllTextAsync(directory["password"], PostgresServer.Password + "\n", Cancellation);
        var right = await sink.ResumeAsync(1, default);

        Assert.Equal(
            (DeliveryOutcome.Retry, DeliveryOutcome.Retry, DeliveryOutcome.Delivered),
            (missing.Outcome, wrong.Outcome, right.Outcome)
        );
        Assert.Contains(directory["password"], missing.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no table", "DROP TABLE edge_events", "there is no table edge_events: create it with edge sink init")]
    [InlineData("no key", "ALTER TABLE edge_events DROP CONSTRAINT edge_events_pkey", "has no unique key on id")]
    [InlineData(
        "a key that holds for some rows",
        "ALTER TABLE edge_events DROP CONSTRAINT edge_events_pkey; CREATE UNIQUE INDEX ON edge_events (id) WHERE variant IS NULL",
        "has no unique key on id"
    )]
    [InlineData(
        "no right to write",
        "CREATE ROLE reader LOGIN PASSWORD 'correct horse'; GRANT SELECT ON edge_events TO reader",
        "the user needs"
    )]
    [InlineData(
        "a type it cannot become",
        "ALTER TABLE edge_events ALTER authenticated TYPE int USING 0",
        "SQLSTATE 42804"
    )]
    public async Task Deliver_WrongTable_IsSaidInWordsAndTriedAgain(string row, string change, string words)
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        await PostgresServer.ExecuteAsync(connection, change);
        using var sink = new PostgresSink(
            PostgresEvents.Options(
                change.Contains("reader", StringComparison.Ordinal) ? connection + ";Username=reader" : connection
            )
        );

        var result = await sink.DeliverAsync(PostgresEvents.BatchOf(1, 2), Cancellation);

        Assert.Equal((row, DeliveryOutcome.Retry), (row, result.Outcome));
        Assert.Contains(words, result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deliver_NobodyListens_IsSaidInWords()
    {
        using var reserved = new TcpListener(IPAddress.Loopback, 0);
        reserved.Start();
        var port = ((IPEndPoint)reserved.LocalEndpoint).Port;
        reserved.Stop();
        using var sink = new PostgresSink(
            PostgresEvents.Options($"Host=127.0.0.1;Port={port};Username=edge;Password=secret")
        );

        var result = await sink.DeliverAsync(PostgresEvents.BatchOf(1, 2), Cancellation);

        Assert.Equal(DeliveryOutcome.Retry, result.Outcome);
        Assert.Equal($"127.0.0.1:{port} cannot be reached: Connection refused", result.Reason);
    }

    [Fact]
    public async Task Deliver_TableIsLocked_EndsAfterTheStatementTimeout()
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        using var sink = new PostgresSink(PostgresEvents.Options(connection) with { StatementTimeoutMs = 300 });
        await using var other = NpgsqlDataSource.Create(connection);
        await using var holder = await other.OpenConnectionAsync(Cancellation);
        await using var transaction = await holder.BeginTransactionAsync(Cancellation);
        await using (var command = new NpgsqlCommand("LOCK TABLE edge_events IN ACCESS EXCLUSIVE MODE", holder))
        {
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        var locked = await sink.DeliverAsync(PostgresEvents.BatchOf(1, 2), Cancellation);
        await transaction.RollbackAsync(Cancellation);
        // A busy machine may need longer than the timeout even so.
        await Wait.ForAsync(
            () => sink.DeliverAsync(PostgresEvents.BatchOf(1, 2), Cancellation),
            static result => result.Outcome == DeliveryOutcome.Delivered
        );

        Assert.Equal(DeliveryOutcome.Retry, locked.Outcome);
        Assert.Contains("a statement took longer than statementTimeoutMs", locked.Reason, StringComparison.Ordinal);
        Assert.Equal(2, await PostgresServer.CountAsync(connection, "edge_events"));
    }

    [Fact]
    public async Task Deliver_ServerTooSlowForTheWholeBatch_TakesItInSmallerParts()
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        await PostgresServer.ExecuteAsync(
            connection,
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;"
                + " CREATE TRIGGER slow BEFORE INSERT ON edge_events FOR EACH ROW EXECUTE FUNCTION dawdle()"
        );
        using var sink = new PostgresSink(PostgresEvents.Options(connection) with { StatementTimeoutMs = 600 });
        var batch = PostgresEvents.BatchOf(1, 100);

        var attempts = 1;
        while (!(await sink.DeliverAsync(batch, Cancellation)).IsDelivered)
        {
            attempts++;
        }

        // 100 events take a second at least; a part of them fits, on a busy machine a smaller one.
        Assert.InRange(attempts, 2, 8);
        Assert.Equal(100, await PostgresServer.CountAsync(connection, "edge_events"));
    }

    [Theory]
    [InlineData("before the commit", TcpFault.BreakBefore, 0)]
    [InlineData("after the commit", TcpFault.BreakAfter, 100)]
    public async Task Deliver_ConnectionBreaksAtTheCommit_EveryEventOnce(
        string row,
        TcpFault fault,
        long storedMeanwhile
    )
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        await using var proxy = new TcpProxy(postgres.Server.Port, "COMMIT\0"u8);
        using var sink = new PostgresSink(PostgresEvents.Options($"{connection};Port={proxy.Port}"));
        proxy.Fault = fault;

        var broken = await sink.DeliverAsync(PostgresEvents.BatchOf(1, 100), Cancellation);
        var stored = await PostgresServer.CountAsync(connection, "edge_events");
        var again = await sink.DeliverAsync(PostgresEvents.BatchOf(1, 100), Cancellation);

        Assert.Equal((row, 1, storedMeanwhile), (row, proxy.Broken, stored));
        Assert.Equal((DeliveryOutcome.Retry, DeliveryOutcome.Delivered), (broken.Outcome, again.Outcome));
        Assert.Contains($"the connection to 127.0.0.1:{proxy.Port} broke", broken.Reason, StringComparison.Ordinal);
        Assert.Equal(100, await PostgresServer.CountAsync(connection, "edge_events"));
    }

    [Fact]
    public async Task Deliver_ConnectionBrokeWhileIdle_IsNoFailure()
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        await using var proxy = new TcpProxy(postgres.Server.Port, "COMMIT\0"u8);
        using var sink = new PostgresSink(PostgresEvents.Options($"{connection};Port={proxy.Port}"));
        Assert.True((await sink.DeliverAsync(PostgresEvents.BatchOf(1, 2), Cancellation)).IsDelivered);

        proxy.BreakAll();

        Assert.Equal(DeliveryResult.Delivered, await sink.DeliverAsync(PostgresEvents.BatchOf(3, 4), Cancellation));
        Assert.Equal(4, await PostgresServer.CountAsync(connection, "edge_events"));
    }

    [Fact]
    public async Task Deliver_ServerFallsSilent_EndsInTimeAndOnCancellationAtOnce()
    {
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        await using var proxy = new TcpProxy(postgres.Server.Port, "COMMIT\0"u8);
        using var sink = new PostgresSink(
            PostgresEvents.Options($"{connection};Port={proxy.Port}") with
            {
                StatementTimeoutMs = 200,
                ConnectTimeoutMs = 1_000,
            }
        );
        Assert.True((await sink.DeliverAsync(PostgresEvents.BatchOf(1, 2), Cancellation)).IsDelivered);
        proxy.Fault = TcpFault.BlackHole;

        var silent = await sink.DeliverAsync(PostgresEvents.BatchOf(3, 4), Cancellation);
        using var cancelled = new CancellationTokenSource();
        var waiting = sink.DeliverAsync(PostgresEvents.BatchOf(3, 4), cancelled.Token);
        var clock = Stopwatch.StartNew();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        Assert.Equal(
            (DeliveryOutcome.Retry, $"127.0.0.1:{proxy.Port} did not answer in time"),
            (silent.Outcome, silent.Reason)
        );
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1), $"took {clock.Elapsed}");
    }

    [Fact]
    public async Task Deliver_ServerIsRestarted_GoesOn()
    {
        await using var server = await PostgresServer.StartAsync();
        var connection = await PostgresEvents.CreateAsync(server);
        using var sink = new PostgresSink(PostgresEvents.Options(connection));
        Assert.True((await sink.DeliverAsync(PostgresEvents.BatchOf(1, 10), Cancellation)).IsDelivered);

        // A stop and not a kill, after which a child of the server may answer once more.
        await server.StopAsync();
        var down = await sink.DeliverAsync(PostgresEvents.BatchOf(11, 20), Cancellation);
        await server.StartAgainAsync();
        var up = await sink.DeliverAsync(PostgresEvents.BatchOf(11, 20), Cancellation);

        Assert.Equal((DeliveryOutcome.Retry, DeliveryOutcome.Delivered), (down.Outcome, up.Outcome));
        Assert.Equal(20, await PostgresServer.CountAsync(connection, "edge_events"));
    }
}
