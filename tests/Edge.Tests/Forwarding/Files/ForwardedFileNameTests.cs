using Edge.Forwarding.Files;
using Xunit;

namespace Edge.Tests.Forwarding.Files;

public class ForwardedFileNameTests
{
    [Fact]
    public void Name_Written_ShowsHourAndNumber()
    {
        var name = new ForwardedFileName(2026112109, 1);

        Assert.Equal("events-2026112109-000001.ndjson", name.ToString());
    }

    [Fact]
    public void HourOf_OtherTimeZone_IsUtc()
    {
        var moment = new DateTimeOffset(2026, 1, 1, 0, 30, 0, TimeSpan.FromHours(2));

        Assert.Equal(2025123122, ForwardedFileName.HourOf(moment));
    }

    [Theory]
    [InlineData("first", "events-2026112109-000001.ndjson", 1)]
    [InlineData("six digits", "events-2026112109-999999.ndjson", 999_999)]
    [InlineData("seven digits", "events-2026112109-1000000.ndjson", 1_000_000)]
    public void TryParse_OwnName_ReadsNumber(string row, string text, long number)
    {
        Assert.True(ForwardedFileName.TryParse(text, out var name), row);

        Assert.Equal(new ForwardedFileName(2026112109, number), name);
    }

    [Theory]
    [InlineData("nothing", "")]
    [InlineData("null", null)]
    [InlineData("prefix and suffix only", "events-.ndjson")]
    [InlineData("five digits", "events-2026112109-00001.ndjson")]
    [InlineData("leading zero too many", "events-2026112109-0000001.ndjson")]
    [InlineData("no number", "events-2026112109-.ndjson")]
    [InlineData("letters", "events-2026112109-00000x.ndjson")]
    [InlineData("sign", "events-2026112109-+00001.ndjson")]
    [InlineData("other separator", "events-2026112109_000001.ndjson")]
    [InlineData("compressed", "events-2026112109-000001.ndjson.gz")]
    [InlineData("number above 64 bits", "events-2026112109-99999999999999999999.ndjson")]
    [InlineData("upper case", "EVENTS-2026112109-000001.ndjson")]
    public void TryParse_ForeignName_IsRefused(string row, string? text)
    {
        Assert.False(ForwardedFileName.TryParse(text, out _), row);
    }
}
