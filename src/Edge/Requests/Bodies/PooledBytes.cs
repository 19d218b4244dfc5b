using System.Buffers;
using Edge.Machine;

namespace Edge.Requests.Bodies;

/// <summary>
/// A growing buffer that counts against a budget, whose share is taken before the memory is. Grows with the bytes that
/// have come, never with those that were announced. Short ones are pooled arrays; long ones are memory of the kernel's,
/// because a pool would keep them, uncounted, and the collector's heap would keep the holes. Dispose returns the memory;
/// it must not be read afterwards. Not thread safe.
/// </summary>
internal sealed class PooledBytes(ByteBudget? budget) : IDisposable
{
    private const int InitialBytes = 4_096;

    /// <summary>Longest pooled array.</summary>
    private const int PooledBytesMax = 32 << 10;

    /// <summary>Step of longer buffers.</summary>
    private const int StepBytes = 64 << 10;

    private byte[] _pooled = [];
    private NativeBlock? _native;
    private int _capacity;
    private int _length;

    public int Length => _length;

    public ReadOnlyMemory<byte> Written => All[.._length];

    /// <summary>The free part, after <see cref="TryEnsure"/>.</summary>
    public Span<byte> Free => All.Span[_length..];

    public void Advance(int count) => _length += count;

    /// <summary>Drops what follows this many bytes.</summary>
    public void Cut(int length) => _length = length;

    /// <summary>Makes room for so many more bytes; false when the budget has none.</summary>
    public bool TryEnsure(int count)
    {
        if (_capacity - _length >= count)
        {
            return true;
        }

        var capacity = CapacityFor(_length + count);
        // While the bytes move out of a pooled array, both are there; a block grows without a copy.
        var more = _native is null ? capacity : capacity - _capacity;
        if (budget is not null && !budget.TryTake(more))
        {
            return false;
        }

        if (_native is not null)
        {
            _native.Grow(capacity);
        }
        else if (capacity > PooledBytesMax)
        {
            var block = new NativeBlock(capacity);
            _pooled.AsSpan(0, _length).CopyTo(block.GetSpan());
            Release();
            _native = block;
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(capacity);
            _pooled.AsSpan(0, _length).CopyTo(larger);
            Release();
            _pooled = larger;
        }

        _capacity = capacity;
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
        _length = 0;
    }

    private Memory<byte> All => _native?.Memory ?? _pooled;

    /// <summary>Powers of two while pooled, so that the pool has them exactly; then a quarter more each time.</summary>
    private int CapacityFor(int bytes) =>
        bytes <= PooledBytesMax
            ? Math.Max(InitialBytes, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)bytes))
            : (Math.Max(bytes, _capacity + (_capacity / 4)) + StepBytes - 1) / StepBytes * StepBytes;

    private void Release()
    {
        if (_native is not null)
        {
            ((IDisposable)_native).Dispose();
            _native = null;
        }
        else if (_pooled.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_pooled);
            _pooled = [];
        }

        budget?.Return(_capacity);
        _capacity = 0;
    }
}
