using System.Buffers.Binary;

namespace Edge.Statistics.Counting;

/// <summary>
/// Writes integers compactly for a checkpoint: seven bits per byte, lowest first (LEB128). Not safe for concurrent use.
/// </summary>
internal sealed class Packer(int expectedBytes)
{
    private const int NumberBytesMax = 10;

    private byte[] _bytes = new byte[Math.Max(expectedBytes, 2 * NumberBytesMax)];
    private int _length;

    /// <summary>Writes a number; negative ones take ten bytes.</summary>
    public void Write(long value)
    {
        Ensure(NumberBytesMax);
        var rest = (ulong)value;
        for (; rest >= 0x80; rest >>= 7)
        {
            _bytes[_length++] = (byte)(rest | 0x80);
        }
        _bytes[_length++] = (byte)rest;
    }

    /// <summary>Writes a number that is as likely to be large as small, in eight bytes.</summary>
    public void WriteWord(ulong value)
    {
        Ensure(sizeof(ulong));
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(_length), value);
        _length += sizeof(ulong);
    }

    public byte[] ToArray() => _bytes[.._length];

    private void Ensure(int bytes)
    {
        if (_length + bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, 2 * _bytes.Length);
        }
    }
}

/// <summary>
/// Reads what <see cref="Packer"/> has written. Throws <see cref="InvalidDataException"/> for any other bytes, which
/// are a damaged checkpoint.
/// </summary>
internal ref struct Unpacker(ReadOnlySpan<byte> bytes)
{
    private const int BitsMax = 63;

    private ReadOnlySpan<byte> _rest = bytes;

    public long Read()
    {
        ulong value = 0;
        for (var shift = 0; shift <= BitsMax && !_rest.IsEmpty; shift += 7)
        {
            var next = _rest[0];
            _rest = _rest[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return (long)value;
            }
        }
        throw new InvalidDataException("packed numbers end early");
    }

    public ulong ReadWord()
    {
        if (!BinaryPrimitives.TryReadUInt64LittleEndian(_rest, out var value))
        {
            throw new InvalidDataException("packed numbers end early");
        }
        _rest = _rest[sizeof(ulong)..];
        return value;
    }

    /// <summary>Throws when bytes are left.</summary>
    public readonly void End()
    {
        if (!_rest.IsEmpty)
        {
            throw new InvalidDataException("packed numbers are followed by other bytes");
        }
    }
}
