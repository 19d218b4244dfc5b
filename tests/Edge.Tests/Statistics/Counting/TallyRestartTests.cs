using Edge.Tests.Support;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Edge.Tests.Statistics.Counting;

/// <summary>
/// The tally between journal, pump and disk: whatever a crash leaves behind, every event counts once.
/// </summary>
public sealed class TallyRestartTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Pump_CountsEverythingCommitted_AndTheLedgerAddsUp()
    {
        await using var tallied = TalliedJournal.Open(_directory.Path);
        await tallied.AppendAsync(300);
        tallied.Journal.Append("""{"v":1,"type":"track"}""");
        await tallied.Journal.Journal.CommitAsync();

        await tallied.RunToTheEndAsync();

        var status = tallied.Pump.Status;
        Assert.Equal(300, tallied.Impressions());
        Assert.Equal((301L, 301L, 0L, 0L), (status.Stored, status.Forwarded, status.Pending, status.Skipped));
        Assert.True(File.Exists(_directory["tally.json"]));
    }

    [Fact]
    public async Task Results_OfOneExperiment_MatureItsTrialsAlone()
    {
        await using var tallied = TalliedJournal.Open(_directory.Path);
        tallied.Journal.Append(VisitEvent.Impression(1, 0).Text());
        tallied.Journal.Append((VisitEvent.Impression(1, 0) with { Uid = "exp_other" }).Text());
        await tallied.Journal.Journal.CommitAsync();
        await tallied.RunToTheEndAsync();
        Assert.Equal(2, tallied.Tally.Status.OpenTrials);

        Assert.Equal(0, tallied.Tally.Find("exp_abc123")!.OpenTrials);

        Assert.Equal(1, tallied.Tally.Status.OpenTrials);
        tallied.Tally.Mature();
        Assert.Equal(0, tallied.Tally.Status.OpenTrials);
    }

    [Fact]
    public async Task Restart_AfterAnOrderlyStop_GoesOn()
    {
        await RunAsync(_directory.Path, 100);
        await using var again = TalliedJournal.Open(_directory.Path);
        Assert.Equal(100, again.Impressions());

        await again.AppendAsync(50);
        await again.RunToTheEndAsync();

        Assert.Equal(150, again.Impressions());
    }

    [Fact]
    public async Task Restart_BetweenStateAndCursor_CountsNothingTwice()
    {
        await RunAsync(_directory.Path, 100);
        var cursor = File.ReadAllBytes(_directory["cursors", "tally"]);
        await RunAsync(_directory.Path, 70);

        // The state is of 170 events, the cursor of 100.
        File.WriteAllBytes(_directory["cursors", "tally"], cursor);
        await using var again = TalliedJournal.Open(_directory.Path);
        await again.AppendAsync(5);
        await again.RunToTheEndAsync();

        Assert.Equal(175, again.Impressions());
    }

    [Fact]
    public async Task Restart_WithoutACursor_CountsNothingTwice()
    {
        await RunAsync(_directory.Path, 100);
        File.Delete(_directory["cursors", "tally"]);

        await using var again = TalliedJournal.Open(_directory.Path);
        await again.RunToTheEndAsync();

        Assert.Equal(100, again.Impressions());
    }

    [Fact]
    public async Task Restart_WithAnOlderState_CountsWhatItMisses()
    {
        await RunAsync(_directory.Path, 100);
        var state = File.ReadAllBytes(_directory["tally.json"]);
        await RunAsync(_directory.Path, 70);

        File.WriteAllBytes(_directory["tally.json"], state);
        var log = new Messages();
        await using var again = TalliedJournal.Open(_directory.Path, log: log);
        await again.RunToTheEndAsync();

        Assert.Equal(170, again.Impressions());
        Assert.Contains("older", Assert.Single(log.Texts), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("empty")]
    [InlineData("cut")]
    [InlineData("other version")]
    [InlineData("other journal")]
    [InlineData("ahead of the journal")]
    [InlineData("without experiments")]
    [InlineData("null experiments")]
    [InlineData("damaged pack")]
    public async Task Restart_WithAStateOfNoUse_CountsAnewAndSaysSo(string damage)
    {
        await RunAsync(_directory.Path, 100);
        var path = _directory["tally.json"];
        var text = File.ReadAllText(path);
        var changed = damage switch
        {
            "missing" => null,
            "empty" => "",
            "cut" => text[..(text.Length / 2)],
            "other version" => text.Replace(
                "\"version\":1,\"journal\"",
                "\"version\":99,\"journal\"",
                StringComparison.Ordinal
            ),
            "other journal" => text.Replace("\"journal\":\"", "\"journal\":\"f", StringComparison.Ordinal),
            "ahead of the journal" => text.Replace("\"sequence\":100", "\"sequence\":101", StringComparison.Ordinal),
            "without experiments" => text.Replace("\"experiments\"", "\"x\"", StringComparison.Ordinal),
            "null experiments" =>
                """{"version":1,"journal":"0","address":1,"sequence":1,"newestMs":1,"unlearned":0,"uncounted":0,"experiments":null}""",
            _ => text.Replace("\"units\":\"", "\"units\":\"////", StringComparison.Ordinal),
        };
        Assert.NotEqual(text, changed);
        if (changed is null)
        {
            File.Delete(path);
        }
        else
        {
            File.WriteAllText(path, changed);
        }

        var log = new Messages();
        await using var again = TalliedJournal.Open(_directory.Path, log: log);
        Assert.Equal(0, again.Impressions());
        await again.AppendAsync(5);
        await again.RunToTheEndAsync();

        Assert.Equal(105, again.Impressions());
        Assert.Contains("tally.json", Assert.Single(log.Texts), StringComparison.Ordinal);
        Assert.Equal(damage != "missing", File.Exists(_directory["tally.json.set-aside"]));
    }

    [Fact]
    public async Task Start_OnAJournalThatHasForgottenEvents_SaysHowManyAreMissing()
    {
        var log = new Messages();
        await using var tallied = TalliedJournal.Open(_directory.Path, log: log);
        var batch = Edge.Tests.Forwarding.Batches.Of(11, 12);

        await tallied.Tally.DeliverAsync(batch, CancellationToken.None);

        Assert.Contains("10 events", Assert.Single(log.Texts), StringComparison.Ordinal);
    }

    /// <summary>
    /// Copies in the order in which each may be newer than the one before: the crash that loses no page.
    /// </summary>
    [Fact]
    public async Task Restart_FromCopiesTakenWhileCounting_CountsEveryEventOnce()
    {
        await using var running = TalliedJournal.Open(_directory["running"], checkpointIntervalMs: 10);
        using var stop = new CancellationTokenSource();
        running.Pump.Start();
        var writing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await running.AppendAsync(20);
            }
        });
        for (var round = 0; round < 10;)
        {
            var passed = running.Pump.Status.DurableCursor.Sequence;
            await running.UntilAsync(status => status.DurableCursor.Sequence > passed + 40);
            var copy = _directory[$"copy-{round}"];
            if (!TryCopy(copy))
            {
                Directory.Delete(copy, recursive: true);
                continue;
            }

            await using var crashed = TalliedJournal.Open(copy);
            await crashed.RunToTheEndAsync();
            Assert.Equal(crashed.Journal.Journal.CommittedSequence, crashed.Impressions());
            round++;
        }
        await stop.CancelAsync();
        await writing;
    }

    /// <summary>False when a segment was removed meanwhile: then the copy is not of one moment.</summary>
    private bool TryCopy(string copy)
    {
        try
        {
            Directory.CreateDirectory(Path.Combine(copy, "cursors"));
            File.Copy(_directory["running", "cursors", "tally"], Path.Combine(copy, "cursors", "tally"));
            File.Copy(_directory["running", "tally.json"], Path.Combine(copy, "tally.json"));
            Directory.CreateDirectory(Path.Combine(copy, "journal"));
            File.Copy(_directory["running", "journal", "commit"], Path.Combine(copy, "journal", "commit"));
            TestJournal.CopyTree(_directory["running", "journal"], Path.Combine(copy, "journal"), keep: "commit");
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    [Fact]
    public async Task Checkpoint_DirectoryCannotBeWritten_IsTriedAgainAndLosesNothing()
    {
        await using var tallied = TalliedJournal.Open(_directory.Path, checkpointIntervalMs: 10);
        // A directory in the place of the file stops root as well.
        Directory.CreateDirectory(_directory["tally.json"]);
        await tallied.AppendAsync(10);
        tallied.Pump.Start();
        await tallied.UntilAsync(status => status.Errors > 1);
        Assert.Equal(0, tallied.Pump.Status.DurableCursor.Sequence);

        Directory.Delete(_directory["tally.json"]);
        await tallied.UntilAsync(status => status.DurableCursor.Sequence == 10);

        Assert.Equal(10, tallied.Impressions());
    }

    private static async Task RunAsync(string dataDirectory, int count)
    {
        await using var tallied = TalliedJournal.Open(dataDirectory);
        await tallied.AppendAsync(count);
        await tallied.RunToTheEndAsync();
    }

    /// <summary>Keeps what was logged.</summary>
    private sealed class Messages : ILogger
    {
        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Texts.Add(formatter(state, exception));
    }
}
