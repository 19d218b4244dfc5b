using System.Collections.Frozen;
using System.Text;
using Edge.Catalog;
using Edge.Events;
using Edge.Experiments;
using Edge.Formats;
using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;
using Edge.Statistics.Results;

namespace Edge.Statistics.Counting;

/// <summary>The live counts of one experiment. Guarded by the tally's lock.</summary>
internal sealed class ExperimentCounter(
    string uid,
    TallyLimits limits,
    SharedBudget units,
    SharedBudget rows,
    SharedBudget sketchBytes
)
{
    private readonly List<VariantCounter> _variants = [];
    private readonly TrialTracker _tracker = new(units);
    private readonly SortedList<int, VersionWeights> _weights = [];
    private readonly BreakdownCounter _countries = new("country", rows);
    private readonly BreakdownCounter _devices = new("device", rows);
    private readonly BreakdownCounter _browsers = new("browser", rows);
    private readonly BreakdownCounter _sources = new("source", rows);
    private readonly BreakdownCounter _verdicts = new("verdict", rows);
    private TrialStatistics _trials = new();
    private SampleRatioCounts _sampleRatio = new();
    private long _firstEventMs = long.MaxValue;
    private long _lastEventMs = long.MinValue;
    private long? _lastCountedMs;
    private MachineCounts _machineImpressions;
    private MachineCounts _machineClicks;
    private long _unfilledTags;
    private TrialsMissed _missed;

    // Open trials that are counted elsewhere.
    private int _openElsewhere;

    public string Uid { get; } = uid;

    /// <summary>When the experiment disappeared from the catalog; null while it is there.</summary>
    public long? MissingSinceMs { get; set; }

    /// <summary>State of the search for a winner.</summary>
    public WinnerWatch Watch { get; set; } = WinnerWatch.Empty;

    public TrialStatistics Trials => _trials;

    /// <summary>The p-value of the sample ratio test; null when there is too little data.</summary>
    public double? SampleRatio => _sampleRatio.Test();

    /// <summary>Time of the latest event that counted for a variant; null before the first.</summary>
    public DateTimeOffset? LastCountedAt =>
        _lastCountedMs is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    public int OpenTrials => _tracker.Open + _openElsewhere;

    public VariantTally[] Counts => [.. _variants.Select(variant => variant.Counts)];

    /// <summary>The sketches of the variants, in the order in which they were first seen.</summary>
    public VariantSketches[] Sketches => [.. _variants.Select(variant => variant.CopySketches())];

    /// <summary>The weights of the versions it knows.</summary>
    public IList<VersionWeights> Weights => _weights.Values;

    /// <summary>The sample ratio test as the results of the experiment have it.</summary>
    public SampleRatioResult TestRatio(Experiment experiment) =>
        SampleRatioResult.Of(experiment, _sampleRatio);

    /// <summary>Counts one event; false when a limit prevented it from being counted.</summary>
    /// <param name="e">The event.</param>
    /// <param name="payload">Its bytes.</param>
    /// <param name="entry">The experiment's current definition; null when it is not in the catalog.</param>
    /// <param name="nowMs">The time up to which trials are final.</param>
    /// <param name="isLearned">False when it should have started a trial and there was no room for the unit.</param>
    public bool Count(
        in TalliedEvent e,
        ReadOnlySpan<byte> payload,
        CatalogEntry? entry,
        long nowMs,
        out bool isLearned
    )
    {
        isLearned = true;
        _firstEventMs = Math.Min(_firstEventMs, e.AtMs);
        _lastEventMs = Math.Max(_lastEventMs, e.AtMs);
        if (e.IsMachine)
        {
            CountMachine(e);
            return true;
        }
        var variantId = e.VariantId(payload);
        if (e.IsUnfilledTag)
        {
            _unfilledTags++;
        }
        if (variantId.IsEmpty)
        {
            // Reported by a server without saying what was shown; it counts for the experiment but for no variant.
            return true;
        }
        var variant = Find(variantId);
        if (variant < 0)
        {
            return false;
        }
        _variants[variant].Count(e.Kind, e.AtMs);
        _lastCountedMs = Math.Max(_lastCountedMs ?? e.AtMs, e.AtMs);
        var rows = new TrialRows(
            _countries.Count(e.Country(payload), variant, e.Kind),
            _devices.Count(e.Device(payload), variant, e.Kind),
            _browsers.Count(e.Browser(payload), variant, e.Kind),
            _sources.Count(e.Source(payload), variant, e.Kind),
            _verdicts.Count(e.VerdictWord(payload), variant, e.Kind)
        );
        var experiment = entry?.Experiment;
        var isStable = experiment is { StableUnits: true };
        var unit = isStable ? e.StableUnit : e.Unit;
        if (unit != 0)
        {
            _variants[variant].AddUnit(unit, e.AtMs);
        }
        if (e.IsPerson && e.IsUnitless && experiment?.GoalConfig.Type is GoalType.ClickThrough or GoalType.ImpressionsOnly)
        {
            isLearned = CountUnitless(e, entry, variant, rows, nowMs);
            return true;
        }
        if (entry is { NeedsUnit: true } && e is { IsPerson: true, BasisPoints: 0 } && Starts(experiment, e.Kind))
        {
            _missed = _missed with { NoChance = _missed.NoChance + 1 };
        }
        if (!e.IsPerson || unit == 0)
        {
            var isUnnamed = (isStable || e.IsUnitless) && e.IsPerson && e.BasisPoints > 0 && Starts(experiment, e.Kind);
            _missed = isUnnamed ? _missed with { Unnamed = _missed.Unnamed + 1 } : _missed;
            return true;
        }
        if (Starts(experiment, e.Kind) && e.BasisPoints > 0)
        {
            isLearned = _tracker.Expose(unit, Begin(e, entry, variant, rows)) != ExposureResult.NoRoom;
            _missed = isLearned ? _missed : _missed with { NoRoom = _missed.NoRoom + 1 };
        }
        else if (IsGoal(experiment, e.Kind))
        {
            ReachGoal([unit, isStable ? 0 : e.PreviousUnit], value: 0, e.AtMs, nowMs);
        }
        return true;
    }

    /// <summary>
    /// Takes back a click that another verdict makes a machine's, or gives back one that is a person's after all. A trial
    /// whose result is final keeps it.
    /// </summary>
    /// <param name="e">The correction, which says of the click what <see cref="Count"/> needs.</param>
    /// <param name="payload">Its bytes.</param>
    /// <param name="entry">The experiment's current definition; null when it is not in the catalog.</param>
    /// <param name="nowMs">The time up to which trials are final.</param>
    public void Correct(in TalliedEvent e, ReadOnlySpan<byte> payload, CatalogEntry? entry, long nowMs)
    {
        var (before, after) = (e.VerdictBefore, e.Verdict);
        if (before.IsMachine() == after.IsMachine())
        {
            return;
        }

        _machineClicks = e.IsMachine ? With(_machineClicks, after, 1) : With(_machineClicks, before, -1);
        if (e.VariantId(payload) is not { IsEmpty: false } variantId || Find(variantId) is not (>= 0 and var variant))
        {
            return;
        }

        var change = e.IsMachine ? -1 : 1;
        _variants[variant].ChangeClicks(e.AtMs, change);
        var rows = new TrialRows(
            _countries.ChangeClicks(e.Country(payload), variant, change),
            _devices.ChangeClicks(e.Device(payload), variant, change),
            _browsers.ChangeClicks(e.Browser(payload), variant, change),
            _sources.ChangeClicks(e.Source(payload), variant, change),
            _verdicts.ChangeClicks(e.IsMachine ? e.VerdictWordBefore(payload) : e.VerdictWord(payload), variant, change)
        );
        var experiment = entry?.Experiment;
        var isStable = experiment is { StableUnits: true };
        var unit = isStable ? e.StableUnit : e.Unit;
        if (unit == 0 || !(e.IsMachine ? before : after).IsPerson())
        {
            return;
        }

        if (Starts(experiment, TalliedKind.Click) && e.BasisPoints > 0)
        {
            if (e.IsMachine)
            {
                _tracker.Withdraw(unit, e.AtMs);
            }
            else
            {
                _tracker.Expose(unit, Begin(e, entry, variant, rows));
            }
        }
        else if (IsGoal(experiment, TalliedKind.Click))
        {
            ReadOnlySpan<ulong> units = [unit, isStable ? 0 : e.PreviousUnit];
            if (!e.IsMachine)
            {
                ReachGoal(units, value: 0, e.AtMs, nowMs);
                return;
            }

            foreach (var hash in units)
            {
                _tracker.Fail(hash, e.AtMs);
            }
        }
    }

    /// <summary>
    /// Records that a sender reached the goal, under every hash that its unit may have; a value counts for the first of
    /// them that has a trial.
    /// </summary>
    public void ReachGoal(ReadOnlySpan<ulong> units, double value, long atMs, long nowMs)
    {
        foreach (var unit in units)
        {
            if (unit != 0 && _tracker.Succeed(unit, value, atMs, nowMs) && value > 0)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Adds what was counted elsewhere of a stretch of time, the stretches in order. Throws
    /// <see cref="InvalidDataException"/> when it names more variants than there may be.
    /// </summary>
    public void Add(CountedStretch stretch)
    {
        if (stretch.Facts is { } facts)
        {
            _firstEventMs = Math.Min(_firstEventMs, facts.FirstEventMs);
            _lastEventMs = Math.Max(_lastEventMs, facts.LastEventMs);
            _machineImpressions = _machineImpressions.Plus(facts.MachineImpressions);
            _machineClicks = _machineClicks.Plus(facts.MachineClicks);
            _unfilledTags += facts.UnfilledTags;
            _missed = new TrialsMissed(
                _missed.Unnamed + facts.Missed.Unnamed,
                _missed.NoRoom,
                _missed.NoChance + facts.Missed.NoChance
            );
        }
        foreach (var events in stretch.Events)
        {
            _variants[Known(events.Variant)].Add(events.HourMs, events.Counts);
            _lastCountedMs = Math.Max(_lastCountedMs ?? events.LastMs, events.LastMs);
        }
        foreach (var epoch in stretch.Epochs)
        {
            if (epoch.IsLook)
            {
                _trials.BeginEpoch();
            }
            foreach (var trials in epoch.Trials)
            {
                var variant = _variants[Known(trials.Variant)];
                var sums = trials.Sums;
                var probability = trials.BasisPoints / (double)BasisPoints.Whole;
                variant.AddTrials(trials.HourMs, sums.Count, sums.Successes);
                _trials.Add(variant.Id, trials.WeightsVersion, probability, sums, stretch.AreValued);
                if (_weights.TryGetValue(trials.WeightsVersion, out var weights))
                {
                    _sampleRatio.Add(variant.Id, weights.Basis, sums.Count);
                }
            }
        }
        foreach (var value in stretch.Values)
        {
            Breakdowns[value.Breakdown].Add(value.Value, Known(value.Variant), value.Counts, value.Trials, value.Successes);
        }
        foreach (var counted in stretch.Units)
        {
            _variants[Known(counted.Variant)].Add(counted);
        }
        _openElsewhere += stretch.OpenTrials;
    }

    /// <summary>Counts the trials whose result is final by now.</summary>
    public void Mature(long nowMs)
    {
        while (_tracker.TryTakeMature(nowMs, out var trial))
        {
            var variant = _variants[trial.Variant];
            variant.CountTrial(trial);
            _countries.CountTrial(trial.Rows.Country, trial.Variant, trial.IsSuccess);
            _devices.CountTrial(trial.Rows.Device, trial.Variant, trial.IsSuccess);
            _browsers.CountTrial(trial.Rows.Browser, trial.Variant, trial.IsSuccess);
            _sources.CountTrial(trial.Rows.Source, trial.Variant, trial.IsSuccess);
            _verdicts.CountTrial(trial.Rows.Verdict, trial.Variant, trial.IsSuccess);
            var probability = trial.BasisPoints / (double)BasisPoints.Whole;
            _trials.Add(variant.Id, trial.WeightsVersion, probability, trial.IsSuccess, trial.Value);
            // Several exposures of one person are not independent, and the test would take them for a mistake.
            if (!trial.IsUnitless && _weights.TryGetValue(trial.WeightsVersion, out var weights))
            {
                _sampleRatio.Add(variant.Id, weights.Basis);
            }
        }
    }

    /// <summary>Takes the weights of the versions that another counter of the experiment knows.</summary>
    public void TakeWeights(IEnumerable<VersionWeights> versions)
    {
        foreach (var version in versions)
        {
            _weights.TryAdd(version.Version, version);
        }
        while (_weights.Count > limits.WeightVersionsMax)
        {
            _weights.RemoveAt(0);
        }
    }

    /// <summary>Records the weights of the version that is served now.</summary>
    public void RecordWeights(CatalogEntry? entry, int version)
    {
        if (entry is null || entry.WeightsVersion != version || _weights.ContainsKey(version))
        {
            return;
        }
        var basis = entry.Experiment.Variants.ToFrozenDictionary(
            variant => variant.Id,
            variant => variant.Weight,
            StringComparer.Ordinal
        );
        _weights.Add(version, new VersionWeights(version, basis));
        if (_weights.Count > limits.WeightVersionsMax)
        {
            _weights.RemoveAt(0);
        }
    }

    /// <summary>Forgets units first exposed more than a day ago.</summary>
    public void ExpireUnits(long nowMs) => _tracker.Expire(nowMs);

    /// <summary>Trims the series; returns the number of remaining points.</summary>
    public int TrimSeries(int hoursKept, int daysKept)
    {
        var points = 0;
        foreach (var variant in _variants)
        {
            variant.Trim(hoursKept, daysKept);
            points += variant.SeriesPoints;
        }
        return points;
    }

    /// <summary>Replaces older sketches by their numbers.</summary>
    public void CloseSketches(int hoursHeld, int daysHeld)
    {
        foreach (var variant in _variants)
        {
            variant.CloseSketches(hoursHeld, daysHeld);
        }
    }

    /// <summary>Releases this experiment's share of what all experiments have together.</summary>
    public void Forget()
    {
        foreach (var variant in _variants)
        {
            variant.Forget();
        }
        _tracker.Clear();
        foreach (var breakdown in Breakdowns)
        {
            breakdown.Clear();
        }
    }

    public ExperimentTally Copy()
    {
        var hourly = new SortedList<long, List<SeriesCounts>>();
        var daily = new SortedList<long, List<SeriesCounts>>();
        foreach (var variant in _variants)
        {
            variant.AddTo(hourly, daily);
        }
        string[] variantIds = [.. _variants.Select(variant => variant.Id)];
        return new ExperimentTally
        {
            Uid = Uid,
            FirstEventAt = DateTimeOffset.FromUnixTimeMilliseconds(_firstEventMs),
            LastEventAt = DateTimeOffset.FromUnixTimeMilliseconds(_lastEventMs),
            Variants = Counts,
            Uniques = [.. _variants.Select(variant => variant.Uniques)],
            MachineImpressions = _machineImpressions,
            MachineClicks = _machineClicks,
            UnfilledTags = _unfilledTags,
            TrialsMissed = _missed,
            Trials = TrialStatistics.FromState(_trials.ToState()),
            SampleRatio = SampleRatioCounts.FromState(_sampleRatio.ToState()),
            OpenTrials = OpenTrials,
            Weights = [.. _weights.Values],
            Watch = Watch,
            Breakdown = new ResultBreakdown(
                _countries.Copy(variantIds),
                _devices.Copy(variantIds),
                _browsers.Copy(variantIds),
                _sources.Copy(variantIds),
                _verdicts.Copy(variantIds)
            ),
            Hourly = Points(hourly),
            Daily = Points(daily),
        };
    }

    public ExperimentState ToState() =>
        new()
        {
            Uid = Uid,
            FirstEventMs = _firstEventMs,
            LastEventMs = _lastEventMs,
            LastCountedMs = _lastCountedMs,
            MissingSinceMs = MissingSinceMs,
            Variants = [.. _variants.Select(variant => variant.ToState())],
            MachineImpressions = _machineImpressions,
            MachineClicks = _machineClicks,
            UnfilledTags = _unfilledTags,
            TrialsMissed = _missed,
            Trials = _trials.ToState(),
            SampleRatio = _sampleRatio.ToState(),
            Weights = [.. _weights.Values],
            Watch = Watch,
            Breakdowns = [.. Breakdowns.Select(breakdown => breakdown.ToState())],
            Units = _tracker.PackUnits(),
            OpenTrials = _tracker.PackTrials(),
        };

    /// <summary>
    /// A counter that continues from the state once <see cref="RestoreTrials"/> was called. Throws
    /// <see cref="InvalidDataException"/> when the state is damaged.
    /// </summary>
    public static ExperimentCounter FromState(
        ExperimentState state,
        TallyLimits limits,
        SharedBudget units,
        SharedBudget rows,
        SharedBudget sketchBytes
    )
    {
        var counter = new ExperimentCounter(state.Uid, limits, units, rows, sketchBytes)
        {
            MissingSinceMs = state.MissingSinceMs,
            Watch = state.Watch,
            _firstEventMs = state.FirstEventMs,
            _lastEventMs = state.LastEventMs,
            _lastCountedMs = state.LastCountedMs ?? (state.Variants.Count > 0 ? state.LastEventMs : null),
            _machineImpressions = state.MachineImpressions,
            _machineClicks = state.MachineClicks,
            _unfilledTags = state.UnfilledTags,
            _missed = state.TrialsMissed,
            _trials = TrialStatistics.FromState(state.Trials),
            _sampleRatio = SampleRatioCounts.FromState(state.SampleRatio),
        };
        counter._variants.AddRange(state.Variants.Select(variant => VariantCounter.FromState(variant, sketchBytes)));
        foreach (var version in state.Weights)
        {
            counter._weights[version.Version] = version;
        }
        foreach (var breakdown in state.Breakdowns ?? [])
        {
            // One of a later version is left out.
            counter
                .Breakdowns.FirstOrDefault(candidate => candidate.Name == breakdown.Name)
                ?.Restore(breakdown, counter._variants.Count);
        }

        TrialTracker.Check(state.Units, state.OpenTrials, counter._variants.Count);
        return counter;
    }

    /// <summary>Restores the units and open trials of the state that the counter was made from.</summary>
    public void RestoreTrials(ExperimentState state) => _tracker.Unpack(state.Units, state.OpenTrials);

    /// <summary>Whether an exposure of this kind opens a trial.</summary>
    public static bool Starts(Experiment? experiment, TalliedKind kind) =>
        experiment?.TrialStart == TrialStart.Click
            ? kind == TalliedKind.Click
            : kind is TalliedKind.Impression or TalliedKind.View;

    /// <summary>Whether an event of the experiment reaches its goal; events of a name come as goals.</summary>
    public static bool IsGoal(Experiment? experiment, TalliedKind kind) =>
        experiment?.GoalConfig.Type switch
        {
            GoalType.Conversion => kind == TalliedKind.Conversion,
            GoalType.Event or GoalType.Value => false,
            _ => kind == TalliedKind.Click,
        };

    private BreakdownCounter[] Breakdowns => [_countries, _devices, _browsers, _sources, _verdicts];

    /// <summary>
    /// Counts an event without its person, where a click is the goal: every exposure is a trial, and every click makes
    /// one succeed. False when there was no room.
    /// </summary>
    private bool CountUnitless(in TalliedEvent e, CatalogEntry? entry, int variant, TrialRows rows, long nowMs)
    {
        if (Starts(entry?.Experiment, e.Kind))
        {
            var isLearned = _tracker.ExposeUnitless(e.IdBits, Begin(e, entry, variant, rows)) != ExposureResult.NoRoom;
            _missed = isLearned ? _missed : _missed with { NoRoom = _missed.NoRoom + 1 };
            return isLearned;
        }
        if (IsGoal(entry?.Experiment, e.Kind))
        {
            _tracker.SucceedUnitless(variant, e.WeightsVersion, e.AtMs, nowMs);
        }
        return true;
    }

    /// <summary>The trial that an exposure begins.</summary>
    private OpenTrial Begin(in TalliedEvent e, CatalogEntry? entry, int variant, TrialRows rows)
    {
        RecordWeights(entry, e.WeightsVersion);
        var experiment = entry?.Experiment;
        var minutes = experiment?.AttributionWindowMinutes ?? Experiment.DefaultAttributionMinutes;
        var endMs = e.AtMs + minutes * 60_000L;
        return new OpenTrial(variant, e.BasisPoints, e.WeightsVersion, e.AtMs, endMs, IsSuccess: false)
        {
            Value = experiment?.GoalConfig.Type == GoalType.Value ? 0 : null,
            Rows = rows,
        };
    }

    private static SeriesPoint[] Points(SortedList<long, List<SeriesCounts>> counts) =>
        [.. counts.Select(point => new SeriesPoint(DateTimeOffset.FromUnixTimeMilliseconds(point.Key), point.Value))];

    private void CountMachine(in TalliedEvent e)
    {
        if (e.Kind == TalliedKind.Impression)
        {
            _machineImpressions = With(_machineImpressions, e.Verdict, 1);
        }
        else if (e.Kind == TalliedKind.Click)
        {
            _machineClicks = With(_machineClicks, e.Verdict, 1);
        }
    }

    private static MachineCounts With(MachineCounts counts, Verdict verdict, int change) =>
        verdict switch
        {
            Verdict.Bot => counts with { Bot = Math.Max(0, counts.Bot + change) },
            Verdict.Scanner => counts with { Scanner = Math.Max(0, counts.Scanner + change) },
            _ => counts with { Prefetch = Math.Max(0, counts.Prefetch + change) },
        };

    private int Known(byte[] variantId) =>
        Find(variantId) is >= 0 and var index
            ? index
            : throw new InvalidDataException($"there are more than {limits.VariantsMax} variants");

    /// <summary>
    /// Index of the variant, added if it is new; -1 when the id is invalid or there are too many variants.
    /// </summary>
    private int Find(ReadOnlySpan<byte> id)
    {
        for (var i = 0; i < _variants.Count; i++)
        {
            if (id.SequenceEqual(_variants[i].IdUtf8))
            {
                return i;
            }
        }
        if (id.IsEmpty || id.Length > ExperimentRules.VariantIdCharsMax || _variants.Count >= limits.VariantsMax)
        {
            return -1;
        }
        _variants.Add(new VariantCounter(Encoding.UTF8.GetString(id), sketchBytes));
        return _variants.Count - 1;
    }
}
