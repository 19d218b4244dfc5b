using System.Text;
using Edge.Formats;
using Xunit;

namespace Edge.Tests.Formats;

public class TimestampTests
{
    [Theory]
    [InlineData("2026-05-16T19:00:00Z", "2026-05-16T19:00:00.000Z")]
    [InlineData("2026-05-16t19:00:00z", "2026-05-16T19:00:00.000Z")]
    [InlineData("2026-05-16T19:00:00.5Z", "2026-05-16T19:00:00.500Z")]
    [InlineData("2026-05-16T19:00:00.123456789Z", "2026-05-16T19:00:00.123Z")]
    [InlineData("2026-05-16T19:00:00+02:00", "2026-05-16T17:00:00.000Z")]
    [InlineData("2026-05-16T19:00:00-23:59", "2026-05-17T18:59:00.000Z")]
    [InlineData("2026-05-16T19:00:00-00:00", "2026-05-16T19:00:00.000Z")]
    [InlineData("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z")]
    [InlineData("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z")]
    public void TryParse_Rfc3339_IsAnInstant(string text, string expected)
    {
        Assert.True(Timestamp.TryParse(text, out var value));
        Assert.Equal(expected, Timestamp.Format(value));
        Assert.True(Timestamp.TryParse(Encoding.UTF8.GetBytes(text), out var ofBytes));
        Assert.Equal(value, ofBytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-05-16")]
    [InlineData("2026-05-16T19:00:00")]
    [InlineData("2026-05-16 19:00:00Z")]
    [InlineData("2026-05-16T19:00Z")]
    [InlineData("2026-05-16T19:00:00.Z")]
    [InlineData("2026-05-16T19:00:00.5")]
    [InlineData("2026-05-16T19:00:00+0200")]
    [InlineData("2026-05-16T19:00:00+24:00")]
    [InlineData("2026-05-16T19:00:00+02:60")]
    [InlineData("2026-05-16T24:00:00Z")]
    [InlineData("2026-05-16T19:60:00Z")]
    [InlineData("2026-05-16T19:00:61Z")]
    [InlineData("2026-13-16T19:00:00Z")]
    [InlineData("2026-02-29T19:00:00Z")]
    [InlineData("2026-00-01T19:00:00Z")]
    [InlineData("2026-01-00T19:00:00Z")]
    [InlineData("0000-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00+01:00")]
    [InlineData("9999-12-31T23:59:59-01:00")]
    [InlineData("2026-05-16T19:00:00ZZ")]
    [InlineData(" 2026-05-16T19:00:00Z")]
    [InlineData("2026-05-16T19:00:00Z ")]
    [InlineData("+026-05-16T19:00:00Z")]
    [InlineData("２026-05-16T19:00:00Z")]
    [InlineData("now")]
    public void TryParse_AnythingElse_IsRefused(string text)
    {
        Assert.False(Timestamp.TryParse(text, out _));
        Assert.False(Timestamp.TryParse(Encoding.UTF8.GetBytes(text), out _));
    }
}
