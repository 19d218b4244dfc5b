using System.Text;
using Edge.Statistics.Results;

namespace Edge.Statistics.Counting;

/// <summary>The live counts of one variant. Guarded by the tally's lock.</summary>
internal sealed class VariantCounter(string id)
{
    private readonly byte[] _idUtf8 = Encoding.UTF8.GetBytes(id);
    private readonly CountSeries _hourly = new(CountSeries.Hour);
    private readonly CountSeries _daily = new(CountSeries.Day);
    private long _impressions;
    private long _clicks;
    private long _views;
    private long _conversions;

    public string Id { get; } = id;

    public ReadOnlySpan<byte> IdUtf8 => _idUtf8;

    /// <summary>Number of points in its series.</summary>
    public int SeriesPoints => _hourly.Count + _daily.Count;

    public VariantTally Counts => new(Id, _impressions, _clicks, _views, _conversions);

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
        };

    /// <summary>Throws <see cref="InvalidDataException"/> when the state is damaged.</summary>
    public static VariantCounter FromState(VariantState state)
    {
        var counter = new VariantCounter(state.Counts.Id)
        {
            _impressions = state.Counts.Impressions,
            _clicks = state.Counts.Clicks,
            _views = state.Counts.Views,
            _conversions = state.Counts.Conversions,
        };
        counter._hourly.Unpack(state.Hourly);
        counter._daily.Unpack(state.Daily);
        return counter;
    }
}
