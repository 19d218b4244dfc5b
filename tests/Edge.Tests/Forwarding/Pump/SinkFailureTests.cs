using Edge.Forwarding.Pump;
using Edge.Tests.Support;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Edge.Tests.Forwarding.Pump;

/// <summary>A file where the sink's directory should be: every attempt fails until it is removed.</summary>
public sealed class SinkFailureTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly TestClock _clock = new(DateTimeOffset.UtcNow);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Run_SinkFails_SaysSoInWordsAndKeepsEverythingPending()
    {
        await using var pumped = PumpedJournal.Open(_directory.Path, _clock);

        await BlockAsync(pumped, events: 25);

        var status = pumped.Status;
        Assert.Equal((25L, 0L, 25L), (status.Stored, status.Forwarded, status.Pending));
        Assert.True(status.Errors > 0);
        Assert.Contains("forwarded", status.LastError, StringComparison.Ordinal);
        Assert.Equal(_clock.GetUtcNow(), status.LastErrorAt);
    }

    [Fact]
    public async Task Run_SinkFailsForLong_TriesForEverAndDeliversOnceItWorks()
    {
        await using var pumped = PumpedJournal.Open(_directory.Path, _clock);
        await BlockAsync(pumped, events: 25);
        await AdvanceUntilAsync(pumped, status => status.Errors >= 20);

        File.Delete(pumped.ForwardedDirectory);
        await AdvanceUntilAsync(pumped, status => status.Forwarded == 25);

        pumped.AssertForwarded(1, 25);
        Assert.Equal((SinkState.Forwarding, 0L), (pumped.Status.State, pumped.Status.Pending));
        Assert.NotNull(pumped.Status.LastError);
    }

    [Fact]
    public async Task Run_SinkFails_PausesBetweenAttempts()
    {
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            _clock,
            options => options with { RetryBaseMs = 3_000, RetryCeilingMs = 3_000 }
        );
        var begin = _clock.GetUtcNow();
        await BlockAsync(pumped, events: 1);

        await AdvanceUntilAsync(pumped, status => status.Errors > 30);

        // 30 pauses, each anywhere between 0 and 3 s: 45 s are expected, less than 15 s are ten deviations away.
        Assert.True(_clock.GetUtcNow() - begin > TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task Run_FileRemovedWhileRunning_DeliversWhatIsNotDurableAgain()
    {
        await using (var pumped = PumpedJournal.Open(_directory.Path))
        {
            await pumped.Journal.AppendAsync(10);
            pumped.Pump.Start();
            await pumped.StopAsync();
        }

        await using var running = PumpedJournal.Open(
            _directory.Path,
            change: options => options with { CheckpointIntervalMs = int.MaxValue }
        );
        await running.Journal.AppendAsync(10);
        running.Pump.Start();
        await running.UntilAsync(status => status.Forwarded == 20);
        File.Delete(Path.Combine(running.ForwardedDirectory, SinkFiles.Names(running.ForwardedDirectory)[0]));
        await running.Journal.AppendAsync(10);
        await running.StopAsync();

        running.AssertForwarded(11, 30);
        Assert.Equal((30L, 1L), (running.Status.Forwarded, running.Status.Errors));
    }

    [Fact]
    public async Task Status_AtAnyTime_AddsUp()
    {
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            change: options => options with { BatchMaxRecords = 7 }
        );
        using var done = new CancellationTokenSource();
        var watching = Task.Run(() =>
        {
            var looks = 0;
            while (!done.IsCancellationRequested)
            {
                var status = pumped.Status;
                Assert.Equal(status.Stored, status.Forwarded + status.Pending + status.DeadLettered + status.Skipped);
                Assert.InRange(status.Pending, 0, status.Stored);
                looks++;
            }

            return looks;
        });

        pumped.Pump.Start();
        for (var round = 0; round < 50; round++)
        {
            await pumped.Journal.AppendAsync(20);
        }

        await pumped.StopAsync();
        await done.CancelAsync();

        Assert.True(await watching > 0);
        Assert.Equal(1_000, pumped.Status.Forwarded);
    }

    [Fact]
    public async Task Status_OldestPending_GrowsOlderWithTheOutageAndIsZeroAfterwards()
    {
        await using var pumped = PumpedJournal.Open(_directory.Path, _clock);
        await BlockAsync(pumped, events: 3);
        await AdvanceUntilAsync(pumped, status => status.OldestPendingAge > TimeSpan.FromMinutes(2), step: 1_000);

        File.Delete(pumped.ForwardedDirectory);
        await AdvanceUntilAsync(pumped, status => status.Forwarded == 3);

        Assert.Equal(TimeSpan.Zero, pumped.Status.OldestPendingAge);
    }

    [Fact]
    public async Task Messages_LongOutage_AreSaidOnceAMinute()
    {
        var log = new MessageLog();
        await using var pumped = PumpedJournal.Open(_directory.Path, _clock, log: log);
        await BlockAsync(pumped, events: 1);
        var begin = _clock.GetUtcNow();
        await AdvanceUntilAsync(pumped, _ => _clock.GetUtcNow() - begin > TimeSpan.FromMinutes(5), step: 1_000);
        File.Delete(pumped.ForwardedDirectory);
        await AdvanceUntilAsync(pumped, status => status.Forwarded == 1);

        Assert.InRange(log.Ids.Count(id => id == 500), 1, 6);
        Assert.Equal(1, log.Ids.Count(id => id == 501));
    }

    private static async Task BlockAsync(PumpedJournal pumped, int events)
    {
        File.WriteAllText(pumped.ForwardedDirectory, "in the way");
        await pumped.Journal.AppendAsync(events);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.State == SinkState.Retrying);
    }

    private async Task AdvanceUntilAsync(PumpedJournal pumped, Predicate<SinkStatus> reached, int step = 50) =>
        await pumped.UntilAsync(status =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(step));
            return reached(status);
        });

    /// <summary>Keeps the ids of what was said.</summary>
    private sealed class MessageLog : ILogger
    {
        private readonly Lock _lock = new();
        private readonly List<int> _ids = [];

        public int[] Ids
        {
            get
            {
                lock (_lock)
                {
                    return [.. _ids];
                }
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            lock (_lock)
            {
                _ids.Add(eventId.Id);
            }
        }
    }
}
