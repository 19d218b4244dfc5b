using System.Text;
using Edge.Formats;
using Xunit;

namespace Edge.Tests.Requests;

public class QueryParametersTests
{
    [Theory]
    [InlineData("?u=abc", "u", "abc")]
    [InlineData("?x=1&u=abc&y=2", "u", "abc")]
    [InlineData("?u=first&u=second", "u", "first")]
    [InlineData("?u=a%20b+c", "u", "a b c")]
    [InlineData("?u=%C3%A9", "u", "é")]
    [InlineData("?u=100%", "u", "100%")]
    [InlineData("?u=%zz", "u", "%zz")]
    [InlineData("?u=%4", "u", "%4")]
    [InlineData("?u", "u", "")]
    [InlineData("?u=", "u", "")]
    [InlineData("?u=a=b", "u", "a=b")]
    public void QueryParameter_Present_IsDecoded(string query, string name, string expected)
    {
        Span<byte> value = stackalloc byte[64];

        Assert.True(QueryParameters.TryRead(query, name, value, out var written));
        Assert.Equal(expected, Encoding.UTF8.GetString(value[..written]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?")]
    [InlineData("?uu=1")]
    [InlineData("?U=1")]
    [InlineData("?%75=1")]
    public void QueryParameter_Absent_IsNotFound(string query) =>
        Assert.False(QueryParameters.TryRead(query, "u", stackalloc byte[64], out _));

    [Theory]
    [InlineData(8, true)]
    [InlineData(9, false)]
    public void QueryParameter_LongerThanRoom_IsRefusedNotCut(int length, bool isRead) =>
        Assert.Equal(isRead, QueryParameters.TryRead("?u=" + new string('a', length), "u", stackalloc byte[8], out _));
}
