using System.Runtime.InteropServices;
using Edge.Statistics.Results;

namespace Edge.Statistics.Counting;

/// <summary>
/// Counts per hour or day, for the periods in which anything was counted. Not safe for concurrent use.
/// </summary>
/// <param name="periodMs">Milliseconds of a period.</param>
/// <param name="sketchBytes">What sketches of units take bytes from.</param>
/// <param name="sketchesHeld">Newest periods that have such a sketch.</param>
internal sealed class CountSeries(long periodMs, SharedBudget sketchBytes, int sketchesHeld)
{
    /// <summary>Milliseconds of an hour.</summary>
    public const long Hour = 3_600_000;

    /// <summary>Milliseconds of a day.</summary>
    public const long Day = 24 * Hour;

    /// <summary>Five numbers of at least a byte.</summary>
    private const int PointBytesMin = 5;

    /// <summary>A period and its number of units.</summary>
    private const int UniqueBytesMin = 2;

    /// <summary>
    /// Of the bytes for sketches, one in this many is left to those of whole variants: hours give way to them.
    /// </summary>
    private const int LeftToTotals = 4;

    // Values of Counts.Units beside the number of units, plus one, of a period that is closed.
    private const long Counting = 0;
    private const long Unknown = -1;

    // In ascending order of period. Almost every event falls into the last one.
    private readonly List<Counts> _points = [];

    // In ascending order of period, each of a point that is counting.
    private readonly List<(long Period, UniqueSketch Sketch)> _sketches = [];

    /// <summary>Periods held.</summary>
    public int Count => _points.Count;

    public void AddImpression(long atMs) => At(atMs).Impressions++;

    public void AddClick(long atMs) => At(atMs).Clicks++;

    /// <summary>Takes back or gives back clicks of a period; never to less than none.</summary>
    public void ChangeClicks(long atMs, int change)
    {
        ref var counts = ref At(atMs);
        counts.Clicks = Math.Max(0, counts.Clicks + change);
    }

    /// <summary>Counts a matured trial in the period of its exposure.</summary>
    public void AddTrial(long exposedMs, bool isSuccess)
    {
        ref var counts = ref At(exposedMs);
        counts.Trials++;
        counts.Successes += isSuccess ? 1 : 0;
    }

    /// <summary>Adds what was counted of a period; nothing makes no point.</summary>
    public void Add(long atMs, long impressions, long clicks, long trials, long successes)
    {
        if (impressions + clicks + trials > 0)
        {
            ref var counts = ref At(atMs);
            counts.Impressions += impressions;
            counts.Clicks += clicks;
            counts.Trials += trials;
            counts.Successes += successes;
        }
    }

    /// <summary>Adds a unit to its period.</summary>
    /// <returns>False when the period had it, so that every longer one has it, too.</returns>
    public bool AddUnit(long atMs, ulong unit)
    {
        ref var point = ref At(atMs);
        if (point.Units != Counting)
        {
            return true;
        }
        var period = point.Period;
        if (Find(period) is not { } sketch)
        {
            // What is older than the oldest sketch of as many as there may be comes too late for one.
            var isLate = _sketches.Count >= sketchesHeld && _sketches[0].Period > period;
            if (isLate || !sketchBytes.TryTake(LeftToTotals, UniqueSketch.OverheadBytes))
            {
                point.Units = Unknown;
                return true;
            }
            sketch = new UniqueSketch();
            var place = _sketches.Count;
            while (place > 0 && _sketches[place - 1].Period > period)
            {
                place--;
            }
            _sketches.Insert(place, (period, sketch));
            CloseSketches(sketchesHeld);
        }
        var result = sketch.Add(unit, sketchBytes, LeftToTotals);
        if (result == UniqueResult.NoRoom)
        {
            point.Units = Unknown;
            Remove(period);
        }
        return result != UniqueResult.Known;
    }

    /// <summary>Takes the number of units of a period from elsewhere.</summary>
    public void SetUnits(long atMs, long units) => At(atMs).Units = units + 1;

    /// <summary>
    /// Replaces all but the newest sketches by their numbers: what comes later no longer changes those.
    /// </summary>
    public void CloseSketches(int held)
    {
        while (_sketches.Count > held)
        {
            var (period, sketch) = _sketches[0];
            At(period * periodMs).Units = sketch.Estimate + 1;
            sketch.Release(sketchBytes);
            _sketches.RemoveAt(0);
        }
    }

    /// <summary>Returns what the sketches have taken.</summary>
    public void Forget() => RemoveSketchesBefore(long.MaxValue);

    /// <summary>The registers of each period that has a sketch, ascending.</summary>
    public IReadOnlyList<(DateTimeOffset Time, byte[] Registers)> CopySketches() =>
        _sketches.ConvertAll(held =>
            (DateTimeOffset.FromUnixTimeMilliseconds(held.Period * periodMs), held.Sketch.ToRegisters())
        );

    /// <summary>
    /// Keeps the newest <paramref name="kept"/> points. Limited by number, not by age: a clock that is wrong for an
    /// hour must not discard a year of counts.
    /// </summary>
    public void Trim(int kept)
    {
        if (_points.Count > kept)
        {
            _points.RemoveRange(0, _points.Count - kept);
            RemoveSketchesBefore(_points[0].Period);
        }
    }

    /// <summary>Adds this variant's counts of each period to the points of its experiment.</summary>
    public void AddTo(SortedList<long, List<SeriesCounts>> points, string variantId)
    {
        foreach (var p in _points)
        {
            var startMs = p.Period * periodMs;
            if (!points.TryGetValue(startMs, out var counts))
            {
                points.Add(startMs, counts = []);
            }
            long? units = p.Units switch
            {
                Unknown => null,
                Counting => Find(p.Period)?.Estimate ?? 0,
                _ => p.Units - 1,
            };
            counts.Add(new SeriesCounts(variantId, p.Impressions, p.Clicks, p.Trials, p.Successes, units));
        }
    }

    /// <summary>Encodes the points for a checkpoint.</summary>
    public byte[] Pack() =>
        PackedNumbers.Write(
            _points.Count * 8,
            to =>
            {
                to.Write7BitEncodedInt64(_points.Count);
                var before = 0L;
                foreach (var point in _points)
                {
                    to.Write7BitEncodedInt64(point.Period - before);
                    to.Write7BitEncodedInt64(point.Impressions);
                    to.Write7BitEncodedInt64(point.Clicks);
                    to.Write7BitEncodedInt64(point.Trials);
                    to.Write7BitEncodedInt64(point.Successes);
                    before = point.Period;
                }
            }
        );

    /// <summary>
    /// Adds the points encoded by <see cref="Pack"/>, their units unknown; throws <see cref="InvalidDataException"/>
    /// for any other bytes.
    /// </summary>
    public void Unpack(byte[] packed)
    {
        var from = new PackedReader(packed);
        var period = 0L;
        for (var left = from.ReadCount(PointBytesMin); left > 0; left--)
        {
            period += from.Read();
            _points.Add(
                new Counts
                {
                    Period = period,
                    Impressions = from.Read(),
                    Clicks = from.Read(),
                    Trials = from.Read(),
                    Successes = from.Read(),
                    Units = Unknown,
                }
            );
        }

        from.End();
    }

    /// <summary>Encodes what is known of the units of the points.</summary>
    public void PackUnits(BinaryWriter to)
    {
        var known = 0;
        foreach (var point in _points)
        {
            known += point.Units == Unknown ? 0 : 1;
        }
        to.Write7BitEncodedInt64(known);
        var before = 0L;
        foreach (var point in _points)
        {
            if (point.Units != Unknown)
            {
                to.Write7BitEncodedInt64(point.Period - before);
                to.Write7BitEncodedInt64(point.Units);
                before = point.Period;
            }
        }
        to.Write7BitEncodedInt64(_sketches.Count);
        before = 0L;
        foreach (var (period, sketch) in _sketches)
        {
            to.Write7BitEncodedInt64(period - before);
            sketch.Pack(to);
            before = period;
        }
    }

    /// <summary>
    /// Restores what <see cref="PackUnits"/> has encoded of the same points; throws <see cref="InvalidDataException"/>
    /// for any other bytes.
    /// </summary>
    public void UnpackUnits(ref PackedReader from)
    {
        var points = CollectionsMarshal.AsSpan(_points);
        var at = 0;
        var period = 0L;
        for (var left = from.ReadCount(UniqueBytesMin); left > 0; left--)
        {
            period += from.Read();
            while (at < points.Length && points[at].Period < period)
            {
                at++;
            }
            var units = from.Read();
            if (at == points.Length || points[at].Period != period || units < Counting)
            {
                throw new InvalidDataException("packed units are those of other points");
            }
            points[at].Units = units;
        }
        period = 0L;
        at = 0;
        for (var left = from.ReadCount(UniqueBytesMin); left > 0; left--)
        {
            period += from.Read();
            while (at < points.Length && points[at].Period < period)
            {
                at++;
            }
            var isNext = _sketches.Count == 0 || _sketches[^1].Period < period;
            if (at == points.Length || points[at].Period != period || points[at].Units != Counting || !isNext)
            {
                throw new InvalidDataException("packed sketches are those of other points");
            }
            _sketches.Add((period, UniqueSketch.Unpack(ref from, sketchBytes)));
        }
    }

    private UniqueSketch? Find(long period)
    {
        for (var i = _sketches.Count - 1; i >= 0 && _sketches[i].Period >= period; i--)
        {
            if (_sketches[i].Period == period)
            {
                return _sketches[i].Sketch;
            }
        }
        return null;
    }

    private void Remove(long period)
    {
        for (var i = _sketches.Count - 1; i >= 0; i--)
        {
            if (_sketches[i].Period == period)
            {
                _sketches[i].Sketch.Release(sketchBytes);
                _sketches.RemoveAt(i);
            }
        }
    }

    private void RemoveSketchesBefore(long period)
    {
        while (_sketches.Count > 0 && _sketches[0].Period < period)
        {
            _sketches[0].Sketch.Release(sketchBytes);
            _sketches.RemoveAt(0);
        }
    }

    private ref Counts At(long atMs)
    {
        var period = Math.Max(0, atMs) / periodMs;
        var at = _points.Count - 1;
        while (at >= 0 && _points[at].Period > period)
        {
            at--;
        }
        if (at < 0 || _points[at].Period != period)
        {
            _points.Insert(++at, new Counts { Period = period });
        }
        return ref CollectionsMarshal.AsSpan(_points)[at];
    }

    private struct Counts
    {
        public long Period;
        public long Impressions;
        public long Clicks;
        public long Trials;
        public long Successes;

        /// <summary>Counting, unknown, or the number of units and one.</summary>
        public long Units;
    }
}
