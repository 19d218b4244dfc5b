using System.Globalization;
using Edge.Commands.Journals;
using Edge.Commands.Sinks;
using Edge.Forwarding.DeadLetters;
using Edge.Forwarding.Pump;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Tests.Forwarding.Postgres;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Commands;

/// <summary>The commands about sinks, against a real server: init, pause, status, dead letters, replay.</summary>
public sealed class SinkCommandTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    private string Error => _error.ToString();

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Init_EmptyDatabase_MakesATableTheSinkCanFill()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server, hasTable: false);

        var first = await SinkInit.RunAsync(site.Options, SinkSite.Sink, printsOnly: false, _output, _error);
        var second = await SinkInit.RunAsync(site.Options, SinkSite.Sink, printsOnly: false, _output, _error);

        Assert.Equal((0, 0), (first, second));
        Assert.Contains("has it now", Error, StringComparison.Ordinal);
        Assert.Contains("has everything already", Error, StringComparison.Ordinal);
        Assert.Equal(0, await PostgresServer.CountAsync(site.Connection, PostgresEvents.Table));
    }

    [Fact]
    public async Task Init_TableOfAnEarlierVersion_GetsTheColumnsItLacks()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server);
        await PostgresServer.ExecuteAsync(
            site.Connection,
            "ALTER TABLE edge_events DROP COLUMN verdict, DROP COLUMN city, ADD COLUMN mine int"
        );

        await SinkInit.RunAsync(site.Options, SinkSite.Sink, printsOnly: false, _output, _error);

        Assert.Equal(
            "ALTER TABLE \"edge_events\"\n  ADD COLUMN \"city\" text,\n  ADD COLUMN \"verdict\" text;\n",
            _output.ToString()
        );
        Assert.Equal(
            ["city", "mine", "verdict"],
            await PostgresServer.QueryAsync(
                site.Connection,
                "SELECT column_name FROM information_schema.columns WHERE column_name IN ('city', 'verdict', 'mine') ORDER BY 1"
            )
        );
    }

    [Fact]
    public async Task Init_Print_ChangesNothingAndWorksWithoutTheServer()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server, hasTable: false);
        var asked = await SinkInit.RunAsync(site.Options, SinkSite.Sink, printsOnly: true, _output, _error);
        var statements = _output.ToString();
        site.Options.Sinks.Single(sink => sink.Name == SinkSite.Sink).Connection += ";Password=wrong";
        _output.GetStringBuilder().Clear();

        var guessed = await SinkInit.RunAsync(site.Options, SinkSite.Sink, printsOnly: true, _output, _error);

        Assert.Equal((0, 0), (asked, guessed));
        Assert.StartsWith(
            "CREATE TABLE \"edge_events\" (\n  \"v\" int4,\n  \"id\" uuid PRIMARY KEY,\n",
            statements,
            StringComparison.Ordinal
        );
        Assert.Equal(statements.Replace(" COMPRESSION lz4", "", StringComparison.Ordinal), _output.ToString());
        Assert.Contains("refuses the user or the password", Error, StringComparison.Ordinal);
        Assert.Equal(
            ["0"],
            await PostgresServer.QueryAsync(
                site.Connection,
                "SELECT count(*) FROM pg_tables WHERE tablename = 'edge_events'"
            )
        );
    }

    [Theory]
    [InlineData("unknown", "nowhere", 2, "there is no sink 'nowhere'; there are: file, warehouse")]
    [InlineData("none named", null, 2, "needs the name of a sink")]
    [InlineData("nothing to make", "file", 0, "needs no tables")]
    public async Task Init_OtherSinks_AreAnsweredInWords(string row, string? name, int exitCode, string words)
    {
        using var site = await SinkSite.CreateAsync(postgres.Server, hasTable: false);

        Assert.Equal(
            (row, exitCode),
            (row, await SinkInit.RunAsync(site.Options, name, printsOnly: false, _output, _error))
        );
        Assert.Contains(words, Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PauseAndResume_Sink_SetAndRemoveTheMark()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server, hasTable: false);
        var mark = PauseSwitch.PathOf(site.Options.DataDir, SinkSite.Sink);

        Assert.Equal((0, true), (SinkPause.Run(site.Options, SinkSite.Sink, _error), File.Exists(mark)));
        Assert.Equal((0, false), (SinkResume.Run(site.Options, SinkSite.Sink, _error), File.Exists(mark)));
        Assert.Equal(0, SinkResume.Run(site.Options, SinkSite.Sink, _error));
        Assert.Contains("was not paused", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_StoppedService_ReadsTheDataDirectory()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server, hasTable: false);
        var clock = new TestClock(DateTimeOffset.FromUnixTimeMilliseconds((long)PostgresEvents.Milliseconds));
        await site.FillJournalAsync(clock.GetUtcNow().AddMinutes(-3), clock.GetUtcNow());
        PauseSwitch.Pause(site.Options.DataDir, SinkSite.Sink);
        site.Options.Urls = $"http://127.0.0.1:{EdgeProcess.FreePort()}";

        var exitCode = await new SinkStatusCommand(site.Options, clock, _output, _error).RunAsync(url: null);

        Assert.Equal((0, ""), (exitCode, Error.Contains("nobody answers", StringComparison.Ordinal) ? "" : Error));
        var lines = _output
            .ToString()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .ToArray();
        Assert.Equal(
            ["SINK", "STATE", "PENDING", "BYTES", "OLDEST", "RATE", "CAUGHT UP IN", "DEAD LETTERS", "LAST ERROR"],
            lines[0]
        );
        Assert.Equal(["warehouse", "paused", "2", "3 min"], [lines[2][0], lines[2][1], lines[2][2], lines[2][4]]);
    }

    [Fact]
    public async Task Resend_OnceTheReasonIsMended_SendsAndRemovesThem()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server);
        var events = Enumerable
            .Range(1, 5)
            .Select(n => PostgresEvents.EventOf(n, $",\"properties\":{{\"x\":\"\\u0041\",\"n\":{n}.0}}"))
            .ToArray();
        site.AddDeadLetters(events);

        var listed = DeadLettersList.Run(site.Options, onlySink: null, _output, _error);
        var one = await ResendAsync(site, PostgresEvents.IdOf(3).ToString());
        var left = site.DeadLetterLines.Length;
        var rest = await ResendAsync(site);

        Assert.Equal((0, 0, 4, 0), (listed, one, left, rest));
        Assert.Equal(
            events,
            await PostgresServer.QueryAsync(site.Connection, "SELECT payload::text FROM edge_events ORDER BY id")
        );
        Assert.Empty(Directory.GetFiles(site.DeadLetters, "*.ndjson"));
        var lines = _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            (5, $"{SinkSite.Sink}\t{PostgresEvents.IdOf(1)}\t"),
            (lines.Length, lines[0][..(SinkSite.Sink.Length + 38)])
        );
        Assert.EndsWith("\tno thanks", lines[0], StringComparison.Ordinal);
        Assert.Contains("4 taken, 0 refused again", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resend_StillRefused_KeepsThoseAndTakesTheOthers()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server);
        await PostgresServer.ExecuteAsync(site.Connection, "ALTER TABLE edge_events ADD CHECK (variant <> 'poison')");
        site.AddDeadLetters([
            .. Enumerable
                .Range(1, 40)
                .Select(n => PostgresEvents.EventOf(n, $",\"variant\":\"{(n is 7 or 8 or 40 ? "poison" : "a")}\"")),
        ]);

        var exitCode = await ResendAsync(site);

        Assert.Equal((1, 37), (exitCode, await PostgresServer.CountAsync(site.Connection, "edge_events")));
        Assert.Equal(
            [7, 8, 40],
            site.DeadLetterLines.Select(line =>
                Enumerable
                    .Range(1, 40)
                    .Single(n => line.Contains($"{{\"id\":\"{PostgresEvents.IdOf(n)}", StringComparison.Ordinal))
            )
        );
        Assert.Contains("37 taken, 3 refused again", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resend_ServerIsDown_KeepsAllAndSaysWhy()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server, hasTable: false);
        site.AddDeadLetters(PostgresEvents.EventOf(1));

        var exitCode = await ResendAsync(site);

        Assert.Equal((1, 1), (exitCode, site.DeadLetterLines.Length));
        Assert.Contains("stopped: there is no table edge_events", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resend_WhileTheServiceAddsMore_LosesNone()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server);
        var box = new DeadLetterBox(site.DeadLetters, SinkSite.Sink, TimeProvider.System);
        const int Count = 400;
        var writing = Task.Run(() =>
        {
            for (var n = 1; n <= Count; n++)
            {
                box.Add(PostgresEvents.IdOf(n), System.Text.Encoding.UTF8.GetBytes(PostgresEvents.EventOf(n)), "no");
                box.Save();
            }
        });
        while (!writing.IsCompleted)
        {
            await ResendAsync(site);
        }

        await writing;
        await ResendAsync(site);

        Assert.Equal(
            (Count, 0),
            (await PostgresServer.CountAsync(site.Connection, "edge_events"), site.DeadLetterLines.Length)
        );
    }

    [Fact]
    public async Task Replay_Period_SendsWhatIsInItOnceMore()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server);
        var noon = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
        await site.FillJournalAsync([.. Enumerable.Range(0, 10).Select(minute => noon.AddMinutes(minute))]);

        var first = await ReplayAsync(site, noon.AddMinutes(2), noon.AddMinutes(5));
        var second = await ReplayAsync(site, noon.AddMinutes(4), noon.AddMinutes(6));

        Assert.Equal((0, 0), (first, second));
        Assert.Equal(
            ["2", "3", "4", "5"],
            await PostgresServer.QueryAsync(site.Connection, "SELECT variant FROM edge_events ORDER BY id")
        );
        Assert.Contains("3 events sent again, 0 refused", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("no longer held", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replay_BeforeTheFirstEventEver_SaysNothingIsMissing()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server);
        var noon = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
        await site.FillJournalAsync(noon);

        Assert.Equal(0, await ReplayAsync(site, noon.AddDays(-1), noon.AddDays(1)));

        Assert.Equal("edge journal replay: 1 events sent again, 0 refused\n", Error);
    }

    [Fact]
    public async Task Replay_FurtherBackThanTheJournal_SaysSo()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server);
        var noon = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
        await site.FillJournalAsync([.. Enumerable.Range(0, 5_000).Select(_ => noon)]);
        using (var journal = OfflineJournal.Open(site.Options.ToJournalOptions()))
        {
            foreach (var reader in site.Options.ToJournalOptions().Readers)
            {
                using var cursor = journal.OpenCursor(reader);
                cursor.Write(
                    new SinkProgress(new JournalCursor(journal.Committed.Until, journal.Committed.Sequence), 0, 0, 0)
                );
            }

            journal.ReleaseTaken();
        }

        Assert.Equal(0, await ReplayAsync(site, noon.AddDays(-1), noon.AddDays(1)));

        Assert.Contains(
            "the journal begins with 2026-11-21T12:00:00.000Z; what came before is no longer held",
            Error,
            StringComparison.Ordinal
        );
        Assert.InRange(await PostgresServer.CountAsync(site.Connection, "edge_events"), 1, 4_999);
    }

    [Fact]
    public async Task Replay_JournalInUse_WorksBesideTheService()
    {
        using var site = await SinkSite.CreateAsync(postgres.Server);
        await using var journal = TestJournal.Open(TestJournal.SmallOptions(site.Options.JournalDir));
        await journal.AppendAsync(500);

        var exitCode = await ReplayAsync(site, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));

        Assert.Equal((0, 500), (exitCode, await PostgresServer.CountAsync(site.Connection, "edge_events")));
    }

    private Task<int> ResendAsync(SinkSite site, string? id = null) =>
        DeadLettersResend.RunAsync(site.Options, onlySink: null, id, TimeProvider.System, _error);

    private Task<int> ReplayAsync(SinkSite site, DateTimeOffset from, DateTimeOffset to)
    {
        return JournalReplay.RunAsync(
            site.Options,
            SinkSite.Sink,
            Text(from),
            Text(to),
            TimeProvider.System,
            _error
        );

        static string Text(DateTimeOffset time) =>
            time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    }
}
