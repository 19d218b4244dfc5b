using System.Runtime.InteropServices;

namespace Edge.Machine;

/// <summary>
/// Ends the process when it has run out of memory, wherever the exception is thrown and whoever would catch it: one that
/// a loop or a timer swallows leaves a process that is alive and does nothing. What is acknowledged is on disk, so ending
/// at once loses nothing that a kill would not.
/// </summary>
internal static partial class OutOfMemory
{
    private const int StandardError = 2;

    // Made beforehand: there is no memory for it when it is needed.
    private static readonly byte[] Message =
        "edge serve: out of memory; raise the memory limit, or lower ingest.inFlightBytes and http.maxConnections\n"u8
            .ToArray();

    private static int _exitCode;

    /// <summary>From now on, the first such exception ends the process with the given code.</summary>
    public static void EndsProcess(int exitCode)
    {
        _exitCode = exitCode;
        AppDomain.CurrentDomain.FirstChanceException += static (_, thrown) =>
        {
            if (thrown.Exception is OutOfMemoryException)
            {
                _ = NativeWrite(StandardError, Message, Message.Length);
                NativeExit(_exitCode);
            }
        };
    }

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint NativeWrite(int descriptor, byte[] bytes, nint count);

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void NativeExit(int code);
}
