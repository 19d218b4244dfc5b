using Edge.Forwarding;
using Edge.Forwarding.Pump;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.Pump;

/// <summary>
/// A sink that recognises batches gets the same ones again after a kill, whatever is in the journal by then.
/// </summary>
public sealed class SameBatchTests : IDisposable
{
    private static readonly string Bad = TestJournal.PayloadOf(13);

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Restart_BatchUnderWay_ComesAgainWithTheSameEnds()
    {
        var hanging = new ScriptedSink(wantsSameBatches: true);
        await using var pumped = PumpedJournal.Open(_directory["running"], sink: hanging);
        await pumped.Journal.AppendAsync(30);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.Forwarded == 30);
        hanging.Answer([.. Enumerable.Repeat(DeliveryResult.Retry("does not say"), 1_000)]);
        await pumped.Journal.AppendAsync(12);
        await pumped.UntilAsync(status => status.State == SinkState.Retrying);
        await pumped.Journal.AppendAsync(100);
        TestJournal.CopyTree(_directory["running"], _directory["copy"]);

        // Other limits must not change a batch that was begun.
        var sink = new ScriptedSink(wantsSameBatches: true);
        await using var copy = PumpedJournal.Open(
            _directory["copy"],
            change: o => o with { BatchMaxRecords = 7 },
            sink: sink
        );
        copy.Pump.Start();
        await copy.UntilAsync(status => status.Pending == 0);

        Assert.Equal((30L, 42L), (sink.Asked[0].Start.Sequence, sink.Asked[0].End.Sequence));
        Assert.Equal(49L, sink.Asked[1].End.Sequence);
        Assert.Equal(Enumerable.Range(31, 112).Select(n => TestJournal.PayloadOf(n)), sink.Taken);
    }

    [Theory]
    [InlineData(3)] // [1-16] was refused, [1-8] taken
    [InlineData(5)] // [9-12] taken as well
    [InlineData(7)] // [13-14] refused
    public async Task Restart_BatchHalfDone_GoesOnWithTheSameParts(int failsAfter)
    {
        var reference = new ScriptedSink(line => line == Bad, wantsSameBatches: true);
        await using (var undisturbed = PumpedJournal.Open(_directory["reference"], sink: reference))
        {
            await undisturbed.Journal.AppendAsync(32);
            undisturbed.Pump.Start();
            await undisturbed.UntilAsync(status => status.Pending == 0);
        }

        var failing = new ScriptedSink(line => line == Bad, wantsSameBatches: true) { FailsAfter = failsAfter };
        await using var pumped = PumpedJournal.Open(
            _directory["running"],
            change: o => o with { CheckpointIntervalMs = 1, RetryBaseMs = 1, RetryCeilingMs = 2 },
            sink: failing
        );
        await pumped.Journal.AppendAsync(32);
        pumped.Pump.Start();
        await pumped.UntilAsync(status =>
            status.State == SinkState.Retrying && status.DurableCursor.Sequence == failing.Taken.Length
        );
        await pumped.Journal.AppendAsync(100);
        TestJournal.CopyTree(_directory["running"], _directory["copy"]);

        var sink = new ScriptedSink(line => line == Bad, wantsSameBatches: true);
        await using var copy = PumpedJournal.Open(_directory["copy"], sink: sink);
        copy.Pump.Start();
        await copy.UntilAsync(status => status.Pending == 0);

        Assert.NotEmpty(failing.Taken);
        // Parts that were refused may be tried once more, others than those there were never come.
        Assert.Subset(reference.Asked.ToHashSet(), sink.Asked.Where(part => part.End.Sequence <= 32).ToHashSet());
        Assert.Equal(
            Enumerable.Range(1, 132).Where(n => n != 13).Select(n => TestJournal.PayloadOf(n)),
            failing.Taken.Concat(sink.Taken)
        );
        Assert.Equal((131L, 1L), (copy.Status.Forwarded, copy.Status.DeadLettered));
    }

    [Fact]
    public async Task Run_SameBatches_CursorIsDurableBeforeTheNextBatch()
    {
        var sink = new ScriptedSink(wantsSameBatches: true);
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            change: o => o with { BatchMaxRecords = 10, CheckpointIntervalMs = int.MaxValue },
            sink: sink
        );
        await pumped.Journal.AppendAsync(30);

        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.Forwarded == 30);

        Assert.Equal(20L, pumped.Status.DurableCursor.Sequence);
    }
}
