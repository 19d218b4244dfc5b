using System.Runtime.InteropServices;

namespace Edge.Commands.Streams;

/// <summary>
/// One of the process's output descriptors, by direct system calls: the platform's console stream drops what is
/// written to a closed pipe and reports nothing, so that a command cannot stop. A failure is an
/// <see cref="OutputException"/>, or nothing for standard error, where nobody can be told and no command fails for it.
/// Unbuffered; not thread safe.
/// </summary>
internal sealed partial class StandardOutput(int descriptor) : WriteOnlyStream
{
    public const int OutputDescriptor = 1;
    public const int ErrorDescriptor = 2;

    private const int Interrupted = 4;
    private const int WouldBlock = 11;
    private const int BrokenPipe = 32;
    private const int RetryPauseMs = 5;

    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            for (var written = 0; written < buffer.Length;)
            {
                var count = NativeWrite(descriptor, start + written, buffer.Length - written);
                if (count >= 0)
                {
                    written += (int)count;
                    continue;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno == WouldBlock)
                {
                    // A terminal that another program has made non-blocking.
                    Thread.Sleep(RetryPauseMs);
                }
                else if (errno != Interrupted)
                {
                    if (descriptor == ErrorDescriptor)
                    {
                        return;
                    }

                    throw new OutputException(Marshal.GetPInvokeErrorMessage(errno), errno == BrokenPipe);
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint NativeWrite(int descriptor, byte* buffer, nint count);
}
