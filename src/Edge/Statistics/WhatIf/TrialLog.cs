using System.Text;
using System.Text.Json;
using Edge.Enrichment.Geo;
using Edge.Events;
using Edge.Experiments;
using Edge.Formats;
using Edge.Statistics.Counting;
using Edge.Visits;

namespace Edge.Statistics.WhatIf;

/// <summary>
/// Reads the trials of one experiment out of its events, by the rules of the tally: the first exposure of a unit that
/// chance has chosen opens one, the goal within the window makes it a success. Events come in the order in which they were
/// received. Not safe for concurrent use.
/// </summary>
/// <param name="experiment">The experiment; its goal, window and start decide, whatever they were when it was logged.</param>
/// <param name="needs">What the events must be read for.</param>
/// <param name="trialsMax">Most trials that are kept, and most units remembered at once.</param>
internal sealed class TrialLog(Experiment experiment, VisitorNeeds needs, int trialsMax = TrialLog.TrialsMax)
{
    /// <summary>As many as a command has memory for.</summary>
    public const int TrialsMax = 5_000_000;

    private const long OrderToleranceMs = 60_000;
    private const long ExpireEveryMs = CountSeries.Hour;

    private readonly byte[] _uidUtf8 = Encoding.UTF8.GetBytes(experiment.Uid);
    private readonly TrialTracker _tracker = new(new SharedBudget(trialsMax));
    private readonly Dictionary<ulong, LoggedVisitor> _visitors = [];
    private readonly Dictionary<LoggedVisitor, LoggedVisitor> _sameVisitors = [];
    private readonly List<string> _variants = [];
    private readonly List<LoggedTrial> _trials = [];
    private long _newestMs;
    private long _expiredMs;

    /// <summary>The trials whose result is final.</summary>
    public IReadOnlyList<LoggedTrial> Trials => _trials;

    /// <summary>Whether no more trials can be kept.</summary>
    public bool IsFull => _trials.Count >= trialsMax;

    /// <summary>When the youngest event of a person was received, milliseconds since 1970 UTC; 0 before the first.</summary>
    public long NewestMs => _newestMs;

    /// <summary>Events that were read.</summary>
    public long Events { get; private set; }

    /// <summary>Those of them that are of the experiment.</summary>
    public long OfExperiment { get; private set; }

    /// <summary>Events without a time, which were passed over.</summary>
    public long Undated { get; private set; }

    /// <summary>Events of experiments that came after one that is younger by more than a minute.</summary>
    public long OutOfOrder { get; private set; }

    /// <summary>Exposures of people that no chance was part of, so that nothing can be learned from them.</summary>
    public long WithoutChance { get; private set; }

    /// <summary>Exposures of people that name no unit, or for which there was no room.</summary>
    public long WithoutTrial { get; private set; }

    /// <summary>Trials whose window is still open.</summary>
    public int Open => _tracker.Open;

    /// <summary>Reads one event; those of other experiments and of machines are passed over.</summary>
    /// <param name="payload">The event as it was stored.</param>
    /// <param name="acceptedMs">When its id was created, for an event without <c>received_at</c>.</param>
    /// <param name="countsExposure">Whether it may open a trial; it may reach the goal of an earlier one in any case.</param>
    public void Add(ReadOnlySpan<byte> payload, long acceptedMs, Func<long, bool> countsExposure)
    {
        Events++;
        if (!TalliedEvent.TryRead(payload, acceptedMs, out var e))
        {
            return;
        }

        if (e.AtMs <= 0)
        {
            Undated++;
            return;
        }

        if (e.Kind == TalliedKind.Correction)
        {
            Correct(e, payload, countsExposure);
            return;
        }

        OutOfOrder += e.AtMs < _newestMs - OrderToleranceMs ? 1 : 0;

        if (e.Goals(payload) is { IsEmpty: false } goals)
        {
            Advance(e.AtMs);
            ReachGoals(goals, e.AtMs);
        }

        OfExperiment += e.ExperimentUid(payload).SequenceEqual(_uidUtf8) ? 1 : 0;
        if (!e.ExperimentUid(payload).SequenceEqual(_uidUtf8) || !e.IsPerson || e.VariantId(payload).IsEmpty)
        {
            return;
        }

        Advance(e.AtMs);
        var unit = experiment.StableUnits ? e.StableUnit : e.Unit;
        if (ExperimentCounter.Starts(experiment, e.Kind))
        {
            if (countsExposure(e.AtMs))
            {
                Expose(e, payload, unit);
            }
        }
        else if (unit != 0 && ExperimentCounter.IsGoal(experiment, e.Kind))
        {
            Succeed(unit, 0, e.AtMs);
            Succeed(experiment.StableUnits ? 0 : e.PreviousUnit, 0, e.AtMs);
        }
    }

    /// <summary>Counts the trials whose window is over by now.</summary>
    public void End(DateTimeOffset now) => Mature(now.ToUnixTimeMilliseconds());

    /// <summary>Takes back or gives back a click, as the tally does.</summary>
    private void Correct(in TalliedEvent e, ReadOnlySpan<byte> payload, Func<long, bool> countsExposure)
    {
        var unit = experiment.StableUnits ? e.StableUnit : e.Unit;
        if (
            unit == 0
            || e.VerdictBefore.IsMachine() == e.IsMachine
            || !(e.IsMachine ? e.VerdictBefore : e.Verdict).IsPerson()
            || !e.ExperimentUid(payload).SequenceEqual(_uidUtf8)
        )
        {
            return;
        }

        var previous = experiment.StableUnits ? 0 : e.PreviousUnit;
        if (ExperimentCounter.Starts(experiment, TalliedKind.Click))
        {
            if (e.IsMachine)
            {
                _tracker.Withdraw(unit, e.AtMs);
            }
            else if (countsExposure(e.AtMs))
            {
                Expose(e, payload, unit);
            }
        }
        else if (ExperimentCounter.IsGoal(experiment, TalliedKind.Click))
        {
            if (e.IsMachine)
            {
                _tracker.Fail(unit, e.AtMs);
                _tracker.Fail(previous, e.AtMs);
            }
            else
            {
                Succeed(unit, 0, e.AtMs);
                Succeed(previous, 0, e.AtMs);
            }
        }
    }

    private void Expose(in TalliedEvent e, ReadOnlySpan<byte> payload, ulong unit)
    {
        if (e.BasisPoints == 0)
        {
            WithoutChance++;
            return;
        }

        var trial = new OpenTrial(
            IndexOf(e.VariantId(payload)),
            e.BasisPoints,
            e.WeightsVersion,
            e.AtMs,
            e.AtMs + (experiment.AttributionWindowMinutes * 60_000L),
            IsSuccess: false
        )
        {
            Value = experiment.GoalConfig.Type == GoalType.Value ? 0 : null,
        };
        var opened = unit == 0 ? ExposureResult.NoRoom : _tracker.Expose(unit, trial);
        if (opened == ExposureResult.Opened)
        {
            _visitors[unit] = ReadVisitor(payload);
        }

        WithoutTrial += opened == ExposureResult.NoRoom ? 1 : 0;
    }

    private void ReachGoals(ReadOnlySpan<byte> goals, long atMs)
    {
        if (experiment.GoalConfig.Type is not (GoalType.Conversion or GoalType.Event or GoalType.Value))
        {
            return;
        }

        Span<ulong> units = stackalloc ulong[GoalMatcher.HashesMax];
        var reader = new Utf8JsonReader(goals);
        while (TalliedEvent.TryReadGoal(ref reader, units, out var uid, out var count, out var value))
        {
            if (!uid.SequenceEqual(_uidUtf8))
            {
                continue;
            }

            foreach (var unit in units[..count])
            {
                // A value counts for the first of them that has a trial.
                if (Succeed(unit, value, atMs) && value > 0)
                {
                    break;
                }
            }
        }
    }

    private bool Succeed(ulong unit, double value, long atMs) =>
        unit != 0 && _tracker.Succeed(unit, value, atMs, _newestMs);

    private void Advance(long atMs)
    {
        _newestMs = Math.Max(_newestMs, atMs);
        Mature(_newestMs);
        if (_newestMs - _expiredMs >= ExpireEveryMs)
        {
            _expiredMs = _newestMs;
            _tracker.Expire(_newestMs);
        }
    }

    private void Mature(long nowMs)
    {
        while (_tracker.TryTakeMature(nowMs, out var unit, out var trial))
        {
            if (!_visitors.Remove(unit, out var visitor) || IsFull)
            {
                WithoutTrial++;
                continue;
            }

            _trials.Add(
                new LoggedTrial(
                    _variants[trial.Variant],
                    trial.BasisPoints / (double)BasisPoints.Whole,
                    trial.WeightsVersion,
                    DateTimeOffset.FromUnixTimeMilliseconds(trial.ExposedMs),
                    trial.Value ?? (trial.IsSuccess ? 1 : 0),
                    visitor
                )
            );
        }
    }

    private int IndexOf(ReadOnlySpan<byte> idUtf8)
    {
        Span<char> id = stackalloc char[ExperimentRules.VariantIdCharsMax];
        if (!Encoding.UTF8.TryGetChars(idUtf8, id, out var length))
        {
            length = 0;
        }

        for (var i = 0; i < _variants.Count; i++)
        {
            if (id[..length].SequenceEqual(_variants[i]))
            {
                return i;
            }
        }

        _variants.Add(id[..length].ToString());
        return _variants.Count - 1;
    }

    /// <summary>Most visitors are alike, so each kind of them is kept once.</summary>
    private LoggedVisitor ReadVisitor(ReadOnlySpan<byte> payload)
    {
        string device = "", os = "", browser = "", referrer = "", query = "", zone = "";
        var country = CountryCode.Unknown;
        var members = new EventScanner(payload);
        while (members.Next())
        {
            if (EventSchema.DeviceType.Is(members.Name))
            {
                device = Text(members);
            }
            else if (EventSchema.Os.Is(members.Name))
            {
                os = Text(members);
            }
            else if (EventSchema.Browser.Is(members.Name))
            {
                browser = Text(members);
            }
            else if (EventSchema.Country.Is(members.Name))
            {
                country = CountryCode.Parse(members.PlainText);
            }
            else if (needs.Referrer && EventSchema.Referrer.Is(members.Name))
            {
                referrer = Text(members);
            }
            else if (needs.Query && EventSchema.Url.Is(members.Name))
            {
                var url = Text(members);
                query = url[(url.IndexOf('?', StringComparison.Ordinal) + 1)..];
            }
            else if (needs.TimeZone && EventSchema.TimeZone.Is(members.Name))
            {
                zone = Text(members);
            }
        }

        var visitor = new LoggedVisitor(device, os, browser, country, referrer, query, zone);
        if (_sameVisitors.TryGetValue(visitor, out var same))
        {
            return same;
        }

        _sameVisitors.Add(visitor, visitor);
        return visitor;
    }

    private static string Text(in EventScanner member)
    {
        if (!member.IsText || !member.IsEscaped)
        {
            return Encoding.UTF8.GetString(member.PlainText);
        }

        var text = new byte[member.Value.Length];
        return JsonEscapes.TryUnescape(member.Value, text, out var written) ? Encoding.UTF8.GetString(text, 0, written) : "";
    }
}
