using System.Text;
using Edge.Endpoints.Live;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Edge.Tests.Endpoints.Live;

/// <summary>A command that repeats a refused request and gives nothing away.</summary>
public class CurlCommandTests
{
    [Fact]
    public void Command_OfARequest_RepeatsItWithoutSecretsAndAddresses()
    {
        var request = Request("/v1/track", "?key=pk_live_secret&u=1.2.3.4&utm=a+b");
        request.Headers.Authorization = "Bearer sk_live_secret";
        request.Headers["X-Write-Key"] = "wk_secret";
        request.Headers["X-Forwarded-For"] = "203.0.113.9";
        request.ContentType = "application/json";

        var command = CurlCommand.Of(
            request,
            Encoding.UTF8.GetBytes(
                """{"event":"e","apiKey":"sk_secret","ip":"9.9.9.9","n":1.50,"deep":[{"client_ip":"2001:db8::1","v6":"2001:db8::2","url":"https://a.b/c?token=x","ok":"it's"}]}"""
            )
        );

        Assert.Equal(
            "curl -X POST 'http://edge.example/v1/track?key=REDACTED&u=REDACTED&utm=a%20b' -H 'Authorization: Bearer REDACTED'"
                + " -H 'X-Write-Key: REDACTED' -H 'Content-Type: application/json'"
                + """ -d '{"event":"e","apiKey":"REDACTED","ip":"REDACTED","n":1.50,"deep":[{"client_ip":"REDACTED","v6":"REDACTED","url":"https://a.b/c?REDACTED","ok":"it'\''s"}]}'""",
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
