using Edge.Forwarding;
using Edge.Forwarding.Files;
using Edge.Journal.Records;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.Files;

/// <summary>Takes the directory, the file and the space away from a running sink.</summary>
public class FileSinkFailureTests
{
    private const int Epoch = 7;

    private readonly TestClock _clock = new(new DateTimeOffset(2026, 11, 21, 9, 59, 0, TimeSpan.Zero));

    [Fact]
    public async Task Resume_DirectoryIsAFile_IsRetriedAndWorksOnceItIsOne()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["forwarded"], "in the way");
        using var sink = NewSink(directory["forwarded"]);

        var refused = await sink.ResumeAsync(Epoch, default);
        File.Delete(directory["forwarded"]);
        var resumed = await sink.ResumeAsync(Epoch, default);

        Assert.Equal(DeliveryOutcome.Retry, refused.Outcome);
        Assert.Contains("forwarded", refused.Reason, StringComparison.Ordinal);
        Assert.True(resumed.IsDelivered);
    }

    [Fact]
    public async Task Deliver_NextFileCannotBeCreated_SameBatchSucceedsLater()
    {
        using var directory = new TempDirectory();
        using var sink = NewSink(directory.Path, maxFileBytes: 300);
        await sink.ResumeAsync(Epoch, default);
        await sink.DeliverAsync(Batches.Of(1, 2), CancellationToken.None);
        Directory.CreateDirectory(directory["events-2026112109-000003.ndjson"]);

        var batch = Batches.Of(3, 12);
        var refused = await sink.DeliverAsync(batch, CancellationToken.None);
        Directory.Delete(directory["events-2026112109-000003.ndjson"]);
        var delivered = await sink.DeliverAsync(batch, CancellationToken.None);

        Assert.Equal(DeliveryOutcome.Retry, refused.Outcome);
        Assert.True(delivered.IsDelivered);
        Assert.Equal(Batches.Lines(1, 12), SinkFiles.Lines(directory.Path));
    }

    [Fact]
    public async Task Flush_AfterARefusedBatch_KeepsWhatWasDeliveredBefore()
    {
        using var directory = new TempDirectory();
        using (var sink = NewSink(directory.Path, maxFileBytes: 300))
        {
            await sink.ResumeAsync(Epoch, default);
            await sink.DeliverAsync(Batches.Of(1, 2), CancellationToken.None);
            Directory.CreateDirectory(directory["events-2026112109-000003.ndjson"]);
            await sink.DeliverAsync(Batches.Of(3, 12), CancellationToken.None);

            Assert.True((await sink.FlushAsync(Batches.CursorAt(2))).IsDelivered);
        }

        Directory.Delete(directory["events-2026112109-000003.ndjson"]);
        using var restarted = NewSink(directory.Path, maxFileBytes: 300);
        await restarted.ResumeAsync(Epoch, Batches.CursorAt(2));
        await restarted.DeliverAsync(Batches.Of(3, 12), CancellationToken.None);

        Assert.Equal(Batches.Lines(1, 12), SinkFiles.Lines(directory.Path));
    }

    [Theory]
    [InlineData("removed", null)]
    [InlineData("emptied, as some rotation tools do", "")]
    public async Task Deliver_OpenFileTouched_AsksToDeliverAgainFromTheDurableCursor(string row, string? left)
    {
        using var directory = new TempDirectory();
        using var sink = NewSink(directory.Path);
        await sink.ResumeAsync(Epoch, default);
        await sink.DeliverAsync(Batches.Of(1, 2), CancellationToken.None);
        await sink.FlushAsync(Batches.CursorAt(2));
        await sink.DeliverAsync(Batches.Of(3, 4), CancellationToken.None);
        Touch(directory["events-2026112109-000001.ndjson"], left);

        var result = await sink.DeliverAsync(Batches.Of(5, 6), CancellationToken.None);
        await sink.ResumeAsync(Epoch, Batches.CursorAt(2));
        await sink.DeliverAsync(Batches.Of(3, 6), CancellationToken.None);

        Assert.True(result.Outcome == DeliveryOutcome.Rewind, row);
        Assert.Contains("events-2026112109-000001.ndjson", result.Reason, StringComparison.Ordinal);
        Assert.Equal(Batches.Lines(3, 6), File.ReadAllLines(directory["events-2026112109-000002.ndjson"]));
    }

    [Fact]
    public async Task Flush_OpenFileRemoved_DoesNotClaimItIsDurable()
    {
        using var directory = new TempDirectory();
        using var sink = NewSink(directory.Path);
        await sink.ResumeAsync(Epoch, default);
        await sink.DeliverAsync(Batches.Of(1, 2), CancellationToken.None);
        File.Delete(directory["events-2026112109-000001.ndjson"]);

        var result = await sink.FlushAsync(Batches.CursorAt(2));

        Assert.Equal(DeliveryOutcome.Rewind, result.Outcome);
    }

    [Fact]
    public async Task Flush_DirectoryRemoved_RecoversInANewOne()
    {
        using var directory = new TempDirectory();
        using var sink = NewSink(directory["forwarded"]);
        await sink.ResumeAsync(Epoch, default);
        await sink.DeliverAsync(Batches.Of(1, 2), CancellationToken.None);
        Directory.Delete(directory["forwarded"], recursive: true);

        var flushed = await sink.FlushAsync(Batches.CursorAt(2));
        var resumed = await sink.ResumeAsync(Epoch, default);
        await sink.DeliverAsync(Batches.Of(1, 3), CancellationToken.None);
        var again = await sink.FlushAsync(Batches.CursorAt(3));

        Assert.Equal(
            (DeliveryOutcome.Rewind, DeliveryOutcome.Delivered, DeliveryOutcome.Delivered),
            (flushed.Outcome, resumed.Outcome, again.Outcome)
        );
        Assert.Equal(Batches.Lines(1, 3), SinkFiles.Lines(directory["forwarded"]));
    }

    /// <summary>
    /// A file system of 1 MiB: the batch that does not fit is refused, and taken when somebody makes room.
    /// </summary>
    [Fact]
    public async Task Deliver_DiskFull_SameBatchIsCompletedWhenSpaceReturns()
    {
        using var directory = new TempDirectory();
        using var disk = SmallDisk.Mount(directory["disk"]);
        File.WriteAllBytes(directory["disk", "ballast"], new byte[700 << 10]);
        using var sink = NewSink(directory["disk", "forwarded"]);
        await sink.ResumeAsync(Epoch, default);
        await sink.DeliverAsync(Batches.Of(1, 10), CancellationToken.None);
        var batch = Batches.Of(11, 50, fillerBytes: 10_000);

        var refused = await sink.DeliverAsync(batch, CancellationToken.None);
        var again = await sink.DeliverAsync(batch, CancellationToken.None);
        var flushed = await sink.FlushAsync(Batches.CursorAt(10));
        File.Delete(directory["disk", "ballast"]);
        var delivered = await sink.DeliverAsync(batch, CancellationToken.None);

        Assert.Equal((DeliveryOutcome.Retry, DeliveryOutcome.Retry), (refused.Outcome, again.Outcome));
        Assert.Contains("No space left on device", refused.Reason, StringComparison.Ordinal);
        Assert.True(flushed.IsDelivered, flushed.Reason);
        Assert.True(delivered.IsDelivered, delivered.Reason);
        Assert.Equal(
            [.. Batches.Lines(1, 10), .. Batches.Lines(11, 50, fillerBytes: 10_000)],
            SinkFiles.Lines(directory["disk", "forwarded"])
        );
    }

    [Fact]
    public async Task Resume_WhileAnotherWritesThere_WaitsAndLosesNothing()
    {
        using var directory = new TempDirectory();
        var first = NewSink(directory.Path);
        using var second = NewSink(directory.Path);
        await first.ResumeAsync(Epoch, default);
        await first.DeliverAsync(Batches.Of(1, 2), CancellationToken.None);

        var refused = await second.ResumeAsync(Epoch + 1, default);
        await first.DeliverAsync(Batches.Of(3, 4), CancellationToken.None);
        await first.FlushAsync(new JournalCursor(400, 4));
        first.Dispose();
        var resumed = await second.ResumeAsync(Epoch + 1, default);
        await second.DeliverAsync(Batches.Of(5, 6), CancellationToken.None);

        Assert.Equal(DeliveryOutcome.Retry, refused.Outcome);
        Assert.StartsWith($"{directory.Path} is written to by another service", refused.Reason, StringComparison.Ordinal);
        Assert.True(resumed.IsDelivered);
        Assert.Equal(Batches.Lines(1, 6), SinkFiles.Lines(directory.Path));
        Assert.Equal(2, SinkFiles.Names(directory.Path).Length);
    }

    [Fact]
    public async Task Deliver_LockRemovedAndTakenByAnother_WritesNothingMore()
    {
        using var directory = new TempDirectory();
        using var first = NewSink(directory.Path);
        using var second = NewSink(directory.Path);
        await first.ResumeAsync(Epoch, default);
        await first.DeliverAsync(Batches.Of(1, 2), CancellationToken.None);
        File.Delete(directory[".lock"]);
        Assert.True((await second.ResumeAsync(Epoch + 1, default)).IsDelivered);

        var delivered = await first.DeliverAsync(Batches.Of(3, 4), CancellationToken.None);
        var resumed = await first.ResumeAsync(Epoch, default);

        Assert.Equal(DeliveryOutcome.Rewind, delivered.Outcome);
        Assert.Equal(DeliveryOutcome.Retry, resumed.Outcome);
        Assert.Equal(Batches.Lines(1, 2), SinkFiles.Lines(directory.Path));
    }

    private static void Touch(string file, string? left)
    {
        if (left is null)
        {
            File.Delete(file);
        }
        else
        {
            File.WriteAllText(file, left);
        }
    }

    private FileSink NewSink(string directory, long maxFileBytes = 64 << 20) =>
        new(new FileSinkOptions { Directory = directory, MaxFileBytes = maxFileBytes }, _clock);
}
