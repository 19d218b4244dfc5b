using System.Globalization;
using Edge.Experiments;
using Edge.Experiments.Schedules;
using Edge.Formats;
using Edge.Selection.Schedules;

namespace Edge.Lint;

/// <summary>
/// Steps through the schedules of an experiment from change to change and finds times at which none is active,
/// occurrences that another one cuts short, and schedules that are never served. Pure.
/// </summary>
internal sealed class ScheduleLint
{
    /// <summary>Days that are checked: a year and a month, so that yearly schedules are included.</summary>
    public const int WalkDays = 400;

    /// <summary>
    /// Maximum number of changes that are checked; schedules that change every minute reach it before the last day.
    /// </summary>
    private const int ChangesMax = 10_000;

    private readonly Experiment _experiment;
    private readonly ScheduleTable _table;
    private readonly List<Finding> _findings;
    private readonly bool[] _isEverActive;
    private readonly bool[] _isEverServed;
    private readonly Dictionary<(int Loser, int Winner), DateTimeOffset> _overlaps = [];
    private int _gaps;
    private (DateTimeOffset From, DateTimeOffset? To) _firstGap;

    private ScheduleLint(Experiment experiment, List<Finding> findings)
    {
        _experiment = experiment;
        _table = new ScheduleTable(experiment.Variants);
        _findings = findings;
        _isEverActive = new bool[experiment.Variants.Count];
        _isEverServed = new bool[experiment.Variants.Count];
    }

    /// <summary>Adds the findings in the schedules of a scheduled experiment.</summary>
    public static void Check(Experiment experiment, DateTimeOffset now, List<Finding> findings)
    {
        var lint = new ScheduleLint(experiment, findings);
        lint.Walk(now);
        lint.ReportGaps();
        lint.ReportOverlaps();
        lint.ReportIdle();
        lint.ReportVisitorsClock();
        for (var i = 0; i < experiment.Variants.Count; i++)
        {
            ClockGapLint.Check(experiment.Variants[i], i, now, findings);
        }
    }

    private void Walk(DateTimeOffset now)
    {
        var end = now.AddDays(WalkDays);
        var wasGap = false;
        var at = now;
        for (var changes = 0; changes < ChangesMax && at < end; changes++)
        {
            var winner = _table.ActiveAt(at);
            NoteActive(at, winner);
            var isGap = winner == ScheduleTable.None;
            if (isGap && !wasGap && _gaps++ == 0)
            {
                _firstGap = (at, null);
            }
            else if (!isGap && wasGap && _gaps == 1)
            {
                _firstGap.To = at;
            }
            wasGap = isGap;
            at = _table.NextChange(at);
        }
    }

    private void NoteActive(DateTimeOffset at, int winner)
    {
        for (var i = 0; i < _experiment.Variants.Count; i++)
        {
            if (_table.StateOf(i, at) is not { IsActive: true })
            {
                continue;
            }
            _isEverActive[i] = true;
            _isEverServed[i] |= i == winner;
            // An occurrence without an end of its own lasts until another begins, so it is not cut short.
            if (i != winner && HasOwnEnd(_experiment.Variants[i].Schedule!))
            {
                _overlaps.TryAdd((i, winner), at);
            }
        }
    }

    private static bool HasOwnEnd(VariantSchedule schedule) =>
        schedule.EndAt is not null
        || schedule.Recurrence.Type == RecurrenceType.Cron
            && CronExpression.TryParse(schedule.Recurrence.CronExpression!, out _)!.IsEveryMinute;

    private void ReportGaps()
    {
        if (_gaps == 0)
        {
            return;
        }
        var fallback = _experiment.Variants[ExperimentLint.DefaultOf(_experiment)];
        var until = _firstGap.To is { } to ? $" to {Timestamp.Format(to)}" : " on";
        var count =
            _gaps == 1
                ? ""
                : string.Create(CultureInfo.InvariantCulture, $", and {_gaps - 1} more times within {WalkDays} days");
        // A variant marked as the default may well be intended to fill the gaps.
        _findings.Add(
            new Finding(
                fallback.IsDefault ? Severity.Note : Severity.Warning,
                "schedule_gap",
                "variants",
                $"none is active from {Timestamp.Format(_firstGap.From)}{until}{count}; '{fallback.Id}' is served then"
            )
        );
    }

    private void ReportOverlaps()
    {
        foreach (var ((loser, winner), at) in _overlaps.OrderBy(pair => pair.Key))
        {
            var isTie = _table.StateOf(loser, at)!.Value.Start == _table.StateOf(winner, at)!.Value.Start;
            var rule = isTie ? "both began together and it comes first in the list" : "it began later";
            _findings.Add(
                new Finding(
                    Severity.Warning,
                    "schedule_overlap",
                    ExperimentLint.PathOf(loser, "schedule"),
                    $"is active together with that of '{Id(winner)}' at {Timestamp.Format(at)}: '{Id(winner)}' is served, since {rule},"
                        + $" and '{Id(loser)}' is not"
                )
            );
        }
    }

    private void ReportIdle()
    {
        for (var i = 0; i < _experiment.Variants.Count; i++)
        {
            if (_experiment.Variants[i].Schedule is not { } schedule || _isEverServed[i])
            {
                continue;
            }
            var isNever = schedule is { StartAt: null, Recurrence.Type: not RecurrenceType.Cron };
            _findings.Add(
                isNever
                    ? new Finding(
                        Severity.Warning,
                        "never_active",
                        ExperimentLint.PathOf(i, "schedule"),
                        "has no startAt, so it is never active"
                    )
                : _isEverActive[i]
                    ? new Finding(
                        Severity.Warning,
                        "shadowed",
                        ExperimentLint.PathOf(i, "schedule"),
                        "is active, but another variant that began later is always served instead"
                    )
                : new Finding(
                    Severity.Note,
                    "never_active",
                    ExperimentLint.PathOf(i, "schedule"),
                    string.Create(CultureInfo.InvariantCulture, $"is not active within the next {WalkDays} days")
                )
            );
        }
    }

    /// <summary>What was found above is true of one clock among many.</summary>
    private void ReportVisitorsClock()
    {
        var first = _experiment.Variants.Index().FirstOrDefault(static v => v.Item.Schedule is { Recurrence.IsOfVisitor: true });
        if (first.Item?.Schedule is { } schedule)
        {
            _findings.Add(
                new Finding(
                    Severity.Note,
                    "visitor_clock",
                    ExperimentLint.PathOf(first.Index, "schedule.recurrence.timezone"),
                    "runs on each visitor's clock; gaps and overlaps were looked for on that of"
                        + $" {schedule.Recurrence.TimezoneFor(null)}, which visitors of unknown time zone get"
                )
            );
        }
    }

    private string Id(int variant) => _experiment.Variants[variant].Id;
}
