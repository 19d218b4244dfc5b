using System.Buffers;

namespace Edge.Events;

/// <summary>
/// The growing buffer one event is encoded into, with room left in front for the journal's envelope. One per thread and
/// reused, so encoding allocates only while a buffer has not yet seen its largest event. Not thread safe.
/// </summary>
internal sealed class RecordBuffer : IBufferWriter<byte>
{
    private const int InitialBytes = 4_096;

    /// <summary>What is longer is not kept for the next record: every thread has a buffer.</summary>
    private const int KeptBytesMax = 64 << 10;

    private byte[] _bytes = new byte[InitialBytes];
    private int _length;

    /// <summary>Everything written, the room in front included.</summary>
    public Span<byte> Record => _bytes.AsSpan(0, _length);

    /// <summary>Empties the buffer, leaving <paramref name="room"/> bytes in front.</summary>
    public void Reset(int room)
    {
        _length = room;
        if (_bytes.Length > KeptBytesMax)
        {
            _bytes = new byte[InitialBytes];
        }
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _bytes.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _bytes.AsSpan(_length);
    }

    private void Ensure(int sizeHint)
    {
        var needed = _length + Math.Max(sizeHint, 1);
        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(needed, 2 * _bytes.Length));
        }
    }
}
