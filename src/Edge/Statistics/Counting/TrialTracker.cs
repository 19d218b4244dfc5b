namespace Edge.Statistics.Counting;

/// <summary>
/// A trial whose result is not final: a unit was assigned a variant at random, and its attribution window is open.
/// </summary>
/// <param name="Variant">Index of the variant in the experiment's counts.</param>
/// <param name="BasisPoints">Its probability when it was chosen, basis points.</param>
/// <param name="WeightsVersion">Version of the weights of that choice.</param>
/// <param name="ExposedMs">When it was shown, milliseconds since 1970 UTC.</param>
/// <param name="EndMs">Last moment at which reaching the goal makes it a success.</param>
/// <param name="IsSuccess">Whether the unit has reached it.</param>
internal readonly record struct OpenTrial(
    int Variant,
    int BasisPoints,
    int WeightsVersion,
    long ExposedMs,
    long EndMs,
    bool IsSuccess
)
{
    /// <summary>What the unit's events have added up to; null when only success counts.</summary>
    public double? Value { get; init; }

    /// <summary>The rows of the breakdowns that its exposure was counted in.</summary>
    public TrialRows Rows { get; init; }

    /// <summary>How often the goal was reached, at most 255; 0 in a file of an earlier version, whatever it was.</summary>
    public byte Goals { get; init; }

    /// <summary>Whether nobody knows whose it is, so that it stands for one exposure and not for a unit.</summary>
    public bool IsUnitless { get; init; }

    /// <summary>
    /// Whether its result is final at a given time. A window of zero length is over as soon as it begins.
    /// </summary>
    public bool IsMature(long nowMs) => EndMs == ExposedMs || nowMs > EndMs + TallyLimits.LatenessSeconds * 1_000L;
}

/// <summary>Ids of rows of <see cref="BreakdownCounter"/>, one of each breakdown.</summary>
internal readonly record struct TrialRows(ushort Country, ushort Device, ushort Browser, ushort Source, ushort Verdict);

/// <summary>Limits how much of one thing all experiments together remember, such as units.</summary>
internal sealed class SharedBudget(int max)
{
    /// <summary>How many are remembered.</summary>
    public int Used { get; private set; }

    /// <summary>Takes some, unless that is more than there is.</summary>
    /// <param name="leave">The share of it, one part in this many, that is left to others; 0 leaves nothing.</param>
    /// <param name="count">How many.</param>
    public bool TryTake(int leave = 0, int count = 1)
    {
        if (Used > max - (leave > 0 ? max / leave : 0) - count)
        {
            return false;
        }
        Used += count;
        return true;
    }

    /// <summary>Takes what is there already, even if it is more than there is room for.</summary>
    public void Take(int count) => Used += count;

    public void Release(int count) => Used -= count;
}

/// <summary>The result of recording an exposure.</summary>
internal enum ExposureResult
{
    /// <summary>The unit's first exposure; a trial was opened.</summary>
    Opened,

    /// <summary>The unit already had an exposure within the last day, or its trial is still open.</summary>
    Repeated,

    /// <summary>There is no room for another unit.</summary>
    NoRoom,
}

/// <summary>
/// The trials of one experiment: the first exposure of a unit opens one, reaching the goal
/// within the window makes it a success, and it is counted only once the window has passed, whether or not it already
/// succeeded, because counting successes early would favour the variant that got the most recent traffic. Not safe for
/// concurrent use.
/// </summary>
internal sealed class TrialTracker(SharedBudget budget)
{
    /// <summary>Bits of a packed trial.</summary>
    private const long SuccessFlag = 1;

    private const long ValueFlag = 2;

    private const long RowsFlag = 4;

    private const long UnitlessFlag = 8;

    /// <summary>Above the bits: how often the goal was reached.</summary>
    private const int GoalsShift = 4;

    /// <summary>A unit's hash and its time.</summary>
    private const int UnitBytesMin = 9;

    /// <summary>A unit's hash and six numbers.</summary>
    private const int TrialBytesMin = 14;

    /// <summary>
    /// Of the units that are remembered, one in this many is left to windows of at most a day: trials that stay open
    /// for weeks must not keep all other experiments from learning.
    /// </summary>
    private const int LeftToShortWindows = 4;

    private const long UnitKeptMs = TallyLimits.UnitKeptHours * CountSeries.Hour;

    // First exposure of each unit seen within the last day.
    private readonly Dictionary<ulong, long> _exposed = [];
    private readonly Dictionary<ulong, StoredTrial> _open = [];
    private readonly PriorityQueue<ulong, long> _byEnd = new();

    // Open trials without a unit that have not succeeded, by variant and weights version; the oldest first, those from
    // before a restart in any order.
    private readonly Dictionary<ulong, Queue<ulong>> _unitless = [];

    /// <summary>Number of trials that are not mature.</summary>
    public int Open => _open.Count;

    /// <summary>Number of units remembered.</summary>
    public int Units => _exposed.Count;

    /// <summary>Records an exposure; opens the trial if it is the unit's first.</summary>
    public ExposureResult Expose(ulong unit, in OpenTrial trial)
    {
        if (_exposed.TryGetValue(unit, out var before))
        {
            if (Math.Abs(trial.ExposedMs - before) < UnitKeptMs || IsWithin(unit, trial.ExposedMs))
            {
                return ExposureResult.Repeated;
            }
        }
        else if (!budget.TryTake(trial.EndMs - trial.ExposedMs > UnitKeptMs ? LeftToShortWindows : 0))
        {
            return ExposureResult.NoRoom;
        }
        _exposed[unit] = trial.ExposedMs;
        if (_open.TryAdd(unit, new StoredTrial(trial)))
        {
            _byEnd.Enqueue(unit, trial.EndMs);
        }
        return ExposureResult.Opened;
    }

    /// <summary>Records an exposure of nobody in particular: each is a trial of its own.</summary>
    /// <param name="key">Unique to the exposure; as random as the hash of a unit.</param>
    /// <param name="trial">The trial.</param>
    public ExposureResult ExposeUnitless(ulong key, in OpenTrial trial)
    {
        var result = Expose(key, trial with { IsUnitless = true });
        if (result == ExposureResult.Opened)
        {
            Wait(key, trial);
        }

        return result;
    }

    /// <summary>
    /// Records that somebody unknown who was shown a variant reached the goal: a trial of the variant that can still
    /// succeed does, so there are never more successes than trials.
    /// </summary>
    public void SucceedUnitless(int variant, int weightsVersion, long atMs, long nowMs)
    {
        if (_unitless.TryGetValue(PlaceOf(variant, weightsVersion), out var waiting))
        {
            while (waiting.TryDequeue(out var key) && !Succeed(key, value: 0, atMs, nowMs)) { }
        }
    }

    /// <summary>Records that a unit reached the goal.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="value">What it adds to the trial's value.</param>
    /// <param name="atMs">When it did.</param>
    /// <param name="nowMs">The time up to which results are final.</param>
    /// <returns>Whether it had a trial that counts it.</returns>
    public bool Succeed(ulong unit, double value, long atMs, long nowMs)
    {
        if (
            !TryGetOpen(unit, out var trial)
            || atMs < trial.ExposedMs
            || atMs > trial.EndMs
            || trial.IsMature(nowMs)
        )
        {
            return false;
        }
        _open[unit] = new StoredTrial(
            trial with
            {
                IsSuccess = true,
                Value = trial.Value + value,
                Goals = (byte)Math.Min(byte.MaxValue, Math.Max(trial.Goals, trial.IsSuccess ? 1 : 0) + 1),
            }
        );
        return true;
    }

    /// <summary>
    /// Takes back that a unit reached the goal once; its trial is no success any more when it was the only time. A trial
    /// that is final is left as it is.
    /// </summary>
    public void Fail(ulong unit, long atMs)
    {
        if (
            unit == 0
            || !TryGetOpen(unit, out var trial)
            || !trial.IsSuccess
            || atMs < trial.ExposedMs
            || atMs > trial.EndMs
            || trial.Goals == byte.MaxValue
        )
        {
            return;
        }
        var left = Math.Max(0, trial.Goals - 1);
        _open[unit] = new StoredTrial(trial with { IsSuccess = left > 0, Goals = (byte)left });
    }

    /// <summary>Takes back an exposure, when it is the one that opened the trial of its unit.</summary>
    public void Withdraw(ulong unit, long exposedMs)
    {
        if (_exposed.TryGetValue(unit, out var before) && before == exposedMs && _open.Remove(unit))
        {
            _exposed.Remove(unit);
            budget.Release(1);
        }
    }

    /// <summary>Takes the next trial whose result is final.</summary>
    public bool TryTakeMature(long nowMs, out OpenTrial trial) => TryTakeMature(nowMs, out _, out trial);

    /// <inheritdoc cref="TryTakeMature(long, out OpenTrial)"/>
    public bool TryTakeMature(long nowMs, out ulong unit, out OpenTrial trial)
    {
        while (_byEnd.TryPeek(out unit, out var endMs))
        {
            // A trial that was forgotten with its unit, or taken back, stays in the queue.
            if (TryGetOpen(unit, out trial) && trial.EndMs <= endMs)
            {
                if (!trial.IsMature(nowMs))
                {
                    return false;
                }
                _open.Remove(unit);
                _byEnd.Dequeue();
                if (trial.IsUnitless && _exposed.Remove(unit))
                {
                    // It will not come again, as a unit may.
                    budget.Release(1);
                }
                return true;
            }
            _byEnd.Dequeue();
        }
        trial = default;
        return false;
    }

    /// <summary>
    /// Forgets units first exposed more than a day ago, and units from a clock that was ahead, with their trials.
    /// </summary>
    public void Expire(long nowMs)
    {
        var before = _exposed.Count;
        foreach (var (unit, exposedMs) in _exposed)
        {
            // The window may be as long as the day, and its trial is counted only afterwards.
            var isOpen =
                nowMs >= exposedMs && TryGetOpen(unit, out var trial) && !trial.IsMature(nowMs);
            if (Math.Abs(nowMs - exposedMs) >= UnitKeptMs && !isOpen)
            {
                _exposed.Remove(unit);
                _open.Remove(unit);
            }
        }
        budget.Release(before - _exposed.Count);
        if (_exposed.Count < _exposed.Capacity / 4)
        {
            _exposed.TrimExcess();
        }
    }

    /// <summary>Forgets everything and returns its units to the budget.</summary>
    public void Clear()
    {
        budget.Release(_exposed.Count);
        _exposed.Clear();
        _open.Clear();
        _byEnd.Clear();
        _unitless.Clear();
    }

    /// <summary>Encodes the units for a checkpoint.</summary>
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

    /// <summary>Encodes the open trials for a checkpoint.</summary>
    public byte[] PackTrials() =>
        PackedNumbers.Write(
            _open.Count * 24,
            to =>
            {
                to.Write7BitEncodedInt64(_open.Count);
                foreach (var (unit, stored) in _open)
                {
                    var trial = stored.Trial;
                    to.Write(unit);
                    to.Write7BitEncodedInt64(trial.Variant);
                    to.Write7BitEncodedInt64(trial.BasisPoints);
                    to.Write7BitEncodedInt64(trial.WeightsVersion);
                    to.Write7BitEncodedInt64(trial.ExposedMs);
                    to.Write7BitEncodedInt64(trial.EndMs - trial.ExposedMs);
                    to.Write7BitEncodedInt64(
                        (trial.IsSuccess ? SuccessFlag : 0)
                            | (trial.Value is null ? 0 : ValueFlag)
                            | (trial.Rows == default ? 0 : RowsFlag)
                            | (trial.IsUnitless ? UnitlessFlag : 0)
                            | ((long)trial.Goals << GoalsShift)
                    );
                    if (trial.Value is { } value)
                    {
                        to.Write(value);
                    }
                    WriteRows(to, trial.Rows);
                }
            }
        );

    /// <summary>
    /// Throws <see cref="InvalidDataException"/> unless the bytes are what <see cref="PackUnits"/> and
    /// <see cref="PackTrials"/> encoded.
    /// </summary>
    public static void Check(byte[] units, byte[] trials, int variants)
    {
        var from = new PackedReader(units);
        for (var left = from.ReadCount(UnitBytesMin); left > 0; left--)
        {
            _ = from.ReadWhole();
            _ = from.Read();
        }

        from.End();
        from = new PackedReader(trials);
        for (var left = from.ReadCount(TrialBytesMin); left > 0; left--)
        {
            var (_, trial) = ReadTrial(ref from);
            if (trial.Variant < 0 || trial.Variant >= variants)
            {
                throw new InvalidDataException("a packed trial names an unknown variant");
            }
        }

        from.End();
    }

    /// <summary>Restores bytes that passed <see cref="Check"/>.</summary>
    public void Unpack(byte[] units, byte[] trials)
    {
        var from = new PackedReader(units);
        var count = from.ReadCount(UnitBytesMin);
        var exposedMs = 0L;
        for (_exposed.EnsureCapacity(count); count > 0; count--)
        {
            var unit = from.ReadWhole();
            exposedMs += UnZigZag(from.Read());
            if (_exposed.TryAdd(unit, exposedMs))
            {
                // A limit that was lowered since must not discard what is already known.
                _ = budget.TryTake();
            }
        }

        from = new PackedReader(trials);
        count = from.ReadCount(TrialBytesMin);
        _open.EnsureCapacity(count);
        var ends = new List<(ulong, long)>(count);
        for (; count > 0; count--)
        {
            var (unit, trial) = ReadTrial(ref from);
            if (_open.TryAdd(unit, new StoredTrial(trial)))
            {
                ends.Add((unit, trial.EndMs));
            }
        }

        _byEnd.EnqueueRange(ends);
        foreach (var (key, stored) in _open)
        {
            if (stored.Trial is { IsUnitless: true, IsSuccess: false } trial)
            {
                Wait(key, trial);
            }
        }
    }

    /// <summary>Lets an open trial wait for its success, behind those that are still open.</summary>
    private void Wait(ulong key, in OpenTrial trial)
    {
        var place = PlaceOf(trial.Variant, trial.WeightsVersion);
        if (!_unitless.TryGetValue(place, out var waiting))
        {
            _unitless.Add(place, waiting = new Queue<ulong>());
        }

        while (waiting.TryPeek(out var oldest) && !_open.ContainsKey(oldest))
        {
            waiting.Dequeue();
        }

        waiting.Enqueue(key);
    }

    private static ulong PlaceOf(int variant, int weightsVersion) => (ulong)(uint)variant << 32 | (uint)weightsVersion;

    private bool IsWithin(ulong unit, long atMs) =>
        TryGetOpen(unit, out var open) && atMs >= open.ExposedMs && atMs <= open.EndMs;

    private bool TryGetOpen(ulong unit, out OpenTrial trial)
    {
        var isOpen = _open.TryGetValue(unit, out var stored);
        trial = isOpen ? stored.Trial : default;
        return isOpen;
    }

    private static (ulong Unit, OpenTrial Trial) ReadTrial(ref PackedReader from)
    {
        var unit = from.ReadWhole();
        var variant = from.Read();
        var basisPoints = (int)from.Read();
        var version = (int)from.Read();
        var exposed = from.Read();
        var end = exposed + from.Read();
        var flags = from.Read();
        return (
            unit,
            new OpenTrial(
                variant is >= 0 and <= int.MaxValue ? (int)variant : -1,
                basisPoints,
                version,
                exposed,
                end,
                (flags & SuccessFlag) != 0
            )
            {
                Value = (flags & ValueFlag) != 0 ? from.ReadDouble() : null,
                Rows = (flags & RowsFlag) != 0 ? ReadRows(ref from) : default,
                IsUnitless = (flags & UnitlessFlag) != 0,
                Goals = (byte)(flags >> GoalsShift),
            }
        );
    }

    private static void WriteRows(BinaryWriter to, in TrialRows rows)
    {
        if (rows != default)
        {
            to.Write7BitEncodedInt(rows.Country);
            to.Write7BitEncodedInt(rows.Device);
            to.Write7BitEncodedInt(rows.Browser);
            to.Write7BitEncodedInt(rows.Source);
            to.Write7BitEncodedInt(rows.Verdict);
        }
    }

    private static TrialRows ReadRows(ref PackedReader from) =>
        new(
            (ushort)from.Read(),
            (ushort)from.Read(),
            (ushort)from.Read(),
            (ushort)from.Read(),
            (ushort)from.Read()
        );

    private static long ZigZag(long value) => (value << 1) ^ (value >> 63);

    private static long UnZigZag(long value) => (long)((ulong)value >> 1) ^ -(value & 1);

    /// <summary>An open trial in 40 bytes: with long windows there are as many as there may be units.</summary>
    private readonly struct StoredTrial(in OpenTrial trial)
    {
        private readonly long _exposedMs = trial.ExposedMs;
        private readonly double _value = trial.Value ?? double.NaN;
        private readonly uint _windowMs = (uint)Math.Clamp(trial.EndMs - trial.ExposedMs, 0, uint.MaxValue);
        private readonly int _weightsVersion = trial.WeightsVersion;
        private readonly ushort _variant = (ushort)trial.Variant;
        private readonly ushort _basisPoints = (ushort)trial.BasisPoints;
        private readonly TrialRows _rows = trial.Rows;
        private readonly byte _flags = (byte)(
            (trial.IsSuccess ? SuccessFlag : 0) | (trial.IsUnitless ? UnitlessFlag : 0)
        );
        private readonly byte _goals = trial.Goals;

        public OpenTrial Trial =>
            new(_variant, _basisPoints, _weightsVersion, _exposedMs, _exposedMs + _windowMs, (_flags & SuccessFlag) != 0)
            {
                Value = double.IsNaN(_value) ? null : _value,
                Rows = _rows,
                IsUnitless = (_flags & UnitlessFlag) != 0,
                Goals = _goals,
            };
    }
}
