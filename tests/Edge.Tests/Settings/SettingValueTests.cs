using Edge.Settings;
using Xunit;

namespace Edge.Tests.Settings;

public class SettingValueTests
{
    [Theory]
    [InlineData("journal.maxBytes", "8GB", 8_000_000_000)]
    [InlineData("journal.maxBytes", "64MiB", 64L << 20)]
    [InlineData("journal.maxBytes", "2tib", 2L << 40)]
    [InlineData("journal.maxBytes", "5kB", 5_000)]
    [InlineData("journal.maxBytes", "5KiB", 5_120)]
    [InlineData("journal.maxBytes", "7B", 7)]
    [InlineData("journal.maxBytes", "7", 7)]
    [InlineData("http.stopGraceMs", "5s", 5_000)]
    [InlineData("http.stopGraceMs", "250ms", 250)]
    [InlineData("http.stopGraceMs", "2min", 120_000)]
    [InlineData("http.stopGraceMs", "2m", 120_000)]
    [InlineData("http.stopGraceMs", "1h", 3_600_000)]
    [InlineData("x.ageSeconds", "3000ms", 3)]
    [InlineData("x.ageMinutes", "1h", 60)]
    [InlineData("journal.retainHours", "7d", 168)]
    [InlineData("journal.retainHours", "24", 24)]
    [InlineData("x.ageDays", "48h", 2)]
    [InlineData("http.maxHeaderCount", "64", 64)]
    [InlineData("http.maxHeaderCount", "007", 7)]
    public void Number_WithAUnitOfItsKey_IsCounted(string key, string text, long expected)
    {
        Assert.Null(SettingValue.Number(key, text, 0, long.MaxValue, out var value));

        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("sign", "journal.maxBytes", "+7")]
    [InlineData("negative", "journal.maxBytes", "-7")]
    [InlineData("space before", "journal.maxBytes", " 7")]
    [InlineData("space after", "journal.maxBytes", "7 ")]
    [InlineData("space within", "journal.maxBytes", "7 MB")]
    [InlineData("line end", "journal.maxBytes", "7\n")]
    [InlineData("empty", "journal.maxBytes", "")]
    [InlineData("unit alone", "journal.maxBytes", "MB")]
    [InlineData("fraction", "journal.maxBytes", "1.5GB")]
    [InlineData("exponent", "journal.maxBytes", "1e3")]
    [InlineData("grouped", "journal.maxBytes", "1,000")]
    [InlineData("other digits", "journal.maxBytes", "٣")]
    [InlineData("time for bytes", "journal.maxBytes", "5s")]
    [InlineData("bytes for time", "http.stopGraceMs", "5MB")]
    [InlineData("unknown unit", "journal.maxBytes", "5Mb/s")]
    [InlineData("unit of a plain number", "http.maxHeaderCount", "5s")]
    [InlineData("too large", "journal.maxBytes", "99999999999999999999")]
    [InlineData("too large with its unit", "journal.maxBytes", "99999999999TiB")]
    [InlineData("half an hour", "journal.retainHours", "30min")]
    [InlineData("above the range", "x.y", "101")]
    public void Number_InAnotherForm_IsRefusedWithoutRepeatingIt(string row, string key, string text)
    {
        var problem = SettingValue.Number(key, text, 0, key == "x.y" ? 100 : long.MaxValue, out _);

        Assert.StartsWith("must be a whole number from 0 to ", problem, StringComparison.Ordinal);
        Assert.Equal(
            (row, key.EndsWith("Bytes", StringComparison.Ordinal)),
            (row, problem!.Contains("64MiB", StringComparison.Ordinal))
        );
    }

    [Theory]
    [InlineData("memory,disk")]
    [InlineData("memory, disk")]
    [InlineData(" memory")]
    [InlineData("1")]
    [InlineData("+1")]
    [InlineData("")]
    public void Choice_ThatIsNotOneName_IsRefused(string text) =>
        Assert.Equal("must be one of memory, disk", SettingValue.Choice<AckMode>(text, out _));

    [Fact]
    public void Choice_InAnyCase_IsTaken()
    {
        Assert.Null(SettingValue.Choice<AckMode>("DISK", out var value));

        Assert.Equal(AckMode.Disk, value);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("False", false)]
    public void Flag_InAnyCase_IsTaken(string text, bool expected)
    {
        Assert.Null(SettingValue.Flag(text, out var value));

        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData(" true")]
    [InlineData("true\0")]
    [InlineData("yes")]
    [InlineData("1")]
    public void Flag_InAnotherForm_IsRefused(string text) =>
        Assert.Equal("must be true or false", SettingValue.Flag(text, out _));
}
