using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.Pump;

/// <summary>
/// What the pump does while all is well, at stop and after a restart. Where time matters the clock stands still
/// unless told.
/// </summary>
public sealed class SinkPumpTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly TestClock _clock = new(DateTimeOffset.UtcNow);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Start_EventsAlreadyCommitted_ForwardsThem()
    {
        await using var pumped = PumpedJournal.Open(_directory.Path);
        await pumped.Journal.AppendAsync(200);

        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.Forwarded == 200);

        pumped.AssertForwarded(1, 200);
    }

    [Fact]
    public async Task Run_EventAfterSilence_IsForwardedWithoutWaitingForATimer()
    {
        await using var pumped = PumpedJournal.Open(_directory.Path, _clock);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.State == SinkState.Forwarding);
        _clock.Advance(TimeSpan.FromSeconds(10));

        await pumped.Journal.AppendAsync(1);
        await pumped.UntilAsync(status => status.Forwarded == 1);

        pumped.AssertForwarded(1, 1);
    }

    [Fact]
    public async Task Run_EventsCloseTogether_WaitForTheLinger()
    {
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            _clock,
            options => options with { LingerMs = 500 }
        );
        await pumped.Journal.AppendAsync(1);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.Batches == 1);

        await pumped.Journal.AppendAsync(10);
        await pumped.Journal.AppendAsync(10);
        await AdvanceUntilAsync(pumped, status => status.Forwarded == 21);

        Assert.Equal(2, pumped.Status.Batches);
    }

    [Fact]
    public async Task Run_Backlog_IsNotHeldBackByTheLinger()
    {
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            change: options => options with { BatchMaxRecords = 10 }
        );
        await pumped.Journal.AppendAsync(95);

        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.Forwarded == 95);

        Assert.Equal(10, pumped.Status.Batches);
        pumped.AssertForwarded(1, 95);
    }

    [Fact]
    public async Task Run_BacklogWithARate_TakesItsTime()
    {
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            _clock,
            options => options with { BatchMaxRecords = 10, EventsPerSecondMax = 20, LingerMs = 0 }
        );
        await pumped.Journal.AppendAsync(40);
        var began = _clock.GetTimestamp();
        pumped.Pump.Start();

        await pumped.UntilAsync(status => status.Batches == 1);
        Assert.Equal(10, pumped.Status.Forwarded);
        await AdvanceUntilAsync(pumped, status => status.Forwarded == 40);

        // Three pauses of half a second; what the clock moved on before the pump looked at it again comes on top.
        Assert.True(_clock.GetElapsedTime(began) >= TimeSpan.FromSeconds(1.5));
        pumped.AssertForwarded(1, 40);
    }

    [Fact]
    public async Task Run_Delivered_CursorBecomesDurableLater()
    {
        await using var pumped = PumpedJournal.Open(_directory.Path, _clock);
        await pumped.Journal.AppendAsync(5);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.Forwarded == 5);
        var before = pumped.Status;

        await AdvanceUntilAsync(pumped, status => status.DurableCursor.Sequence == 5);

        Assert.Equal((5L, 0L), (before.Cursor.Sequence, before.DurableCursor.Sequence));
        Assert.Equal(pumped.Status.Cursor, pumped.Status.DurableCursor);
    }

    [Fact]
    public async Task Run_ManyBytes_CursorBecomesDurableBeforeItsTime()
    {
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            _clock,
            options => options with { CheckpointBytes = 100 }
        );
        await pumped.Journal.AppendAsync(20);

        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.DurableCursor.Sequence == 20);

        pumped.AssertForwarded(1, 20);
    }

    [Fact]
    public async Task Stop_EventsPending_ForwardsThemAndMakesTheCursorDurable()
    {
        await using (var pumped = PumpedJournal.Open(_directory.Path))
        {
            pumped.Pump.Start();
            await pumped.Journal.AppendAsync(500);

            await pumped.StopAsync();

            var status = pumped.Status;
            Assert.Equal((SinkState.Stopped, 500L, 0L), (status.State, status.Forwarded, status.Pending));
            pumped.AssertForwarded(1, 500);
        }

        await using var restarted = PumpedJournal.Open(_directory.Path);
        Assert.Equal((500L, 500L), (restarted.Status.Forwarded, restarted.Status.DurableCursor.Sequence));
    }

    [Fact]
    public async Task Stop_DeadlineOver_EndsWithEventsPending()
    {
        await using var pumped = PumpedJournal.Open(_directory.Path);
        await BlockSinkAsync(pumped, events: 10);
        using var deadline = new CancellationTokenSource();

        var stop = pumped.Pump.StopAsync(deadline.Token);
        var endsBeforeDeadline = stop.IsCompleted;
        await deadline.CancelAsync();
        await stop;

        Assert.False(endsBeforeDeadline);
        Assert.Equal((10L, 0L), (pumped.Status.Pending, pumped.Status.DurableCursor.Sequence));
    }

    [Fact]
    public async Task Restart_AfterStop_ForwardsOnlyWhatIsNew()
    {
        await using (var pumped = PumpedJournal.Open(_directory.Path))
        {
            await pumped.Journal.AppendAsync(50);
            pumped.Pump.Start();
            await pumped.StopAsync();
        }

        await using var restarted = PumpedJournal.Open(_directory.Path);
        await restarted.Journal.AppendAsync(50);
        restarted.Pump.Start();
        await restarted.StopAsync();

        restarted.AssertForwarded(1, 100);
        Assert.Single(SinkFiles.Names(restarted.ForwardedDirectory));
    }

    [Fact]
    public async Task Restart_FromACopyTakenBetweenDeliveryAndCursor_HasEveryEventOnce()
    {
        await using (var pumped = PumpedJournal.Open(_directory["running"]))
        {
            await pumped.Journal.AppendAsync(50);
            pumped.Pump.Start();
            await pumped.StopAsync();
        }

        await using var running = PumpedJournal.Open(_directory["running"], change: WithoutCheckpoints);
        await running.Journal.AppendAsync(70);
        running.Pump.Start();
        await running.UntilAsync(status => status.Forwarded == 120);

        TestJournal.CopyTree(_directory["running"], _directory["copy"]);
        await using var copy = PumpedJournal.Open(_directory["copy"]);
        var atStart = copy.Status;
        copy.Pump.Start();
        await copy.StopAsync();

        Assert.Equal((50L, 70L), (atStart.Forwarded, atStart.Pending));
        copy.AssertForwarded(1, 120);
    }

    [Fact]
    public async Task Restart_SinkStateLost_RepeatsWithTheSameBytesAndLosesNothing()
    {
        await using var pumped = PumpedJournal.Open(_directory["running"], change: WithoutCheckpoints);
        await pumped.Journal.AppendAsync(60);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.Forwarded == 60);

        TestJournal.CopyTree(_directory["running"], _directory["copy"]);
        File.Delete(_directory["copy", "forwarded", ".position"]);
        await using var copy = PumpedJournal.Open(_directory["copy"]);
        copy.Pump.Start();
        await copy.StopAsync();

        var expected = Enumerable.Range(1, 60).Select(n => TestJournal.PayloadOf(n)).ToArray();
        Assert.Equal([.. expected, .. expected], SinkFiles.Lines(copy.ForwardedDirectory));
    }

    [Fact]
    public async Task Open_CursorAheadOfTheJournal_RefusesTheStart()
    {
        await using (var pumped = PumpedJournal.Open(_directory["running"]))
        {
            await pumped.Journal.AppendAsync(20);
            TestJournal.CopyTree(_directory["running", "journal"], _directory["backup"]);
            await pumped.Journal.AppendAsync(30);
            pumped.Pump.Start();
            await pumped.StopAsync();
        }

        Directory.Delete(_directory["running", "journal"], recursive: true);
        TestJournal.CopyTree(_directory["backup"], _directory["running", "journal"]);

        var refusal = Assert.Throws<JournalException>(() => PumpedJournal.Open(_directory["running"]));
        Assert.Contains("cursor", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_EverythingForwarded_JournalIsTruncated()
    {
        await using var pumped = PumpedJournal.Open(_directory.Path);
        await pumped.Journal.AppendAsync(2_000);
        var before = pumped.Journal.Journal.Status;

        pumped.Pump.Start();
        await pumped.StopAsync();
        await pumped.Journal.Journal.CommitAsync();
        await pumped.Journal.Journal.CommitAsync();

        var after = pumped.Journal.Journal.Status;
        Assert.True(before.Segments > 4, before.ToString());
        Assert.True(after.BeginAddress > before.BeginAddress, after.ToString());
        pumped.AssertForwarded(1, 2_000);
    }

    private static SinkPumpOptions WithoutCheckpoints(SinkPumpOptions options) =>
        options with
        {
            CheckpointIntervalMs = int.MaxValue,
        };

    private static async Task BlockSinkAsync(PumpedJournal pumped, int events)
    {
        File.WriteAllText(pumped.ForwardedDirectory, "in the way");
        await pumped.Journal.AppendAsync(events);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.State == SinkState.Retrying);
    }

    private async Task AdvanceUntilAsync(PumpedJournal pumped, Predicate<SinkStatus> reached) =>
        await pumped.UntilAsync(status =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(50));
            return reached(status);
        });
}
