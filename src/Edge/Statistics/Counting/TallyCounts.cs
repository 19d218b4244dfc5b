using System.Text;
using System.Text.Json;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Journal.Records;
using Edge.Visits;

namespace Edge.Statistics.Counting;

/// <summary>
/// The counts of all experiments and the limits they share: the logic of the tally without its files and threads.
/// Guarded by the tally's lock.
/// </summary>
internal sealed class TallyCounts(TallyLimits limits, CatalogHolder catalog)
{
    /// <summary>Interval, in event time, between two searches for matured trials.</summary>
    private const long MatureEveryMs = 1_000;

    /// <summary>Interval, in event time, between two removals of old data.</summary>
    private const long TrimEveryMs = CountSeries.Hour / 6;

    /// <summary>Minimum number of points kept per series, however many series there are.</summary>
    private const int PeriodsKeptMin = 24;

    private readonly Dictionary<string, ExperimentCounter> _experiments = new(StringComparer.Ordinal);
    private readonly SharedBudget _units = new(limits.UnitsMax);
    private readonly SharedBudget _rows = new(limits.BreakdownRowsMax);
    private readonly SharedBudget _sketchBytes = new(limits.UniqueBytesMax);

    // Whose units and open trials are still packed; null when all are restored.
    private IReadOnlyList<ExperimentState>? _packed;
    private long _newestMs;
    private long _maturedToMs;
    private long _trimmedAtMs;
    private long _unlearned;
    private long _uncounted;

    public TallyStatus Status
    {
        get
        {
            var open = 0;
            foreach (var experiment in Restored().Values)
            {
                open += experiment.OpenTrials;
            }
            return new TallyStatus(_experiments.Count, _units.Used, open, _unlearned, _uncounted, _sketchBytes.Used);
        }
    }

    public ExperimentCounter? Find(string uid) => Restored().GetValueOrDefault(uid);

    /// <summary>One experiment, after its trials were counted whose attribution window has passed.</summary>
    /// <inheritdoc cref="Mature"/>
    public ExperimentCounter? FindMature(string uid, long clockMs, bool isUpToDate)
    {
        var experiment = Find(uid);
        experiment?.Mature(Now(clockMs, isUpToDate));
        return experiment;
    }

    /// <summary>Counts one event of the journal.</summary>
    /// <param name="payload">The event.</param>
    /// <param name="acceptedMs">When its id was created, milliseconds since 1970 UTC.</param>
    /// <param name="clockMs">The current time.</param>
    public void Count(ReadOnlySpan<byte> payload, long acceptedMs, long clockMs)
    {
        if (!TalliedEvent.TryRead(payload, acceptedMs, out var e))
        {
            return;
        }
        if (e.AtMs > _newestMs && e.AtMs <= clockMs + TallyLimits.AheadSeconds * 1_000L)
        {
            _newestMs = e.AtMs;
        }
        if (e.Goals(payload) is { IsEmpty: false } goals)
        {
            CountGoals(goals, e.AtMs, Now(clockMs, isUpToDate: false));
        }
        if (e.Kind == TalliedKind.Other || e.ExperimentUid(payload).IsEmpty)
        {
            return;
        }
        if (FindOrAdd(e.ExperimentUid(payload)) is not { } experiment)
        {
            _uncounted++;
            return;
        }
        _ = catalog.Current.TryFindByUid(experiment.Uid, out var entry);
        var nowMs = Now(clockMs, isUpToDate: false);
        experiment.Mature(nowMs);
        if (e.Kind == TalliedKind.Correction)
        {
            experiment.Correct(e, payload, entry, nowMs);
            return;
        }
        if (!experiment.Count(e, payload, entry, nowMs, out var isLearned))
        {
            _uncounted++;
        }
        if (!isLearned)
        {
            _unlearned++;
        }
    }

    /// <summary>Counts the trials whose attribution window has passed, and removes old data.</summary>
    /// <param name="clockMs">The current time.</param>
    /// <param name="isUpToDate">Whether everything committed has been counted, so that the clock may be used.</param>
    public void Mature(long clockMs, bool isUpToDate)
    {
        var nowMs = Now(clockMs, isUpToDate);
        if (isUpToDate || Math.Abs(nowMs - _maturedToMs) >= MatureEveryMs)
        {
            _maturedToMs = nowMs;
            foreach (var experiment in Restored().Values)
            {
                experiment.Mature(nowMs);
            }
        }
        if (Math.Abs(nowMs - _trimmedAtMs) >= TrimEveryMs)
        {
            _trimmedAtMs = nowMs;
            Trim(nowMs);
        }
    }

    /// <summary>The state from which <see cref="FromState"/> continues.</summary>
    public TallyState ToState(string journal, JournalCursor cursor) =>
        new()
        {
            Version = TallyState.CurrentVersion,
            Journal = journal,
            Address = cursor.Address,
            Sequence = cursor.Sequence,
            NewestMs = _newestMs,
            Unlearned = _unlearned,
            Uncounted = _uncounted,
            Experiments = [.. Restored().Values.Select(experiment => experiment.ToState())],
        };

    /// <summary>Throws <see cref="InvalidDataException"/> when the state is damaged.</summary>
    public static TallyCounts FromState(TallyState state, TallyLimits limits, CatalogHolder catalog)
    {
        var counts = new TallyCounts(limits, catalog)
        {
            _newestMs = state.NewestMs,
            _unlearned = state.Unlearned,
            _uncounted = state.Uncounted,
        };
        foreach (var experiment in state.Experiments)
        {
            var counter = ExperimentCounter.FromState(
                experiment,
                limits,
                counts._units,
                counts._rows,
                counts._sketchBytes
            );
            if (!counts._experiments.TryAdd(counter.Uid, counter))
            {
                throw new InvalidDataException($"experiment '{counter.Uid}' is there twice");
            }
        }

        counts._packed = state.Experiments;
        return counts;
    }

    /// <summary>
    /// Counts an event for the trials of every experiment whose goal it reaches; whether its sender counts was decided
    /// when that was found out.
    /// </summary>
    private void CountGoals(ReadOnlySpan<byte> goals, long atMs, long nowMs)
    {
        Span<ulong> units = stackalloc ulong[GoalMatcher.HashesMax];
        var reader = new Utf8JsonReader(goals);
        while (TalliedEvent.TryReadGoal(ref reader, units, out var uid, out var count, out var value))
        {
            // Without a counter nobody was exposed; the goal may have changed since the event was recorded.
            if (
                Find(Encoding.UTF8.GetString(uid)) is { } experiment
                && catalog.Current.TryFindByUid(experiment.Uid, out var entry)
                && entry.Experiment.GoalConfig.Type is GoalType.Conversion or GoalType.Event or GoalType.Value
            )
            {
                experiment.Mature(nowMs);
                experiment.ReachGoal(units[..count], value, atMs, nowMs);
            }
        }
    }

    /// <summary>
    /// All experiments, complete. A start leaves up to a million units packed, so that it does not wait for them; whoever
    /// needs counts first, usually the pump, unpacks them.
    /// </summary>
    private Dictionary<string, ExperimentCounter> Restored()
    {
        if (_packed is { } packed)
        {
            foreach (var state in packed)
            {
                _experiments[state.Uid].RestoreTrials(state);
            }

            _packed = null;
        }

        return _experiments;
    }

    /// <summary>
    /// The time up to which no more events are expected: that of the newest event (limited by the clock, so that it
    /// follows a clock that was set back), or the clock's.
    /// </summary>
    private long Now(long clockMs, bool isUpToDate) =>
        isUpToDate ? clockMs : Math.Min(_newestMs, clockMs + TallyLimits.AheadSeconds * 1_000L);

    private void Trim(long nowMs)
    {
        foreach (var experiment in Restored().Values.ToArray())
        {
            experiment.MissingSinceMs = catalog.Current.TryFindByUid(experiment.Uid, out _)
                ? null
                : experiment.MissingSinceMs ?? nowMs;
            if (nowMs - experiment.MissingSinceMs >= TallyLimits.MissingKeptDays * CountSeries.Day)
            {
                experiment.Forget();
                _experiments.Remove(experiment.Uid);
                continue;
            }
            experiment.ExpireUnits(nowMs);
        }
        var (hours, days) = (TallyLimits.HoursKept, TallyLimits.DaysKept);
        while (TrimSeries(hours, days) > limits.SeriesPointsMax && hours > PeriodsKeptMin)
        {
            (hours, days) = (Math.Max(PeriodsKeptMin, hours / 2), Math.Max(PeriodsKeptMin, days / 2));
        }
        CloseSketches();
    }

    /// <summary>
    /// Makes room for new sketches: with more than half of their bytes taken, fewer hours and days keep theirs.
    /// </summary>
    private void CloseSketches()
    {
        var (hours, days) = (TallyLimits.UniqueHoursHeld, TallyLimits.UniqueDaysHeld);
        while (_sketchBytes.Used > limits.UniqueBytesMax / 2 && hours > TallyLimits.UniquePeriodsHeldMin)
        {
            hours = Math.Max(TallyLimits.UniquePeriodsHeldMin, hours / 2);
            days = Math.Max(TallyLimits.UniquePeriodsHeldMin, days / 2);
            foreach (var experiment in _experiments.Values)
            {
                experiment.CloseSketches(hours, days);
            }
        }
    }

    private int TrimSeries(int hoursKept, int daysKept)
    {
        var points = 0;
        foreach (var experiment in _experiments.Values)
        {
            points += experiment.TrimSeries(hoursKept, daysKept);
        }
        return points;
    }

    /// <summary>Null when the uid is too long or there are too many experiments.</summary>
    private ExperimentCounter? FindOrAdd(ReadOnlySpan<byte> uidUtf8)
    {
        if (uidUtf8.Length > ExperimentRules.UidCharsMax)
        {
            return null;
        }
        Span<char> uid = stackalloc char[ExperimentRules.UidCharsMax];
        uid = uid[..Encoding.UTF8.GetChars(uidUtf8, uid)];
        var experiments = Restored();
        if (experiments.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(uid, out var known))
        {
            return known;
        }
        if (experiments.Count >= limits.ExperimentsMax)
        {
            return null;
        }
        var added = new ExperimentCounter(uid.ToString(), limits, _units, _rows, _sketchBytes);
        experiments.Add(added.Uid, added);
        return added;
    }
}
