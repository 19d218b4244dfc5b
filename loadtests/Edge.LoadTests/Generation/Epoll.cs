using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Edge.LoadTests.Generation;

/// <summary>Waits for sockets, and no longer than until a time (epoll, timerfd of Linux). For one thread.</summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    private const int Add = 1;
    private const uint Readable = 0x001;
    private const uint Writable = 0x004;
    private const uint PeerClosed = 0x2000;
    private const uint EdgeTriggered = 1u << 31;
    private const int Monotonic = 1;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int EventsAtOnce = 256;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // The slack of this thread's timers, nanoseconds; the default, 50 us, is the distance of arrivals at 20,000 a second.
    private const int SetTimerSlack = 29;
    private const ulong Timer = ulong.MaxValue;

    // The kernel's structure is packed on x86-64 alone.
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataAt = EventSize - sizeof(ulong);

    private readonly SafeFileHandle _epoll = new(epoll_create1(CloseOnExec), ownsHandle: true);
    private readonly SafeFileHandle _timer = new(timerfd_create(Monotonic, CloseOnExec | NonBlocking), ownsHandle: true);
    private readonly byte[] _events = new byte[EventsAtOnce * 16];

    public Epoll()
    {
        if (_epoll.IsInvalid || _timer.IsInvalid)
        {
            throw new IOException($"epoll or timerfd is not to be had: error {Marshal.GetLastPInvokeError()}");
        }

        Register(_timer, Timer, Readable | EdgeTriggered);
    }

    /// <summary>Has the timers of the calling thread end when they should.</summary>
    public static void SharpenTimers() => _ = prctl(SetTimerSlack, 1);

    /// <summary>Has <see cref="Wait"/> name the socket by a key whenever it has become readable or writable, or was closed.</summary>
    public void Watch(Socket socket, int key) =>
        Register(socket.SafeHandle, (ulong)key, Readable | Writable | PeerClosed | EdgeTriggered);

    /// <summary>Waits until a socket is ready, for at most so many nanoseconds; the keys of those that are.</summary>
    /// <param name="nanoseconds">0 only looks.</param>
    /// <param name="ready">Takes the keys.</param>
    /// <returns>How many keys.</returns>
    public int Wait(long nanoseconds, Span<int> ready)
    {
        if (nanoseconds > 0)
        {
            var time = new TimerSpecification
            {
                Seconds = nanoseconds / NanosecondsPerSecond,
                Nanoseconds = nanoseconds % NanosecondsPerSecond,
            };
            _ = timerfd_settime(_timer, 0, time, 0);
        }

        var count = 0;
        fixed (byte* events = _events)
        {
            var limit = Math.Min(ready.Length, EventsAtOnce);
            var found = epoll_wait(_epoll, events, limit, nanoseconds > 0 ? -1 : 0);
            for (var i = 0; i < found; i++)
            {
                var key = Marshal.ReadInt64((nint)(events + (i * EventSize) + DataAt));
                if ((ulong)key != Timer)
                {
                    ready[count++] = (int)key;
                }
            }
        }

        return count;
    }

    public void Dispose()
    {
        _epoll.Dispose();
        _timer.Dispose();
    }

    private void Register(SafeHandle handle, ulong key, uint events)
    {
        var registration = stackalloc byte[16];
        *(uint*)registration = events;
        Marshal.WriteInt64((nint)(registration + DataAt), (long)key);
        if (epoll_ctl(_epoll, Add, handle, registration) != 0)
        {
            throw new IOException($"epoll refuses a socket: error {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(SafeHandle epoll, int operation, SafeHandle handle, byte* registration);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(SafeHandle epoll, byte* events, int limit, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int timerfd_create(int clock, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int timerfd_settime(SafeHandle timer, int flags, in TimerSpecification time, nint before);

    [LibraryImport("libc")]
    private static partial int prctl(int option, ulong value);

    /// <summary>struct itimerspec: an interval, here none, and the time of the first.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct TimerSpecification
    {
        public long IntervalSeconds;
        public long IntervalNanoseconds;
        public long Seconds;
        public long Nanoseconds;
    }
}
