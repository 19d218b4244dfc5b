using System.Buffers.Binary;

namespace Edge.Storage;

/// <summary>
/// A file that says whether it is whole: four bytes of magic, four of CRC-32C (little-endian) over what follows. For its
/// owner alone.
/// </summary>
internal static class SummedFile
{
    /// <summary>What stands before the content, bytes.</summary>
    public const int HeaderBytes = 8;

    /// <summary>The content of such a file; null when it is damaged.</summary>
    public static ReadOnlyMemory<byte>? ContentOf(byte[] bytes, ReadOnlySpan<byte> magic) =>
        bytes.Length >= HeaderBytes
        && bytes.AsSpan().StartsWith(magic)
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(magic.Length)) == Crc32C.Compute(bytes.AsSpan(HeaderBytes))
            ? bytes.AsMemory(HeaderBytes)
            // A plain null would become an empty memory, which is not null.
            : (ReadOnlyMemory<byte>?)null;

    /// <summary>
    /// Replaces the file by a stream that begins with <see cref="HeaderBytes"/> bytes of room; durable when it returns.
    /// Throws <see cref="IOException"/>.
    /// </summary>
    public static void Write(string directory, string name, ReadOnlySpan<byte> magic, MemoryStream stream)
    {
        var bytes = stream.GetBuffer().AsSpan(0, (int)stream.Length);
        magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[magic.Length..], Crc32C.Compute(bytes[HeaderBytes..]));
        AtomicFile.Write(directory, name, bytes, SecretDirectory.OwnerOnly);
    }
}
