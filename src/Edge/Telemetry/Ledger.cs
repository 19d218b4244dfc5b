using System.Buffers.Binary;

namespace Edge.Telemetry;

/// <summary>
/// The conservation counters of the node: every event is received once and then either stored or dropped under a named
/// reason, so <c>received = stored + dropped</c> whenever no event is in flight. Counts only increase, start when the
/// journal is created and survive restarts: the journal persists the drops with every commit and restores them when it
/// opens. What was received is recovered as stored + dropped, because an event in flight at a crash is in neither.
/// Thread safe; allocates nothing.
/// </summary>
internal sealed class Ledger
{
    /// <summary>
    /// Number of reasons in the persisted snapshot; raising it changes the format of the commit slot.
    /// </summary>
    public const int MaxReasons = 32;

    /// <summary>Length of the persisted snapshot: one 64-bit counter for each possible reason, little-endian.</summary>
    public const int SnapshotBytes = MaxReasons * sizeof(long);

    private readonly long[] _dropped = new long[MaxReasons];
    private long _received;

    /// <summary>Events that reached this node, whether stored, dropped or in flight.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Events dropped for any reason.</summary>
    public long DroppedTotal
    {
        get
        {
            var total = 0L;
            for (var i = 0; i < MaxReasons; i++)
            {
                total += Interlocked.Read(ref _dropped[i]);
            }

            return total;
        }
    }

    /// <summary>Events dropped for one reason.</summary>
    public long Dropped(DropReason reason) => Interlocked.Read(ref _dropped[(int)reason]);

    /// <summary>Counts one event as received. Must be followed by an append or <see cref="Drop"/>.</summary>
    public void Receive() => Interlocked.Increment(ref _received);

    /// <summary>Counts a received event as not stored.</summary>
    public void Drop(DropReason reason) => Interlocked.Increment(ref _dropped[(int)reason]);

    /// <summary>Writes the drop counters.</summary>
    public void WriteSnapshot(Span<byte> destination)
    {
        for (var i = 0; i < MaxReasons; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(
                destination[(i * sizeof(long))..],
                Interlocked.Read(ref _dropped[i])
            );
        }
    }

    /// <summary>Adds the counters of earlier runs to what was counted since the process started.</summary>
    /// <param name="snapshot">As written by <see cref="WriteSnapshot"/>.</param>
    /// <param name="stored">Number of records ever stored in the journal.</param>
    public void Restore(ReadOnlySpan<byte> snapshot, long stored)
    {
        var received = stored;
        for (var i = 0; i < MaxReasons; i++)
        {
            var count = BinaryPrimitives.ReadInt64LittleEndian(snapshot[(i * sizeof(long))..]);
            Interlocked.Add(ref _dropped[i], count);
            received += count;
        }
        Interlocked.Add(ref _received, received);
    }
}
