using System.Text.Json;
using Edge.Forwarding.Pump;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.DeadLetters;

/// <summary>Events a sink will never take: found, set aside, counted, and nothing else held up.</summary>
public sealed class RefusedEventTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Run_BadEventsInABatch_AreSetAsideAndTheRestArrivesInOrder()
    {
        long[] bad = [1, 500, 501, 1_000];
        var sink = new ScriptedSink(line => bad.Contains(NumberOf(line)));
        await using var pumped = PumpedJournal.Open(_directory.Path, sink: sink);
        await pumped.Journal.AppendAsync(1_000);

        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.Pending == 0);

        Assert.Equal(Enumerable.Range(1, 1_000).Select(n => (long)n).Except(bad), sink.Taken.Select(NumberOf));
        Assert.Equal((996L, 4L, 0L), (pumped.Status.Forwarded, pumped.Status.DeadLettered, pumped.Status.Skipped));
        Assert.Equal(bad, DeadLetters().Select(letter => letter.GetProperty("event").GetProperty("n").GetInt64()));
        Assert.Equal("cannot take 500", DeadLetters()[1].GetProperty("answer").GetString());
        Assert.True(sink.Asked.Length < 100, $"{sink.Asked.Length} deliveries to find 4 events");
    }

    [Fact]
    public async Task Run_CursorNotYetDurable_DeadLetterAlreadyStandsThereAndIsNotWrittenTwice()
    {
        await using var pumped = PumpedJournal.Open(
            _directory["running"],
            sink: new ScriptedSink(line => NumberOf(line) == 7)
        );
        await pumped.Journal.AppendAsync(20);
        TestJournal.CopyTree(_directory["running"], _directory["copy"]);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.Pending == 0);

        // As a kill before the cursor was moved would leave it; with half of a line that was being written.
        TestJournal.CopyTree(_directory["running", "dead-letters"], _directory["copy", "dead-letters"]);
        File.AppendAllText(Directory.GetFiles(_directory["copy", "dead-letters", "file"]).Single(), "{\"id\":\"0");
        await using var copy = PumpedJournal.Open(
            _directory["copy"],
            sink: new ScriptedSink(line => NumberOf(line) is 7 or 9)
        );
        var before = copy.Status;
        copy.Pump.Start();
        await copy.UntilAsync(status => status.Pending == 0);

        Assert.Equal(0, before.DurableCursor.Sequence);
        Assert.Equal((18L, 2L), (copy.Status.Forwarded, copy.Status.DeadLettered));
        Assert.Equal(
            [7L, 9L],
            DeadLetters("copy").Select(letter => letter.GetProperty("event").GetProperty("n").GetInt64())
        );
    }

    [Fact]
    public async Task Run_EverythingRefused_HoldsAfterSomeInsteadOfSettingAllAside()
    {
        var isBroken = true;
        var sink = new ScriptedSink(line => Volatile.Read(ref isBroken));
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            change: o => o with { RefusedInARowMax = 5, RetryBaseMs = 1, RetryCeilingMs = 2 },
            sink: sink
        );
        await pumped.Journal.AppendAsync(100);
        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.State == SinkState.Retrying);
        var held = pumped.Status;

        Volatile.Write(ref isBroken, false);
        await pumped.UntilAsync(status => status.Pending == 0);

        Assert.Equal((5L, 95L), (held.DeadLettered, held.Pending));
        Assert.Contains("in a row", held.LastError, StringComparison.Ordinal);
        Assert.Equal((95L, 5L), (pumped.Status.Forwarded, pumped.Status.DeadLettered));
    }

    private static long NumberOf(string line) => JsonDocument.Parse(line).RootElement.GetProperty("n").GetInt64();

    private JsonElement[] DeadLetters(string? below = null)
    {
        var directory = below is null ? _directory["dead-letters", "file"] : _directory[below, "dead-letters", "file"];
        return
        [
            .. Directory
                .GetFiles(directory)
                .Order(StringComparer.Ordinal)
                .SelectMany(Forwarded.ReadCompleteLines)
                .Select(line => JsonDocument.Parse(line).RootElement),
        ];
    }
}
