using Edge.Experiments.Schedules;
using Edge.Selection.Schedules;
using Xunit;

namespace Edge.Tests.Selection.Schedules;

/// <summary>
/// Schedules against a walk through every minute of two years, in zones whose clocks do five different things. The walk
/// only reads the wall clock minute by minute: when it first shows a time is looked up, and a time it never shows is
/// replaced by the next one it does. (The platform's own notion of invalid and ambiguous times is wrong for
/// Casablanca.)
/// </summary>
public class ScheduleWalkTests
{
    private const int Minutes = 731 * 1440;

    private static readonly DateTime Begin = new(2027, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public static TheoryData<string> Zones =>
        ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"];

    private static readonly string[] Expressions =
    [
        "30 2 * * *",
        "15 2,14 * * *",
        "0 0 * * *",
        "30 1 * * SUN",
        "0 9 1,15 * MON",
        "45 23 29 2 *",
        "*/20 * * * *",
        "30 * * * *",
        "7 1-3 * * *",
        "0,30 2 * * *",
        "10-50/20 */5 * * 1-5",
        "5/25 2 25-5 3,10 *",
        "30 0 31 * *",
        "0 3 * NOV-MAR FRI-MON",
    ];

    private static readonly string[] Masks =
    [
        "* 9-17 * * 1-5",
        "* 2 * * *",
        "* 22-4 * * *",
        "* * 1-7 * *",
        "* 0 * 3,10 SUN",
        "* * * 4-9 *",
        "* */3 */2 * *",
    ];

    [Theory]
    [MemberData(nameof(Zones))]
    public void CronFires_EachFireOfTwoYears_IsThatOfTheWalk(string zoneName)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(zoneName);
        var locals = Locals(zone);
        foreach (var expression in Expressions)
        {
            var cron = CronExpression.TryParse(expression, out _)!;
            var expected = cron.IsInterval ? IntervalFires(cron, locals) : FixedFires(cron, locals);
            var fires = new CronFires(cron, new ZoneClock(zone));
            var end = Begin.AddMinutes(Minutes).AddDays(-3).Ticks;
            // Of dense ones every thirteenth keeps the test short and the phases varied.
            var step = expected.Count > 5_000 ? 13 : 1;
            Assert.NotEmpty(expected);
            for (var i = 0; i < expected.Count && expected[i] < end; i += step)
            {
                var fire = expected[i];
                if (fire < Begin.AddDays(3).Ticks)
                {
                    continue;
                }
                var last = i > 0 ? expected[i - 1] : fires.AtOrBefore(fire - 1)!.Value;
                if (
                    fires.After(last) != fire && i > 0
                    || fires.After(fire - 1) != fire
                    || fires.AtOrBefore(fire) != fire
                    || fires.AtOrBefore(fire - 1) != last
                )
                {
                    Assert.Fail($"{expression} in {zoneName}: {new DateTime(last):s}Z, then {new DateTime(fire):s}Z");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Zones))]
    public void Masks_EachChangeOfTwoYears_IsThatOfTheWalk(string zoneName)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(zoneName);
        var locals = Locals(zone);
        foreach (var expression in Masks)
        {
            var cron = CronExpression.TryParse(expression, out _)!;
            var mask = new MaskSchedule(cron, new ZoneClock(zone), DateTime.MinValue.Ticks, ScheduleState.Never);
            // From the first change on, so that where the run began is known.
            var minute = Array.FindIndex(locals, local => cron.Matches(local) != cron.Matches(locals[0]));
            while (minute < Minutes)
            {
                var isMatch = cron.Matches(locals[minute]);
                var next = Array.FindIndex(locals, minute, local => cron.Matches(local) != isMatch);
                if (next < 0)
                {
                    break;
                }
                var state = mask.At(Begin.AddMinutes((minute + next) / 2).Ticks);
                Assert.Equal((isMatch, Begin.AddMinutes(next).Ticks), (state.IsActive, state.Until));
                Assert.True(!isMatch || state.Start == Begin.AddMinutes(minute).Ticks, expression);
                minute = next;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Zones))]
    public void Series_InstantsAroundEachChange_AreThoseOfTheWalk(string zoneName)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(zoneName);
        var locals = Locals(zone);
        var shown = FirstShown(locals);
        // Winter on both hemispheres' clocks; times of day that clock changes hit, and ones over midnight.
        foreach (
            var (startMinute, lengthMinutes) in new[]
            {
                (150, 90),
                (130, 40),
                (60, 1440),
                (1320, 480),
                (0, 180),
                (540, 480),
            }
        )
        {
            foreach (var period in new[] { 1, 7 })
            {
                var firstLocal = locals[10 * 1440].Date.AddMinutes(startMinute);
                var start = FirstInstant(shown, firstLocal);
                var series = new SeriesSchedule(
                    new ZoneClock(zone),
                    start,
                    start + lengthMinutes * TimeSpan.TicksPerMinute,
                    period
                );
                var isActive = Walk(shown, firstLocal, lengthMinutes, period);
                var until = long.MinValue;
                for (var minute = 0; minute < Minutes - 20 * 1440; minute += NearChange(locals, minute) ? 7 : 211)
                {
                    var at = Begin.AddMinutes(minute).Ticks;
                    var state = series.At(at);
                    if (isActive[minute] != state.IsActive)
                    {
                        Assert.Fail($"{startMinute}+{lengthMinutes}/{period} at {new DateTime(at):s}Z");
                    }
                    until = CheckUntil(isActive, minute, state, until);
                }
            }
        }
    }

    /// <summary>No change may lie between an instant and the instant its state promises to hold until.</summary>
    private static long CheckUntil(bool[] isActive, int minute, ScheduleState state, long checkedUntil)
    {
        if (state.Until <= checkedUntil)
        {
            return checkedUntil;
        }
        var end = Math.Min(Minutes, (int)Math.Min(Minutes, (state.Until - Begin.Ticks) / TimeSpan.TicksPerMinute));
        Assert.Equal(-1, isActive.AsSpan(minute, end - minute).IndexOf(!state.IsActive));
        return state.Until;
    }

    private static bool NearChange(DateTime[] locals, int minute) =>
        minute is > 300 and < Minutes - 300 && (locals[minute + 300] - locals[minute - 300]).TotalMinutes is not 600;

    private static bool[] Walk(Dictionary<DateTime, long> shown, DateTime firstLocal, int lengthMinutes, int period)
    {
        var isActive = new bool[Minutes];
        for (var local = firstLocal; local < Begin.AddMinutes(Minutes).AddDays(-10); local = local.AddDays(period))
        {
            var from = (FirstInstant(shown, local) - Begin.Ticks) / TimeSpan.TicksPerMinute;
            var to = (FirstInstant(shown, local.AddMinutes(lengthMinutes)) - Begin.Ticks) / TimeSpan.TicksPerMinute;
            // Within a gap: the whole length after it.
            to = to == from ? from + lengthMinutes : to;
            for (var minute = from; minute < to; minute++)
            {
                isActive[minute] = true;
            }
        }
        return isActive;
    }

    private static DateTime[] Locals(TimeZoneInfo zone)
    {
        var locals = new DateTime[Minutes];
        for (var minute = 0; minute < Minutes; minute++)
        {
            locals[minute] = TimeZoneInfo.ConvertTimeFromUtc(Begin.AddMinutes(minute), zone);
        }
        return locals;
    }

    private static List<long> IntervalFires(CronExpression cron, DateTime[] locals) =>
        [.. Enumerable.Range(0, Minutes).Where(m => cron.Matches(locals[m])).Select(m => Begin.AddMinutes(m).Ticks)];

    private static List<long> FixedFires(CronExpression cron, DateTime[] locals)
    {
        var shown = FirstShown(locals);
        var fires = new SortedSet<long>();
        for (var local = locals[1440]; local < locals[Minutes - 1440]; local = local.AddMinutes(1))
        {
            if (cron.Matches(local))
            {
                fires.Add(FirstInstant(shown, local));
            }
        }
        return [.. fires];
    }

    /// <summary>For each wall clock minute the instant that first shows it.</summary>
    private static Dictionary<DateTime, long> FirstShown(DateTime[] locals)
    {
        var shown = new Dictionary<DateTime, long>(Minutes);
        for (var minute = 0; minute < Minutes; minute++)
        {
            shown.TryAdd(locals[minute], Begin.AddMinutes(minute).Ticks);
        }
        return shown;
    }

    private static long FirstInstant(Dictionary<DateTime, long> shown, DateTime local)
    {
        long instant;
        while (!shown.TryGetValue(local, out instant))
        {
            local = local.AddMinutes(1);
        }
        return instant;
    }
}
