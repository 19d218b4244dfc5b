using System.Buffers.Binary;
using System.Text;

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
}

/// <summary>
/// Reads what <see cref="PackedNumbers.Write"/> has written. Every member throws <see cref="InvalidDataException"/> for
/// bytes that end early, are followed by others or do not encode a number: the checkpoint is damaged. Over a span, not
/// a <see cref="BinaryReader"/>, because a start reads a million of them.
/// </summary>
internal ref struct PackedReader(ReadOnlySpan<byte> packed)
{
    /// <summary>Bits of a number's last, tenth byte.</summary>
    private const int LastShift = 63;

    private ReadOnlySpan<byte> _left = packed;

    /// <summary>The next number of seven bits per byte.</summary>
    public long Read()
    {
        var number = 0UL;
        for (var shift = 0; shift <= LastShift; shift += 7)
        {
            var part = Take(1)[0];
            if (shift == LastShift && part > 1)
            {
                break;
            }

            number |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return (long)number;
            }
        }

        throw new InvalidDataException("a packed number is too long");
    }

    /// <summary>The next number of eight bytes.</summary>
    public ulong ReadWhole() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <summary>The next floating-point number of eight bytes.</summary>
    public double ReadDouble() => BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));

    /// <summary>The next bytes as they are.</summary>
    public ReadOnlySpan<byte> ReadBytes(int count) => Take(count);

    /// <summary>The next text, as <see cref="BinaryWriter.Write(string)"/> has written it.</summary>
    public string ReadText() => Encoding.UTF8.GetString(Take(ReadCount(1)));

    /// <summary>
    /// The number of entries that follow, which can be no more than the bytes that are left have room for.
    /// </summary>
    /// <param name="entryBytesMin">Bytes of the shortest entry.</param>
    public int ReadCount(int entryBytesMin)
    {
        var count = Read();
        return count >= 0 && count <= _left.Length / entryBytesMin
            ? (int)count
            : throw new InvalidDataException("packed numbers end early");
    }

    /// <summary>Nothing may follow.</summary>
    public readonly void End()
    {
        if (!_left.IsEmpty)
        {
            throw new InvalidDataException("packed numbers are followed by other bytes");
        }
    }

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (_left.Length < bytes)
        {
            throw new InvalidDataException("packed numbers end early");
        }

        var taken = _left[..bytes];
        _left = _left[bytes..];
        return taken;
    }
}
