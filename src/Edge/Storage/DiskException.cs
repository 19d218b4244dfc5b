using System.Runtime.InteropServices;

namespace Edge.Storage;

/// <summary>
/// A system call on a file failed. Keeps the error number, to tell a full disk from a failing one.
/// </summary>
internal sealed class DiskException(string call, string path, int errno)
    : IOException($"{call} {path}: {Describe(errno)}", errno)
{
    /// <summary>No error number: the file ended before the requested bytes.</summary>
    public const int ShortTransfer = 0;

    /// <summary>No error number: a pipe, a device or a socket stands where a file is expected.</summary>
    public const int NotAFile = -1;

    // Error numbers of Linux; these are the same on x64 and arm64.
    public const int Interrupted = 4;
    public const int IoError = 5;
    public const int WouldBlock = 11;
    public const int OutOfMemory = 12;
    public const int Exists = 17;
    public const int InvalidArgument = 22;
    public const int TooManyFilesInSystem = 23;
    public const int TooManyFiles = 24;
    public const int NoSpace = 28;
    public const int NotSupported = 95;
    public const int QuotaExceeded = 122;

    /// <summary>The error number of the kernel, or <see cref="ShortTransfer"/>.</summary>
    public int Errno { get; } = errno;

    /// <summary>The disk or the quota is full; space may become free.</summary>
    public bool IsNoSpace => Errno is NoSpace or QuotaExceeded;

    /// <summary>The process or the system ran out of memory or descriptors; the disk may be fine.</summary>
    public bool IsShortage => Errno is TooManyFiles or TooManyFilesInSystem or OutOfMemory;

    private static string Describe(int errno) =>
        errno switch
        {
            ShortTransfer => "file ends too early",
            NotAFile => "not an ordinary file",
            _ => $"{Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})",
        };
}
