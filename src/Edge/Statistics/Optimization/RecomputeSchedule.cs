using Edge.Catalog;
using Edge.Experiments;

namespace Edge.Statistics.Optimization;

/// <summary>
/// When each running A/B test is recomputed next, and how many trials it had last time. An experiment that is started
/// or resumed is new here, so it is due at once. Used by the optimizer's thread only.
/// </summary>
internal sealed class RecomputeSchedule(TimeProvider time)
{
    /// <summary>
    /// Experiments that start together come due at different times, earlier by up to this share of their interval.
    /// </summary>
    private const double JitterShare = 0.1;

    private const int SecondsPerMinute = 60;

    private readonly Dictionary<string, Turn> _turns = new(StringComparer.Ordinal);
    private ExperimentCatalog? _seen;

    /// <summary>Whether an experiment is recomputed at all.</summary>
    public static bool Covers(CatalogEntry entry) => entry.IsRunning && entry.Type == ExperimentType.AbTest;

    /// <summary>
    /// Updates the schedule from the catalog; a shorter interval brings the next recomputation forward.
    /// </summary>
    public void Follow(ExperimentCatalog catalog)
    {
        if (ReferenceEquals(catalog, _seen))
        {
            return;
        }
        _seen = catalog;
        foreach (var uid in _turns.Keys.ToArray())
        {
            if (!catalog.TryFindByUid(uid, out var entry) || !Covers(entry))
            {
                _turns.Remove(uid);
            }
        }
        var now = time.GetTimestamp();
        foreach (var entry in catalog.Entries)
        {
            if (!Covers(entry))
            {
                continue;
            }
            var interval = entry.Experiment.BanditConfig.RecomputeIntervalMinutes;
            if (!_turns.TryGetValue(entry.Experiment.Uid, out var turn))
            {
                _turns.Add(entry.Experiment.Uid, new Turn { DueAt = now, IntervalMinutes = interval });
            }
            else if (turn.IntervalMinutes != interval)
            {
                turn.IntervalMinutes = interval;
                turn.DueAt = Math.Min(turn.DueAt, NextAfter(now, interval));
            }
        }
    }

    /// <summary>Takes the experiments that are due; each is due again one interval later.</summary>
    /// <param name="canBe">Which of them can be recomputed; the others stay due. Null for all.</param>
    public List<string> TakeDue(Predicate<string>? canBe = null)
    {
        var due = new List<string>();
        var now = time.GetTimestamp();
        foreach (var (uid, turn) in _turns)
        {
            if (now >= turn.DueAt && canBe?.Invoke(uid) != false)
            {
                turn.DueAt = NextAfter(now, turn.IntervalMinutes);
                due.Add(uid);
            }
        }
        return due;
    }

    /// <summary>Trials at the last recomputation; null before the first.</summary>
    public long? TrialsSeen(string uid) => _turns.GetValueOrDefault(uid)?.TrialsSeen;

    /// <summary>Records the number of trials at a recomputation.</summary>
    public void RecordTrials(string uid, long trials)
    {
        if (_turns.TryGetValue(uid, out var turn))
        {
            turn.TrialsSeen = trials;
        }
    }

    private long NextAfter(long timestamp, int intervalMinutes)
    {
        var seconds = intervalMinutes * SecondsPerMinute * (1 - JitterShare * Random.Shared.NextDouble());
        return timestamp + (long)(seconds * time.TimestampFrequency);
    }

    private sealed class Turn
    {
        public long DueAt { get; set; }
        public int IntervalMinutes { get; set; }
        public long? TrialsSeen { get; set; }
    }
}
