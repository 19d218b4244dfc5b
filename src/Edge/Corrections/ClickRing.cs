namespace Edge.Corrections;

/// <summary>
/// The clicks that can still be judged, in the order of the journal, with those of one message, address or visitor
/// behind one another. Bounded in bytes and in time: the oldest are let go. Used by one thread.
/// </summary>
/// <param name="bytesMax">Most bytes, as <see cref="RingClick.Bytes"/> has them.</param>
internal sealed class ClickRing(long bytesMax)
{
    /// <summary>
    /// Most clicks of one group that are looked at, so that a flood from one address costs the same for each click.
    /// </summary>
    public const int GroupMax = 128;

    private const int CapacityMin = 64;

    private readonly Dictionary<UInt128, long>[] _newest = [[], [], []];
    private RingClick?[] _clicks = new RingClick?[CapacityMin];
    private long _first = 1;
    private long _next = 1;

    public int Count => (int)(_next - _first);

    /// <summary>Bytes of the clicks.</summary>
    public long Bytes { get; private set; }

    /// <summary>Clicks that were let go before their time, for want of room.</summary>
    public long LetGo { get; private set; }

    public void Add(RingClick click)
    {
        while (Count > 0 && Bytes + click.Bytes > bytesMax)
        {
            RemoveOldest();
            LetGo++;
        }

        if (Count == _clicks.Length)
        {
            Grow(_clicks.Length * 2);
        }

        click.Number = _next++;
        Bytes += click.Bytes;
        _clicks[click.Number & (_clicks.Length - 1)] = click;
        for (var group = 0; group < _newest.Length; group++)
        {
            if (click.Keys[group] is var key && key != 0)
            {
                _newest[group].TryGetValue(key, out click.Before[group]);
                _newest[group][key] = click.Number;
            }
        }
    }

    /// <summary>Lets go what was read before a time.</summary>
    public void Expire(long beforeMs)
    {
        while (Count > 0 && Oldest.ArrivedMs < beforeMs)
        {
            RemoveOldest();
        }
    }

    /// <summary>Forgets which rules have matched, because rules have other places now.</summary>
    public void ForgetRules()
    {
        foreach (var click in _clicks)
        {
            if (click is not null)
            {
                click.JudgedBy = click.Precedes = 0;
            }
        }
    }

    /// <summary>The newest of a group; null for none.</summary>
    public RingClick? Newest(ClickGroup group, UInt128 key) =>
        key != 0 && _newest[(int)group].TryGetValue(key, out var number) ? At(number) : null;

    /// <summary>The one before it in a group; null for none.</summary>
    public RingClick? Before(RingClick click, ClickGroup group) => At(click.Before[(int)group]);

    private RingClick Oldest => _clicks[_first & (_clicks.Length - 1)]!;

    private RingClick? At(long number) =>
        number >= _first && number < _next ? _clicks[number & (_clicks.Length - 1)] : null;

    private void RemoveOldest()
    {
        var click = Oldest;
        _clicks[_first & (_clicks.Length - 1)] = null;
        _first++;
        Bytes -= click.Bytes;
        for (var group = 0; group < _newest.Length; group++)
        {
            var key = click.Keys[group];
            if (key != 0 && _newest[group].TryGetValue(key, out var newest) && newest == click.Number)
            {
                _newest[group].Remove(key);
            }
        }

        if (Count == 0 && _clicks.Length > CapacityMin)
        {
            // What a flood has taken is given back.
            Grow(CapacityMin);
            foreach (var numbers in _newest)
            {
                numbers.TrimExcess();
            }
        }
    }

    private void Grow(int capacity)
    {
        var clicks = new RingClick?[capacity];
        for (var number = _first; number < _next; number++)
        {
            clicks[number & (capacity - 1)] = _clicks[number & (_clicks.Length - 1)];
        }

        _clicks = clicks;
    }
}
