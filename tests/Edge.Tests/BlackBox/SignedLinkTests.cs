using System.Globalization;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Signed links, from the one who sends them to the one who follows them, and what is kept of it.</summary>
public class SignedLinkTests(SignedLinkTests.LinkSite site) : IClassFixture<SignedLinkTests.LinkSite>
{
    private const string Desktop =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

    private static readonly string[] Destinations = ["https://shop.example/a", "https://shop.example/b"];

    [Fact]
    public async Task Batch_OfUnits_LeadsEachToTheVariantThatWasSent()
    {
        var (uid, slug) = await StartAsync();
        var answer = await site.SendAsync(
            "POST",
            $"/{uid}/links",
            """{"units":["anna@shop.example","reader-2"],"variant":"b","sentAt":"2026-05-16T19:00:00Z","days":3650}"""
        );
        Assert.Equal(201, answer.Status);
        Assert.Equal(
            ("b", "full", "2026-05-16T19:00:00.000Z"),
            (answer.Json.Text("variant"), answer.Json.Text("tracking"), answer.Json.Text("sentAt"))
        );
        var links = answer.Json.GetProperty("links").EnumerateArray().ToArray();
        Assert.Equal(["anna@shop.example", "reader-2"], links.Select(link => link.Text("unit")));
        foreach (var link in links)
        {
            Assert.StartsWith($"/s/{slug}/click?u=.", link.Text("click"), StringComparison.Ordinal);
            Assert.DoesNotContain("anna", link.Text("click"), StringComparison.Ordinal);
            Assert.Equal((200, ""), await GetAsync(link.Text("pixel")));
            Assert.Equal((302, "https://shop.example/b"), await GetAsync(link.Text("click") + "&utm_source=news"));
        }

        var click = await Forwarded.WaitForAsync(site.DataDir, e => IsOf(e, slug, "click"));
        var pixel = await Forwarded.WaitForAsync(site.DataDir, e => IsOf(e, slug, "impression"));
        Assert.Equal(("b", "2026-05-16T19:00:00.000Z", ""), (click.Text("variant"), click.Text("sent_at"), click.Text("unit_ignored")));
        Assert.Equal($"/s/{slug}/click?utm_source=news", click.Text("url"));
        Assert.Equal(pixel.Text("unit_hash"), click.Text("unit_hash"));
    }

    [Fact]
    public async Task Token_WithAnyCharacterChanged_StillLeadsToAStoredDestination()
    {
        var (uid, slug) = await StartAsync();
        var (other, otherSlug) = await StartAsync();
        var (click, foreign) = (await LinkAsync(uid), await LinkAsync(other));
        var at = click.IndexOf("u=", StringComparison.Ordinal) + 3;
        for (var i = at; i < click.Length; i++)
        {
            var changed = click[..i] + (click[i] == 'x' ? 'y' : 'x') + click[(i + 1)..];
            var (status, location) = await GetAsync(changed);
            Assert.Equal(302, status);
            Assert.Contains(location, Destinations);
            Assert.Equal((200, ""), await GetAsync(changed.Replace("/click", "/pixel.gif", StringComparison.Ordinal)));
        }

        Assert.All(
            new[]
            {
                await GetAsync(foreign.Replace(otherSlug, slug, StringComparison.Ordinal)),
                await GetAsync($"/s/{slug}/click?u=."),
                await GetAsync($"/s/{slug}/click?u=.https://evil.example/"),
                await GetAsync($"/s/{slug}/click?u={new string('.', 3_000)}"),
            },
            answer => Assert.True(answer.Status == 302 && Destinations.Contains(answer.Location), answer.Location)
        );
        await Forwarded.WaitForAsync(site.DataDir, e => IsOf(e, slug, "click") && e.Text("unit_ignored") == "link_foreign");
        await Forwarded.WaitForAsync(site.DataDir, e => IsOf(e, slug, "click") && e.Text("unit_ignored") == "link_damaged");
        var metrics = await site.Edge.Client.GetStringAsync("/metrics");
        foreach (var outcome in new[] { "damaged", "foreign", "unknown_key" })
        {
            Assert.Matches($"edge_link_tokens_total{{outcome=\"{outcome}\"}} [1-9]", metrics);
        }
    }

    [Theory]
    [InlineData("""{"mode":"off"}""", "full", "", "off")]
    [InlineData("""{"mode":"aggregate"}""", "full", "", "aggregate")]
    [InlineData("""{"onSignal":"off"}""", "full", "Sec-GPC", "off")]
    [InlineData("""{"onSignal":"aggregate"}""", "full", "DNT", "aggregate")]
    [InlineData("""{"onSignal":"aggregate"}""", "off", "DNT", "off")]
    [InlineData("{}", "aggregate", "Sec-GPC", "aggregate")]
    public async Task Visit_OfATrackingMode_IsAnsweredAndKeptAccordingly(string config, string mode, string signal, string kept)
    {
        var (uid, slug) = await StartAsync($$""","trackingConfig":{{config}}""");
        var click = await LinkAsync(uid, $$""","tracking":"{{mode}}" """);
        var (before, _) = await UntrackedAsync();

        var (status, location) = await GetAsync(click, signal);
        Assert.Equal((200, ""), await GetAsync(click.Replace("/click", "/pixel.gif", StringComparison.Ordinal), signal));

        Assert.Equal(302, status);
        Assert.Contains(location, Destinations);
        if (kept == "off")
        {
            Assert.True((await UntrackedAsync()).Clicks > before);
            // An event of a later visit is there, and none of the earlier ones.
            var (_, last) = await StartAsync();
            await GetAsync($"/s/{last}/click");
            await Forwarded.WaitForAsync(site.DataDir, e => IsOf(e, last, "click"));
            Assert.DoesNotContain(Forwarded.Lines(site.DataDir), line => line.Contains($"\"{slug}\"", StringComparison.Ordinal));
            return;
        }

        foreach (var type in new[] { "click", "impression" })
        {
            var e = await Forwarded.WaitForAsync(site.DataDir, e => IsOf(e, slug, type));
            Assert.Equal("aggregate", e.Text("unit_ignored"));
            Assert.All(["unit_hash", "ip_hash", "browser", "referrer", "url"], member => Assert.Equal("", e.Text(member)));
        }
    }

    [Theory]
    [InlineData("{}", "units", "required")]
    [InlineData("""{"units":[]}""", "units", "out_of_range")]
    [InlineData("""{"units":["a",7]}""", "units[1]", "invalid_type")]
    [InlineData("""{"units":["{{id}}"]}""", "units[0]", "invalid_value")]
    [InlineData("""{"units":["a"],"variant":"z"}""", "variant", "invalid_value")]
    [InlineData("""{"units":["a"],"tracking":"some"}""", "tracking", "invalid_value")]
    [InlineData("""{"units":["a"],"expiresAt":"2020-01-01T00:00:00Z"}""", "expiresAt", "invalid_value")]
    [InlineData("""{"units":["a"],"days":0}""", "days", "out_of_range")]
    [InlineData("""{"units":["a"],"days":1,"expiresAt":"2090-01-01T00:00:00Z"}""", "days", "invalid_value")]
    [InlineData("""{"units":["a"],"url":"https://evil.example"}""", "url", "unknown_member")]
    public async Task Batch_WithAMistake_NamesIt(string body, string field, string code)
    {
        var (uid, _) = await StartAsync();

        var answer = await site.SendAsync("POST", $"/{uid}/links", body);

        Assert.Equal(400, answer.Status);
        var error = answer.Json.GetProperty("errors")[0];
        Assert.Equal((field, code), (error.Text("field"), error.Text("code")));
    }

    [Fact]
    public async Task Batch_ForAKeyThatReads_IsRefused()
    {
        var (uid, _) = await StartAsync();

        var answer = await site.SendAsync("POST", $"/{uid}/links", """{"units":["a"]}""", site.ReadKey);

        Assert.Equal(403, answer.Status);
    }

    [Fact]
    public async Task Command_OfATable_AddsLinksThatTheServiceAccepts()
    {
        var (_, slug) = await StartAsync();
        var (exitCode, output, error) = await RunAsync(
            "\uFEFFname,mail\n\"Doe, Anna\",anna@shop.example\nNobody,\nBob,bob@shop.example\n",
            slug,
            "--column",
            "mail",
            "--base",
            "https://links.example/",
            "--variant",
            "a"
        );

        Assert.Equal((1, "edge link: line 3: the unit must be 1 to 1024 characters\n"), (exitCode, error));
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("name,mail,click,pixel", lines[0]);
        Assert.StartsWith($"\"Doe, Anna\",anna@shop.example,https://links.example/s/{slug}/click?u=.", lines[1], StringComparison.Ordinal);
        Assert.Equal(3, lines.Length);
        var click = lines[2].Split(',')[2]["https://links.example".Length..];
        Assert.Equal((302, "https://shop.example/a"), await GetAsync(click));
        var e = await Forwarded.WaitForAsync(site.DataDir, e => IsOf(e, slug, "click"));
        Assert.NotEqual("", e.Text("sent_at"));
    }

    [Theory]
    [InlineData("--variant z", "--variant must be one of a, b")]
    [InlineData("--tracking some", "--tracking must be one of full, aggregate, off")]
    [InlineData("--days 0", "--days must be 1 to 3650")]
    [InlineData("--sent yesterday", "--sent must be a time such as 2026-03-01T09:00:00Z")]
    [InlineData("--base links.example", "--base 'links.example' must be an http address without a query, such as https://links.example")]
    [InlineData("--column mail", "--column: the first line has no column 'mail'; separated by commas, it has: reader-1")]
    public async Task Command_WithAMistake_NamesIt(string arguments, string problem)
    {
        var (_, slug) = await StartAsync();

        var (exitCode, output, error) = await RunAsync("reader-1\n", [slug, .. arguments.Split(' ')]);

        Assert.Equal((2, "", $"edge link: {problem}\n"), (exitCode, output, error));
    }

    [Fact]
    public async Task Secrets_OfAFile_AreReadAndJudged()
    {
        var (_, slug) = await StartAsync();
        using var directory = new TempDirectory();
        File.WriteAllText(directory["secrets"], "5f2b7c9d1e3a4068b7c5d9e1f3a20b46\n\npassword123456789\n");
        var weak = await RunAsync("reader-1\n", [("EDGE__LINKS__SECRETSFILE", directory["secrets"])], slug);
        File.WriteAllText(directory["secrets"], "5f2b7c9d1e3a4068b7c5d9e1f3a20b46\n");
        var (exitCode, output, error) = await RunAsync("reader-1\n", [("EDGE__LINKS__SECRETSFILE", directory["secrets"])], slug);

        Assert.Equal(1, weak.ExitCode);
        Assert.StartsWith("edge link: links.secretsFile: secret 2 ", weak.Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), (exitCode, error));
        // The service has no such secret: the visitor gets there all the same.
        var (status, location) = await GetAsync(output.Split('\t')[1]);
        Assert.Equal(302, status);
        Assert.Contains(location, Destinations);
        await Forwarded.WaitForAsync(site.DataDir, e => IsOf(e, slug, "click") && e.Text("unit_ignored") == "link_unknown_key");
    }

    private static bool IsOf(JsonElement e, string slug, string type) =>
        e.Text("experiment") == slug && e.Text("type") == type;

    private Task<(int ExitCode, string Output, string Error)> RunAsync(string input, params string[] arguments) =>
        RunAsync(input, [], arguments);

    private Task<(int ExitCode, string Output, string Error)> RunAsync(
        string input,
        (string Name, string Value)[] environment,
        params string[] arguments
    ) => EdgeProcess.RunAsync(["link", .. arguments, "--data-dir", site.DataDir], environment, input);

    private async Task<(string Uid, string Slug)> StartAsync(string more = "")
    {
        var slug = ManagedEdge.NewSlug();
        var created = await site.SendAsync(
            "POST",
            "",
            $$"""
            {"name":"Link","slug":"{{slug}}","type":"ab_test","goalConfig":{"type":"click_through"}{{more}},
             "variants":[{"id":"a","weight":5000,"destinationUrl":"{{Destinations[0]}}"},
                         {"id":"b","weight":5000,"destinationUrl":"{{Destinations[1]}}"}]}
            """
        );
        Assert.True(created.Status == 201, created.Json.ToString());
        var uid = created.Text("uid");
        Assert.Equal(200, (await site.SendAsync("POST", $"/{uid}/start")).Status);
        return (uid, slug);
    }

    private async Task<string> LinkAsync(string uid, string more = "")
    {
        var answer = await site.SendAsync("POST", $"/{uid}/links", $$"""{"units":["reader-1"]{{more}}}""");
        Assert.True(answer.Status == 201, answer.Json.ToString());
        return answer.Json.GetProperty("links")[0].Text("click");
    }

    private async Task<(int Status, string Location)> GetAsync(string path, string signal = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("User-Agent", Desktop);
        request.Headers.TryAddWithoutValidation("Referer", "https://mail.example/");
        if (signal.Length > 0)
        {
            request.Headers.TryAddWithoutValidation(signal, "1");
        }

        using var answer = await site.Edge.Client.SendAsync(request);
        return ((int)answer.StatusCode, answer.Headers.Location?.OriginalString ?? "");
    }

    private async Task<(long Clicks, string Page)> UntrackedAsync()
    {
        var page = await site.Edge.Client.GetStringAsync("/metrics");
        var line = page.Split('\n').FirstOrDefault(l => l.Contains("route=\"click\",outcome=\"untracked\"", StringComparison.Ordinal));
        return (line is null ? 0 : long.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture), page);
    }

    /// <summary>A service with a key for reading, too.</summary>
    public sealed class LinkSite : ManagedEdge
    {
        internal string ReadKey { get; private set; } = "";

        protected override async Task PrepareAsync() => ReadKey = await CreateKeyAsync("pictify-read");
    }
}
