using System.Text;
using Edge.LoadTests.Generation;
using Xunit;

namespace Edge.Tests.Load;

/// <summary>Answers of HTTP/1.1 out of bytes that come as they please.</summary>
public class ResponseReaderTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", "")]
    [InlineData(
        "HTTP/1.1 302 Found\r\nlocation:  https://a.example/x \r\nCONTENT-LENGTH: 0\r\n\r\n",
        302,
        "",
        "https://a.example/x"
    )]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 204, "", "")]
    [InlineData(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        200,
        "hello",
        ""
    )]
    public void Answer_InPieces_IsCompleteWithItsLastByteAndNotBefore(
        string text,
        int status,
        string body,
        string location
    )
    {
        for (var length = 0; length < text.Length; length++)
        {
            var part = Encoding.ASCII.GetBytes(text[..length]);
            Assert.Equal(ResponseReader.State.Incomplete, ResponseReader.Read(part, out _, out _));
            Assert.Equal(text[..length], Encoding.ASCII.GetString(part));
        }

        var whole = Encoding.ASCII.GetBytes(text);
        Assert.Equal(ResponseReader.State.Complete, ResponseReader.Read(whole, out var answer, out var isLast));
        Assert.Equal(status, answer.Status);
        Assert.Equal(body, Encoding.ASCII.GetString(answer.Body));
        Assert.Equal(location, Encoding.ASCII.GetString(answer.Location));
        Assert.False(isLast);
    }

    [Theory]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nuntil the end")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    public void Bytes_ThatAreNoAnswerToOneRequest_AreMalformed(string text) =>
        Assert.Equal(ResponseReader.State.Malformed, ResponseReader.Read(Encoding.ASCII.GetBytes(text), out _, out _));

    [Fact]
    public void Answer_BeforeTheServerCloses_SaysSo()
    {
        var bytes = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n");

        _ = ResponseReader.Read(bytes, out _, out var isLast);

        Assert.True(isLast);
    }
}
