namespace Edge.Enrichment.Hashing;

/// <summary>
/// The keys of one UTC day: one for addresses and one for units, so that hashes of the two kinds never coincide. A hash
/// computed while the keys are erased must be discarded: see <see cref="IsErased"/>. Thread safe.
/// </summary>
internal sealed class DayKeys(DateOnly day, KeyedHash address, KeyedHash unit)
{
    private volatile bool _isErased;

    public DateOnly Day { get; } = day;
    public KeyedHash Address { get; } = address;
    public KeyedHash Unit { get; } = unit;

    /// <summary>
    /// Whether the keys are erased. Check this after computing a hash: if it is false, no part of the key had been
    /// overwritten.
    /// </summary>
    public bool IsErased
    {
        get
        {
            Interlocked.MemoryBarrier();
            return _isErased;
        }
    }

    /// <summary>Overwrites the keys in memory.</summary>
    public void Erase()
    {
        _isErased = true;
        Interlocked.MemoryBarrier();
        Address.Erase();
        Unit.Erase();
    }
}

/// <summary>Provides the keys of a day. Thread safe.</summary>
internal interface IDayKeySource
{
    /// <summary>
    /// Whether the keys of a day can be made again at any time; else they are erased, and nothing that was computed with
    /// them may be kept beside what it was computed from.
    /// </summary>
    bool AreKept { get; }

    /// <summary>The keys in force on a UTC day.</summary>
    DayKeys Of(DateOnly day);

    /// <summary>The keys in force before those of a UTC day.</summary>
    DayKeys Before(DateOnly day);
}
