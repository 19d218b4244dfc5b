using System.Runtime.InteropServices;

namespace Edge.Machine;

/// <summary>What the kernel knows of its clock (adjtimex(2)).</summary>
internal static partial class KernelClock
{
    // struct timex on 64-bit systems.
    private const int TimexBytes = 208;
    private const int MaxErrorAt = 24;
    private const int StatusAt = 40;

    /// <summary><c>STA_UNSYNC</c>: nobody has set the clock by another one lately.</summary>
    private const int Unsynchronised = 0x40;

    /// <summary>
    /// How far the clock may be off, when something keeps it synchronised; null when nothing does, or nobody may ask.
    /// </summary>
    public static TimeSpan? MaxError()
    {
        Span<byte> timex = stackalloc byte[TimexBytes];
        timex.Clear();
        if (Read(ref MemoryMarshal.GetReference(timex)) < 0)
        {
            return null;
        }

        var status = MemoryMarshal.Read<int>(timex[StatusAt..]);
        var microseconds = MemoryMarshal.Read<long>(timex[MaxErrorAt..]);
        return (status & Unsynchronised) == 0 ? TimeSpan.FromMicroseconds(microseconds) : null;
    }

    /// <summary>Changes nothing as long as no mode is set.</summary>
    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int Read(ref byte timex);
}
