using System.Globalization;
using System.Text;
using Edge.Experiments.Schedules;
using Edge.Selection.Schedules;
using Edge.Tests.Experiments;
using Xunit;

namespace Edge.Tests.Selection.Schedules;

/// <summary>
/// Named cases, among them every clock change that has its own rule. Compare <see cref="ScheduleWalkTests"/>.
/// </summary>
public class ScheduleTests
{
    // Berlin 2026: forward on 29 March 01:00Z (02:00 to 03:00 local), back on 25 October 01:00Z (03:00 to 02:00 local).

    [Theory]
    [InlineData("2026-03-01T09:00:00Z", "2026-03-01T17:00:00Z", "2026-03-01T08:59:59.999Z", false)]
    [InlineData("2026-03-01T09:00:00Z", "2026-03-01T17:00:00Z", "2026-03-01T09:00:00Z", true)]
    [InlineData("2026-03-01T09:00:00Z", "2026-03-01T17:00:00Z", "2026-03-01T16:59:59.999Z", true)]
    [InlineData("2026-03-01T09:00:00Z", "2026-03-01T17:00:00Z", "2026-03-01T17:00:00Z", false)]
    [InlineData("2026-03-01T09:00:00Z", "2026-03-01T17:00:00Z", "2026-03-02T10:00:00Z", false)]
    [InlineData("2026-03-01T09:00:00Z", null, "2030-01-01T00:00:00Z", true)]
    [InlineData(null, null, "2030-01-01T00:00:00Z", false)]
    public void Once_Instant_IsHalfOpen(string? start, string? end, string at, bool expected) =>
        Assert.Equal(expected, Compile(start, end, "none").At(Ticks(at)).IsActive);

    [Theory]
    // Same day.
    [InlineData("2026-03-01T09:00:00Z", "2026-03-01T17:00:00Z", "UTC", "2026-02-28T10:00:00Z", false)]
    [InlineData("2026-03-01T09:00:00Z", "2026-03-01T17:00:00Z", "UTC", "2026-03-02T09:00:00Z", true)]
    [InlineData("2026-03-01T09:00:00Z", "2026-03-01T17:00:00Z", "UTC", "2031-03-02T16:59:00Z", true)]
    [InlineData("2026-03-01T09:00:00Z", "2026-03-01T17:00:00Z", "UTC", "2031-03-02T17:00:00Z", false)]
    // Over midnight.
    [InlineData("2026-03-01T22:00:00Z", "2026-03-02T06:00:00Z", "UTC", "2026-03-01T05:00:00Z", false)]
    [InlineData("2026-03-01T22:00:00Z", "2026-03-02T06:00:00Z", "UTC", "2026-03-05T05:00:00Z", true)]
    [InlineData("2026-03-01T22:00:00Z", "2026-03-02T06:00:00Z", "UTC", "2026-03-05T06:00:00Z", false)]
    // Exactly a day: always.
    [InlineData("2026-03-01T22:00:00Z", "2026-03-02T22:00:00Z", "UTC", "2026-07-05T12:00:00Z", true)]
    // Longer than a day: times of day from both, and the series ends.
    [InlineData("2026-03-01T09:00:00Z", "2026-03-31T17:00:00Z", "UTC", "2026-03-15T20:00:00Z", false)]
    [InlineData("2026-03-01T09:00:00Z", "2026-03-31T17:00:00Z", "UTC", "2026-03-31T16:59:00Z", true)]
    [InlineData("2026-03-01T09:00:00Z", "2026-03-31T17:00:00Z", "UTC", "2026-04-01T10:00:00Z", false)]
    [InlineData("2026-03-01T22:00:00Z", "2026-03-31T06:00:00Z", "UTC", "2026-03-31T05:59:00Z", true)]
    [InlineData("2026-03-01T22:00:00Z", "2026-03-31T06:00:00Z", "UTC", "2026-03-31T23:00:00Z", false)]
    // No end: until the next one begins, so always once begun.
    [InlineData("2026-03-01T09:00:00Z", null, "UTC", "2026-03-09T03:00:00Z", true)]
    [InlineData("2026-03-01T09:00:00Z", null, "UTC", "2026-03-01T08:59:00Z", false)]
    // The wall clock of the zone counts, summer and winter.
    [InlineData(
        "2026-03-01T09:00:00+01:00",
        "2026-03-01T17:00:00+01:00",
        "Europe/Berlin",
        "2026-07-01T07:00:00Z",
        true
    )]
    [InlineData(
        "2026-03-01T09:00:00+01:00",
        "2026-03-01T17:00:00+01:00",
        "Europe/Berlin",
        "2026-07-01T06:59:00Z",
        false
    )]
    [InlineData(
        "2026-03-01T09:00:00+01:00",
        "2026-03-01T17:00:00+01:00",
        "Europe/Berlin",
        "2026-07-01T15:00:00Z",
        false
    )]
    // Start in the gap: the first instant after it.
    [InlineData(
        "2026-03-01T02:30:00+01:00",
        "2026-03-01T04:00:00+01:00",
        "Europe/Berlin",
        "2026-03-29T00:59:00Z",
        false
    )]
    [InlineData(
        "2026-03-01T02:30:00+01:00",
        "2026-03-01T04:00:00+01:00",
        "Europe/Berlin",
        "2026-03-29T01:00:00Z",
        true
    )]
    [InlineData(
        "2026-03-01T02:30:00+01:00",
        "2026-03-01T04:00:00+01:00",
        "Europe/Berlin",
        "2026-03-29T02:00:00Z",
        false
    )]
    // Both ends in the gap: the whole occurrence after it.
    [InlineData(
        "2026-03-01T02:10:00+01:00",
        "2026-03-01T02:50:00+01:00",
        "Europe/Berlin",
        "2026-03-29T00:59:59Z",
        false
    )]
    [InlineData(
        "2026-03-01T02:10:00+01:00",
        "2026-03-01T02:50:00+01:00",
        "Europe/Berlin",
        "2026-03-29T01:39:59Z",
        true
    )]
    [InlineData(
        "2026-03-01T02:10:00+01:00",
        "2026-03-01T02:50:00+01:00",
        "Europe/Berlin",
        "2026-03-29T01:40:00Z",
        false
    )]
    [InlineData(
        "2026-03-01T02:10:00+01:00",
        "2026-03-01T02:50:00+01:00",
        "Europe/Berlin",
        "2026-03-30T00:30:00Z",
        true
    )]
    // Ambiguous start and end: the first pass of each.
    [InlineData(
        "2026-03-01T02:30:00+01:00",
        "2026-03-01T04:00:00+01:00",
        "Europe/Berlin",
        "2026-10-25T00:30:00Z",
        true
    )]
    [InlineData(
        "2026-03-01T02:10:00+01:00",
        "2026-03-01T02:50:00+01:00",
        "Europe/Berlin",
        "2026-10-25T00:49:00Z",
        true
    )]
    [InlineData(
        "2026-03-01T02:10:00+01:00",
        "2026-03-01T02:50:00+01:00",
        "Europe/Berlin",
        "2026-10-25T01:20:00Z",
        false
    )]
    public void Daily_Instant_FollowsTheWallClock(string start, string? end, string zone, string at, bool expected) =>
        Assert.Equal(expected, Compile(start, end, "daily", zone).At(Ticks(at)).IsActive);

    [Theory]
    [InlineData("2026-03-01T02:30:00+01:00", "2026-03-01T04:00:00+01:00", "2026-03-29", 60)]
    [InlineData("2026-03-01T02:30:00+01:00", "2026-03-01T04:00:00+01:00", "2026-10-25", 150)]
    [InlineData("2026-03-01T02:30:00+01:00", "2026-03-01T04:00:00+01:00", "2026-06-01", 90)]
    [InlineData("2026-03-01T00:00:00+01:00", "2026-03-01T03:00:00+01:00", "2026-10-25", 240)]
    public void Daily_ClockChange_ChangesTheLength(string start, string end, string date, int minutes)
    {
        var schedule = Compile(start, end, "daily", "Europe/Berlin");
        var midnight = Ticks(date + "T00:00:00+02:00") - TimeSpan.TicksPerHour;
        var active = Enumerable
            .Range(0, 24 * 60)
            .Count(m => schedule.At(midnight + m * TimeSpan.TicksPerMinute).IsActive);

        Assert.Equal(minutes, active);
    }

    [Fact]
    public void Daily_StartInTheSecondPass_DoesNotBeginBeforeItself()
    {
        // 02:30 of the second pass.
        var schedule = Compile("2026-10-25T02:30:00+01:00", "2026-10-25T03:00:00+01:00", "daily", "Europe/Berlin");

        Assert.False(schedule.At(Ticks("2026-10-25T00:45:00Z")).IsActive);
        Assert.True(schedule.At(Ticks("2026-10-25T01:45:00Z")).IsActive);
        Assert.True(schedule.At(Ticks("2026-10-26T01:45:00Z")).IsActive);
    }

    [Fact]
    public void Daily_EndShownBeforeStart_LastsTheTimeThatPasses()
    {
        // From 02:30 of the first pass to 02:15 of the second: 45 minutes.
        var schedule = Compile("2026-10-25T02:30:00+02:00", "2026-10-25T02:15:00+01:00", "daily", "Europe/Berlin");

        Assert.True(schedule.At(Ticks("2026-10-27T02:14:00Z")).IsActive);
        Assert.False(schedule.At(Ticks("2026-10-27T02:15:00Z")).IsActive);
    }

    [Theory]
    // 2026-03-01 is a Sunday; in New York the start is still Saturday evening.
    [InlineData("2026-03-01T02:00:00Z", "2026-03-01T04:00:00Z", "America/New_York", "2026-03-08T02:30:00Z", true)]
    [InlineData("2026-03-01T02:00:00Z", "2026-03-01T04:00:00Z", "America/New_York", "2026-03-15T01:30:00Z", true)]
    [InlineData("2026-03-01T02:00:00Z", "2026-03-01T04:00:00Z", "America/New_York", "2026-03-15T03:30:00Z", false)]
    [InlineData("2026-03-01T02:00:00Z", "2026-03-01T04:00:00Z", "America/New_York", "2026-03-09T02:30:00Z", false)]
    // Several days long.
    [InlineData("2026-03-06T18:00:00Z", "2026-03-09T06:00:00Z", "UTC", "2026-03-15T12:00:00Z", true)]
    [InlineData("2026-03-06T18:00:00Z", "2026-03-09T06:00:00Z", "UTC", "2026-03-16T06:00:00Z", false)]
    // Longer than a week: times of day on the weekday, until the end.
    [InlineData("2026-03-06T09:00:00Z", "2026-03-27T17:00:00Z", "UTC", "2026-03-20T16:00:00Z", true)]
    [InlineData("2026-03-06T09:00:00Z", "2026-03-27T17:00:00Z", "UTC", "2026-03-21T12:00:00Z", false)]
    [InlineData("2026-03-06T09:00:00Z", "2026-03-27T17:00:00Z", "UTC", "2026-04-03T12:00:00Z", false)]
    public void Weekly_Instant_FollowsTheWallClock(string start, string end, string zone, string at, bool expected) =>
        Assert.Equal(expected, Compile(start, end, "weekly", zone).At(Ticks(at)).IsActive);

    [Theory]
    // At most a day from start to end: each fire begins an occurrence of that length.
    [InlineData("0 9 * * *", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z", "2026-05-01T09:59:00Z", true)]
    [InlineData("0 9 * * *", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z", "2026-05-01T10:00:00Z", false)]
    [InlineData("0 9 * * *", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z", "2026-02-28T09:30:00Z", false)]
    [InlineData("* 9 * * *", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z", "2026-03-05T10:58:00Z", true)]
    // Star minutes: a mask, within the series.
    [InlineData("* 9-16 * * MON-FRI", null, null, "2026-03-06T16:59:59Z", true)]
    [InlineData("* 9-16 * * MON-FRI", null, null, "2026-03-06T17:00:00Z", false)]
    [InlineData("* 9-16 * * MON-FRI", null, null, "2026-03-07T12:00:00Z", false)]
    [InlineData("* 9-16 * * *", "2026-03-06T10:30:00Z", "2026-04-06T10:30:00Z", "2026-03-06T10:29:00Z", false)]
    [InlineData("* 9-16 * * *", "2026-03-06T10:30:00Z", "2026-04-06T10:30:00Z", "2026-04-06T10:29:00Z", true)]
    [InlineData("* 9-16 * * *", "2026-03-06T10:30:00Z", "2026-04-06T10:30:00Z", "2026-04-06T10:30:00Z", false)]
    [InlineData("* * * * *", null, null, "2026-03-06T17:00:00Z", true)]
    // Otherwise each fire lasts until the next one, within the series.
    [InlineData("0 9 * * MON", null, null, "2026-03-06T17:00:00Z", true)]
    [InlineData("0 9 * * MON", "2026-03-03T00:00:00Z", null, "2026-03-06T17:00:00Z", false)]
    [InlineData("0 9 * * MON", "2026-03-03T00:00:00Z", null, "2026-03-09T09:00:00Z", true)]
    [InlineData("0 9 * * MON", "2026-03-02T09:00:00Z", null, "2026-03-02T09:00:00Z", true)]
    [InlineData("0 9 * * MON", null, "2026-03-06T17:00:00Z", "2026-03-06T16:59:59Z", true)]
    [InlineData("0 9 * * MON", null, "2026-03-06T17:00:00Z", "2026-03-06T17:00:00Z", false)]
    public void Cron_Instant_AsDecided(string cron, string? start, string? end, string at, bool expected) =>
        Assert.Equal(expected, Compile(start, end, "cron", "UTC", cron).At(Ticks(at)).IsActive);

    [Theory]
    // A fixed time in the gap fires right after it; an ambiguous one in its first pass only.
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("0,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("0,30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z")]
    [InlineData("0,30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z")]
    // Intervals follow the wall clock: not in the gap, in both passes.
    [InlineData("30 * * * *", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z")]
    [InlineData("30 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")]
    [InlineData("*/30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z")]
    // A half-hour change, and a whole day that never was.
    [InlineData("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z")]
    [InlineData("0 12 * * *", "Pacific/Apia", "2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z")]
    // Rare ones.
    [InlineData("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("*/5 0 1 7 *", "America/New_York", "2026-07-02T00:00:00Z", "2027-07-01T04:00:00Z")]
    public void CronFires_After_IsTheNextFire(string cron, string zone, string after, string expected)
    {
        var fires = Fires(cron, zone);

        Assert.Equal(Ticks(expected), fires.After(Ticks(after)));
        Assert.Equal(Ticks(expected), fires.AtOrBefore(Ticks(expected)));
        Assert.Equal(Ticks(expected), fires.After(Ticks(expected) - 1));
    }

    [Fact]
    public void CronFires_RareIntervals_AreFoundBackwards()
    {
        Assert.Equal(
            Ticks("2025-07-01T04:55:00Z"),
            Fires("*/5 0 1 7 *", "America/New_York").AtOrBefore(Ticks("2026-06-30T00:00:00Z"))
        );
        Assert.Equal(
            Ticks("2024-02-29T00:59:00Z"),
            Fires("1-59 0 29 2 *", "UTC").AtOrBefore(Ticks("2026-06-30T00:00:00Z"))
        );
    }

    [Theory]
    // Until 2011 the clocks of Newfoundland went back one minute after midnight, so midnight came twice.
    [InlineData("2010-11-07T02:30:30Z", true, "2010-11-07T02:31:00Z")]
    [InlineData("2010-11-07T02:31:00Z", false, "2010-11-07T03:30:00Z")]
    [InlineData("2010-11-07T03:40:00Z", true, "2010-11-07T04:30:00Z")]
    public void Mask_ClockChangeInsideAnHour_EndsTheRunThere(string at, bool isActive, string until)
    {
        var state = Compile(null, null, "cron", "America/St_Johns", "* 0 * * *").At(Ticks(at));

        Assert.Equal((isActive, Ticks(until)), (state.IsActive, state.Until));
    }

    [Fact]
    public void Table_DayAndNight_IsASwitch()
    {
        var table = Table(("2026-03-01T09:00:00Z", null, "daily", null), ("2026-03-01T17:00:00Z", null, "daily", null));

        Assert.Equal(ScheduleTable.None, Active("2026-03-01T08:59:00Z"));
        Assert.Equal(0, Active("2026-03-01T09:00:00Z"));
        Assert.Equal(1, Active("2026-03-01T17:00:00Z"));
        Assert.Equal(1, Active("2026-03-02T08:59:59Z"));
        Assert.Equal(0, Active("2026-03-02T09:00:00Z"));
        // The clock goes back, as clocks may.
        Assert.Equal(1, Active("2026-03-01T17:00:00Z"));

        int Active(string at) => table.ActiveAt(Instant(at));
    }

    [Fact]
    public void Table_Overlap_LatestStartWinsAndTieGoesToTheFirst()
    {
        var table = Table(
            ("2026-03-01T00:00:00Z", "2026-03-31T00:00:00Z", "none", null),
            ("2026-03-10T00:00:00Z", "2026-03-12T00:00:00Z", "none", null),
            ("2026-03-10T00:00:00Z", "2026-03-14T00:00:00Z", "none", null),
            (null, null, "none", null)
        );

        Assert.Equal(0, table.ActiveAt(Instant("2026-03-09T23:59:59Z")));
        Assert.Equal(1, table.ActiveAt(Instant("2026-03-10T00:00:00Z")));
        Assert.Equal(2, table.ActiveAt(Instant("2026-03-12T00:00:00Z")));
        Assert.Equal(0, table.ActiveAt(Instant("2026-03-14T00:00:00Z")));
        Assert.Equal(ScheduleTable.None, table.ActiveAt(Instant("2026-03-31T00:00:00Z")));
        Assert.Equal(DateTimeOffset.MaxValue, table.NextChange(Instant("2026-03-31T00:00:00Z")));
        Assert.Equal(Instant("2026-03-10T00:00:00Z"), table.NextChange(Instant("2026-03-02T00:00:00Z")));
    }

    [Fact]
    public void Table_LongRunOfAMask_LosesToAShortOneThatBeganLater()
    {
        var table = Table((null, null, "cron", "* * * * *"), (null, null, "cron", "* 12 * * *"));

        Assert.Equal(0, table.ActiveAt(Instant("2026-03-01T11:59:00Z")));
        Assert.Equal(1, table.ActiveAt(Instant("2026-03-01T12:30:00Z")));
        Assert.Equal(0, table.ActiveAt(Instant("2026-03-01T13:00:00Z")));
    }

    [Fact]
    public void Table_WithinOneAnswer_AllocatesNothing()
    {
        var table = Table(("2026-03-01T09:00:00Z", null, "daily", null), ("2026-03-01T17:00:00Z", null, "daily", null));
        var now = Instant("2026-03-05T12:00:00Z");
        var sum = table.ActiveAt(now);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            sum += table.ActiveAt(now.AddSeconds(i));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, sum);
    }

    [Theory]
    [InlineData("2026-03-29T02:30:00", "2026-03-29T01:00:00Z")]
    [InlineData("2026-03-29T03:00:00", "2026-03-29T01:00:00Z")]
    [InlineData("2026-03-29T01:59:59", "2026-03-29T00:59:59Z")]
    [InlineData("2026-10-25T02:00:00", "2026-10-25T00:00:00Z")]
    [InlineData("2026-10-25T02:59:59", "2026-10-25T00:59:59Z")]
    [InlineData("2026-10-25T03:00:00", "2026-10-25T02:00:00Z")]
    public void ZoneClock_FirstInstant_IsTheFirstPassOrTheEndOfTheGap(string local, string expected)
    {
        TimeZones.TryFind("Europe/Berlin", out var zone);

        Assert.Equal(
            Ticks(expected),
            new ZoneClock(zone).FirstInstantOf(DateTime.Parse(local, CultureInfo.InvariantCulture))
        );
    }

    [Theory]
    [InlineData("UTC", true)]
    [InlineData("Etc/UTC", true)]
    [InlineData("GMT", true)]
    [InlineData("Z", true)]
    [InlineData("America/Argentina/Buenos_Aires", true)]
    [InlineData("Etc/GMT+5", true)]
    [InlineData("Eastern Standard Time", false)]
    [InlineData("America/../Europe/Berlin", false)]
    [InlineData("/etc/localtime", false)]
    [InlineData("posixrules\0", false)]
    [InlineData("", false)]
    public void TimeZones_Name_IsFoundOrNot(string name, bool expected)
    {
        Assert.True(TimeZones.HasDatabase);
        Assert.Equal(expected, TimeZones.TryFind(name, out _));
    }

    internal static long Ticks(string instant) => Instant(instant).UtcTicks;

    internal static Schedule Compile(string? start, string? end, string type, string zone = "UTC", string? cron = null)
    {
        var json = Definition(start, end, type, zone, cron);
        return Schedule.Compile(
            Definitions.Experiment(Definitions.With("variants.0.schedule", json)).Variants[0].Schedule!
        );
    }

    private static string Definition(string? start, string? end, string type, string zone, string? cron)
    {
        var text = new StringBuilder("{");
        text.Append(start is null ? "" : $"\"startAt\": \"{start}\", ")
            .Append(end is null ? "" : $"\"endAt\": \"{end}\", ");
        text.Append(CultureInfo.InvariantCulture, $"\"recurrence\": {{\"type\": \"{type}\", \"timezone\": \"{zone}\"");
        return text.Append(cron is null ? "" : $", \"cronExpression\": \"{cron}\"").Append("}}").ToString();
    }

    private static CronFires Fires(string cron, string zone)
    {
        Assert.True(TimeZones.TryFind(zone, out var found));
        return new CronFires(CronExpression.TryParse(cron, out _)!, new ZoneClock(found));
    }

    private static ScheduleTable Table(params (string? Start, string? End, string Type, string? Cron)[] schedules)
    {
        var variants = schedules.Select(
            (s, i) =>
                $$"""{"id": "v{{i}}", "weight": 0, "schedule": {{Definition(s.Start, s.End, s.Type, "UTC", s.Cron)}}}"""
        );
        var json = Definitions.With(
            "variants",
            $$"""[{{string.Join(',', variants)}}, {"id": "default", "weight": 10000}]"""
        );
        return new ScheduleTable(Definitions.Experiment(json).Variants);
    }

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
