using System.Buffers;

namespace Edge.Requests.Bodies;

/// <summary>
/// A growing buffer of pooled memory that counts against a budget. Grows with the bytes that have come, never with
/// those that were announced. Dispose returns the memory; it must not be read afterwards. Not thread safe.
/// </summary>
internal sealed class PooledBytes(ByteBudget? budget) : IDisposable
{
    private const int InitialBytes = 4_096;

    private byte[] _bytes = [];
    private int _length;

    public int Length => _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    /// <summary>The written bytes as the array they are in, for callers that need a stream over them.</summary>
    public ArraySegment<byte> Segment => new(_bytes, 0, _length);

    /// <summary>The free part, after <see cref="TryEnsure"/>.</summary>
    public Span<byte> Free => _bytes.AsSpan(_length);

    public void Advance(int count) => _length += count;

    /// <summary>Drops what follows this many bytes.</summary>
    public void Cut(int length) => _length = length;

    /// <summary>Makes room for so many more bytes; false when the budget has none.</summary>
    public bool TryEnsure(int count)
    {
        if (_bytes.Length - _length >= count)
        {
            return true;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_length + count, Math.Max(InitialBytes, 2 * _bytes.Length)));
        if (budget is not null && !budget.TryTake(larger.Length))
        {
            ArrayPool<byte>.Shared.Return(larger);
            return false;
        }
        _bytes.AsSpan(0, _length).CopyTo(larger);
        Release();
        _bytes = larger;
        return true;
    }

    /// <summary>Appends bytes; false when the budget has no room for them.</summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        if (!TryEnsure(bytes.Length))
        {
            return false;
        }

        bytes.CopyTo(Free);
        _length += bytes.Length;
        return true;
    }

    public void Dispose()
    {
        Release();
        _bytes = [];
        _length = 0;
    }

    private void Release()
    {
        if (_bytes.Length == 0)
        {
            return;
        }

        budget?.Return(_bytes.Length);
        ArrayPool<byte>.Shared.Return(_bytes);
    }
}
