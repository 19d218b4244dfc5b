namespace Edge.Statistics.Counting;

/// <summary>
/// Packs integers compactly for a checkpoint: seven bits per byte, lowest first (LEB128), as written by
/// <see cref="BinaryWriter.Write7BitEncodedInt64"/>, so a negative number takes ten bytes. Numbers that are as likely
/// to be large as small take eight bytes, little-endian. The bytes are a persisted format.
/// </summary>
internal static class PackedNumbers
{
    /// <param name="expectedBytes">Initial capacity, bytes.</param>
    /// <param name="write">Writes the numbers.</param>
    public static byte[] Write(int expectedBytes, Action<BinaryWriter> write)
    {
        var bytes = new MemoryStream(expectedBytes);
        using var writer = new BinaryWriter(bytes);
        write(writer);
        return bytes.ToArray();
    }

    /// <summary>
    /// Reads what <see cref="Write"/> has written. Throws <see cref="InvalidDataException"/> for bytes that end early,
    /// are followed by others or do not encode a number: the checkpoint is damaged.
    /// </summary>
    public static void Read(byte[] packed, Action<BinaryReader> read)
    {
        var bytes = new MemoryStream(packed, writable: false);
        using var reader = new BinaryReader(bytes);
        try
        {
            read(reader);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException)
        {
            throw new InvalidDataException("packed numbers end early", e);
        }

        if (bytes.Position != bytes.Length)
        {
            throw new InvalidDataException("packed numbers are followed by other bytes");
        }
    }
}
