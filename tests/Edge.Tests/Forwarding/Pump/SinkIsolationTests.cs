using Edge.Forwarding;
using Edge.Forwarding.Pump;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.Pump;

/// <summary>Pauses made by an operator, pauses asked for by the sink, sinks that never answer.</summary>
public sealed class SinkIsolationTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Pause_WhileRunning_HoldsEverythingUntilResumed()
    {
        var sink = new ScriptedSink();
        await using var pumped = PumpedJournal.Open(_directory.Path, sink: sink);
        PauseSwitch.Pause(_directory.Path, "file");
        await pumped.Journal.AppendAsync(10);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.State == SinkState.Paused);
        var paused = pumped.Status;

        Assert.True(PauseSwitch.Resume(_directory.Path, "file"));
        await pumped.UntilAsync(status => status.Pending == 0);

        Assert.Equal((10L, 0L), (paused.Pending, paused.Forwarded));
        Assert.True(paused.PendingBytes > 0);
        Assert.Equal(10, sink.Taken.Length);
    }

    [Fact]
    public async Task Stop_Paused_DoesNotWaitForTheDeadline()
    {
        await using var pumped = PumpedJournal.Open(_directory.Path, sink: new ScriptedSink());
        PauseSwitch.Pause(_directory.Path, "file");
        await pumped.Journal.AppendAsync(10);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.State == SinkState.Paused);

        await pumped.StopAsync();

        Assert.Equal((SinkState.Stopped, 10L), (pumped.Status.State, pumped.Status.Pending));
    }

    [Fact]
    public async Task Stop_SinkNeverAnswers_EndsAtTheDeadline()
    {
        await using var pumped = PumpedJournal.Open(_directory.Path, sink: new ScriptedSink { Hangs = true });
        await pumped.Journal.AppendAsync(10);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.OldestPendingAge > TimeSpan.Zero);
        using var deadline = new CancellationTokenSource();

        var stop = pumped.Pump.StopAsync(deadline.Token);
        await deadline.CancelAsync();
        await stop;

        Assert.Equal((SinkState.Stopped, 10L), (pumped.Status.State, pumped.Status.Pending));
    }

    [Fact]
    public async Task Run_SinkAsksForAPause_IsNotTriedBefore()
    {
        var clock = new TestClock(DateTimeOffset.UtcNow);
        var sink = new ScriptedSink();
        sink.Answer(DeliveryResult.Retry("too many requests", TimeSpan.FromSeconds(60)));
        await using var pumped = PumpedJournal.Open(_directory.Path, clock, sink: sink);
        await pumped.Journal.AppendAsync(1);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.State == SinkState.Retrying);
        var begin = clock.GetUtcNow();

        await pumped.UntilAsync(status =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(500));
            return status.Forwarded == 1;
        });

        Assert.True(clock.GetUtcNow() - begin >= TimeSpan.FromSeconds(60));
    }
}
