using System.Runtime.InteropServices;

namespace Edge.Transport;

/// <summary>
/// The descriptors that an event loop waits for, each with a number of the caller's (epoll(7), level-triggered). Owned
/// by one thread.
/// </summary>
internal sealed unsafe class PollSet : IDisposable
{
    private const int Capacity = 512;
    private const uint Readable = 0x1;
    private const uint Writable = 0x4;
    private const int Add = 1;
    private const int Remove = 2;
    private const int Modify = 3;

    /// <summary>struct epoll_event is packed on x86-64 alone.</summary>
    private static readonly int EntryBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int NumberAt = EntryBytes - sizeof(long);

    private readonly int _poll = SocketCalls.OpenPoll();
    private readonly byte* _entries = (byte*)NativeMemory.Alloc((nuint)(Capacity * EntryBytes));

    /// <summary>Waits for what can be read; throws when the kernel has no memory for it.</summary>
    public void Watch(int descriptor, long number) => Control(Add, descriptor, Readable, number);

    /// <summary>Waits for room to send instead of something to read, or the other way round.</summary>
    public void Watch(int descriptor, long number, bool forRoom) =>
        Control(Modify, descriptor, forRoom ? Writable : Readable, number);

    public void Forget(int descriptor) => Control(Remove, descriptor, 0, 0);

    /// <summary>Waits until something happens or the time is over; the count of numbers to be read.</summary>
    public int Wait(int timeoutMs)
    {
        var count = SocketCalls.Wait(_poll, _entries, Capacity, timeoutMs);
        return count >= 0 || SocketCalls.LastError == SocketCalls.EINTR
            ? Math.Max(0, count)
            : throw new IOException($"epoll_wait: {Marshal.GetPInvokeErrorMessage(SocketCalls.LastError)}");
    }

    /// <summary>Whose event the one at an index is.</summary>
    public long NumberOf(int index) =>
        Marshal.ReadInt64((nint)_entries, (index * EntryBytes) + NumberAt);

    public void Dispose()
    {
        SocketCalls.Close(_poll);
        NativeMemory.Free(_entries);
    }

    private void Control(int operation, int descriptor, uint events, long number)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        MemoryMarshal.Write(entry, events);
        MemoryMarshal.Write(entry[NumberAt..], number);
        fixed (byte* pointer = entry)
        {
            if (!SocketCalls.Control(_poll, operation, descriptor, pointer))
            {
                throw new IOException($"epoll_ctl: {Marshal.GetPInvokeErrorMessage(SocketCalls.LastError)}");
            }
        }
    }
}
