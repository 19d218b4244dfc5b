using System.Runtime.InteropServices;

namespace Edge.Machine;

/// <summary>SIGHUP, which asks the service to look at its files again.</summary>
internal static partial class HangupSignal
{
    /// <summary>The number is the same on x64 and arm64.</summary>
    private const int Number = 1;

    /// <summary><c>SIG_DFL</c>.</summary>
    private const nint DefaultAction = 0;

    /// <summary>
    /// Calls back for each signal, which then ends nothing, until it is disposed. A process that was started with the
    /// signal ignored, as <c>nohup</c> does, would keep ignoring it: the runtime leaves that as it finds it.
    /// </summary>
    public static IDisposable OnEach(Action callback)
    {
        _ = NativeSignal(Number, DefaultAction);
        return PosixSignalRegistration.Create(
            PosixSignal.SIGHUP,
            signal =>
            {
                signal.Cancel = true;
                callback();
            }
        );
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint NativeSignal(int number, nint action);
}
