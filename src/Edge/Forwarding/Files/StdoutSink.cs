using System.Runtime.InteropServices;
using Edge.Journal.Records;
using Microsoft.Win32.SafeHandles;

namespace Edge.Forwarding.Files;

/// <summary>
/// Events as NDJSON on standard output, for whatever reads the output of containers; messages stay on standard error. A
/// reader that is gone is a failure like any other, a reader that is slow makes the pump wait. Written by the system
/// call and not by <see cref="Console"/>, which takes a closed pipe for success. Used by the pump's thread, which it
/// blocks.
/// </summary>
/// <remarks>
/// Delivered means handed to the kernel; after a kill the last second comes again. A pipe ends with the process, and
/// with it a line that a kill has torn. In a file the next process would go on in that line: that is what the file sink
/// is for.
/// </remarks>
/// <param name="output">The file; <see cref="StandardOutput"/> unless a test has another.</param>
internal sealed partial class StdoutSink(SafeFileHandle output) : ISink
{
    private const int Descriptor = 1;
    private const int Interrupted = 4;

    // Of the batch in hand: a failed write is taken up where it stopped, so that no line is torn.
    private long _batchFirst;
    private int _written;

    public static SafeFileHandle StandardOutput() => new(Descriptor, ownsHandle: false);

    public Task<DeliveryResult> ResumeAsync(UInt128 journalEpochId, JournalCursor from) =>
        Task.FromResult(DeliveryResult.Delivered);

    public Task<DeliveryResult> DeliverAsync(RecordBatch batch, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(Deliver(batch));
    }

    public Task<DeliveryResult> FlushAsync(JournalCursor upTo) => Task.FromResult(DeliveryResult.Delivered);

    public void Dispose() => output.Dispose();

    private unsafe DeliveryResult Deliver(RecordBatch batch)
    {
        var bytes = batch.Bytes.Span;
        if (_batchFirst != batch[0].Sequence)
        {
            _batchFirst = batch[0].Sequence;
            _written = 0;
        }

        fixed (byte* start = bytes)
        {
            while (_written < bytes.Length)
            {
                var count = NativeWrite(output, start + _written, bytes.Length - _written);
                if (count > 0)
                {
                    _written += (int)count;
                }
                else if (Marshal.GetLastPInvokeError() is var errno && errno != Interrupted)
                {
                    return DeliveryResult.Retry(
                        $"standard output takes nothing: {Marshal.GetPInvokeErrorMessage(errno)}"
                    );
                }
            }
        }

        // The same events may come again after a rewind, as a new batch.
        _batchFirst = 0;
        return DeliveryResult.Delivered;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint NativeWrite(SafeFileHandle file, byte* buffer, nint count);
}
