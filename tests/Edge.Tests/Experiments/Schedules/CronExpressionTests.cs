using Edge.Experiments.Schedules;
using Xunit;

namespace Edge.Tests.Experiments.Schedules;

public class CronExpressionTests
{
    [Theory]
    [InlineData("")]
    [InlineData("* * * *")]
    [InlineData("* * * * * *")]
    [InlineData("60 * * * *")]
    [InlineData("-1 * * * *")]
    [InlineData("* 24 * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("* * 32 * *")]
    [InlineData("* * * 0 *")]
    [InlineData("* * * 13 *")]
    [InlineData("* * * * 8")]
    [InlineData("* * * JANUARY *")]
    [InlineData("* * * * MO")]
    [InlineData("MON * * * *")]
    [InlineData("* * * FRI *")]
    [InlineData("* * * * JAN")]
    [InlineData("*/0 * * * *")]
    [InlineData("*/61 * * * *")]
    [InlineData("*/ * * * *")]
    [InlineData("*/a * * * *")]
    [InlineData("/5 * * * *")]
    [InlineData("1- * * * *")]
    [InlineData("-5 * * * *")]
    [InlineData("1-2-3 * * * *")]
    [InlineData("1,,2 * * * *")]
    [InlineData(",1 * * * *")]
    [InlineData("1, * * * *")]
    [InlineData("** * * * *")]
    [InlineData("*-5 * * * *")]
    [InlineData("? * * * *")]
    [InlineData("* * L * *")]
    [InlineData("* * 1W * *")]
    [InlineData("* * * * 1#2")]
    [InlineData("+1 * * * *")]
    [InlineData("1.0 * * * *")]
    [InlineData("000001 * * * *")]
    [InlineData("٣ * * * *")]
    [InlineData("@reboot")]
    [InlineData("@every 5m")]
    [InlineData("0 0 30 2 *")]
    [InlineData("0 0 31 2,4,6,9,11 *")]
    [InlineData("0 0 31 4 */2")]
    public void TryParse_Nonsense_IsRefusedWithAReason(string text)
    {
        Assert.Null(CronExpression.TryParse(text, out var message));
        Assert.NotEmpty(message);
    }

    [Theory]
    [InlineData("0 0 ? * MON", "write *")]
    [InlineData("0 0 L * *", "name the day")]
    [InlineData("0 0 L-3 * *", "name the day")]
    [InlineData("0 0 * * 5L", "name the day")]
    [InlineData("0 0 * * MON#2", "startAt")]
    [InlineData("0 0 15W * *", "name days")]
    public void TryParse_ExtensionOfAnotherScheduler_NamesTheAlternative(string text, string words)
    {
        Assert.Null(CronExpression.TryParse(text, out var message));
        Assert.Contains(words, message, StringComparison.Ordinal);
    }

    /// <summary>Each row: expression, a minute, whether it matches. 2026-03-01 is a Sunday.</summary>
    [Theory]
    [InlineData("* * * * *", "2026-03-01T00:00", true)]
    [InlineData("5 * * * *", "2026-03-01T07:05", true)]
    [InlineData("5 * * * *", "2026-03-01T07:06", false)]
    [InlineData("*/15 * * * *", "2026-03-01T07:45", true)]
    [InlineData("*/15 * * * *", "2026-03-01T07:50", false)]
    [InlineData("7/20 * * * *", "2026-03-01T07:47", true)]
    [InlineData("7/20 * * * *", "2026-03-01T07:20", false)]
    [InlineData("10-20/5 * * * *", "2026-03-01T07:15", true)]
    [InlineData("10-20/5 * * * *", "2026-03-01T07:25", false)]
    [InlineData("1,3,5-7 * * * *", "2026-03-01T07:06", true)]
    [InlineData("1,3,5-7 * * * *", "2026-03-01T07:04", false)]
    [InlineData("0 22-4 * * *", "2026-03-01T23:00", true)]
    [InlineData("0 22-4 * * *", "2026-03-01T04:00", true)]
    [InlineData("0 22-4 * * *", "2026-03-01T05:00", false)]
    [InlineData("0 22-4/3 * * *", "2026-03-01T01:00", true)]
    [InlineData("0 22-4/3 * * *", "2026-03-01T23:00", false)]
    [InlineData("0 0 * * 0", "2026-03-01T00:00", true)]
    [InlineData("0 0 * * 7", "2026-03-01T00:00", true)]
    [InlineData("0 0 * * SUN", "2026-03-01T00:00", true)]
    [InlineData("0 0 * * sun", "2026-03-01T00:00", true)]
    [InlineData("0 0 * * 1-7", "2026-03-01T00:00", true)]
    [InlineData("0 0 * * 0-7", "2026-03-04T00:00", true)]
    [InlineData("0 0 * * 5-7", "2026-03-01T00:00", true)]
    [InlineData("0 0 * * 5-7", "2026-03-04T00:00", false)]
    [InlineData("0 0 * * 7-2", "2026-03-03T00:00", true)]
    [InlineData("0 0 * * 7-2", "2026-03-04T00:00", false)]
    [InlineData("0 0 * * 1/2", "2026-03-01T00:00", true)]
    [InlineData("0 0 * * 1/2", "2026-03-02T00:00", true)]
    [InlineData("0 0 * * 1/2", "2026-03-03T00:00", false)]
    [InlineData("0 0 * * 6/1", "2026-03-01T00:00", true)]
    [InlineData("0 0 * * 6/1", "2026-03-02T00:00", false)]
    [InlineData("0 0 * * 0/2", "2026-03-07T00:00", true)]
    [InlineData("0 0 * * 0/2", "2026-03-02T00:00", false)]
    [InlineData("0 0 * * 07", "2026-03-01T00:00", true)]
    [InlineData("07 07 * * *", "2026-03-01T07:07", true)]
    [InlineData("0 0 * * FRI-MON", "2026-03-01T00:00", true)]
    [InlineData("0 0 * * FRI-MON", "2026-03-04T00:00", false)]
    [InlineData("0 0 * NOV-FEB *", "2026-01-05T00:00", true)]
    [InlineData("0 0 * NOV-FEB *", "2026-03-05T00:00", false)]
    [InlineData("0 0 25-5 * *", "2026-03-31T00:00", true)]
    [InlineData("0 0 25-5 * *", "2026-03-06T00:00", false)]
    // Both day fields restricted: either is enough.
    [InlineData("0 0 13 * FRI", "2026-03-06T00:00", true)]
    [InlineData("0 0 13 * FRI", "2026-04-13T00:00", true)]
    [InlineData("0 0 13 * FRI", "2026-04-14T00:00", false)]
    [InlineData("0 0 30 2 MON", "2026-02-02T00:00", true)]
    // A field that begins with a star is unrestricted: both must match.
    [InlineData("0 0 */2 * MON", "2026-03-02T00:00", false)]
    [InlineData("0 0 */2 * MON", "2026-03-09T00:00", true)]
    [InlineData("0 0 13 * */2", "2026-04-13T00:00", false)]
    [InlineData("0 0 13 * */2", "2026-01-13T00:00", true)]
    [InlineData("@hourly", "2026-03-01T07:00", true)]
    [InlineData("@daily", "2026-03-01T00:00", true)]
    [InlineData("@midnight", "2026-03-01T01:00", false)]
    [InlineData("@weekly", "2026-03-01T00:00", true)]
    [InlineData("@Monthly", "2026-03-02T00:00", false)]
    [InlineData("@yearly", "2026-01-01T00:00", true)]
    [InlineData("@annually", "2026-02-01T00:00", false)]
    [InlineData("  0\t0  * * *  ", "2026-03-01T00:00", true)]
    [InlineData("0 0 29 2 *", "2024-02-29T00:00", true)]
    public void Matches_Minute_AsCrontabSays(string expression, string minute, bool expected) =>
        Assert.Equal(expected, Parse(expression).Matches(DateTime.Parse(minute, null)));

    [Theory]
    [InlineData("* 9-17 * * *", true, true)]
    [InlineData("0-59 * * * *", false, true)]
    [InlineData("30 2 * * *", false, false)]
    [InlineData("30 2,14 * * *", false, false)]
    [InlineData("0,30 2 * * *", false, false)]
    [InlineData("0,30 * * * *", false, true)]
    [InlineData("*/10 2 * * *", false, true)]
    [InlineData("30 */2 * * *", false, true)]
    [InlineData("30 1-3 * * *", false, true)]
    [InlineData("30 * * * *", false, true)]
    [InlineData("@daily", false, false)]
    public void TryParse_Expression_KnowsItsKind(string expression, bool isEveryMinute, bool isInterval)
    {
        var cron = Parse(expression);

        Assert.Equal((isEveryMinute, isInterval), (cron.IsEveryMinute, cron.IsInterval));
    }

    [Fact]
    public void NextAndPrevious_AgreeWithAWalkThroughTheMinutes()
    {
        var random = new Random(5);
        var start = new DateTime(2027, 12, 1);
        const int Minutes = 120 * 1440;
        for (var round = 0; round < 40; round++)
        {
            var cron = Parse(RandomExpression(random));
            var matches = new bool[Minutes];
            for (var i = 0; i < Minutes; i++)
            {
                matches[i] = cron.Matches(start.AddMinutes(i));
            }
            for (var probe = 0; probe < 50; probe++)
            {
                var at = random.Next(Minutes);
                var next = Array.IndexOf(matches, true, at);
                var previous = Array.LastIndexOf(matches, true, at);
                var local = start.AddMinutes(at);
                if (next >= 0)
                {
                    Assert.Equal(start.AddMinutes(next), cron.NextAtOrAfter(local));
                    Assert.Equal(start.AddMinutes(next), cron.NextAtOrAfter(local.AddSeconds(-59)));
                }
                if (previous >= 0)
                {
                    Assert.Equal(start.AddMinutes(previous), cron.PreviousAtOrBefore(local));
                    Assert.Equal(start.AddMinutes(previous), cron.PreviousAtOrBefore(local.AddSeconds(59)));
                }
            }
        }
    }

    [Fact]
    public void NextAndPrevious_LeapDay_IsFoundAcrossACentury()
    {
        var leapDay = Parse("0 0 29 2 *");

        // 2100 is no leap year.
        Assert.Equal(new DateTime(2104, 2, 29), leapDay.NextAtOrAfter(new DateTime(2096, 3, 1)));
        Assert.Equal(new DateTime(2096, 2, 29), leapDay.PreviousAtOrBefore(new DateTime(2104, 2, 28)));
        // With a star both day fields must match: the 29th of February and every sixth weekday from Sunday.
        Assert.Equal(new DateTime(2032, 2, 29), Parse("0 0 29 2 */6").NextAtOrAfter(new DateTime(2024, 3, 1)));
    }

    [Fact]
    public void NextAndPrevious_EndsOfTheCalendar_HaveNone()
    {
        var cron = Parse("0 12 * * *");

        Assert.Null(cron.NextAtOrAfter(DateTime.MaxValue));
        Assert.Null(cron.PreviousAtOrBefore(DateTime.MinValue));
    }

    internal static string RandomExpression(Random random)
    {
        return string.Join(' ', Field(0, 59), Field(0, 23), Field(1, 28), Field(1, 12), Field(0, 7));

        string Field(int min, int max) =>
            random.Next(6) switch
            {
                0 or 1 => "*",
                2 => $"*/{random.Next(1, 8)}",
                3 => $"{random.Next(min, max + 1)}",
                4 => $"{random.Next(min, max + 1)}-{random.Next(min, max + 1)}",
                _ => $"{random.Next(min, max + 1)},{random.Next(min, max + 1)}/{random.Next(1, 6)}",
            };
    }

    private static CronExpression Parse(string text)
    {
        var cron = CronExpression.TryParse(text, out var message);
        Assert.True(cron is not null, message);
        return cron;
    }
}
