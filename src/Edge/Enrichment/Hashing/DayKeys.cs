namespace Edge.Enrichment.Hashing;

/// <summary>
/// The keys of one UTC day: one for addresses, one for units, so that a value of one kind is never one of the other.
/// Thread safe. Once erased, what was computed meanwhile must be thrown away: see <see cref="IsErased"/>.
/// </summary>
internal sealed class DayKeys(DateOnly day, KeyedHash address, KeyedHash unit)
{
    private volatile bool _isErased;

    public DateOnly Day { get; } = day;
    public KeyedHash Address { get; } = address;
    public KeyedHash Unit { get; } = unit;

    /// <summary>
    /// Whether the keys are gone. Asked after a hash was computed: when it is false, no part of the key had been
    /// overwritten yet.
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

/// <summary>Gives the keys of a day. Thread safe.</summary>
internal interface IDayKeySource
{
    /// <summary>The keys in force on a UTC day.</summary>
    DayKeys Of(DateOnly day);

    /// <summary>The keys that were in force before those of a UTC day.</summary>
    DayKeys Before(DateOnly day);
}
