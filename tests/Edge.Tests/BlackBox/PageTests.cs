using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>The page's files, its sessions, and what a session may do.</summary>
public class PageTests(ManagedEdge site) : IClassFixture<ManagedEdge>
{
    private static readonly (string, string) SameOrigin = ("Sec-Fetch-Site", "same-origin");

    [Theory]
    [InlineData("/ui/")]
    [InlineData("/ui/experiments/exp_1")]
    public async Task Index_OfEveryView_IsProtectedAndAskedForAnew(string path)
    {
        using var answer = await SendAsync(site.Edge, "GET", path);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/html; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-cache", answer.Headers.CacheControl!.ToString());
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
                + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            Header(answer, "Content-Security-Policy")
        );
        Assert.Equal("nosniff", Header(answer, "X-Content-Type-Options"));
        Assert.Equal("no-referrer", Header(answer, "Referrer-Policy"));
        Assert.Equal("same-origin", Header(answer, "Cross-Origin-Opener-Policy"));
        Assert.Contains("<script type=\"module\" src=\"/ui/assets/", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Asset_OfTheIndex_IsKeptForAYearInEitherForm()
    {
        var index = await site.Edge.Client.GetStringAsync("/ui/");
        var from = index.IndexOf("/ui/assets/", StringComparison.Ordinal);
        var path = index[from..index.IndexOf('"', from)];

        using var plain = await SendAsync(site.Edge, "GET", path);
        using var gzip = await SendAsync(site.Edge, "GET", path, headers: ("Accept-Encoding", "br, gzip"));
        using var head = await SendAsync(site.Edge, "HEAD", path, headers: ("Accept-Encoding", "gzip"));
        using var known = await SendAsync(site.Edge, "GET", path, headers: ("If-None-Match", plain.Headers.ETag!.ToString()));

        Assert.Equal("public, max-age=31536000, immutable", plain.Headers.CacheControl!.ToString());
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.Equal("gzip", Assert.Single(gzip.Content.Headers.ContentEncoding));
        Assert.Equal(gzip.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/ui/assets/none.js", HttpStatusCode.NotFound)]
    [InlineData("GET", "/ui/../edge.js", HttpStatusCode.NotFound)]
    [InlineData("POST", "/ui/", HttpStatusCode.MethodNotAllowed)]
    [InlineData("PUT", "/ui/session", HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/", HttpStatusCode.Found)]
    [InlineData("GET", "/ui", HttpStatusCode.Found)]
    [InlineData("GET", "/uix", HttpStatusCode.NotFound)]
    public async Task Path_BesideThePage_IsAnsweredAsSuch(string method, string path, HttpStatusCode status)
    {
        using var answer = await SendAsync(site.Edge, method, path);

        Assert.Equal(status, answer.StatusCode);
        if (status == HttpStatusCode.Found)
        {
            Assert.Equal("/ui/", answer.Headers.Location!.ToString());
        }
    }

    [Fact]
    public async Task Session_FromSignInToSignOut_StandsForItsKey()
    {
        using var signIn = await SignInAsync(site.Edge, site.Key);
        var cookie = CookieOf(signIn);
        Assert.EndsWith("; Path=/; HttpOnly; SameSite=Strict", Header(signIn, "Set-Cookie"));
        Assert.DoesNotContain(site.Key, Header(signIn, "Set-Cookie"));

        using var shown = await SendAsync(site.Edge, "GET", "/ui/session", headers: cookie);
        using var session = JsonDocument.Parse(await shown.Content.ReadAsStringAsync());
        Assert.False(session.RootElement.GetProperty("readOnly").GetBoolean());
        Assert.True(session.RootElement.GetProperty("expiresAt").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddMinutes(50));

        using var list = await SendAsync(site.Edge, "GET", "/experiments/api", headers: cookie);
        Assert.Equal(HttpStatusCode.OK, list.StatusCode);
        using var created = await SendAsync(
            site.Edge,
            "POST",
            "/experiments/api",
            ManagedEdge.AbTest(ManagedEdge.NewSlug()),
            [cookie, SameOrigin]
        );
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);

        using var signOut = await SendAsync(site.Edge, "DELETE", "/ui/session", headers: [cookie, SameOrigin]);
        Assert.Equal(HttpStatusCode.NoContent, signOut.StatusCode);
        Assert.Contains("Max-Age=0", Header(signOut, "Set-Cookie"));
        using var after = await SendAsync(site.Edge, "GET", "/experiments/api", headers: cookie);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    [Fact]
    public async Task SignIn_FromAPageOverHttps_MakesTheCookieSecure()
    {
        using var answer = await SendAsync(
            site.Edge,
            "POST",
            "/ui/session",
            $$"""{"key":"{{site.Key}}"}""",
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", "https://edge.example")
        );

        Assert.Contains("; Secure", Header(answer, "Set-Cookie"));
    }

    /// <summary>Whatever changes something needs the proof; without it the request fails, cookie or not.</summary>
    [Theory]
    [InlineData("POST", "/experiments/api", null, null, 403)]
    [InlineData("POST", "/experiments/api", "cross-site", null, 403)]
    [InlineData("POST", "/experiments/api", "same-site", null, 403)]
    [InlineData("POST", "/experiments/api", null, "https://evil.example", 403)]
    [InlineData("POST", "/experiments/api", null, "null", 403)]
    [InlineData("POST", "/experiments/api", "cross-site", "http://HOST", 403)]
    [InlineData("POST", "/experiments/api", null, "http://HOST.evil.example", 403)]
    [InlineData("POST", "/experiments/api", null, "file://HOST", 403)]
    [InlineData("POST", "/experiments/api", null, "foo://HOST", 403)]
    [InlineData("POST", "/experiments/api", null, "https://HOST", 400)]
    [InlineData("POST", "/experiments/api", null, "https://HOST", 400, "https")]
    [InlineData("POST", "/experiments/api", null, "http://HOST", 403, "https")]
    [InlineData("POST", "/experiments/api", null, "http://HOST", 400)]
    [InlineData("POST", "/experiments/api", "same-origin", null, 400)]
    [InlineData("POST", "/experiments/api", "none", null, 400)]
    [InlineData("PUT", "/experiments/api/exp_x", null, null, 403)]
    [InlineData("DELETE", "/experiments/api/exp_x", null, null, 403)]
    [InlineData("POST", "/experiments/api/validate", null, null, 403)]
    [InlineData("POST", "/system/sinks/file/pause", null, null, 403)]
    [InlineData("DELETE", "/ui/session", null, null, 403)]
    [InlineData("GET", "/experiments/api", null, null, 200)]
    [InlineData("GET", "/experiments/api", "same-origin", null, 200)]
    [InlineData("GET", "/experiments/api", "cross-site", null, 403)]
    [InlineData("GET", "/system", "cross-site", null, 403)]
    public async Task Session_FromAPage_IsAcceptedFromItsOwnAlone(
        string method,
        string path,
        string? fetchSite,
        string? origin,
        int status,
        string? scheme = null
    )
    {
        using var signIn = await SignInAsync(site.Edge, site.Key);
        var headers = new List<(string, string)> { CookieOf(signIn) };
        if (fetchSite is not null)
        {
            headers.Add(("Sec-Fetch-Site", fetchSite));
        }

        if (origin is not null)
        {
            headers.Add(("Origin", origin.Replace("HOST", site.Edge.Address.Authority, StringComparison.Ordinal)));
        }

        if (scheme is not null)
        {
            headers.Add(("X-Forwarded-Proto", scheme));
        }

        using var answer = await SendAsync(site.Edge, method, path, method == "GET" ? null : "{}", [.. headers]);

        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 403)
        {
            Assert.Equal("cross-origin-request", await ProblemOf(answer));
        }
    }

    /// <summary>It has no session that anybody could use, and it has the key.</summary>
    [Fact]
    public async Task SignIn_OfAProgram_NeedsNoOrigin()
    {
        using var answer = await SendAsync(site.Edge, "POST", "/ui/session", $$"""{"key":"{{site.Key}}"}""");

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    [Theory]
    [InlineData("cross-site", null)]
    [InlineData(null, "https://evil.example")]
    public async Task SignIn_FromAnotherPage_IsRefused(string? fetchSite, string? origin)
    {
        using var answer = await SendAsync(
            site.Edge,
            "POST",
            "/ui/session",
            $$"""{"key":"{{site.Key}}"}""",
            fetchSite is null ? ("Origin", origin!) : ("Sec-Fetch-Site", fetchSite)
        );

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task SignIn_WithTheFormOfAnotherPage_IsNotRead()
    {
        using var content = new StringContent($$"""{"key":"{{site.Key}}"}""", Encoding.UTF8, "text/plain");
        using var answer = await site.Edge.Client.PostAsync("/ui/session", content);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
    }

    [Theory]
    [InlineData("artie", 401)]
    [InlineData("write", 401)]
    public async Task SignIn_WithAKeyOfAnotherKind_IsRefused(string kind, int status)
    {
        using var answer = await SignInAsync(site.Edge, await site.CreateKeyAsync(kind));

        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task ReadingKey_InHeaderOrSession_ReadsAndChangesNothing()
    {
        var key = await site.CreateKeyAsync("pictify-read");
        Assert.StartsWith("mr_live_", key, StringComparison.Ordinal);
        var (uid, slug) = await site.CreateAsync("", "start");
        using var signIn = await SignInAsync(site.Edge, key);
        var cookie = CookieOf(signIn);
        using var shown = await SendAsync(site.Edge, "GET", "/ui/session", headers: cookie);
        Assert.Contains("\"readOnly\":true", await shown.Content.ReadAsStringAsync());

        foreach (
            var (method, path) in new[]
            {
                ("POST", ""),
                ("PUT", $"/{uid}"),
                ("DELETE", $"/{uid}"),
                ("POST", $"/{uid}/start"),
                ("POST", $"/{slug}/pause"),
                ("POST", $"/{uid}/complete"),
                ("POST", $"/{uid}/recompute"),
                ("POST", $"/{uid}/shares"),
            }
        )
        {
            var refused = await site.SendAsync(method, path, "{}", key);
            Assert.Equal((403, "read-only-key"), (refused.Status, refused.Problem));
            using var inSession = await SendAsync(
                site.Edge,
                method,
                "/experiments/api" + path,
                "{}",
                [cookie, SameOrigin]
            );
            Assert.Equal("read-only-key", await ProblemOf(inSession));
        }

        using var pause = await SendAsync(site.Edge, "POST", "/system/sinks/file/pause", "", [cookie, SameOrigin]);
        Assert.Equal("read-only-key", await ProblemOf(pause));
        foreach (var path in new[] { "", "/summaries", $"/{uid}", $"/{uid}/results", "/audit" })
        {
            Assert.Equal(200, (await site.SendAsync("GET", path, null, key)).Status);
        }

        Assert.Equal(200, (await site.SendAsync("POST", "/validate", "{}", key)).Status);
        Assert.Equal("running", (await site.SendAsync("GET", $"/{uid}")).Text("status"));
    }

    [Fact]
    public async Task Session_OfARevokedKey_Ends()
    {
        var key = await site.CreateKeyAsync("pictify");
        using var signIn = await SignInAsync(site.Edge, key);
        var cookie = CookieOf(signIn);
        using var shown = await SendAsync(site.Edge, "GET", "/ui/session", headers: cookie);
        var id = JsonDocument.Parse(await shown.Content.ReadAsStringAsync()).RootElement.GetProperty("keyId").GetString()!;

        await EdgeProcess.RunAsync(["keys", "revoke", id, "--data-dir", site.DataDir]);

        await Wait.ForAsync(
            async () =>
            {
                using var answer = await SendAsync(site.Edge, "GET", "/experiments/api", headers: cookie);
                return answer.StatusCode;
            },
            status => status == HttpStatusCode.Unauthorized
        );
    }

    [Fact]
    public async Task SignIn_WithWrongKeys_IsLimitedByAddressAndRightOnesAreNot()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo"],
            [("EDGE__API__WRONGKEYSPERMINUTE", "3"), ("EDGE__API__FIRSTKEY", "mk_live_4f8a0c1e9b7d2f6a3c5e8b0d1f7a9c2e")]
        );
        HttpResponseMessage? last = null;
        for (var i = 0; i < 12 && last?.StatusCode != HttpStatusCode.TooManyRequests; i++)
        {
            last?.Dispose();
            last = await SignInAsync(edge, "mk_live_wrong");
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, last!.StatusCode);
        Assert.NotNull(last.Headers.RetryAfter);
        last.Dispose();
        using var right = await SignInAsync(edge, "mk_live_4f8a0c1e9b7d2f6a3c5e8b0d1f7a9c2e");
        Assert.Equal(HttpStatusCode.NoContent, right.StatusCode);
    }

    [Fact]
    public async Task Page_SwitchedOff_IsNotThereNorAreItsSessions()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path, ["--demo"], [("EDGE__PAGE__ENABLED", "false")]);

        foreach (var path in new[] { "/", "/ui/", "/ui/session" })
        {
            using var answer = await SendAsync(edge, "GET", path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        using var withCookie = await SendAsync(edge, "GET", "/experiments/api", headers: ("Cookie", "edge_session=x"));
        Assert.Equal("missing-authorization", await ProblemOf(withCookie));
    }

    [Fact]
    public async Task Page_OfAnAdminListenerWithManagement_IsThereAlone()
    {
        using var data = new TempDirectory();
        var admin = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}");
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo", "--admin-urls", admin.ToString()],
            [("EDGE__API__LISTENER", "admin")],
            admin: admin
        );

        foreach (var path in new[] { "/", "/ui/", "/ui/session", "/system", "/events/live" })
        {
            using var hidden = await SendAsync(edge, "GET", path);
            Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
            using var shown = await edge.Client.GetAsync(new Uri(admin, path));
            Assert.NotEqual(HttpStatusCode.NotFound, shown.StatusCode);
        }
    }

    private static Task<HttpResponseMessage> SignInAsync(EdgeProcess edge, string key) =>
        SendAsync(edge, "POST", "/ui/session", $$"""{"key":"{{key}}"}""");

    private static (string, string) CookieOf(HttpResponseMessage signIn) =>
        ("Cookie", "theme=dark; " + Header(signIn, "Set-Cookie").Split(';')[0]);

    private static string Header(HttpResponseMessage answer, string name) => Assert.Single(answer.Headers.GetValues(name));

    private static async Task<string> ProblemOf(HttpResponseMessage answer)
    {
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return problem.RootElement.GetProperty("type").GetString()!.Split('/')[^1];
    }

    private static async Task<HttpResponseMessage> SendAsync(
        EdgeProcess edge,
        string method,
        string path,
        string? body = null,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        return await edge.Client.SendAsync(request);
    }
}
