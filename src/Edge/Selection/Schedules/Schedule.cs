using Edge.Experiments;
using Edge.Experiments.Schedules;

namespace Edge.Selection.Schedules;

/// <summary>
/// When a variant is active, as half-open intervals from a start up to an end. One class per kind of recurrence:
/// <list type="bullet">
/// <item>none: from <c>startAt</c> to <c>endAt</c>, or for ever; without <c>startAt</c> never;</item>
/// <item>daily, weekly: <see cref="SeriesSchedule"/>;</item>
/// <item>cron: when <c>endAt</c> is at most a day after <c>startAt</c>, each fire begins an occurrence of that length
/// (<see cref="FireSchedule"/>); otherwise, when the minute field is a star, active while the wall clock matches
/// (<see cref="MaskSchedule"/>); otherwise each fire lasts until the next. In the last two <c>startAt</c> and
/// <c>endAt</c> bound the series.</item>
/// </list>
/// Immutable; an evaluation may take microseconds and is cached by <see cref="ScheduleTable"/>.
/// </summary>
internal abstract class Schedule
{
    /// <summary>The state of the schedule at an instant.</summary>
    public abstract ScheduleState At(long utcTicks);

    /// <summary>
    /// Compiles a valid schedule. One on visitors' clocks is the schedule of their zone with its times taken from that
    /// wall clock: the first pass of an ambiguous time, the end of the gap that skips one.
    /// </summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="visitorZone">The zone of the visitor, where that matters; null when it is not known.</param>
    public static Schedule Compile(VariantSchedule schedule, string? visitorZone = null)
    {
        var isOfVisitor = schedule.Recurrence.IsOfVisitor;
        if (!TimeZones.TryFind(schedule.Recurrence.TimezoneFor(visitorZone), out var zone) && isOfVisitor)
        {
            _ = TimeZones.TryFind(schedule.Recurrence.TimezoneFor(null), out zone);
        }

        var clock = new ZoneClock(zone);
        var start = schedule.StartAt?.UtcTicks;
        var end = schedule.EndAt?.UtcTicks;
        if (isOfVisitor)
        {
            (start, end) = OnClock(clock, schedule);
        }

        return schedule.Recurrence.Type switch
        {
            RecurrenceType.Cron => CompileCron(schedule.Recurrence.CronExpression!, clock, start, end),
            _ when start is null => new OnceSchedule(ScheduleState.Never, ScheduleState.Never),
            RecurrenceType.Daily => new SeriesSchedule(clock, start.Value, end, periodDays: 1),
            RecurrenceType.Weekly => new SeriesSchedule(clock, start.Value, end, periodDays: 7),
            _ => new OnceSchedule(start.Value, end ?? ScheduleState.Never),
        };
    }

    /// <summary>A window that lies wholly in a gap begins when that ends, and has its full length.</summary>
    private static (long? Start, long? End) OnClock(ZoneClock clock, VariantSchedule schedule)
    {
        long? start = schedule.StartAt is { } from ? clock.FirstInstantOf(from.UtcDateTime) : null;
        long? end = schedule.EndAt is { } to ? clock.FirstInstantOf(to.UtcDateTime) : null;
        return end <= start ? (start, start + (schedule.EndAt - schedule.StartAt)!.Value.Ticks) : (start, end);
    }

    private static Schedule CompileCron(string expression, ZoneClock clock, long? start, long? end)
    {
        var cron = CronExpression.TryParse(expression, out _)!;
        var from = start ?? DateTime.MinValue.Ticks;
        if (start is not null && end - start <= TimeSpan.TicksPerDay)
        {
            return new FireSchedule(new CronFires(cron, clock), from, ScheduleState.Never, end - start);
        }
        return cron.IsEveryMinute
            ? new MaskSchedule(cron, clock, from, end ?? ScheduleState.Never)
            : new FireSchedule(new CronFires(cron, clock), from, end ?? ScheduleState.Never, null);
    }
}

/// <summary>One interval.</summary>
internal sealed class OnceSchedule(long start, long end) : Schedule
{
    public override ScheduleState At(long utcTicks) =>
        utcTicks < start ? ScheduleState.Inactive(start)
        : utcTicks < end ? ScheduleState.Active(start, end)
        : ScheduleState.Inactive(ScheduleState.Never);
}

/// <summary>The state of a schedule at one instant. Instants are ticks of 100 ns, UTC.</summary>
/// <param name="IsActive">Whether an occurrence is in progress.</param>
/// <param name="Start">When the current occurrence began; the latest one when several overlap.</param>
/// <param name="Until">
/// The first later instant at which the state may differ; exact or too early, never too late.
/// </param>
internal readonly record struct ScheduleState(bool IsActive, long Start, long Until)
{
    /// <summary>An instant that never comes.</summary>
    public const long Never = long.MaxValue;

    /// <summary>Inactive until an instant.</summary>
    public static ScheduleState Inactive(long until) => new(false, 0, until);

    /// <summary>Active since one instant, until another.</summary>
    public static ScheduleState Active(long start, long until) => new(true, start, until);
}
