using System.Buffers;
using System.Runtime.InteropServices;

namespace Edge.Machine;

/// <summary>
/// Memory straight from the kernel (mmap), outside the collector's heap: it grows without a copy, is resident only as
/// far as it was written, and is gone from the process when it is disposed, with nothing kept for later. For large
/// buffers: every call is a system call. Reading it after disposal is an exception. Not thread safe.
/// </summary>
internal sealed unsafe partial class NativeBlock : MemoryManager<byte>
{
    // Of mmap(2) and mremap(2); the same on x64 and arm64.
    private const int ReadWrite = 1 | 2;
    private const int PrivateAnonymous = 2 | 0x20;
    private const int MayMove = 1;

    private byte* _start;

    /// <summary>Throws <see cref="InsufficientMemoryException"/> when the kernel has no more.</summary>
    public NativeBlock(int bytes)
    {
        var start = NativeMap(0, (nuint)bytes, ReadWrite, PrivateAnonymous, -1, 0);
        if (start == -1)
        {
            throw new InsufficientMemoryException($"mmap of {bytes} bytes failed");
        }

        _start = (byte*)start;
        Length = bytes;
    }

    public int Length { get; private set; }

    /// <summary>Makes it longer; what was written stays, at another address.</summary>
    public void Grow(int bytes)
    {
        var start = NativeRemap((nint)_start, (nuint)Length, (nuint)bytes, MayMove);
        if (start == -1)
        {
            throw new InsufficientMemoryException($"mremap to {bytes} bytes failed");
        }

        _start = (byte*)start;
        Length = bytes;
    }

    public override Span<byte> GetSpan() => new(_start, Length);

    /// <summary>The address of a byte. It holds until the block grows or ends; nothing here moves it.</summary>
    public override MemoryHandle Pin(int elementIndex = 0) =>
        new((byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref GetSpan()[elementIndex]));

    public override void Unpin() { }

    protected override void Dispose(bool disposing)
    {
        if (_start is null)
        {
            return;
        }

        _ = NativeUnmap((nint)_start, (nuint)Length);
        _start = null;
        Length = 0;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint NativeMap(
        nint address,
        nuint bytes,
        int protection,
        int flags,
        int descriptor,
        long offset
    );

    [LibraryImport("libc", EntryPoint = "mremap")]
    private static partial nint NativeRemap(nint address, nuint oldBytes, nuint newBytes, int flags);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int NativeUnmap(nint address, nuint bytes);
}
