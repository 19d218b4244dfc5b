using System.Text;
using Edge.Statistics.Results;

namespace Edge.Statistics.Counting;

/// <summary>The live counts of one variant. Guarded by the tally's lock.</summary>
internal sealed class VariantCounter(string id, SharedBudget sketchBytes)
{
    /// <summary>Version of <see cref="VariantState.Uniques"/>.</summary>
    private const int UniquesVersion = 1;

    private readonly byte[] _idUtf8 = Encoding.UTF8.GetBytes(id);
    private readonly CountSeries _hourly = new(CountSeries.Hour, sketchBytes, TallyLimits.UniqueHoursHeld);
    private readonly CountSeries _daily = new(CountSeries.Day, sketchBytes, TallyLimits.UniqueDaysHeld);
    private long _impressions;
    private long _clicks;
    private long _views;
    private long _conversions;

    // Null before the first unit, and for good once there was no room for it.
    private UniqueSketch? _units;
    private bool _areUnitsUnknown;

    // What was counted elsewhere, of which the largest part was estimated with some error.
    private long _unitsElsewhere;
    private double _errorElsewhere;

    public string Id { get; } = id;

    public ReadOnlySpan<byte> IdUtf8 => _idUtf8;

    /// <summary>Number of points in its series.</summary>
    public int SeriesPoints => _hourly.Count + _daily.Count;

    public VariantTally Counts => new(Id, _impressions, _clicks, _views, _conversions);

    /// <summary>
    /// Different units, those of each key counted by themselves: where keys change every day, the sum of the days.
    /// </summary>
    public UniqueCount Uniques =>
        new(
            _areUnitsUnknown ? null : (_units?.Estimate ?? 0) + _unitsElsewhere,
            Math.Max(_units?.Error ?? 0, _errorElsewhere)
        );

    /// <summary>Adds a unit that an event counted of this variant has.</summary>
    public void AddUnit(ulong unit, long atMs)
    {
        if (!_hourly.AddUnit(atMs, unit))
        {
            return;
        }
        _daily.AddUnit(atMs, unit);
        if (_areUnitsUnknown)
        {
            return;
        }
        if (_units is null && sketchBytes.TryTake(leave: 0, UniqueSketch.OverheadBytes))
        {
            _units = new UniqueSketch();
        }
        if (_units is null || _units.Add(unit, sketchBytes) == UniqueResult.NoRoom)
        {
            _units?.Release(sketchBytes);
            _units = null;
            _areUnitsUnknown = true;
        }
    }

    /// <summary>Takes how many units there were, as it was counted elsewhere.</summary>
    public void Add(CountedUnits units)
    {
        if (!units.IsDay)
        {
            _hourly.SetUnits(units.PeriodMs, units.Count);
            return;
        }
        _daily.SetUnits(units.PeriodMs, units.Count);
        _unitsElsewhere += units.Count;
        _errorElsewhere = Math.Max(_errorElsewhere, units.Error);
    }

    /// <summary>The registers of its sketches.</summary>
    public VariantSketches CopySketches() =>
        new(Id, Uniques, _units?.ToRegisters(), _hourly.CopySketches(), _daily.CopySketches());

    /// <summary>Replaces older sketches by their numbers.</summary>
    public void CloseSketches(int hoursHeld, int daysHeld)
    {
        _hourly.CloseSketches(hoursHeld);
        _daily.CloseSketches(daysHeld);
    }

    /// <summary>Returns what the sketches have taken.</summary>
    public void Forget()
    {
        _hourly.Forget();
        _daily.Forget();
        _units?.Release(sketchBytes);
        _units = null;
    }

    public void Count(TalliedKind kind, long atMs)
    {
        switch (kind)
        {
            case TalliedKind.Impression:
                _impressions++;
                _hourly.AddImpression(atMs);
                _daily.AddImpression(atMs);
                break;
            case TalliedKind.Click:
                _clicks++;
                _hourly.AddClick(atMs);
                _daily.AddClick(atMs);
                break;
            case TalliedKind.View:
                _views++;
                break;
            case TalliedKind.Conversion:
                _conversions++;
                break;
        }
    }

    /// <summary>Takes back or gives back clicks of an earlier time; never to less than none.</summary>
    public void ChangeClicks(long atMs, int change)
    {
        _clicks = Math.Max(0, _clicks + change);
        _hourly.ChangeClicks(atMs, change);
        _daily.ChangeClicks(atMs, change);
    }

    public void CountTrial(in OpenTrial trial)
    {
        _hourly.AddTrial(trial.ExposedMs, trial.IsSuccess);
        _daily.AddTrial(trial.ExposedMs, trial.IsSuccess);
    }

    /// <summary>Adds what was counted elsewhere of one hour.</summary>
    public void Add(long hourMs, in KindCounts events)
    {
        _impressions += events.Impressions;
        _clicks += events.Clicks;
        _views += events.Views;
        _conversions += events.Conversions;
        _hourly.Add(hourMs, events.Impressions, events.Clicks, 0, 0);
        _daily.Add(hourMs, events.Impressions, events.Clicks, 0, 0);
    }

    /// <summary>Adds trials that were counted elsewhere, of one hour.</summary>
    public void AddTrials(long hourMs, long trials, long successes)
    {
        _hourly.Add(hourMs, 0, 0, trials, successes);
        _daily.Add(hourMs, 0, 0, trials, successes);
    }

    /// <summary>Adds this variant's counts to the series of its experiment.</summary>
    public void AddTo(SortedList<long, List<SeriesCounts>> hourly, SortedList<long, List<SeriesCounts>> daily)
    {
        _hourly.AddTo(hourly, Id);
        _daily.AddTo(daily, Id);
    }

    public void Trim(int hoursKept, int daysKept)
    {
        _hourly.Trim(hoursKept);
        _daily.Trim(daysKept);
    }

    public VariantState ToState() =>
        new()
        {
            Counts = Counts,
            Hourly = _hourly.Pack(),
            Daily = _daily.Pack(),
            Uniques = PackUniques(),
        };

    /// <summary>Throws <see cref="InvalidDataException"/> when the state is damaged.</summary>
    public static VariantCounter FromState(VariantState state, SharedBudget sketchBytes)
    {
        var counter = new VariantCounter(state.Counts.Id, sketchBytes)
        {
            _impressions = state.Counts.Impressions,
            _clicks = state.Counts.Clicks,
            _views = state.Counts.Views,
            _conversions = state.Counts.Conversions,
        };
        counter._hourly.Unpack(state.Hourly);
        counter._daily.Unpack(state.Daily);
        if (state.Uniques is not null)
        {
            counter.UnpackUniques(state.Uniques);
        }
        return counter;
    }

    private byte[] PackUniques() =>
        PackedNumbers.Write(
            64,
            to =>
            {
                to.Write7BitEncodedInt64(UniquesVersion);
                to.Write7BitEncodedInt64(_areUnitsUnknown ? 1 : 0);
                to.Write7BitEncodedInt64(_unitsElsewhere);
                to.Write(_errorElsewhere);
                to.Write7BitEncodedInt64(_units is null ? 0 : 1);
                _units?.Pack(to);
                _hourly.PackUnits(to);
                _daily.PackUnits(to);
            }
        );

    private void UnpackUniques(byte[] packed)
    {
        var from = new PackedReader(packed);
        if (from.Read() != UniquesVersion)
        {
            // Of a later version: what it knew of units is unknown here.
            _areUnitsUnknown = true;
            return;
        }
        _areUnitsUnknown = from.Read() != 0;
        _unitsElsewhere = from.Read();
        _errorElsewhere = from.ReadDouble();
        if (from.Read() != 0)
        {
            _units = UniqueSketch.Unpack(ref from, sketchBytes);
        }
        _hourly.UnpackUnits(ref from);
        _daily.UnpackUnits(ref from);
        from.End();
    }
}
