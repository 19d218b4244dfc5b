namespace Edge.Statistics.Counting;

/// <summary>A unit was shown a variant by chance, and it is not yet known whether it will click.</summary>
/// <param name="Variant">Number of the variant within the experiment's counts.</param>
/// <param name="BasisPoints">Its probability when it was chosen.</param>
/// <param name="WeightsVersion">Version of the weights of that choice.</param>
/// <param name="ExposedMs">When it was shown, milliseconds since 1970 UTC.</param>
/// <param name="EndMs">Last moment at which a click makes it a success.</param>
/// <param name="IsSuccess">Whether one has.</param>
internal readonly record struct OpenTrial(
    int Variant,
    int BasisPoints,
    int WeightsVersion,
    long ExposedMs,
    long EndMs,
    bool IsSuccess
)
{
    /// <summary>
    /// Whether its result is final at this moment. A window of no length is over as soon as it begins.
    /// </summary>
    public bool IsMature(long nowMs) => EndMs == ExposedMs || nowMs > EndMs + TallyLimits.LatenessSeconds * 1_000L;
}

/// <summary>How many units all experiments together may remember.</summary>
internal sealed class UnitBudget(int max)
{
    /// <summary>Units remembered.</summary>
    public int Used { get; private set; }

    public bool TryTake()
    {
        if (Used >= max)
        {
            return false;
        }
        Used++;
        return true;
    }

    public void Give(int units) => Used -= units;
}

/// <summary>What became of an exposure.</summary>
internal enum ExposureResult
{
    /// <summary>The unit's first: a trial is open.</summary>
    Opened,

    /// <summary>The unit had one within a day.</summary>
    Repeated,

    /// <summary>There is no room for a further unit.</summary>
    NoRoom,
}

/// <summary>
/// The trials of one experiment (experiments.md 2.4): the first exposure of a unit opens one, a click of the unit
/// within the window makes it a success, and it is handed over only when the window has passed, whether or not it
/// already succeeded, because counting successes early favours whoever got traffic last. Not safe for concurrent use.
/// </summary>
internal sealed class TrialBook(UnitBudget budget)
{
    private const long UnitKeptMs = TallyLimits.UnitKeptHours * CountSeries.Hour;

    // First exposure of each unit of the last day.
    private readonly Dictionary<ulong, long> _exposed = [];
    private readonly Dictionary<ulong, OpenTrial> _open = [];
    private readonly PriorityQueue<ulong, long> _byEnd = new();

    /// <summary>Trials that are not mature.</summary>
    public int Open => _open.Count;

    /// <summary>Units remembered.</summary>
    public int Units => _exposed.Count;

    /// <summary>A unit was shown a variant by chance; the trial is opened when it is its first time.</summary>
    public ExposureResult Expose(ulong unit, in OpenTrial trial)
    {
        if (_exposed.TryGetValue(unit, out var before))
        {
            if (Math.Abs(trial.ExposedMs - before) < UnitKeptMs)
            {
                return ExposureResult.Repeated;
            }
        }
        else if (!budget.TryTake())
        {
            return ExposureResult.NoRoom;
        }
        _exposed[unit] = trial.ExposedMs;
        if (_open.TryAdd(unit, trial))
        {
            _byEnd.Enqueue(unit, trial.EndMs);
        }
        return ExposureResult.Opened;
    }

    /// <summary>A unit clicked.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="atMs">When it did.</param>
    /// <param name="nowMs">The time up to which results are final.</param>
    public void Click(ulong unit, long atMs, long nowMs)
    {
        if (
            _open.TryGetValue(unit, out var trial)
            && !trial.IsSuccess
            && atMs >= trial.ExposedMs
            && atMs <= trial.EndMs
            && !trial.IsMature(nowMs)
        )
        {
            _open[unit] = trial with { IsSuccess = true };
        }
    }

    /// <summary>The next trial whose result is final; it is removed.</summary>
    public bool TryTakeMature(long nowMs, out OpenTrial trial)
    {
        while (_byEnd.TryPeek(out var unit, out _))
        {
            // A trial that was forgotten with its unit leaves its place in the queue behind.
            if (_open.TryGetValue(unit, out trial))
            {
                if (!trial.IsMature(nowMs))
                {
                    return false;
                }
                _open.Remove(unit);
                _byEnd.Dequeue();
                return true;
            }
            _byEnd.Dequeue();
        }
        trial = default;
        return false;
    }

    /// <summary>Forgets units of more than a day ago, and those of a clock that was ahead with their trials.</summary>
    public void Expire(long nowMs)
    {
        var before = _exposed.Count;
        foreach (var (unit, exposedMs) in _exposed)
        {
            if (Math.Abs(nowMs - exposedMs) >= UnitKeptMs)
            {
                _exposed.Remove(unit);
                _open.Remove(unit);
            }
        }
        budget.Give(before - _exposed.Count);
        if (_exposed.Count < _exposed.Capacity / 4)
        {
            _exposed.TrimExcess();
        }
    }

    /// <summary>Gives its room back when the experiment is forgotten.</summary>
    public void Clear()
    {
        budget.Give(_exposed.Count);
        _exposed.Clear();
        _open.Clear();
        _byEnd.Clear();
    }

    /// <summary>The units for a checkpoint.</summary>
    public byte[] PackUnits() =>
        PackedNumbers.Write(
            _exposed.Count * 14,
            to =>
            {
                to.Write7BitEncodedInt64(_exposed.Count);
                var before = 0L;
                foreach (var (unit, exposedMs) in _exposed)
                {
                    to.Write(unit);
                    to.Write7BitEncodedInt64(ZigZag(exposedMs - before));
                    before = exposedMs;
                }
            }
        );

    /// <summary>The open trials for a checkpoint.</summary>
    public byte[] PackTrials() =>
        PackedNumbers.Write(
            _open.Count * 24,
            to =>
            {
                to.Write7BitEncodedInt64(_open.Count);
                foreach (var (unit, trial) in _open)
                {
                    to.Write(unit);
                    to.Write7BitEncodedInt64(trial.Variant);
                    to.Write7BitEncodedInt64(trial.BasisPoints);
                    to.Write7BitEncodedInt64(trial.WeightsVersion);
                    to.Write7BitEncodedInt64(trial.ExposedMs);
                    to.Write7BitEncodedInt64(trial.EndMs - trial.ExposedMs);
                    to.Write7BitEncodedInt64(trial.IsSuccess ? 1 : 0);
                }
            }
        );

    /// <summary>
    /// Takes over what <see cref="PackUnits"/> and <see cref="PackTrials"/> wrote; throws
    /// <see cref="InvalidDataException"/> for other bytes.
    /// </summary>
    public void Unpack(byte[] units, byte[] trials, int variants)
    {
        PackedNumbers.Read(units, ReadUnits);
        PackedNumbers.Read(trials, from => ReadTrials(from, variants));
    }

    private void ReadUnits(BinaryReader from)
    {
        var exposedMs = 0L;
        for (var left = from.Read7BitEncodedInt64(); left > 0; left--)
        {
            var unit = from.ReadUInt64();
            exposedMs += UnZigZag(from.Read7BitEncodedInt64());
            if (_exposed.TryAdd(unit, exposedMs))
            {
                // A lower limit than when it was written shall not cost what is already known.
                _ = budget.TryTake();
            }
        }
    }

    private void ReadTrials(BinaryReader from, int variants)
    {
        for (var left = from.Read7BitEncodedInt64(); left > 0; left--)
        {
            var unit = from.ReadUInt64();
            var variant = from.Read7BitEncodedInt64();
            if (variant < 0 || variant >= variants)
            {
                throw new InvalidDataException("a packed trial is of no variant");
            }

            var basisPoints = (int)from.Read7BitEncodedInt64();
            var version = (int)from.Read7BitEncodedInt64();
            var exposed = from.Read7BitEncodedInt64();
            var end = exposed + from.Read7BitEncodedInt64();
            var isSuccess = from.Read7BitEncodedInt64() != 0;
            if (_open.TryAdd(unit, new OpenTrial((int)variant, basisPoints, version, exposed, end, isSuccess)))
            {
                _byEnd.Enqueue(unit, end);
            }
        }
    }

    private static long ZigZag(long value) => (value << 1) ^ (value >> 63);

    private static long UnZigZag(long value) => (long)((ulong)value >> 1) ^ -(value & 1);
}
