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
    public const int MaxReasons = 30;

    /// <summary>
    /// Length of the persisted snapshot, 64-bit counters, little-endian: one for each possible reason, then the synthetic
    /// events that were stored and those that were dropped.
    /// </summary>
    public const int SnapshotBytes = (MaxReasons + 2) * sizeof(long);

    private const int SyntheticStoredOffset = MaxReasons * sizeof(long);
    private const int SyntheticDroppedOffset = SyntheticStoredOffset + sizeof(long);

    private readonly long[] _dropped = new long[MaxReasons];
    private long _received;
    private long _syntheticStored;
    private long _syntheticDropped;

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

    /// <summary>Stored events that are tests', those in flight included.</summary>
    public long SyntheticStored => Interlocked.Read(ref _syntheticStored);

    /// <summary>Dropped events that were tests'.</summary>
    public long SyntheticDropped => Interlocked.Read(ref _syntheticDropped);

    /// <summary>Events dropped for one reason.</summary>
    public long Dropped(DropReason reason) => Interlocked.Read(ref _dropped[(int)reason]);

    /// <summary>Counts one event as received. Must be followed by an append or <see cref="Drop"/>.</summary>
    public void Receive() => Interlocked.Increment(ref _received);

    /// <summary>Counts a received event as not stored.</summary>
    public void Drop(DropReason reason) => Interlocked.Increment(ref _dropped[(int)reason]);

    /// <summary>Counts a stored event, or one that was not, as a test's too.</summary>
    public void CountSynthetic(bool isStored) =>
        Interlocked.Increment(ref isStored ? ref _syntheticStored : ref _syntheticDropped);

    /// <summary>Writes the counters that are persisted.</summary>
    public void WriteSnapshot(Span<byte> destination)
    {
        for (var i = 0; i < MaxReasons; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(
                destination[(i * sizeof(long))..],
                Interlocked.Read(ref _dropped[i])
            );
        }

        BinaryPrimitives.WriteInt64LittleEndian(destination[SyntheticStoredOffset..], SyntheticStored);
        BinaryPrimitives.WriteInt64LittleEndian(destination[SyntheticDroppedOffset..], SyntheticDropped);
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
        var synthetic = BinaryPrimitives.ReadInt64LittleEndian(snapshot[SyntheticStoredOffset..]);
        Interlocked.Add(ref _syntheticStored, synthetic);
        synthetic = BinaryPrimitives.ReadInt64LittleEndian(snapshot[SyntheticDroppedOffset..]);
        Interlocked.Add(ref _syntheticDropped, synthetic);
    }
}
