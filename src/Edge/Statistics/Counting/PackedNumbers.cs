namespace Edge.Statistics.Counting;

/// <summary>
/// Many whole numbers in little space for a checkpoint: seven bits a byte, the lowest first (LEB128), as
/// <see cref="BinaryWriter.Write7BitEncodedInt64"/> writes them, so a negative number takes ten bytes. Numbers that are
/// as likely to be large as small stand in eight bytes, little-endian. The bytes are a persisted format.
/// </summary>
internal static class PackedNumbers
{
    /// <param name="expectedBytes">Capacity to begin with.</param>
    /// <param name="write">Writes the numbers.</param>
    public static byte[] Write(int expectedBytes, Action<BinaryWriter> write)
    {
        var bytes = new MemoryStream(expectedBytes);
        using var writer = new BinaryWriter(bytes);
        write(writer);
        return bytes.ToArray();
    }

    /// <summary>
    /// Reads what <see cref="Write"/> has written. Bytes that end early, go on after their end or encode no number are
    /// a damaged checkpoint: <see cref="InvalidDataException"/>.
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
            throw new InvalidDataException("packed numbers go on after their end");
        }
    }
}
