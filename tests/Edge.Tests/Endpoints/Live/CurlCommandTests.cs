using System.Text;
using Edge.Endpoints.Live;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Edge.Tests.Endpoints.Live;

/// <summary>A command with the shape of a refused request that gives nothing away.</summary>
public class CurlCommandTests
{
    [Fact]
    public void Command_OfARequest_HasNamesAndKindsAndWhichEventItWas()
    {
        var request = Request("/v1/track", "?key=pk_live_secret&u=1.2.3.4&event=sign-up&utm=a+b");
        request.Headers.Authorization = "Bearer sk_live_secret";
        request.Headers["X-Write-Key"] = "wk_secret";
        request.Headers["X-Forwarded-For"] = "203.0.113.9";
        request.ContentType = "application/json; charset=utf-8";

        var command = CurlCommand.Of(
            request,
            Encoding.UTF8.GetBytes(
                """{"event":"e","type":7,"experiment":"demo-ab","n":1.50,"ok":true,"no":null,"deep":[{"event":"f","url":"/c?token=x"}],"properties":{"event":"Alice"}}"""
            )
        );

        Assert.Equal(
            "curl -X POST 'http://HOST/v1/track?key=...&u=...&event=sign-up&utm=...' -H 'Authorization: Bearer ...'"
                + " -H 'X-Write-Key: ...' -H 'Content-Type: application/json'"
                + """ -d '{"event":"e","type":0,"experiment":"demo-ab","n":0,"ok":true,"no":null,"deep":[{"event":"f","url":"..."}],"properties":{"event":"..."}}'""",
            command
        );
    }

    [Theory]
    [InlineData("wk_0123456789")]
    [InlineData("artie_abc")]
    [InlineData("mk_live_abc")]
    [InlineData("mr_test_abc")]
    [InlineData("pk_live_abc")]
    [InlineData("rk_live_abc")]
    [InlineData("traffical_sk_abc")]
    [InlineData("my-wk_abc")]
    [InlineData("see wk_abc here")]
    [InlineData("abcdefghijklmnopqrstuvwxyzABCDEF")]
    [InlineData("198.51.100.27:80")]
    [InlineData("198.51.100.27, 10.0.0.1")]
    [InlineData("198.51.100.0/24")]
    [InlineData("ip-198-51-100-27")]
    [InlineData("2001:db8::1")]
    [InlineData("https://user:word@a.example/?x=y")]
    [InlineData("/path?x=y")]
    [InlineData("alice@example.org")]
    [InlineData("user-1234567")]
    [InlineData("Bob's")]
    public void Command_WithWhatNobodyMaySee_ShowsItNowhere(string text)
    {
        var value = System.Text.Json.JsonSerializer.Serialize(text);
        var name = Uri.EscapeDataString(text);
        var request = Request("/v1/track", $"?{name}=1&event={name}&slug={name}&u={name}&x={name}");
        request.Host = new HostString(text);
        request.Method = text;
        request.ContentType = $"{text}; a={text}";

        var command = CurlCommand.Of(
            request,
            Encoding.UTF8.GetBytes(
                """[{"event":TEXT,"userId":TEXT,TEXT:[TEXT],"a":{"type":TEXT}}]""".Replace("TEXT", value, StringComparison.Ordinal)
            )
        );

        Assert.Equal(
            "curl -X ... 'http://HOST/v1/track?...=...&event=...&slug=...&u=...&x=...' -H 'Content-Type: ...'"
                + """ -d '[{"event":"...","userId":"...","...":["..."],"a":{"type":"..."}}]'""",
            command
        );
    }

    [Fact]
    public void Command_OfABodyThatIsNoJson_HasAFileInItsPlace()
    {
        var request = Request("/s/events", "");

        Assert.EndsWith(" -d @body", CurlCommand.Of(request, "secret=1"u8.ToArray()), StringComparison.Ordinal);
        Assert.EndsWith(" -d @body", CurlCommand.Of(request, null), StringComparison.Ordinal);
        Assert.EndsWith("/s/events'", CurlCommand.Of(request, Array.Empty<byte>()), StringComparison.Ordinal);
    }

    private static HttpRequest Request(string path, string query)
    {
        var request = new DefaultHttpContext().Request;
        request.Method = "POST";
        request.Host = new HostString("edge.example");
        request.Path = path;
        request.QueryString = new QueryString(query);
        return request;
    }
}
