using Edge.Enrichment.Geo;
using Edge.Experiments;
using Edge.Experiments.Schedules;
using Edge.Selection.Schedules;

namespace Edge.Explanation;

/// <summary>A stretch of time in which one variant is served. Immutable.</summary>
/// <param name="Start">Its start, or that of the outlook.</param>
/// <param name="End">Its end; null when it lasts beyond the outlook.</param>
/// <param name="Variant">Index of the variant.</param>
/// <param name="IsScheduled">False when no schedule is active and the default stands in.</param>
internal sealed record ServedPeriod(
    DateTimeOffset Start,
    DateTimeOffset? End,
    int Variant,
    bool IsScheduled
);

/// <summary>An instant at which the clock of a zone is set. Immutable.</summary>
/// <param name="Zone">IANA name.</param>
/// <param name="At">The instant.</param>
/// <param name="Before">Offset from UTC before it.</param>
/// <param name="After">Offset from UTC from it on.</param>
internal sealed record ClockChange(string Zone, DateTimeOffset At, TimeSpan Before, TimeSpan After);

/// <summary>
/// What a scheduled experiment serves from one moment on, by the code that serves it, and when the clocks of its zones
/// are set meanwhile. Pure.
/// </summary>
internal static class ScheduleOutlook
{
    /// <summary>
    /// The periods in order, at most so many: a schedule that changes every minute would fill any answer.
    /// </summary>
    /// <param name="experiment">A valid definition of the type scheduled.</param>
    /// <param name="defaultVariant">Index of the variant that stands in.</param>
    /// <param name="from">Where the outlook begins.</param>
    /// <param name="until">Where it ends.</param>
    /// <param name="countMax">Most periods.</param>
    /// <param name="zone">Where the visitor is for whom it is meant; null when that is not known.</param>
    public static IReadOnlyList<ServedPeriod> Periods(
        Experiment experiment,
        int defaultVariant,
        DateTimeOffset from,
        DateTimeOffset until,
        int countMax,
        VisitorZone? zone = null
    )
    {
        var table = new ScheduleTable(experiment.Variants).For(zone);
        var periods = new List<ServedPeriod>();
        var at = from;
        while (at < until && periods.Count < countMax)
        {
            var start = at;
            var active = table.ActiveAt(at);
            do
            {
                at = table.NextChange(at);
            } while (at < until && table.ActiveAt(at) == active);

            periods.Add(
                new ServedPeriod(
                    start,
                    at < until ? at : null,
                    active == ScheduleTable.None ? defaultVariant : active,
                    active != ScheduleTable.None
                )
            );
        }

        return periods;
    }

    /// <summary>When clocks are set in the zones that the schedules name, in order.</summary>
    public static IReadOnlyList<ClockChange> ClockChanges(
        Experiment experiment,
        DateTimeOffset from,
        DateTimeOffset until,
        VisitorZone? zone = null
    )
    {
        var changes = new List<ClockChange>();
        foreach (
            var name in experiment
                .Variants.Select(variant => variant.Schedule?.Recurrence)
                .Where(recurrence => recurrence is { Type: not RecurrenceType.None })
                .Select(recurrence => recurrence!.TimezoneFor(zone?.Name))
                .Distinct(StringComparer.Ordinal)
        )
        {
            if (TimeZones.TryFind(name, out var found))
            {
                AddChanges(name, new ZoneClock(found), from, until, changes);
            }
        }

        return [.. changes.OrderBy(change => change.At)];
    }

    private static void AddChanges(
        string name,
        ZoneClock clock,
        DateTimeOffset from,
        DateTimeOffset until,
        List<ClockChange> changes
    )
    {
        for (var day = from.UtcTicks; day < until.UtcTicks; day += TimeSpan.TicksPerDay)
        {
            var (before, after) = (clock.OffsetAt(day), clock.OffsetAt(day + TimeSpan.TicksPerDay));
            if (before != after)
            {
                var at = clock.ChangeWithin(day, day + TimeSpan.TicksPerDay);
                changes.Add(
                    new ClockChange(name, new DateTimeOffset(at, TimeSpan.Zero), new(before), new(after))
                );
            }
        }
    }
}
