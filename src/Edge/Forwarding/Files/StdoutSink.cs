using System.Runtime.InteropServices;
using Edge.Journal.Records;
using Edge.Storage;
using Microsoft.Win32.SafeHandles;

namespace Edge.Forwarding.Files;

/// <summary>
/// Events as NDJSON on standard output, for collectors of container output; log messages go to standard error. A reader
/// that is gone is a failure like any other; a slow reader makes the pump wait. Uses the system call instead of <see
/// cref="Console"/>, which ignores a closed pipe. Used by the pump's thread, which it blocks.
/// </summary>
/// <remarks>
/// Delivered means accepted by the kernel; after a kill the last second is delivered again. A pipe ends with the
/// process, and so does a line torn by a kill. In a file the next process would continue that line: use the file sink
/// there.
/// </remarks>
/// <param name="output">The file; <see cref="StandardOutput"/> unless a test has another.</param>
internal sealed partial class StdoutSink(SafeFileHandle output) : ISink
{
    private const int Descriptor = 1;

    // Of the current batch: after a failed write it continues where it stopped, so that no line is torn.
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
                else if (Marshal.GetLastPInvokeError() is var errno && errno != DiskException.Interrupted)
                {
                    return DeliveryResult.Retry(
                        $"standard output cannot be written: {Marshal.GetPInvokeErrorMessage(errno)}"
                    );
                }
            }
        }

        // After a rewind the same events may be delivered again, as a new batch.
        _batchFirst = 0;
        return DeliveryResult.Delivered;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint NativeWrite(SafeFileHandle file, byte* buffer, nint count);
}
