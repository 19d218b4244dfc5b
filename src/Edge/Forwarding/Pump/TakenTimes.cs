namespace Edge.Forwarding.Pump;

/// <summary>
/// When a sink had taken the journal up to which record, since the start. The newest batches have a point each; of
/// older ones as many are left as there is room for, evenly spread, so those are told late by up to one part in a
/// thousand of all batches, and none is told too early. Not thread safe.
/// </summary>
internal sealed class TakenTimes
{
    /// <summary>Points of newest batches, and of older ones, at 16 bytes each.</summary>
    public const int PointsMax = 2_048;

    private readonly Queue<Point> _newest = new();
    private readonly List<Point> _older = [];
    private int _stride = 1;
    private int _skipped;
    private long _before;
    private long _last;

    /// <summary>The sink had taken everything up to a record at the start, nobody knows when.</summary>
    public void Begin(long sequence) => _before = _last = sequence;

    /// <summary>The sink has everything up to a record, or, after a failure, no longer has more.</summary>
    public void Add(long sequence, DateTimeOffset at)
    {
        if (sequence < _last)
        {
            GoBack(sequence);
        }
        if (sequence <= _last)
        {
            return;
        }
        _last = sequence;
        _newest.Enqueue(new Point(sequence, at));
        if (_newest.Count > PointsMax)
        {
            Age(_newest.Dequeue());
        }
    }

    /// <summary>A time by which the sink had taken a record; null when it has not, or had before the start.</summary>
    public DateTimeOffset? Find(long sequence)
    {
        if (sequence <= _before || sequence > _last)
        {
            return null;
        }
        foreach (var point in _older)
        {
            if (point.Sequence >= sequence)
            {
                return point.At;
            }
        }
        foreach (var point in _newest)
        {
            if (point.Sequence >= sequence)
            {
                return point.At;
            }
        }
        return null;
    }

    /// <summary>Keeps one of so many older points.</summary>
    private void Age(Point point)
    {
        if (++_skipped < _stride)
        {
            return;
        }
        _skipped = 0;
        _older.Add(point);
        if (_older.Count == PointsMax)
        {
            // The later one of each two: what is before the other has been taken by then, too.
            var kept = 0;
            for (var i = 1; i < _older.Count; i += 2)
            {
                _older[kept++] = _older[i];
            }
            _older.RemoveRange(kept, _older.Count - kept);
            _stride *= 2;
        }
    }

    /// <summary>
    /// Forgets what will be taken a second time. A failure goes back a second of batches, or all of them.
    /// </summary>
    private void GoBack(long sequence)
    {
        var newest = _newest.ToArray();
        _newest.Clear();
        foreach (var point in newest)
        {
            if (point.Sequence <= sequence)
            {
                _newest.Enqueue(point);
            }
        }
        while (_older.Count > 0 && _older[^1].Sequence > sequence)
        {
            _older.RemoveAt(_older.Count - 1);
        }
        _last = Math.Max(_before, sequence);
    }

    private readonly record struct Point(long Sequence, DateTimeOffset At);
}
