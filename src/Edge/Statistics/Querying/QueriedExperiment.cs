using Edge.Statistics.Counting;
using Edge.Statistics.Optimization;

namespace Edge.Statistics.Querying;

/// <summary>What <see cref="ClickHouseTally"/> knows of one experiment. Guarded by its lock.</summary>
internal sealed class QueriedExperiment
{
    private readonly List<long> _looks = [];
    private WinnerWatch _watch = WinnerWatch.Empty;
    private IReadOnlyList<VersionWeights> _weights = [];

    /// <summary>Nothing is known.</summary>
    public QueriedExperiment() { }

    /// <summary>Continues from what was kept.</summary>
    public QueriedExperiment(QueriedState state, ExperimentCounter? current, int looksMax)
    {
        Rules = state.Rules;
        OpenFrom = DateOnly.FromDayNumber(state.OpenFrom);
        Closed = state.Closed;
        Current = current;
        At = KeptAt = state.At;
        _watch = state.Watch;
        _weights = state.Weights;
        foreach (var look in state.Looks)
        {
            AddLook(look, looksMax);
        }
        IsDirty = false;
    }

    /// <summary>How it is counted; null before anything was.</summary>
    public string? Rules { get; private set; }

    /// <summary>The first day that is not closed.</summary>
    public DateOnly? OpenFrom { get; private set; }

    /// <summary>Counts of the days before; null when there are none.</summary>
    public ExperimentState? Closed { get; private set; }

    /// <summary>The last good counts; null when nothing was counted.</summary>
    public ExperimentCounter? Current { get; private set; }

    /// <summary>The moment they are as of; null before the first.</summary>
    public DateTimeOffset? At { get; private set; }

    /// <summary>Why the last attempt to count it failed; null when it did not.</summary>
    public string? Problem { get; set; }

    /// <summary>Whether something has changed that cannot be counted again.</summary>
    public bool IsDirty { get; set; }

    /// <summary>The moment that the counts are as of that were kept last; null before the first.</summary>
    public DateTimeOffset? KeptAt { get; set; }

    /// <summary>When recomputations fixed baselines, as of which counts, ascending.</summary>
    public IReadOnlyList<long> Looks => _looks;

    /// <summary>Forgets what is closed, because it was counted otherwise. The last good counts stay until there are others.</summary>
    public void StartOver(string rules, DateOnly openFrom)
    {
        (_watch, _weights) = (Watch, Weights);
        Rules = rules;
        OpenFrom = openFrom;
        Closed = null;
        IsDirty = true;
    }

    /// <summary>Takes a day that is closed into what was counted before.</summary>
    public void Close(DateOnly day, ExperimentState? closed)
    {
        OpenFrom = day.AddDays(1);
        Closed = closed;
        IsDirty = true;
    }

    /// <summary>A counter with what is closed.</summary>
    public ExperimentCounter Restore(string uid, SharedBudget units, SharedBudget rows, SharedBudget sketchBytes)
    {
        var counter = Closed is null
            ? new ExperimentCounter(uid, TallyLimits.Default, units, rows, sketchBytes)
            : ExperimentCounter.FromState(Closed, TallyLimits.Default, units, rows, sketchBytes);
        counter.TakeWeights(Weights);
        return counter;
    }

    /// <summary>Takes new counts.</summary>
    public void Take(ExperimentCounter? counter, DateTimeOffset at)
    {
        (_watch, _weights) = (Watch, Weights);
        if (counter is not null)
        {
            counter.Watch = _watch;
            counter.TrimSeries(TallyLimits.HoursKept, TallyLimits.DaysKept);
        }
        Current?.Forget();
        Current = counter;
        At = at;
        Problem = null;
    }

    /// <summary>Remembers that a recomputation fixed baselines as of certain counts.</summary>
    public void AddLook(long atMs, int max)
    {
        if (_looks.Count > 0 && _looks[^1] >= atMs)
        {
            return;
        }
        _looks.Add(atMs);
        if (_looks.Count > max)
        {
            _looks.RemoveAt(0);
        }
        IsDirty = true;
    }

    public QueriedState ToState() =>
        new()
        {
            Version = QueriedState.CurrentVersion,
            Rules = Rules!,
            OpenFrom = OpenFrom!.Value.DayNumber,
            Closed = Closed,
            Current = Current?.ToState(),
            At = At,
            Looks = [.. _looks],
            Watch = Watch,
            Weights = Weights,
        };

    private WinnerWatch Watch => Current?.Watch ?? _watch;

    private IReadOnlyList<VersionWeights> Weights => Current is { } counter ? [.. counter.Weights] : _weights;
}
