using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Edge.Endpoints.Documents;
using Edge.Tests.BlackBox;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>The browser client as it is served: size, headers, caching.</summary>
public partial class ClientDocumentTests(ServedEdge served) : IClassFixture<ServedEdge>
{
    private const int GzipBytesMax = 2_048;

    [Fact]
    public async Task Client_Compressed_IsUnderTwoKilobytes()
    {
        using var answer = await GetAsync(("Accept-Encoding", "br, gzip"));
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        using var inflated = new StreamReader(new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress));

        Assert.InRange(bytes.Length, 1, GzipBytesMax - 1);
        Assert.Equal(["gzip"], answer.Content.Headers.ContentEncoding);
        Assert.Equal(await served.Edge.Client.GetStringAsync("/sdk.js"), await inflated.ReadToEndAsync());
    }

    [Fact]
    public async Task Client_Headers_LetEveryPageLoadAndKeepIt()
    {
        using var answer = await GetAsync(("Origin", "https://shop.example"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/javascript; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("cross-origin", answer.Headers.GetValues("Cross-Origin-Resource-Policy").Single());
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("Accept-Encoding", answer.Headers.Vary.Single());
        Assert.Equal(
            (true, TimeSpan.FromHours(1)),
            (answer.Headers.CacheControl!.Public, answer.Headers.CacheControl.MaxAge)
        );
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Theory]
    [InlineData("identity")]
    [InlineData("gzip")]
    [InlineData("gzip;q=0")]
    public async Task Client_KnownToACache_IsNotSentAgain(string coding)
    {
        using var first = await GetAsync(("Accept-Encoding", coding));
        using var again = await GetAsync(
            ("Accept-Encoding", coding),
            ("If-None-Match", first.Headers.ETag!.ToString())
        );
        using var other = await GetAsync(("Accept-Encoding", coding), ("If-None-Match", "\"0000000000000000\""));

        Assert.Equal((HttpStatusCode.NotModified, HttpStatusCode.OK), (again.StatusCode, other.StatusCode));
        Assert.Equal(first.Headers.ETag, again.Headers.ETag);
        Assert.Empty(await again.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Client_Head_IsGetWithoutItsBody()
    {
        using var get = await GetAsync();
        using var head = await served.Edge.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/sdk.js"));

        Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.Equal(get.Headers.ETag, head.Headers.ETag);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Client_OtherMethod_Is405WithAllow()
    {
        using var answer = await served.Edge.Client.PostAsync("/sdk.js", null);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(["GET", "HEAD"], answer.Content.Headers.Allow);
    }

    [Fact]
    public void Client_WithoutItsComments_IsTheSameScript()
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, "src/Edge/Endpoints/Documents/edge.js"));
        var sent = Encoding.UTF8.GetString(EmbeddedDocument.WithoutComments(Encoding.UTF8.GetBytes(source)));

        // Leaving out lines and spaces is only safe where texts are easy to tell.
        Assert.DoesNotContain('`', source);
        Assert.DoesNotContain("/*", source, StringComparison.Ordinal);
        Assert.Equal(Blank().Replace(Comment().Replace(source, ""), ""), Blank().Replace(sent, ""));
        Assert.Equal(
            Quoted().Matches(Comment().Replace(source, "")).Select(text => text.Value),
            Quoted().Matches(sent).Select(text => text.Value)
        );
        Assert.DoesNotContain("import", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("cookie", sent, StringComparison.OrdinalIgnoreCase);
    }

    private Task<HttpResponseMessage> GetAsync(params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/sdk.js");
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return served.Edge.Client.SendAsync(request);
    }

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex("'[^'\n]*'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blank();
}
