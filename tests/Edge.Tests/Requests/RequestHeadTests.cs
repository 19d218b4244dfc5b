using System.Text;
using System.Text.RegularExpressions;
using Edge.Requests;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Requests;

public partial class RequestHeadTests
{
    private static readonly HeadLimits Limits = new(4_096, 8_192, 40);

    private static readonly string[] Sound =
    [
        "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: edge.example\r\n\r\n",
        "HEAD /s/demo-ab/click?u=1&utm_source=a%20b HTTP/1.1\r\nhost: edge.example:8080\r\nUser-Agent:  Mozilla/5.0 (X11)  \r\nConnection: close\r\n\r\n",
        "GET /s/a-b/click? HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Empty:\r\nX-Blank:   \r\nConnection: Keep-Alive\r\nReferer: https://m\u00fcller.example/\r\n\r\n",
        "GET / HTTP/1.1\r\nAccept: a:b\r\nHost: x\r\nCookie: a=1; b=2\r\n\r\nGET / HTTP/1.1\r\n",
    ];

    [Fact]
    public void Head_Sound_IsReadAsByTheNaiveReader()
    {
        foreach (var text in Sound)
        {
            Assert.NotNull(Naive(text));
            AssertAlike(Encoding.Latin1.GetBytes(text), text);
        }
    }

    /// <summary>Damaged heads are read as a reader of regular expressions reads them, or both refuse.</summary>
    [Fact]
    public void Head_Damaged_IsReadAsByTheNaiveReader()
    {
        var count = FuzzSetting.Number("EDGE_FUZZ_HEADS", 200_000);
        for (var seed = 0; seed < count; seed++)
        {
            var bytes = Mutation.Of(Encoding.Latin1.GetBytes(Sound[seed % Sound.Length]), seed);
            AssertAlike(bytes, $"seed {seed}: {Encoding.Latin1.GetString(bytes)}");
        }
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET / HTTP/1.0\r\nHost: x\r\n\r\n")]
    [InlineData("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET /#a HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET  / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\nHost: x\n\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost:\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x:\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n Folded: y\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nA: b\tc\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nConnection: close, te\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n")]
    [InlineData("")]
    public void Head_InDoubt_IsLeftToTheServer(string text) => Assert.False(TryRead(Encoding.Latin1.GetBytes(text), out _));

    [Fact]
    public void Head_AtItsLimits_IsReadAndOneByteMoreIsNot()
    {
        var line = "GET /" + new string('a', Limits.LineBytesMax - "GET / HTTP/1.1\r\n".Length) + " HTTP/1.1\r\n";
        Assert.Equal(Limits.LineBytesMax, line.Length);
        Assert.True(TryRead(Encoding.ASCII.GetBytes(line + "Host: x\r\n\r\n"), out _));
        Assert.False(TryRead(Encoding.ASCII.GetBytes(line.Replace("/a", "/aa") + "Host: x\r\n\r\n"), out _));

        var header = new string('a', Limits.HeaderBytesMax - "Host: x\r\nA: \r\n\r\n".Length);
        Assert.True(TryRead(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\nA: {header}\r\n\r\n"), out _));
        Assert.False(TryRead(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\nA: {header}a\r\n\r\n"), out _));

        var most = string.Concat(Enumerable.Repeat("A: b\r\n", Limits.CountMax - 1));
        Assert.True(TryRead(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\n{most}\r\n"), out _));
        Assert.False(TryRead(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\n{most}A: b\r\n\r\n"), out _));
    }

    private static void AssertAlike(byte[] bytes, string message)
    {
        var isRead = TryRead(bytes, out var read);
        var expected = Naive(Encoding.Latin1.GetString(bytes));
        Assert.True((expected is null) == !isRead && (!isRead || expected == read), $"{message}\nexpected {expected}\nread {read}");
    }

    private static bool TryRead(byte[] bytes, out string read)
    {
        var fields = new HeaderField[HeaderFields.Capacity];
        read = "";
        if (!RequestHead.TryRead(bytes, Limits, fields, out var count, out var head))
        {
            return false;
        }

        var text = new StringBuilder($"{head.IsHead} {Latin(head.Path)} {Latin(head.Query)} {head.IsLast} {head.Length}");
        foreach (var field in fields.AsSpan(0, count))
        {
            text.Append($"\n{Latin(head.NameOf(field))}={Latin(head.ValueOf(field))}");
        }

        read = text.ToString();
        return true;

        static string Latin(ReadOnlySpan<byte> part) => Encoding.Latin1.GetString(part);
    }

    /// <summary>The same by regular expressions; null when it is in doubt.</summary>
    private static string? Naive(string text)
    {
        var match = WholeHead().Match(text);
        if (!match.Success || match.Groups["line"].Length > Limits.LineBytesMax)
        {
            return null;
        }

        var headers = match.Groups["header"].Captures.Select(header => header.Value.Split(':', 2)).ToArray();
        var headerBytes = match.Length - match.Groups["line"].Length;
        string[] ValuesOf(string name) =>
            [.. headers.Where(pair => pair[0].Equals(name, StringComparison.OrdinalIgnoreCase)).Select(pair => pair[1].Trim(' '))];
        var connections = ValuesOf("Connection");
        var isLast = false;
        foreach (var connection in connections)
        {
            isLast |= connection.Equals("close", StringComparison.OrdinalIgnoreCase);
            if (!isLast && !connection.Equals("keep-alive", StringComparison.OrdinalIgnoreCase))
            {
                return null;
            }
        }

        if (
            headers.Length > Limits.CountMax
            || headerBytes > Limits.HeaderBytesMax
            || ValuesOf("Host") is not [var host]
            || !PlainHost().IsMatch(host)
            || new[] { "Content-Length", "Transfer-Encoding", "Expect", "Upgrade" }.Any(name => ValuesOf(name).Length > 0)
        )
        {
            return null;
        }

        var target = match.Groups["target"].Value;
        var mark = target.IndexOf('?');
        var path = mark < 0 ? target : target[..mark];
        var query = mark < 0 ? "" : target[mark..];
        return $"{match.Groups["method"].Value == "HEAD"} {path} {query} {isLast} {match.Length}"
            + string.Concat(headers.Select(pair => $"\n{pair[0]}={pair[1].Trim(' ')}"));
    }

    [GeneratedRegex(
        """\A(?<line>(?<method>GET|HEAD) (?<target>/[^\x00-\x20\x7F#]*) HTTP/1\.1\r\n)((?<header>[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00-\x1F\x7F]*)\r\n)*\r\n""",
        RegexOptions.ExplicitCapture
    )]
    private static partial Regex WholeHead();

    [GeneratedRegex("""\A[-.0-9A-Za-z]+(:[0-9]{1,5})?\z""", RegexOptions.ExplicitCapture)]
    private static partial Regex PlainHost();
}
