using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Edge.LoadTests.Generation;

/// <summary>
/// Waits for sockets, and no longer than until a time, to the nanosecond: epoll of Linux 5.11. For one thread.
/// </summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    private const int Add = 1;
    private const uint Readable = 0x001;
    private const uint Writable = 0x004;
    private const uint PeerClosed = 0x2000;
    private const uint EdgeTriggered = 1u << 31;
    private const int CloseOnExec = 0x80000;
    private const int EventsAtOnce = 256;
    private const int Interrupted = 4;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // The slack of this thread's timers, nanoseconds; the default, 50 us, is the distance of arrivals at 20,000 a
    // second.
    private const int SetTimerSlack = 29;

    // epoll_pwait2 by its number, the same for every architecture: older C libraries have no name for it.
    private const long Wait2 = 441;

    // The kernel's structure is packed on x86-64 alone.
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataAt = EventSize - sizeof(ulong);

    private readonly SafeFileHandle _epoll = new(epoll_create1(CloseOnExec), ownsHandle: true);
    private readonly byte[] _events = new byte[EventsAtOnce * 16];

    public Epoll()
    {
        if (_epoll.IsInvalid)
        {
            throw new IOException($"epoll is not to be had: error {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Has the timers of the calling thread end when they should.</summary>
    public static void SharpenTimers() => _ = prctl(SetTimerSlack, 1);

    /// <summary>
    /// Has <see cref="Wait"/> name the socket by a key whenever it has become readable or writable, or was closed.
    /// </summary>
    public void Watch(Socket socket, int key)
    {
        var registration = stackalloc byte[16];
        *(uint*)registration = Readable | Writable | PeerClosed | EdgeTriggered;
        Marshal.WriteInt64((nint)(registration + DataAt), key);
        if (epoll_ctl(_epoll, Add, socket.SafeHandle, registration) != 0)
        {
            throw new IOException($"epoll refuses a socket: error {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Waits until a socket is ready, for at most so many nanoseconds; the keys of those that are.</summary>
    /// <param name="nanoseconds">0 only looks.</param>
    /// <param name="ready">Takes the keys.</param>
    /// <returns>How many keys.</returns>
    public int Wait(long nanoseconds, Span<int> ready)
    {
        var timeout = new Time
        {
            Seconds = nanoseconds / NanosecondsPerSecond,
            Nanoseconds = nanoseconds % NanosecondsPerSecond,
        };
        fixed (byte* events = _events)
        {
            var limit = Math.Min(ready.Length, EventsAtOnce);
            var found = (int)syscall(Wait2, (int)_epoll.DangerousGetHandle(), events, limit, &timeout, 0, 0);
            if (found < 0 && Marshal.GetLastPInvokeError() != Interrupted)
            {
                throw new IOException($"epoll_pwait2 fails: error {Marshal.GetLastPInvokeError()}");
            }

            for (var i = 0; i < found; i++)
            {
                ready[i] = (int)Marshal.ReadInt64((nint)(events + (i * EventSize) + DataAt));
            }

            return Math.Max(0, found);
        }
    }

    public void Dispose() => _epoll.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(SafeHandle epoll, int operation, SafeHandle handle, byte* registration);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(
        long number,
        long epoll,
        byte* events,
        long limit,
        Time* timeout,
        nint mask,
        long size
    );

    [LibraryImport("libc")]
    private static partial int prctl(int option, ulong value);

    /// <summary>struct timespec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
