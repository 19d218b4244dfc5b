using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Messages whose length somebody in between could read differently (RFC 9112 section 6).</summary>
public class FramingTests(ServedEdge site) : IClassFixture<ServedEdge>
{
    private const string Event = """{"event":"view","experiment":"demo-ab"}""";

    [Theory]
    [InlineData("digits", "Content-Length: 39", 200, false)]
    [InlineData("digits within blanks", "Content-Length:   39  ", 200, false)]
    [InlineData("leading zeros", "Content-Length: 0039", 200, false)]
    [InlineData("plus", "Content-Length: +39", 400, true)]
    [InlineData("minus", "Content-Length: -39", 400, true)]
    [InlineData("blank inside", "Content-Length: 3 9", 400, true)]
    [InlineData("list", "Content-Length: 39, 39", 400, true)]
    [InlineData("hexadecimal", "Content-Length: 0x27", 400, true)]
    [InlineData("empty", "Content-Length:", 400, true)]
    [InlineData("too long", "Content-Length: 100000000000000000000000000000039", 400, true)]
    [InlineData("twice", "Content-Length: 39\r\nContent-Length: 39", 400, true)]
    [InlineData("chunked", "Transfer-Encoding: Chunked", 200, false)]
    [InlineData("gzip and chunked", "Transfer-Encoding: gzip, chunked", 501, true)]
    [InlineData("chunked twice", "Transfer-Encoding: chunked, chunked", 501, true)]
    [InlineData("in two lines", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501, true)]
    [InlineData("gzip alone", "Transfer-Encoding: gzip", 400, true)]
    [InlineData("both lengths", "Content-Length: 39\r\nTransfer-Encoding: chunked", 200, true)]
    public Task Http11_Framing_IsAnsweredAs(string row, string headers, int status, bool closes) =>
        AssertAsync(row, "HTTP/1.1", headers, status, closes);

    /// <summary>Bodies that end in what nobody can read are the sender's fault, and cost no word of the log.</summary>
    [Theory]
    [InlineData("/s/events", "2\r\n{}\r\n0\r\nT: \0\r\n\r\n")]
    [InlineData("/ui/session", "2\r\n{}\r\n0\r\nT: \0\r\n\r\n")]
    [InlineData("/s/events", "2\r\n{}\r\n0\r\nT : x\r\n\r\n")]
    [InlineData("/s/events", "fffffffff\r\n{}\r\n0\r\n\r\n")]
    [InlineData("/s/events", "2\r\n{}\r\n0\r\nT: *\r\n\r\n")]
    public async Task Chunks_ThatCannotBeRead_AreABadRequest(string path, string body)
    {
        var answer = await RawHttp.SendAsync(
            site.Edge.Address,
            $"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + body.Replace("*", new string('a', 40_000), StringComparison.Ordinal)
        );

        Assert.Equal(400, RawHttp.Status(answer));
        Assert.DoesNotContain("Exception", site.Edge.ErrorSoFar, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chunked", "Transfer-Encoding: chunked\r\nConnection: keep-alive", 200, true)]
    [InlineData("gzip and chunked", "Transfer-Encoding: gzip, chunked\r\nConnection: keep-alive", 501, true)]
    public Task Http10_TransferEncoding_EndsTheConnection(string row, string headers, int status, bool closes) =>
        AssertAsync(row, "HTTP/1.0", headers, status, closes);

    private async Task AssertAsync(string row, string version, string headers, int status, bool closes)
    {
        var body = headers.Contains("Transfer-Encoding", StringComparison.Ordinal)
            ? $"{Event.Length:x}\r\n{Event}\r\n0\r\n\r\n"
            : Event;
        // What follows on the same connection is answered only where it stays open.
        var answer = await RawHttp.SendAsync(
            site.Edge.Address,
            $"POST /s/events {version}\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n\r\n{body}"
                + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        );

        Assert.True(status == RawHttp.Status(answer), $"{row}: {answer}");
        Assert.True(closes == !answer.EndsWith("\r\n\r\nok\n", StringComparison.Ordinal), $"{row}: {answer}");
    }
}
