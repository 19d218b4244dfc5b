using System.Globalization;
using Edge.Experiments;
using Edge.Experiments.Schedules;
using Edge.Formats;
using Edge.Selection.Schedules;

namespace Edge.Lint;

/// <summary>
/// Finds starts that fall into the gap when clocks are set forward: a fixed time of day that the wall clock skips on
/// that day, so that the occurrence begins when the gap ends. Schedules at intervals follow the wall clock and are not
/// affected. Pure.
/// </summary>
internal static class ClockGapLint
{
    /// <summary>Days that are checked: two years, because the next clock change may fall on another weekday.</summary>
    public const int LookDays = 2 * 366;

    /// <summary>Adds the first such start of a variant.</summary>
    public static void Check(Variant variant, int index, DateTimeOffset now, List<Finding> findings)
    {
        if (
            variant.Schedule is not { Recurrence: { Type: not RecurrenceType.None } recurrence } schedule
            || !TimeZones.TryFind(recurrence.Timezone, out var zone)
        )
        {
            return;
        }
        var clock = new ZoneClock(zone);
        var isCron = recurrence.Type == RecurrenceType.Cron;
        var cron = isCron ? CronExpression.TryParse(recurrence.CronExpression!, out _)! : null;
        if (cron is { IsInterval: true } or { IsEveryMinute: true } || (cron is null && schedule.StartAt is null))
        {
            return;
        }
        var day = Math.Max(now.UtcTicks, schedule.StartAt?.UtcTicks ?? 0);
        var end = Math.Min(now.AddDays(LookDays).UtcTicks, EndOfSeries(schedule));
        for (; day < end; day += TimeSpan.TicksPerDay)
        {
            var before = clock.OffsetAt(day);
            if (clock.OffsetAt(day + TimeSpan.TicksPerDay) <= before)
            {
                continue;
            }
            var change = clock.ChangeWithin(day, day + TimeSpan.TicksPerDay);
            var gap = new DateTime(change + before);
            var gapEnd = new DateTime(change + clock.OffsetAt(change));
            var start = cron is null ? StartWithin(clock, schedule, gap) : cron.NextAtOrAfter(gap);
            if (start is { } local && local < gapEnd && change < end)
            {
                findings.Add(
                    new Finding(
                        Severity.Warning,
                        "clock_gap",
                        ExperimentLint.PathOf(
                            index,
                            isCron ? "schedule.recurrence.cronExpression" : "schedule.startAt"
                        ),
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"begins at {local:yyyy-MM-dd HH:mm}, which the clock of {recurrence.Timezone} does not show that day;"
                        )
                            + string.Create(
                                CultureInfo.InvariantCulture,
                                $" it begins at {gapEnd:HH:mm} instead ({Timestamp.Format(new DateTimeOffset(change, TimeSpan.Zero))})"
                            )
                    )
                );
                return;
            }
        }
    }

    /// <summary>
    /// The end of the series. An end within a week of the start ends the first occurrence only, so the series has none.
    /// </summary>
    private static long EndOfSeries(VariantSchedule schedule) =>
        schedule is { StartAt: { } start, EndAt: { } end } && end - start > TimeSpan.FromDays(7)
            ? end.UtcTicks
            : ScheduleState.Never;

    /// <summary>
    /// The first start of a daily or weekly series at or after the gap, on the day of the gap or the day after.
    /// </summary>
    private static DateTime? StartWithin(ZoneClock clock, VariantSchedule schedule, DateTime gap)
    {
        var first = clock.LocalAt(schedule.StartAt!.Value.UtcTicks);
        var period = schedule.Recurrence.Type == RecurrenceType.Weekly ? 7 : 1;
        for (var date = gap.Date; date <= gap.Date.AddDays(1); date = date.AddDays(1))
        {
            var start = date + first.TimeOfDay;
            if (start >= gap && (date - first.Date).Days % period == 0)
            {
                return start;
            }
        }
        return null;
    }
}
