using Edge.Formats;
using Xunit;

namespace Edge.Tests.Formats;

/// <summary>Lines of tables as spreadsheets and mail programs write them.</summary>
public class CsvLineTests
{
    [Theory]
    [InlineData("a,b,c", "a|b|c")]
    [InlineData("", "")]
    [InlineData(",", "|")]
    [InlineData("\"a,b\",c", "a,b|c")]
    [InlineData("\"say \"\"hi\"\"\",x", "say \"hi\"|x")]
    [InlineData("5\" disk,x", "5\" disk|x")]
    [InlineData("\"\",x", "|x")]
    public void Line_OfATable_HasItsFields(string line, string fields) =>
        Assert.Equal(fields, string.Join('|', CsvLine.Read(line)!));

    [Theory]
    [InlineData("\"a,b")]
    [InlineData("x,\"a\"\"")]
    public void Line_WhoseFieldDoesNotEnd_IsNone(string line) => Assert.Null(CsvLine.Read(line));
}
