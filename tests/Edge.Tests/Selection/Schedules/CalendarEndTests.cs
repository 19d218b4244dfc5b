using CsCheck;
using Edge.Experiments;
using Edge.Experiments.Schedules;
using Edge.Selection.Schedules;
using Xunit;

namespace Edge.Tests.Selection.Schedules;

/// <summary>Dates near the ends of the calendar, which people write for "never" and attackers for the exception.</summary>
public class CalendarEndTests
{
    private static readonly string[] Zones =
    [
        "UTC",
        "Europe/Berlin",
        "Pacific/Kiritimati",
        "Pacific/Apia",
        "America/Adak",
        "Asia/Kathmandu",
    ];

    private static readonly string[] Crons =
    [
        "* * * * *",
        "0 9 * * *",
        "*/7 3-5 * * *",
        "59 23 31 12 *",
        "0 0 29 2 *",
        "* 9-17 * * 1-5",
        "0 */2 1 1 *",
    ];

    /// <summary>Instants of the whole calendar, most of them near its ends.</summary>
    private static readonly Gen<DateTimeOffset> Instant = Gen.OneOf(
        Gen.Long[0, 12 * TimeSpan.TicksPerDay].Select(ticks => At(DateTime.MaxValue.Ticks - ticks)),
        Gen.Long[0, 12 * TimeSpan.TicksPerDay].Select(ticks => At(DateTime.MinValue.Ticks + ticks)),
        Gen.Long[DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks].Select(At),
        Gen.Const(DateTimeOffset.MaxValue),
        Gen.Const(DateTimeOffset.MinValue)
    );

    private static readonly Gen<VariantSchedule> AnySchedule =
        from start in Instant
        from end in Instant
        from which in Gen.Int[0, 3]
        from type in Gen.Int[0, 3]
        from zone in Gen.Int[0, Zones.Length - 1]
        from cron in Gen.Int[0, Crons.Length - 1]
        select new VariantSchedule
        {
            StartAt = which == 0 ? null : start <= end ? start : end,
            EndAt = which == 1 ? null : start <= end ? end : start,
            Recurrence = new Recurrence
            {
                Type = (RecurrenceType)type,
                Timezone = Zones[zone],
                CronExpression = (RecurrenceType)type == RecurrenceType.Cron ? Crons[cron] : null,
            },
        };

    [Fact]
    public void Schedule_OfAnyDates_AnswersAtAnyInstant() =>
        Gen.Select(AnySchedule, Instant, AnySchedule)
            .Sample(
                (first, at, second) =>
                {
                    var table = new ScheduleTable([VariantWith("a", first), VariantWith("b", second)]);
                    var active = table.ActiveAt(at);
                    Assert.InRange(active, ScheduleTable.None, 1);
                    _ = table.NextChange(at);
                    _ = table.StateOf(0, at);
                },
                iter: 20_000
            );

    private static Variant VariantWith(string id, VariantSchedule schedule) =>
        new() { Id = id, Weight = 5_000, Schedule = schedule };

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);
}
