using System.Net;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>The redirect of the native binary (spec 4.2).</summary>
public class ClickTests(ServedEdge served) : IClassFixture<ServedEdge>
{
    private const string Destination = "https://example.com/landing";

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task Click_Running_RedirectsToTheStoredDestination(string method)
    {
        using var answer = await served.Edge.Client.SendAsync(
            new HttpRequestMessage(new HttpMethod(method), "/s/demo-ab/click")
        );

        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.Equal(Destination, answer.Headers.Location?.OriginalString);
        Assert.Equal(0, answer.Content.Headers.ContentLength);
        Assert.Contains("no-store", answer.Headers.CacheControl?.ToString(), StringComparison.Ordinal);
        Assert.Equal("noindex", Assert.Single(answer.Headers.GetValues("X-Robots-Tag")));
        Assert.False(answer.Headers.Contains("Referrer-Policy"));
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Theory]
    [InlineData("/s/demo-ab/click?url=https://evil.example/")]
    [InlineData("/s/demo-ab/click?destinationUrl=//evil.example")]
    [InlineData("/s/demo-ab/click?u=%0d%0aLocation:%20https://evil.example/")]
    [InlineData("/s/demo-ab/click?variant=https://evil.example/")]
    [InlineData("/s/demo-ab/click?utm_source=x")]
    public async Task Click_CallerInput_NeverReachesTheLocation(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("X-Forwarded-Host", "evil.example");
        request.Headers.TryAddWithoutValidation("Host", "evil.example");
        using var answer = await served.Edge.Client.SendAsync(request);

        Assert.Equal(Destination, answer.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task Click_SameUnitAsPixel_CarriesTheSameVariantAndUnitHash()
    {
        await served.Edge.Client.GetAsync("/s/demo-ab/pixel.gif?u=reader-7");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/s/demo-ab/click?u=reader-7");
        request.Headers.TryAddWithoutValidation("Referer", "https://click.example/");
        using var answer = await served.Edge.Client.SendAsync(request);

        var click = await Forwarded.WaitForAsync(served.DataDir, e => e.Text("referrer") == "https://click.example/");
        var pixel = await Forwarded.WaitForAsync(
            served.DataDir,
            e => e.Text("type") == "impression" && e.Text("unit_hash") == click.Text("unit_hash")
        );

        Assert.Equal("click", click.Text("type"));
        Assert.Equal(pixel.Text("variant"), click.Text("variant"));
    }

    [Theory]
    [InlineData("Sec-Purpose", "prefetch;anonymous-client-ip")]
    [InlineData("Sec-Purpose", "prefetch;prerender")]
    [InlineData("Purpose", "prefetch")]
    [InlineData("X-Moz", "prefetch")]
    [InlineData("X-Purpose", "preview")]
    public async Task Click_AheadOfTheVisit_IsToBeAskedAgain(string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/s/demo-ab/click?u=ahead");
        request.Headers.TryAddWithoutValidation(header, value);
        using var answer = await served.Edge.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        Assert.Null(answer.Headers.Location);
        Assert.Equal(0, answer.Content.Headers.ContentLength);
    }

    [Theory]
    [InlineData("/s/no-such-slug/click", "Experiment not found")]
    [InlineData("/s/NO/click", "Experiment not found")]
    [InlineData("/s//click", "Experiment not found")]
    public async Task Click_UnknownSlug_IsOneIdenticalProblem(string path, string detail)
    {
        using var answer = await served.Edge.Client.GetAsync(path);
        var body = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.ToString());
        Assert.EndsWith("/experiment-not-found", body.Text("type"), StringComparison.Ordinal);
        Assert.Equal(detail, body.Text("detail"));
        Assert.Equal("404", body.Text("status"));
    }

    [Fact]
    public async Task Click_OtherMethod_Is405WithAllow()
    {
        using var answer = await served.Edge.Client.PutAsync("/s/demo-ab/click", null);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(["GET", "HEAD", "POST", "OPTIONS"], answer.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("/S/DEMO-AB/CLICK")]
    [InlineData("/s/demo-ab/click/")]
    [InlineData("/s/demo-ab/click.")]
    [InlineData("/s/Demo-Ab/click./")]
    [InlineData("//s//demo-ab///click")]
    [InlineData("/s/%64emo-%61b/click")]
    [InlineData("/s/%44EMO-ab/%63lick")]
    public async Task Click_AsPrinted_LeadsThereAtOnce(string path)
    {
        var answer = await RawHttp.SendAsync(
            served.Edge.Address,
            $"GET {path} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n"
        );

        Assert.StartsWith("HTTP/1.1 302 ", answer, StringComparison.Ordinal);
        Assert.Contains($"Location: {Destination}\r\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("click", "click", "redirect")]
    [InlineData("pixel.gif", "impression", "pixel")]
    public async Task Beacon_Posted_CountsLikeGetAndIsAnswered204(string route, string type, string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/s/demo-ab/{route}?u=beacon-{type}");
        request.Headers.TryAddWithoutValidation("Referer", $"https://{type}.beacon.example/");
        request.Content = new StringContent("PING", new System.Net.Http.Headers.MediaTypeHeaderValue("text/ping"));
        using var answer = await served.Edge.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Null(answer.Headers.Location);
        var e = await Forwarded.WaitForAsync(
            served.DataDir,
            e => e.Text("referrer") == $"https://{type}.beacon.example/"
        );
        Assert.Equal((type, name), (e.Text("type"), e.Text("event")));
    }

    [Theory]
    [InlineData("/s/demo-ab/click", "GET, HEAD, POST")]
    [InlineData("/s/demo-ab/pixel.gif", "GET, HEAD, POST")]
    [InlineData("/s/demo-ab/resolve", "GET, HEAD")]
    [InlineData("/s/demo-ab.png", "GET, HEAD")]
    [InlineData("/s/event", "GET, HEAD, POST")]
    public async Task Preflight_OfATrackingPath_AllowsWhatIsAskedFor(string path, string methods)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.TryAddWithoutValidation("Origin", "https://shop.example");
        request.Headers.TryAddWithoutValidation("Access-Control-Request-Method", "GET");
        request.Headers.TryAddWithoutValidation("Access-Control-Request-Headers", "traceparent,x-datadog-origin");
        using var answer = await served.Edge.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("https://shop.example", Header("Access-Control-Allow-Origin"));
        Assert.Equal(methods, Header("Access-Control-Allow-Methods"));
        Assert.EndsWith(
            ", traceparent,x-datadog-origin",
            Header("Access-Control-Allow-Headers"),
            StringComparison.Ordinal
        );

        string Header(string name) => string.Join(", ", answer.Headers.GetValues(name));
    }

    [Theory]
    [InlineData("GET", "/s/no-such-slug/resolve")]
    [InlineData("POST", "/s/event")]
    [InlineData("POST", "/v1/event")]
    public async Task Missing_ForAPage_CanBeReadByIt(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation("Origin", "https://shop.example");
        using var answer = await served.Edge.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains(
            Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")),
            new[] { "*", "https://shop.example" }
        );
    }

    [Theory]
    [InlineData("/s/no-such-slug/click")]
    [InlineData("/s/demo-page.click/click")]
    public async Task Click_DeadInABrowser_IsAPage(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        using var answer = await served.Edge.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("text/html; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.Contains("<h1>", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
