using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Edge.Storage;

/// <summary>
/// One open file, by direct system calls: the journal has to know the error number, whether a transfer was short, and
/// exactly which calls were made, because a failed sync must not be repeated (the kernel drops the pages it could not
/// write). All offsets and lengths are bytes. Every failure is a <see cref="DiskException"/>. Thread safe except for
/// disposal.
/// </summary>
internal sealed partial class DiskFile : IDisposable
{
    /// <summary>Permissions of a file that nobody but its owner may open: 0600.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Permissions of a file that is no secret, before the process's umask: 0644. Without a umask, nobody else may write
    /// it either.
    /// </summary>
    public const UnixFileMode ReadableByAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    // Of open(2), only flags with the same value on x64 and arm64: O_DIRECTORY, O_DIRECT, O_NOFOLLOW and O_LARGEFILE
    // differ and must not be added.
    private const int ReadOnly = 0;
    private const int ReadWrite = 2;
    private const int Create = 0x40;
    private const int Exclusive = 0x80;
    private const int CloseOnExec = 0x8_0000;

    /// <summary>Does not wait for the other end of a pipe; means nothing to a file or a directory.</summary>
    private const int NonBlocking = 0x800;

    private const int LockExclusiveNonBlocking = 2 | 4;

    private readonly SafeFileHandle _handle;

    private DiskFile(SafeFileHandle handle, string path)
    {
        _handle = handle;
        Path = path;
    }

    public string Path { get; }

    /// <summary>User and group to whom the file belongs.</summary>
    public (uint User, uint Group) Owner => FileStamp.OwnerOf(_handle);

    /// <summary>
    /// A path that leads this process to the open file, whatever its name and the directories above it are meanwhile. What
    /// the process may do with it is decided by the file alone.
    /// </summary>
    public string DescriptorPath =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_handle.DangerousGetHandle()}");

    /// <summary>Whether a path still leads to this file.</summary>
    public bool IsAt(string path) => FileStamp.Of(path).Inode == FileStamp.Of(_handle).Inode;

    public long Length => RandomAccess.GetLength(_handle);

    /// <summary>Opens an existing file; never creates one.</summary>
    public static DiskFile Open(string path) => Open(path, ReadWrite);

    /// <summary>Opens an existing file, or a directory, for reading. Nothing else is opened, or waited for.</summary>
    public static DiskFile OpenRead(string path) => Open(path, ReadOnly | NonBlocking);

    /// <summary>
    /// The content of a file of at most so many bytes. A pipe, device or directory in its place is refused without
    /// waiting for it. Throws <see cref="FileNotFoundException"/>, or another <see cref="IOException"/>.
    /// </summary>
    public static byte[] ReadWhole(string path, long bytesMax)
    {
        const int NoSuchFile = 2;
        DiskFile file;
        try
        {
            file = OpenRead(path);
        }
        catch (DiskException e) when (e.Errno == NoSuchFile)
        {
            throw new FileNotFoundException($"{path} is not there", path, e);
        }

        using (file)
        {
            if (FileStamp.Of(file._handle).Kind != FileKind.Regular)
            {
                throw new DiskException("open", path, DiskException.NotAFile);
            }

            // One byte more than allowed, so that a file that grows meanwhile is noticed.
            var bytes = new byte[(int)Math.Min(file.Length, Math.Min(bytesMax, Array.MaxLength - 1) + 1)];
            var read = 0;
            while (
                read < bytes.Length && RandomAccess.Read(file._handle, bytes.AsSpan(read), read) is > 0 and var count
            )
            {
                read += count;
            }

            return read <= bytesMax
                ? bytes[..read]
                : throw new IOException($"{path} is larger than {bytesMax} bytes");
        }
    }

    /// <summary>
    /// The text of a small file in UTF-8, such as a password: without a byte order mark and line ends at its end.
    /// Throws as <see cref="ReadWhole"/> does.
    /// </summary>
    public static string ReadLine(string path)
    {
        const int LineMaxBytes = 1 << 16;
        return Encoding.UTF8.GetString(ReadWhole(path, LineMaxBytes)).TrimStart('\uFEFF').TrimEnd('\r', '\n');
    }

    /// <summary>Creates a file that must not exist; for its owner alone unless told otherwise.</summary>
    public static DiskFile CreateNew(string path, UnixFileMode mode = OwnerOnly) =>
        Open(path, ReadWrite | Create | Exclusive, mode);

    /// <summary>Opens a file, creating it when absent.</summary>
    public static DiskFile OpenOrCreate(string path) => Open(path, ReadWrite | Create);

    /// <summary>
    /// Takes an exclusive lock on the file (flock); false when another process holds it. Released when the file is
    /// closed.
    /// </summary>
    public bool TryLock()
    {
        while (NativeLock(_handle, LockExclusiveNonBlocking) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno == DiskException.WouldBlock)
            {
                return false;
            }

            if (errno != DiskException.Interrupted)
            {
                throw new DiskException("flock", Path, errno);
            }
        }
        return true;
    }

    /// <summary>
    /// Tries to take the lock several times, blocking the thread between attempts; false when none succeeded.
    /// </summary>
    public bool TryLock(int attempts, int pauseMs)
    {
        for (var attempt = 1; !TryLock(); attempt++)
        {
            if (attempt == attempts)
            {
                return false;
            }

            Thread.Sleep(pauseMs);
        }
        return true;
    }

    /// <summary>Fills the whole buffer from the offset; a file that ends earlier is an error.</summary>
    public unsafe void ReadExactly(Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            for (var done = 0; done < buffer.Length;)
            {
                var length = buffer.Length - done;
                var errno = 0;
                Inject(DiskCall.Read, Path, ref length, ref errno);
                var count = errno != 0 ? -1 : NativeRead(_handle, start + done, length, offset + done);
                if (count < 0 && errno == 0)
                {
                    errno = Marshal.GetLastPInvokeError();
                }

                if (count == 0)
                {
                    throw new DiskException("read", Path, DiskException.ShortTransfer);
                }

                if (count > 0)
                {
                    done += (int)count;
                }
                else if (errno != DiskException.Interrupted)
                {
                    throw new DiskException("read", Path, errno);
                }
            }
        }
    }

    /// <summary>Writes the whole buffer at the offset. Not durable before <see cref="SyncData"/>.</summary>
    public unsafe void Write(ReadOnlySpan<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            for (var done = 0; done < buffer.Length;)
            {
                var length = buffer.Length - done;
                var errno = 0;
                Inject(DiskCall.Write, Path, ref length, ref errno);
                var count = errno != 0 ? -1 : NativeWrite(_handle, start + done, length, offset + done);
                if (count < 0 && errno == 0)
                {
                    errno = Marshal.GetLastPInvokeError();
                }

                if (count == 0)
                {
                    throw new DiskException("write", Path, DiskException.IoError);
                }

                if (count > 0)
                {
                    done += (int)count;
                }
                else if (errno != DiskException.Interrupted)
                {
                    throw new DiskException("write", Path, errno);
                }
            }
        }
    }

    /// <summary>Makes the written bytes durable, and the size with them (fdatasync).</summary>
    public void SyncData() => Sync(DiskCall.SyncData, "fdatasync");

    /// <summary>Makes the bytes and all metadata of the file durable (fsync).</summary>
    public void SyncAll() => Sync(DiskCall.SyncAll, "fsync");

    /// <summary>Allocates blocks for the first <paramref name="length"/> bytes and sets the size.</summary>
    public void Allocate(long length)
    {
        int errno;
        do
        {
            errno = 0;
            var injected = 0;
            Inject(DiskCall.Allocate, Path, ref injected, ref errno);
            if (errno == 0)
            {
                errno = NativeAllocate(_handle, 0, length);
            }
        } while (errno == DiskException.Interrupted);

        if (errno is DiskException.NotSupported or DiskException.InvalidArgument)
        {
            WriteZeros(length);
        }
        else if (errno != 0)
        {
            throw new DiskException("fallocate", Path, errno);
        }
    }

    public void Dispose() => _handle.Dispose();

    static partial void Inject(DiskCall call, string path, ref int length, ref int errno);

    private static DiskFile Open(string path, int flags, UnixFileMode mode = OwnerOnly)
    {
        while (true)
        {
            var length = 0;
            var errno = 0;
            Inject(DiskCall.Open, path, ref length, ref errno);
            var descriptor = errno != 0 ? -1 : NativeOpen(path, flags | CloseOnExec, (int)mode);
            if (descriptor >= 0)
            {
                var file = new DiskFile(new SafeFileHandle(descriptor, ownsHandle: true), path);
                if (FileStamp.Of(file._handle).Kind is FileKind.Regular or FileKind.Directory)
                {
                    return file;
                }

                file.Dispose();
                throw new DiskException("open", path, DiskException.NotAFile);
            }

            if (errno == 0)
            {
                errno = Marshal.GetLastPInvokeError();
            }

            if (errno != DiskException.Interrupted)
            {
                throw new DiskException("open", path, errno);
            }
        }
    }

    private void Sync(DiskCall call, string name)
    {
        while (true)
        {
            var length = 0;
            var errno = 0;
            Inject(call, Path, ref length, ref errno);
            if (errno == 0)
            {
                if ((call == DiskCall.SyncData ? NativeSyncData(_handle) : NativeSyncAll(_handle)) == 0)
                {
                    return;
                }

                errno = Marshal.GetLastPInvokeError();
            }

            // Only an interrupted call is repeated: it says nothing about the pages. Any other error is final.
            if (errno != DiskException.Interrupted)
            {
                throw new DiskException(name, Path, errno);
            }
        }
    }

    private void WriteZeros(long length)
    {
        var zeros = new byte[1 << 20];
        for (long offset = 0; offset < length; offset += zeros.Length)
        {
            Write(zeros.AsSpan(0, (int)Math.Min(zeros.Length, length - offset)), offset);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeOpen(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static unsafe partial nint NativeRead(SafeFileHandle file, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static unsafe partial nint NativeWrite(SafeFileHandle file, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int NativeSyncData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int NativeSyncAll(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    private static partial int NativeAllocate(SafeFileHandle file, long offset, long length);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int NativeLock(SafeFileHandle file, int operation);
}

/// <summary>The system calls made on files, as a fault test names them.</summary>
internal enum DiskCall
{
    Open,
    Read,
    Write,
    SyncData,
    SyncAll,
    Allocate,
    Rename,
    Remove,
    SyncDirectory,
    FreeSpace,
}
