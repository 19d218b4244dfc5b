using System.Numerics;

namespace Edge.Statistics.Counting;

/// <summary>What adding a hash to a <see cref="UniqueSketch"/> came to.</summary>
internal enum UniqueResult
{
    /// <summary>The sketch is as it would be without it.</summary>
    Known,

    /// <summary>The sketch has changed.</summary>
    Added,

    /// <summary>There is no room for the sketch to grow, so it no longer knows how many there are.</summary>
    NoRoom,
}

/// <summary>
/// How many different 64-bit hashes were added, without keeping them: HyperLogLog (Flajolet et al. 2007) with 2,048
/// registers of a byte and the estimator of Ertl (<em>New cardinality estimation algorithms for HyperLogLog
/// sketches</em>, 2017), which needs no corrections for small or large counts. Up to <see cref="SparseMax"/> hashes are
/// kept as 32 bits of each, which count them one by one. The hashes must be uniform, as those of units are. Not safe
/// for concurrent use.
/// </summary>
/// <remarks>
/// The register of a hash is its highest 11 bits; its rank is 1 + the number of zero bits at the low end, so that SQL
/// can compute registers, too (<c>docs/statistics.md</c>). The state depends only on the set of hashes, never on their
/// order or on how they came together.
/// </remarks>
internal sealed class UniqueSketch
{
    /// <summary>Registers of a sketch, and its bytes once there are more hashes than are counted one by one.</summary>
    public const int Registers = 2_048;

    /// <summary>
    /// Hashes that are counted one by one: as many entries of four bytes as take the bytes of the registers.
    /// </summary>
    public const int SparseMax = Registers / sizeof(uint);

    /// <summary>
    /// Bytes of a sketch beside its entries or registers: the object, the array's header, its place in a list.
    /// </summary>
    public const int OverheadBytes = 96;

    private const int RegisterBits = 11;

    /// <summary>Low bits of a hash that make its rank.</summary>
    private const int RankBits = 64 - RegisterBits;

    private const int EntryRankBits = 6;
    private const int EntriesMin = 4;

    // The places of an entry: highest 26 bits of the hash, then the rank.
    private const int EntryHashShift = 38;
    private const int EntryRegisterShift = 32 - RegisterBits;
    private const uint EntryRankMask = (1 << EntryRankBits) - 1;

    // Ascending; null once there are registers.
    private uint[]? _entries = [];
    private int _count;
    private byte[]? _registers;
    private double _estimate = -1;

    /// <summary>
    /// Standard error of <see cref="Estimate"/> relative to the truth, once there are registers: 2.3 %.
    /// </summary>
    public static double RegisterError { get; } = 1.04 / Math.Sqrt(Registers);

    /// <summary>Relative standard error of the estimate: 0 while hashes are counted one by one.</summary>
    public double Error => _registers is null ? 0 : RegisterError;

    /// <summary>Bytes that it takes of a budget.</summary>
    public int Bytes => OverheadBytes + (_entries?.Length * sizeof(uint) ?? Registers);

    /// <summary>The number of hashes, rounded.</summary>
    public long Estimate
    {
        get
        {
            if (_registers is null)
            {
                return _count;
            }
            if (_estimate < 0)
            {
                _estimate = EstimateOf(_registers);
            }
            return (long)Math.Round(_estimate);
        }
    }

    /// <summary>Adds a hash.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="budget">What growing takes bytes from.</param>
    /// <param name="leave">See <see cref="SharedBudget.TryTake"/>.</param>
    public UniqueResult Add(ulong hash, SharedBudget budget, int leave = 0) =>
        AddEntry((uint)(hash >> EntryHashShift) << EntryRankBits | (uint)RankOf(hash), budget, leave);

    /// <summary>
    /// Adds what another sketch has: register by register the larger one. False when there is no room.
    /// </summary>
    public bool Merge(UniqueSketch other, SharedBudget budget)
    {
        foreach (var entry in other.Entries)
        {
            if (AddEntry(entry, budget, leave: 0) == UniqueResult.NoRoom)
            {
                return false;
            }
        }
        if (other._registers is not { } registers)
        {
            return true;
        }
        if (_registers is null && !TryMakeDense(budget))
        {
            return false;
        }
        Merge(_registers!, registers);
        _estimate = -1;
        return true;
    }

    /// <summary>Makes registers those of two sets together: each the larger of the two.</summary>
    public static void Merge(Span<byte> registers, ReadOnlySpan<byte> others)
    {
        for (var i = 0; i < registers.Length; i++)
        {
            registers[i] = Math.Max(registers[i], others[i]);
        }
    }

    /// <summary>The registers, whatever the form in which they are kept.</summary>
    public byte[] ToRegisters()
    {
        if (_registers is not null)
        {
            return (byte[])_registers.Clone();
        }
        var registers = new byte[Registers];
        Raise(registers, Entries);
        return registers;
    }

    /// <summary>The number of hashes behind registers, of any sketch.</summary>
    public static double EstimateOf(ReadOnlySpan<byte> registers)
    {
        Span<int> ranks = stackalloc int[RankBits + 2];
        ranks.Clear();
        foreach (var rank in registers)
        {
            ranks[Math.Min((int)rank, RankBits + 1)]++;
        }
        double count = Registers;
        var z = count * Tau(1 - (ranks[RankBits + 1] / count));
        for (var rank = RankBits; rank >= 1; rank--)
        {
            z = (z + ranks[rank]) / 2;
        }
        z += count * Sigma(ranks[0] / count);
        return count * count / (2 * Math.Log(2) * z);
    }

    /// <summary>Returns its bytes to the budget; the sketch must not be used after that.</summary>
    public void Release(SharedBudget budget) => budget.Release(Bytes);

    /// <summary>Encodes it for a checkpoint.</summary>
    public void Pack(BinaryWriter to)
    {
        to.Write7BitEncodedInt64(_registers is null ? _count : -1);
        if (_registers is not null)
        {
            to.Write(_registers);
            return;
        }
        var before = 0u;
        foreach (var entry in Entries)
        {
            to.Write7BitEncodedInt64(entry - before);
            before = entry;
        }
    }

    /// <summary>
    /// Restores what <see cref="Pack"/> encoded; throws <see cref="InvalidDataException"/> for other bytes.
    /// </summary>
    /// <param name="from">The bytes.</param>
    /// <param name="budget">Gives what it takes: a limit that was lowered discards nothing that is known.</param>
    public static UniqueSketch Unpack(ref PackedReader from, SharedBudget budget)
    {
        var count = from.Read();
        var sketch = new UniqueSketch();
        if (count == -1)
        {
            sketch._entries = null;
            sketch._registers = from.ReadBytes(Registers).ToArray();
            if (sketch._registers.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)(RankBits + 1)))
            {
                throw Damaged();
            }
        }
        else if (count is >= 0 and <= SparseMax)
        {
            sketch._entries = new uint[CapacityFor((int)count)];
            var entry = 0L;
            for (; sketch._count < count; sketch._count++)
            {
                var step = from.Read();
                entry += step;
                // An entry has a rank, so even the first is not 0.
                if (step <= 0 || entry > uint.MaxValue || (entry & EntryRankMask) is 0 or > RankBits + 1)
                {
                    throw Damaged();
                }
                sketch._entries[sketch._count] = (uint)entry;
            }
        }
        else
        {
            throw Damaged();
        }
        budget.Take(sketch.Bytes);
        return sketch;
    }

    private ReadOnlySpan<uint> Entries => _entries.AsSpan(0, _count);

    private static InvalidDataException Damaged() => new("a packed sketch is damaged");

    private static int RankOf(ulong hash) =>
        Math.Min(BitOperations.TrailingZeroCount(hash), RankBits) + 1;

    private static int CapacityFor(int count) =>
        count == 0 ? 0 : (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(count, EntriesMin));

    private static void Raise(byte[] registers, ReadOnlySpan<uint> entries)
    {
        foreach (var entry in entries)
        {
            ref var register = ref registers[entry >> EntryRegisterShift];
            register = Math.Max(register, (byte)(entry & EntryRankMask));
        }
    }

    private UniqueResult AddEntry(uint entry, SharedBudget budget, int leave)
    {
        if (_registers is not null)
        {
            ref var register = ref _registers[entry >> EntryRegisterShift];
            var rank = (byte)(entry & EntryRankMask);
            if (rank <= register)
            {
                return UniqueResult.Known;
            }
            register = rank;
            _estimate = -1;
            return UniqueResult.Added;
        }
        var at = Entries.BinarySearch(entry);
        if (at >= 0)
        {
            return UniqueResult.Known;
        }
        at = ~at;
        if (_count == SparseMax)
        {
            return TryMakeDense(budget, leave) ? AddEntry(entry, budget, leave) : UniqueResult.NoRoom;
        }
        var entries = _entries!;
        if (_count == entries.Length)
        {
            var capacity = CapacityFor(_count + 1);
            if (!budget.TryTake(leave, (capacity - entries.Length) * sizeof(uint)))
            {
                return UniqueResult.NoRoom;
            }
            Array.Resize(ref _entries, capacity);
            entries = _entries;
        }
        entries.AsSpan(at, _count - at).CopyTo(entries.AsSpan(at + 1));
        entries[at] = entry;
        _count++;
        return UniqueResult.Added;
    }

    /// <summary>Takes no more than 512 entries do.</summary>
    private bool TryMakeDense(SharedBudget budget, int leave = 0)
    {
        if (!budget.TryTake(leave, Registers - (_entries!.Length * sizeof(uint))))
        {
            return false;
        }
        var registers = new byte[Registers];
        Raise(registers, Entries);
        (_registers, _entries, _count) = (registers, null, 0);
        return true;
    }

    /// <summary>The part of the registers that no hash has reached (Ertl 2017, algorithm 6).</summary>
    private static double Sigma(double x)
    {
        if (x == 1)
        {
            return double.PositiveInfinity;
        }
        double y = 1;
        var z = x;
        double before;
        do
        {
            x *= x;
            before = z;
            z += x * y;
            y += y;
        } while (z != before);
        return z;
    }

    /// <summary>The part of the registers that are at their end.</summary>
    private static double Tau(double x)
    {
        if (x is 0 or 1)
        {
            return 0;
        }
        double y = 1;
        var z = 1 - x;
        double before;
        do
        {
            x = Math.Sqrt(x);
            before = z;
            y /= 2;
            z -= (1 - x) * (1 - x) * y;
        } while (z != before);
        return z / 3;
    }
}
