using System.Net;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>The pixel of the native binary, byte for byte (spec 4.1).</summary>
public class PixelTests(ServedEdge served) : IClassFixture<ServedEdge>
{
    private const string GifBase64 = "R0lGODlhAQABAPAAAP///wAAACH5BAUAAAAALAAAAAABAAEAAAICRAEAOw==";
    private const string Chrome =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

    public static TheoryData<string, string> PixelPaths() =>
        new()
        {
            { "running", "/s/demo-ab/pixel.gif" },
            { "unknown slug", "/s/no-such-slug/pixel.gif" },
            { "malformed slug", "/s/%20%20/pixel.gif" },
            { "empty slug", "/s//pixel.gif" },
            { "upper case slug", "/s/DEMO-AB/pixel.gif" },
            { "reserved slug", "/s/events/pixel.gif" },
            { "cache buster", "/s/demo-ab/pixel.gif?cb=123&cb=456" },
            { "broken query", "/s/demo-ab/pixel.gif?%zz&&=&u=%" },
            { "very long unit", "/s/demo-ab/pixel.gif?u=" + new string('a', 4_000) },
            { "smart link", "/s/demo-smart/pixel.gif" },
            { "scheduled", "/s/demo-schedule/pixel.gif" },
        };

    [Theory]
    [MemberData(nameof(PixelPaths))]
    public async Task Pixel_WhateverTheState_IsTheSame43BytesAndHeaders(string row, string path)
    {
        var answer = await RawHttp.SendAsync(
            served.Edge.Address,
            $"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        );
        var (head, body) = Split(answer);

        Assert.True(head.StartsWith("HTTP/1.1 200 OK\r\n", StringComparison.Ordinal), $"{row}: {head}");
        Assert.Equal(GifBase64, Convert.ToBase64String(Encoding.Latin1.GetBytes(body)));
        var headers = HeaderNames(head);
        Assert.Equal(
            [
                "Access-Control-Allow-Origin: *",
                "Cache-Control: no-cache, no-store, must-revalidate, private, max-age=0",
                "Connection: close",
                "Content-Length: 43",
                "Content-Type: image/gif",
                "Cross-Origin-Resource-Policy: cross-origin",
                "Expires: 0",
                "Pragma: no-cache",
                "X-Content-Type-Options: nosniff",
                "X-Robots-Tag: noindex",
            ],
            // The demo says what became of it.
            headers.Where(header => header.Split(':')[0] is not ("Date" or "Edge-Outcome"))
        );
    }

    [Fact]
    public async Task Pixel_Head_HasTheHeadersAndNoBodyAndNoEvent()
    {
        var answer = await RawHttp.SendAsync(
            served.Edge.Address,
            "HEAD /s/demo-ab/pixel.gif?u=head-only HTTP/1.1\r\nHost: x\r\nUser-Agent: head-only\r\nConnection: close\r\n\r\n"
        );
        await ForwardedAsync("after-head");

        var (head, body) = Split(answer);
        Assert.Contains("Content-Length: 43\r\n", head, StringComparison.Ordinal);
        Assert.Equal("", body);
        // The same unit sent with GET gives its hash; no event with it may have come before.
        var get = await ForwardedAsync("head-only");
        Assert.Single(
            Forwarded.Lines(served.DataDir),
            line => line.Contains(get.Text("unit_hash"), StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Pixel_Loaded_IsForwardedWithVariantDeviceHashAndNoAddress()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/s/demo-ab/pixel.gif");
        request.Headers.TryAddWithoutValidation("User-Agent", Chrome);
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.77");
        request.Headers.TryAddWithoutValidation("Referer", "https://mail.example/inbox?q=\"1\"");
        using var answer = await served.Edge.Client.SendAsync(request);

        var line = await Forwarded.WaitForAsync(
            served.DataDir,
            e => e.Text("referrer").StartsWith("https://mail.example/", StringComparison.Ordinal)
        );

        Assert.Equal("impression", line.Text("type"));
        Assert.Equal("demo-ab", line.Text("experiment"));
        Assert.Contains(line.Text("variant"), new[] { "a", "b" });
        Assert.Equal("0.5", line.Text("probability"));
        Assert.Equal(
            ("desktop", "chrome", "windows"),
            (line.Text("device_type"), line.Text("browser"), line.Text("os"))
        );
        Assert.Matches("^[0-9a-f]{32}$", line.Text("ip_hash"));
        Assert.Matches("^[0-9a-f]{16}$", line.Text("unit_hash"));
        Assert.Equal("human", line.Text("verdict"));
        Assert.DoesNotContain("203.0.113.77", line.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", line.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sec-Purpose", "prefetch;prerender", "sec_purpose")]
    [InlineData("Purpose", "prefetch", "purpose")]
    [InlineData("X-Moz", "prefetch", "x_moz")]
    [InlineData("X-Purpose", "preview", "x_purpose")]
    public async Task Pixel_SpeculativeLoad_IsKeptAsPrefetch(string header, string value, string reason)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/s/demo-ab/pixel.gif?u=prefetch-{reason}");
        request.Headers.TryAddWithoutValidation(header, value);
        using var answer = await served.Edge.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var line = await Forwarded.WaitForAsync(served.DataDir, e => e.Text("verdict_reason") == reason);
        Assert.Equal("prefetch", line.Text("verdict"));
    }

    [Fact]
    public async Task Pixel_WithTheCookiesOfALargeSite_IsAPixel()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/s/demo-ab/pixel.gif/");
        request.Headers.TryAddWithoutValidation("Cookie", "a=" + new string('c', 17 << 10));
        request.Headers.TryAddWithoutValidation("X-Other", new string('o', 12 << 10));
        using var answer = await served.Edge.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("image/gif", answer.Content.Headers.ContentType?.ToString());
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task Pixel_VariantOverride_IsBelieved(string variant)
    {
        var line = await ForwardedAsync($"override-{variant}", $"&variant={variant}");

        Assert.Equal(variant, line.Text("variant"));
        Assert.Equal("", line.Text("probability"));
    }

    [Fact]
    public async Task Pixel_VariantOverrideUnknown_IsIgnored()
    {
        var line = await ForwardedAsync("override-unknown", "&variant=nope");

        Assert.Equal("0.5", line.Text("probability"));
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("BREW")]
    public async Task Pixel_OtherMethod_Is405WithAllow(string method)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/s/demo-ab/pixel.gif");
        using var answer = await served.Edge.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(["GET", "HEAD", "POST", "OPTIONS"], answer.Content.Headers.Allow);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.ToString());
    }

    /// <summary>Loads the pixel as one unit, told apart by its referrer, and waits for its event.</summary>
    private async Task<System.Text.Json.JsonElement> ForwardedAsync(string unit, string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/s/demo-ab/pixel.gif?u={unit}{query}");
        request.Headers.TryAddWithoutValidation("Referer", $"https://{unit}.example/");
        using var answer = await served.Edge.Client.SendAsync(request);
        return await Forwarded.WaitForAsync(served.DataDir, e => e.Text("referrer") == $"https://{unit}.example/");
    }

    private static (string Head, string Body) Split(string answer)
    {
        var at = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return (answer[..(at + 2)], answer[(at + 4)..]);
    }

    private static string[] HeaderNames(string head) =>
        head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1).Order(StringComparer.Ordinal).ToArray();
}
