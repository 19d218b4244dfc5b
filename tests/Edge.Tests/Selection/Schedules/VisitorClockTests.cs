using System.Text;
using CsCheck;
using Edge.Enrichment.Geo;
using Edge.Experiments;
using Edge.Experiments.Schedules;
using Edge.Selection.Schedules;
using Xunit;

namespace Edge.Tests.Selection.Schedules;

/// <summary>Schedules on the clock of whoever asks.</summary>
public class VisitorClockTests
{
    private static readonly string[] Crons = ["0 9 * * *", "30 2 * * *", "* 9-16 * * 1-5", "*/20 * * * *", "0 0 1 * *"];

    /// <summary>Every zone of the machine that visitors may be in.</summary>
    private static readonly VisitorZone[] Zones =
    [
        .. TimeZoneInfo.GetSystemTimeZones().Select(zone => VisitorZones.Find(zone.Id)).OfType<VisitorZone>(),
    ];

    private static readonly Gen<long> Minute = Gen.Long[0, 3 * 366 * 24 * 60];

    private static readonly Gen<VariantSchedule> AnySchedule =
        from start in Minute
        from length in Gen.Int[1, 40 * 60]
        from isOpen in Gen.Bool
        from type in Gen.Int[0, 3]
        from cron in Gen.Int[0, Crons.Length - 1]
        select new VariantSchedule
        {
            StartAt = At(start),
            EndAt = isOpen ? null : At(start + length),
            Recurrence = new Recurrence
            {
                Type = (RecurrenceType)type,
                Timezone = Recurrence.OfVisitor,
                CronExpression = (RecurrenceType)type == RecurrenceType.Cron ? Crons[cron] : null,
            },
        };

    [Fact]
    public void Schedule_OfAVisitor_IsTheSameOneOfTheVisitorsZone()
    {
        Assert.True(Zones.Length > 300, $"{Zones.Length} zones");
        Gen.Select(AnySchedule, Gen.Int[0, Zones.Length - 1], Minute)
            .Sample(
                (schedule, zone, minute) =>
                {
                    var ofVisitor = TableOf(schedule).For(Zones[zone]);
                    var inZone = TableOf(Placed(schedule, Zones[zone].Name));
                    var at = At(minute);
                    Assert.Equal(inZone.StateOf(0, at), ofVisitor.StateOf(0, at));
                    Assert.Equal(inZone.ActiveAt(at), ofVisitor.ActiveAt(at));
                    Assert.Equal(inZone.NextChange(at), ofVisitor.NextChange(at));
                },
                iter: 5_000
            );
    }

    /// <summary>What the visitor's own clock says decides, on days on which nobody sets it.</summary>
    [Fact]
    public void Schedule_OfEveryDay_IsActiveBetweenItsTimesOnTheVisitorsClock() =>
        Gen.Select(Gen.Int[0, Zones.Length - 1], Gen.Int[0, 1_000], Gen.Int[1, 400], Minute)
            .Sample(
                (zone, first, length, minute) =>
                {
                    var start = new DateTimeOffset(2025, 1, 10, 0, 0, 0, TimeSpan.Zero).AddMinutes(first);
                    var table = TableOf(
                        new VariantSchedule
                        {
                            StartAt = start,
                            EndAt = start.AddMinutes(length),
                            Recurrence = new Recurrence { Type = RecurrenceType.Daily, Timezone = Recurrence.OfVisitor },
                        }
                    );
                    var clock = TimeZoneInfo.FindSystemTimeZoneById(Zones[zone].Name);
                    var at = At(minute);
                    if (at < start.AddDays(3) || OffsetsAround(clock, at).Distinct().Count() > 1)
                    {
                        return;
                    }

                    var timeOfDay = TimeZoneInfo.ConvertTime(at, clock).TimeOfDay.TotalMinutes;
                    var isActive = timeOfDay >= first && timeOfDay < first + length;
                    Assert.Equal(isActive ? 0 : ScheduleTable.None, table.For(Zones[zone]).ActiveAt(at));
                },
                iter: 5_000
            );

    [Theory]
    // Nothing is known of the visitor.
    [InlineData(null, null, "2026-07-01T09:30:00Z", true)]
    [InlineData(null, "Asia/Tokyo", "2026-07-01T09:30:00Z", false)]
    [InlineData(null, "Asia/Tokyo", "2026-07-01T00:30:00Z", true)]
    [InlineData("Asia/Tokyo", "America/Chicago", "2026-07-01T00:30:00Z", true)]
    // Forward: 2:30 is not shown on the 29th of March; the window begins when the gap ends.
    [InlineData("Europe/Paris", null, "2026-07-01T07:30:00Z", true)]
    [InlineData("Europe/Paris", null, "2026-01-15T07:30:00Z", false)]
    [InlineData("Europe/Paris", null, "2026-01-15T08:30:00Z", true)]
    public void Schedule_OfNineToTen_FollowsTheVisitorElseTheFallback(
        string? zone,
        string? fallback,
        string instant,
        bool isActive
    )
    {
        var table = TableOf(
            new VariantSchedule
            {
                StartAt = new DateTimeOffset(2026, 1, 1, 9, 0, 0, TimeSpan.Zero),
                EndAt = new DateTimeOffset(2026, 1, 1, 10, 0, 0, TimeSpan.Zero),
                Recurrence = new Recurrence
                {
                    Type = RecurrenceType.Daily,
                    Timezone = Recurrence.OfVisitor,
                    FallbackTimezone = fallback,
                },
            }
        );
        var at = DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture);

        Assert.Equal(isActive, table.For(zone is null ? null : VisitorZones.Find(zone)).ActiveAt(at) == 0);
    }

    /// <summary>Once, in the hour that the clock skips: at the end of the gap, as long as it was meant to be.</summary>
    [Fact]
    public void Schedule_OfOneWindowInAGap_HasItsLength()
    {
        var table = TableOf(
                new VariantSchedule
                {
                    StartAt = new DateTimeOffset(2026, 3, 29, 2, 10, 0, TimeSpan.Zero),
                    EndAt = new DateTimeOffset(2026, 3, 29, 2, 50, 0, TimeSpan.Zero),
                    Recurrence = new Recurrence { Timezone = Recurrence.OfVisitor },
                }
            )
            .For(VisitorZones.Find("Europe/Paris"));
        var gapEnd = new DateTimeOffset(2026, 3, 29, 1, 0, 0, TimeSpan.Zero);

        Assert.Equal(ScheduleTable.None, table.ActiveAt(gapEnd.AddTicks(-1)));
        Assert.Equal(0, table.ActiveAt(gapEnd));
        Assert.Equal(0, table.ActiveAt(gapEnd.AddMinutes(40).AddTicks(-1)));
        Assert.Equal(ScheduleTable.None, table.ActiveAt(gapEnd.AddMinutes(40)));
    }

    [Fact]
    public void Choice_ForZonesThatWereSeen_AllocatesNothing()
    {
        var table = TableOf(
            new VariantSchedule
            {
                StartAt = At(0),
                Recurrence = new Recurrence { Timezone = Recurrence.OfVisitor },
            }
        );
        var at = At(1_000_000);
        Ask();

        var before = GC.GetAllocatedBytesForCurrentThread();
        Ask();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Ask()
        {
            foreach (var name in (ReadOnlySpan<string>)["Europe/Paris", "Asia/Tokyo", "America/Chicago"])
            {
                _ = table.For(VisitorZones.Find(name.AsSpan())).ActiveAt(at);
            }

            _ = VisitorZones.Find("Europe/Berlin"u8);
            _ = VisitorZones.OfCountry("FR");
        }
    }

    [Theory]
    [InlineData("Europe/Paris", "Europe/Paris")]
    [InlineData("UTC", "UTC")]
    [InlineData("europe/paris", null)]
    [InlineData("", null)]
    [InlineData("visitor", null)]
    [InlineData("../../etc/passwd", null)]
    [InlineData("/etc/localtime", null)]
    [InlineData("Europe/Paris\0", null)]
    [InlineData("Europe/Parîs", null)]
    public void Zone_ByName_IsOneOfTheMachines(string name, string? found)
    {
        Assert.Equal(found, VisitorZones.Find(name)?.Name);
        Assert.Equal(found, VisitorZones.Find(Encoding.UTF8.GetBytes(name))?.Name);
    }

    [Theory]
    [InlineData("FR", "Europe/Paris")]
    [InlineData("JP", "Asia/Tokyo")]
    [InlineData("US", null)]
    [InlineData("", null)]
    [InlineData("ZZ", null)]
    public void Zone_OfACountry_IsItsOnlyOne(string country, string? zone) =>
        Assert.Equal(zone, VisitorZones.OfCountry(country)?.Name);

    [Fact]
    public void Zone_OfAnyBytes_NeverFails() =>
        Gen.Byte.Array[0, 200].Sample(bytes => VisitorZones.Find(bytes) is null or { Name.Length: > 0 });

    private static ScheduleTable TableOf(VariantSchedule schedule) =>
        new([
            new Variant
            {
                Id = "a",
                Weight = 10_000,
                Schedule = schedule,
            },
        ]);

    /// <summary>The schedule as somebody in the zone would have written it, with instants.</summary>
    private static VariantSchedule Placed(VariantSchedule schedule, string zone)
    {
        var clock = new ZoneClock(TimeZoneInfo.FindSystemTimeZoneById(zone));
        var start = InstantOf(clock, schedule.StartAt);
        var end = InstantOf(clock, schedule.EndAt);
        return schedule with
        {
            StartAt = start,
            EndAt = end <= start ? start + (schedule.EndAt - schedule.StartAt) : end,
            Recurrence = schedule.Recurrence with { Timezone = zone },
        };
    }

    private static DateTimeOffset? InstantOf(ZoneClock clock, DateTimeOffset? wall) =>
        wall is { } time ? new DateTimeOffset(clock.FirstInstantOf(time.UtcDateTime), TimeSpan.Zero) : null;

    private static IEnumerable<TimeSpan> OffsetsAround(TimeZoneInfo zone, DateTimeOffset at) =>
        Enumerable.Range(-48, 97).Select(hours => zone.GetUtcOffset(at.AddHours(hours)));

    private static DateTimeOffset At(long minute) =>
        new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(minute);
}
