using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Edge.Requests;

namespace Edge.Transport;

/// <summary>
/// The system calls of an event loop on Linux: sockets that never block (<c>SOCK_NONBLOCK</c>), epoll(7), eventfd(2).
/// Calls that cannot block leave the collector's state alone, which saves more time than they take themselves. Thread
/// safe as the kernel's are.
/// </summary>
internal static unsafe partial class SocketCalls
{
    // The same on x86-64 and arm64.
    public const int EINTR = 4;
    public const int EBADF = 9;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int ENOTSOCK = 88;
    public const int ENOBUFS = 105;

    private const int MSG_NOSIGNAL = 0x4000;
    private const int SOCK_NONBLOCK = 0x800;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int AF_INET = 2;
    private const int AF_INET6 = 10;
    private const int SHUT_RDWR = 2;
    private const int EFD_NONBLOCK = SOCK_NONBLOCK;
    private const int EFD_CLOEXEC = SOCK_CLOEXEC;

    // getsockopt(2) with TCP_INFO: struct tcp_info has tcpi_bytes_received at 128 since Linux 4.1.
    private const int IPPROTO_TCP = 6;
    private const int TCP_INFO = 11;
    private const int TcpInfoReceivedAt = 128;
    private const int TcpInfoBytes = TcpInfoReceivedAt + sizeof(ulong);

    /// <summary>sizeof(struct sockaddr_in6), the longest that comes.</summary>
    private const int AddressBytes = 28;

    /// <summary>The last error of this thread.</summary>
    public static int LastError => Marshal.GetLastSystemError();

    /// <summary>Receives what is there; negative with <see cref="LastError"/>, 0 at the end.</summary>
    public static int Receive(int socket, byte* buffer, int length) => (int)recv(socket, buffer, length, 0);

    /// <summary>Sends what the kernel takes; negative with <see cref="LastError"/>.</summary>
    public static int Send(int socket, byte* buffer, int length) => (int)send(socket, buffer, length, MSG_NOSIGNAL);

    /// <summary>Accepts a connection that is there; negative with <see cref="LastError"/>.</summary>
    public static int Accept(int listener, out ClientAddress peer)
    {
        var address = stackalloc byte[AddressBytes];
        var length = AddressBytes;
        var socket = accept4(listener, address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        peer = socket < 0 ? default : AddressOf(new ReadOnlySpan<byte>(address, Math.Min(length, AddressBytes)));
        return socket;
    }

    /// <summary>Closes a descriptor.</summary>
    public static void Close(int descriptor) => _ = close(descriptor);

    /// <summary>Ends both directions, so that whoever waits for the socket is woken.</summary>
    public static void EndBoth(int socket) => _ = shutdown(socket, SHUT_RDWR);

    /// <summary>
    /// Whether the peer of a socket has ever sent anything, by the kernel's count; true where it does not count.
    /// </summary>
    public static bool HasReceived(int socket)
    {
        var info = stackalloc byte[TcpInfoBytes];
        var length = TcpInfoBytes;
        return getsockopt(socket, IPPROTO_TCP, TCP_INFO, info, &length) != 0
            || length < TcpInfoBytes
            || *(ulong*)(info + TcpInfoReceivedAt) > 0;
    }

    /// <summary>A descriptor that <see cref="Signal"/> makes readable; throws when there is none to be had.</summary>
    public static int OpenSignal() => Checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");

    public static void Signal(int signal)
    {
        var one = 1UL;
        _ = write(signal, &one, sizeof(ulong));
    }

    /// <summary>Makes a signal unreadable again.</summary>
    public static void ClearSignal(int signal)
    {
        ulong count;
        _ = read(signal, &count, sizeof(ulong));
    }

    public static int OpenPoll() => Checked(epoll_create1(SOCK_CLOEXEC), "epoll_create1");

    /// <summary>Adds, changes or removes what is waited for; false with <see cref="LastError"/>.</summary>
    public static bool Control(int poll, int operation, int descriptor, void* entry) =>
        epoll_ctl(poll, operation, descriptor, entry) == 0;

    /// <summary>Waits for events; negative with <see cref="LastError"/>.</summary>
    public static int Wait(int poll, void* entries, int max, int timeoutMs) =>
        epoll_wait(poll, entries, max, timeoutMs);

    private static int Checked(int result, string call) =>
        result >= 0 ? result : throw new IOException($"{call}: {Marshal.GetPInvokeErrorMessage(LastError)}");

    private static ClientAddress AddressOf(ReadOnlySpan<byte> address) =>
        BinaryPrimitives.ReadUInt16LittleEndian(address) switch
        {
            AF_INET when address.Length >= 8 => ClientAddress.FromV4(BinaryPrimitives.ReadUInt32BigEndian(address[4..])),
            AF_INET6 when address.Length >= 24 => ClientAddress.From(new IPAddress(address.Slice(8, 16))),
            _ => default,
        };

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial nint recv(int socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial nint send(int socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial int accept4(int socket, byte* address, int* length, int flags);

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial int epoll_ctl(int poll, int operation, int descriptor, void* entry);

    [LibraryImport("libc")]
    private static partial int epoll_wait(int poll, void* entries, int max, int timeoutMs);

    [LibraryImport("libc")]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc")]
    private static partial int eventfd(uint value, int flags);

    [LibraryImport("libc")]
    private static partial int getsockopt(int socket, int level, int name, byte* value, int* length);

    [LibraryImport("libc")]
    private static partial int shutdown(int socket, int how);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);

    [LibraryImport("libc")]
    private static partial nint read(int descriptor, void* buffer, nint length);

    [LibraryImport("libc")]
    private static partial nint write(int descriptor, void* buffer, nint length);
}
