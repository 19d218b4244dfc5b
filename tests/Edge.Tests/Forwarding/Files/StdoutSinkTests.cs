using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;
using Edge.Forwarding;
using Edge.Forwarding.Files;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Edge.Tests.Forwarding.Files;

/// <summary>What comes out of the pipe, and what happens when nobody reads it.</summary>
public class StdoutSinkTests
{
    private const int SetStatusFlags = 4;
    private const int NonBlocking = 0x800;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Deliver_Batches_ComeOutAsTheyAre()
    {
        await using var reader = new AnonymousPipeServerStream(PipeDirection.In);
        using var sink = SinkInto(reader);
        var read = ReadToEndAsync(reader);

        Assert.True(
            (
                await Task.Run(
                    () => sink.DeliverAsync(Batches.Of(1, 2_000, fillerBytes: 200), Cancellation),
                    Cancellation
                )
            ).IsDelivered
        );
        Assert.True(
            (await Task.Run(() => sink.DeliverAsync(Batches.Of(2_001, 2_002), Cancellation), Cancellation)).IsDelivered
        );
        Assert.True((await sink.FlushAsync(Batches.CursorAt(2_002))).IsDelivered);
        sink.Dispose();

        var lines = await read;
        Assert.Equal([.. Batches.Lines(1, 2_000, fillerBytes: 200), .. Batches.Lines(2_001, 2_002)], lines);
    }

    [Fact]
    public async Task Deliver_ReaderIsGone_IsTriedAgainAndSaidInWords()
    {
        var reader = new AnonymousPipeServerStream(PipeDirection.In);
        using var sink = SinkInto(reader);
        await reader.DisposeAsync();

        var result = await sink.DeliverAsync(Batches.Of(1, 2), Cancellation);

        Assert.Equal(
            (DeliveryOutcome.Retry, "standard output cannot be written: Broken pipe"),
            (result.Outcome, result.Reason)
        );
    }

    [Fact]
    public async Task Deliver_WriteStopsInTheMiddle_GoesOnWhereItStopped()
    {
        // Full at a page boundary, which is in the middle of a line; room again once somebody reads.
        await using var reader = new AnonymousPipeServerStream(PipeDirection.In);
        using var sink = SinkInto(reader, doesNotWait: true);
        var batch = Batches.Of(1, 2_000, fillerBytes: 200);

        var full = await sink.DeliverAsync(batch, Cancellation);
        var read = ReadToEndAsync(reader);
        while (!(await sink.DeliverAsync(batch, Cancellation)).IsDelivered)
        {
            await Task.Yield();
        }

        sink.Dispose();

        Assert.Equal(DeliveryOutcome.Retry, full.Outcome);
        Assert.Equal(Batches.Lines(1, 2_000, fillerBytes: 200), await read);
    }

    private static StdoutSink SinkInto(AnonymousPipeServerStream reader, bool doesNotWait = false)
    {
        // Opened anew, because a handle of the same process would close with the pipe's.
        var handle = reader.ClientSafePipeHandle.DangerousGetHandle();
        var file = File.OpenHandle($"/proc/self/fd/{handle}", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        if (doesNotWait)
        {
            Assert.Equal(0, SetFlags(file, SetStatusFlags, NonBlocking));
        }

        reader.DisposeLocalCopyOfClientHandle();
        return new StdoutSink(file);
    }

    [DllImport("libc", EntryPoint = "fcntl")]
    private static extern int SetFlags(SafeFileHandle file, int command, int flags);

    private static async Task<string[]> ReadToEndAsync(Stream reader)
    {
        using var text = new StreamReader(reader, Encoding.UTF8, leaveOpen: true);
        return (await text.ReadToEndAsync(Cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
