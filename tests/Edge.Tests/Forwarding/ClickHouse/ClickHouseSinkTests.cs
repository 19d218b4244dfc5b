using System.Text;
using System.Text.Json;
using Edge.Forwarding;
using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.Http;
using Edge.Forwarding.Pump;
using Edge.Journal.Records;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.ClickHouse;

/// <summary>The sink against a real server of the oldest version it is written for.</summary>
public sealed class ClickHouseSinkTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private ClickHouseServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ClickHouseServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _directory.Dispose();
    }

    [Fact]
    public async Task Init_ThenInsert_EveryMemberArrives()
    {
        var options = Options();
        var setup = await ClickHouseSetup.RunAsync(options, applies: true, TimeProvider.System);
        var again = await ClickHouseSetup.RunAsync(options, applies: true, TimeProvider.System);
        const string Event =
            """{"v":1,"id":"019aa5c0-6f1e-7000-8000-0412ab34cd56","node":"edge-1","received_at":"2026-11-21T09:30:00.123Z","timestamp":"2026-11-21T09:29:59.000Z","api":"traffical","project":"p \"1\"","type":"track","probability":0.25,"weights_version":3,"layers":[{"a":"}"}],"authenticated":true,"properties":{"x":"a\"b\\","y":[1,2]},"of_a_later_version":{"z":[{}]}}""";

        using var sink = new ClickHouseSink(options, TimeProvider.System);
        var result = await DeliverAsync(
            sink,
            Event,
            Event.Replace("cd56", "cd57").Replace("\"timestamp\":\"2026-11-21T09:29:59.000Z\",", "")
        );

        Assert.True(result.IsDelivered, result.Reason);
        Assert.Equal((null, 1, 0), (setup.Problem, setup.Statements.Count, again.Statements.Count));
        var row = JsonDocument
            .Parse(
                (
                    await _server.LinesAsync(
                        "SELECT *, day, received_ms FROM edge_events ORDER BY id LIMIT 1 FORMAT JSONEachRow"
                    )
                )[0]
            )
            .RootElement;
        Assert.Equal("p \"1\"", row.GetProperty("project").GetString());
        Assert.Equal("2026-11-21 09:30:00", row.GetProperty("received_at").GetString());
        Assert.Equal("2026-11-21", row.GetProperty("day").GetString());
        Assert.Equal(0x019aa5c06f1e.ToString(), row.GetProperty("received_ms").GetString());
        Assert.Equal("""[{"a":"}"}]""", row.GetProperty("layers").GetString());
        Assert.Equal("""{"x":"a\"b\\","y":[1,2]}""", row.GetProperty("properties").GetString());
        Assert.Equal(
            (0.25, 3, 1),
            (
                row.GetProperty("probability").GetDouble(),
                row.GetProperty("weights_version").GetInt32(),
                row.GetProperty("authenticated").GetInt32()
            )
        );
        Assert.Equal(1, await _server.CountAsync("SELECT count() FROM edge_events WHERE timestamp IS NULL"));
    }

    [Fact]
    public async Task Init_TableOfAnEarlierVersion_GetsTheMissingColumns()
    {
        await _server.QueryAsync("CREATE DATABASE analysis");
        await _server.QueryAsync(
            "CREATE TABLE analysis.events (id String, project String, received_at DateTime, day Date MATERIALIZED toDate(received_at)) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(day) ORDER BY (project, day, id)"
        );
        var options = Options() with { Table = "analysis.events" };

        var setup = await ClickHouseSetup.RunAsync(options, applies: true, TimeProvider.System);
        using var sink = new ClickHouseSink(options, TimeProvider.System);
        var result = await DeliverAsync(
            sink,
            """{"id":"a","received_at":"2026-11-21T09:30:00.123Z","project":"p","extra":{"a":1}}"""
        );

        Assert.True(setup.Problem is null && result.IsDelivered, $"{setup.Problem} {result.Reason}");
        Assert.Equal("""{"a":1}""", await _server.QueryAsync("SELECT extra FROM analysis.events"));
    }

    [Theory]
    [InlineData("before the epoch", "1969-12-31T23:59:59.000Z")]
    [InlineData("1960", "1960-01-01T00:00:00.000Z")]
    [InlineData("beyond 32 bits", "2106-02-07T06:28:16.000Z")]
    [InlineData("2201", "2201-01-01T00:00:00.000Z")]
    [InlineData("the last year", "9999-12-31T23:59:59.999Z")]
    public async Task Deliver_TimestampBeyondTheColumn_IsNullAndKeptAsText(string row, string timestamp)
    {
        await InitAsync();
        using var sink = new ClickHouseSink(Options(), TimeProvider.System);
        var far = EventOf(1)
            .Replace("\"api\"", $"\"timestamp\":\"{timestamp}\",\"api\"", StringComparison.Ordinal);
        var near = EventOf(2)
            .Replace("\"api\"", "\"timestamp\":\"2105-12-31T23:59:59.000Z\",\"api\"", StringComparison.Ordinal);

        var result = await DeliverAsync(sink, far, near);

        Assert.True(result.IsDelivered, $"{row}: {result.Reason}");
        Assert.Equal(
            ["\\N\t" + timestamp, "2105-12-31 23:59:59\t"],
            await _server.LinesAsync("SELECT timestamp, timestamp_text FROM edge_events ORDER BY id")
        );
    }

    [Fact]
    public async Task Deliver_ValueUnknownToAnEnumColumn_RefusesTheEvent()
    {
        await InitAsync();
        await _server.QueryAsync("ALTER TABLE edge_events MODIFY COLUMN type Enum8('click' = 1, 'view' = 2)");
        using var sink = new ClickHouseSink(Options(), TimeProvider.System);

        var result = await DeliverAsync(sink, EventOf(1).Replace("\"click\"", "\"clicks\"", StringComparison.Ordinal));

        Assert.True(result.Outcome == DeliveryOutcome.Refused, $"{result}");
    }

    [Theory]
    [InlineData(36, "Unknown element 'x' for enum", nameof(DeliveryOutcome.Refused))]
    [InlineData(36, "Table engine needs a key", nameof(DeliveryOutcome.Retry))]
    [InlineData(49, "Unknown element 'x' for type Enum8('a' = 1)", nameof(DeliveryOutcome.Refused))]
    [InlineData(49, "Logical error", nameof(DeliveryOutcome.Retry))]
    [InlineData(395, "Value passed to 'throwIf' function is non zero", nameof(DeliveryOutcome.Refused))]
    [InlineData(407, "Decimal overflow", nameof(DeliveryOutcome.Refused))]
    [InlineData(467, "Cannot parse boolean value", nameof(DeliveryOutcome.Refused))]
    [InlineData(472, "something of the server", nameof(DeliveryOutcome.Retry))]
    [InlineData(691, "Unknown element 'x' for enum", nameof(DeliveryOutcome.Refused))]
    public void Classify_Code_TellsTheEventFromTheServer(int code, string text, string expected) =>
        Assert.Equal(
            expected,
            ClickHouseResponseClassifier
                .Classify(new HttpResult(500, $"Code: {code}, e.displayText() = DB::Exception: {text}", null), Options())
                .Outcome.ToString()
        );

    [Fact]
    public async Task Deliver_SameBatchTwice_IsOneRowPerEvent()
    {
        await InitAsync();
        using var sink = new ClickHouseSink(Options(), TimeProvider.System);
        var events = Enumerable.Range(1, 50).Select(EventOf).ToArray();

        await DeliverAsync(sink, events);
        await DeliverAsync(sink, events);

        Assert.Equal(50, await _server.CountAsync("SELECT count() FROM edge_events FINAL"));
    }

    [Theory]
    [InlineData("wrong password", "password", "refuses the user or the password")]
    [InlineData("missing table", "table", "edge sink init warehouse")]
    [InlineData("missing database", "database", "edge sink init warehouse")]
    public async Task Deliver_WrongConfiguration_IsSaidInWordsWithoutSecrets(string name, string what, string words)
    {
        var options = what switch
        {
            "password" => Options() with { Password = "a wrong one" },
            "table" => Options() with { Table = "nowhere" },
            _ => Options() with { Table = "nowhere.events" },
        };
        using var sink = new ClickHouseSink(options, TimeProvider.System);

        var result = await DeliverAsync(sink, EventOf(1));

        Assert.True(result.Outcome == DeliveryOutcome.Retry, $"{name}: {result}");
        Assert.Contains(words, result.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong one", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deliver_TableDroppedMeanwhile_IsSaidInWords()
    {
        await InitAsync();
        using var sink = new ClickHouseSink(Options(), TimeProvider.System);
        await DeliverAsync(sink, EventOf(1));
        await _server.QueryAsync("DROP TABLE edge_events");
        var batch = Batches.Of(1, 1);

        var result = await sink.DeliverAsync(batch, CancellationToken.None);

        Assert.Equal(DeliveryOutcome.Retry, result.Outcome);
        Assert.Contains("edge sink init warehouse", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pump_OneBadEvent_IsAloneInTheDeadLetters()
    {
        await InitAsync();
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            sink: new ClickHouseSink(Options(), TimeProvider.System)
        );
        for (var n = 1; n <= 2_000; n++)
        {
            pumped.Journal.Append(n == 1_234 ? EventOf(n).Replace("2026-11-21T", "not a time") : EventOf(n));
        }

        await pumped.Journal.Journal.CommitAsync();
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.Pending == 0);

        Assert.Equal((1_999L, 1L), (pumped.Status.Forwarded, pumped.Status.DeadLettered));
        Assert.Equal(1_999, await _server.CountAsync("SELECT count() FROM edge_events FINAL"));
        var letter = JsonDocument
            .Parse(File.ReadLines(Directory.GetFiles(_directory["dead-letters", "file"]).Single()).Single())
            .RootElement;
        Assert.Equal("id-01234", letter.GetProperty("event").GetProperty("id").GetString());
        Assert.Contains("received_at", letter.GetProperty("answer").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pump_ServerKilledAndAnswersLost_EveryEventIsOneRow()
    {
        await InitAsync();
        await using var proxy = new TcpProxy(_server.Port, "INSERT%20INTO"u8);
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            change: o => o with { BatchMaxRecords = 100, LingerMs = 0, RetryBaseMs = 5, RetryCeilingMs = 50 },
            sink: new ClickHouseSink(
                Options() with
                {
                    Url = new Uri($"http://127.0.0.1:{proxy.Port}/"),
                },
                TimeProvider.System
            )
        );
        pumped.Pump.Start();

        var sent = 0;
        foreach (var fault in new[] { TcpFault.BreakAfter, TcpFault.BreakBefore, TcpFault.BreakAfter, TcpFault.Refuse })
        {
            // The mark stands in the address of every insert, and in no question.
            proxy.Fault = fault;
            for (var i = 0; i < 500; i++)
            {
                pumped.Journal.Append(EventOf(++sent));
            }

            await pumped.Journal.Journal.CommitAsync();
            var errors = pumped.Status.Errors;
            await pumped.UntilAsync(status => status.Errors > errors || status.Pending == 0);
            proxy.Fault = TcpFault.None;
            await pumped.UntilAsync(status => status.Pending == 0);
        }

        await _server.KillAsync();
        pumped.Journal.Append(EventOf(++sent));
        await pumped.Journal.Journal.CommitAsync();
        await pumped.UntilAsync(status => status.State == SinkState.Retrying);
        await _server.StartAgainAsync();
        await pumped.UntilAsync(status => status.Pending == 0);

        Assert.Equal(sent, await _server.CountAsync("SELECT count() FROM edge_events FINAL"));
        Assert.True(proxy.Broken >= 2, $"{proxy.Broken} connections were broken");
    }

    private static string EventOf(int n) =>
        $$"""{"v":1,"id":"id-{{n:D5}}","received_at":"2026-11-21T09:30:00.123Z","api":"pictify","project":"p","type":"click","authenticated":false}""";

    private static async Task<DeliveryResult> DeliverAsync(ClickHouseSink sink, params string[] events)
    {
        var batch = new RecordBatch();
        batch.Clear(default);
        for (var index = 0; index < events.Length; index++)
        {
            batch.Add(default, index + 1, Encoding.UTF8.GetBytes(events[index]), Batches.CursorAt(index + 1));
        }

        var ready = await sink.ResumeAsync(1, default);
        return ready.IsDelivered ? await sink.DeliverAsync(batch, CancellationToken.None) : ready;
    }

    private async Task InitAsync()
    {
        var setup = await ClickHouseSetup.RunAsync(Options(), applies: true, TimeProvider.System);
        Assert.Null(setup.Problem);
    }

    private ClickHouseSinkOptions Options() =>
        new()
        {
            SinkName = "warehouse",
            Url = new Uri($"http://127.0.0.1:{_server.Port}/"),
            Transport = new HttpTransportOptions { AllowsPrivate = true },
            Password = ClickHouseServer.Password,
        };
}
