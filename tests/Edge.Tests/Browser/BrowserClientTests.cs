using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Edge.Tests.BlackBox;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>
/// The client <c>/sdk.js</c> in a page of another site, in a real browser, down to the forwarded event. Every test has
/// an experiment or a name of its own, by which its events are told apart.
/// </summary>
public sealed partial class BrowserClientTests(BrowsedEdge site) : IClassFixture<BrowsedEdge>
{
    private const string PrivacyControl =
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })";

    /// <summary>A delay so long that only the end of a page can be what has sent something.</summary>
    private const string Patient = "data-delay=600000";

    [Fact]
    public async Task Page_OfAnotherSite_SendsViewClickConversionAndTrack()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync();
        await page.RunAsync(
            $"edge.view('{slug}', 'a', {{ place: 'top', size: 1e2 }}); edge.click('{slug}', 'b'); edge.conversion('{slug}')"
        );
        await page.RunAsync($"edge.track('signup {slug}', {{ plan: 'free' }})");

        var view = await WaitAsync(slug, "view");
        var click = await WaitAsync(slug, "click");
        var conversion = await WaitAsync(slug, "conversion");
        var track = await WaitForTrackAsync($"signup {slug}");

        Assert.Equal(("a", "b"), (view.Text("variant"), click.Text("variant")));
        Assert.Contains(conversion.Text("variant"), new[] { "a", "b" });
        Assert.Equal(
            ("web", "human", "desktop", "chrome"),
            (view.Text("channel"), view.Text("verdict"), view.Text("device_type"), view.Text("browser"))
        );
        Assert.Equal("""{"place":"top","size":100}""", view.GetProperty("properties").GetRawText());
        Assert.True(view.GetProperty("authenticated").GetBoolean());
        Assert.Equal(("millimetric", "newsletter"), (track.Text("api"), track.Text("source")));
        Assert.StartsWith(
            site.Site.Origin + "/offer?utm_source=newsletter",
            track.Text("url"),
            StringComparison.Ordinal
        );
        Assert.Equal("""{"plan":"free"}""", track.GetProperty("properties").GetRawText());
        Assert.Matches("^[0-9a-f]{32}$", track.Text("event_id"));
        Assert.Matches("^[0-9a-f]{32}$", track.Text("anonymous_id"));
    }

    [Fact]
    public async Task Page_Left_SendsWhatStillWaits()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync(Patient);
        await page.RunAsync(
            $"for (let i = 0; i < 90; i++) edge.view('{slug}', 'a', {{ i }}); edge.track('leaving {slug}')"
        );
        await page.GoToAsync("about:blank");

        await WaitForCountAsync(slug, 90);
        await WaitForTrackAsync($"leaving {slug}");
    }

    [Fact]
    public async Task Page_LeftWhereBeaconsAreRefused_SendsByFetch()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync(Patient, "navigator.sendBeacon = () => false");
        await page.RunAsync($"edge.view('{slug}', 'a')");
        await page.GoToAsync("about:blank");

        await WaitForCountAsync(slug, 1);
    }

    [Fact]
    public async Task Page_WithManyEvents_SendsThemAll()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync();
        await page.RunAsync($"for (let i = 0; i < 450; i++) edge.view('{slug}', 'a', {{ i }})");

        await WaitForCountAsync(slug, 450);
    }

    [Fact]
    public async Task Page_LeftWithMoreThanABrowserTakes_LosesNothingThatMayBeStored()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync(Patient + " data-storage=local");
        await page.RunAsync($"for (let i = 0; i < 30; i++) edge.view('{slug}', 'a', {{ i, text: 'x'.repeat(8000) }})");
        await page.GoToAsync(
            site.Site.PageWith(site.Edge.Address, $"data-write-key={site.WriteKey} data-storage=local")
        );

        await WaitForCountAsync(slug, 30);
    }

    [Fact]
    public async Task Page_WithPrivacyControl_SendsNothing()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync("", PrivacyControl);
        var variant = await page.RunAsync(
            $"edge.view('{slug}', 'a'); edge.click('{slug}', 'a'); edge.track('quiet {slug}'); edge.flush(); edge.variant('{slug}')"
        );
        await page.GoToAsync("about:blank");
        // What another page sends afterwards is all there is.
        await using var other = await site.OpenAsync();
        await other.RunAsync($"edge.view('{slug}', 'b'); edge.track('loud {slug}')");
        await WaitForTrackAsync($"loud {slug}");

        await WaitForCountAsync(slug, 1);
        Assert.Equal("", variant);
        Assert.DoesNotContain(
            Forwarded.Lines(site.DataDir),
            line => line.Contains($"quiet {slug}", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Page_WithPrivacyControl_StoresNoId()
    {
        await using var page = await site.OpenAsync("data-storage=local", PrivacyControl);

        var stored = await page.RunAsync("edge.track('quiet'); edge.view('any', 'a'); JSON.stringify({ ...localStorage })");

        Assert.Equal("{}", stored);
    }

    [Theory]
    [InlineData("currentScript")]
    [InlineData("referrer")]
    [InlineData("hidden")]
    [InlineData("prerendering")]
    [InlineData("addEventListener")]
    public async Task Page_WithAnElementNamedLikeAProperty_SendsAsBefore(string name)
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenEmptyAsync();
        await page.GoToAsync(
            site.Site.PageWith(
                site.Edge.Address,
                $"data-write-key={site.WriteKey}",
                $"</script><img name={name} data-url=http://127.0.0.1:9/ data-delay=600000><img id=edge><script>"
            )
        );

        await page.RunAsync($"edge.view('{slug}', 'a')");
        await page.GoToAsync("about:blank");

        await WaitForCountAsync(slug, 1);
    }

    [Theory]
    [InlineData("[null]")]
    [InlineData("[\"\",7,{}]")]
    [InlineData("{\"length\":1}")]
    [InlineData("\"text\"")]
    public async Task Page_WithForeignStoredEvents_SendsItsOwnAlone(string stored)
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenEmptyAsync();
        await page.GoToAsync(
            site.Site.PageWith(
                site.Edge.Address,
                $"data-write-key={site.WriteKey} data-key={site.TrackKey} data-storage=local data-delay=10",
                $"localStorage.setItem('edge.events', '{stored}'); localStorage.setItem('edge.track', '{stored}');"
                    + "window.posts = 0; const f = fetch; window.fetch = (...a) => { posts++; return f(...a) }"
            )
        );
        await page.RunAsync($"edge.view('{slug}', 'a')");
        await WaitForCountAsync(slug, 1);

        Assert.Equal("1", await page.RunAsync("String(posts)"));
    }

    [Fact]
    public async Task Page_WithMetadataThatIsNoJson_IsNotDisturbed()
    {
        await using var page = await site.OpenAsync();

        var said = await page.RunAsync(
            "const a = {}; a.a = a; edge.view('any', 'a', a); edge.track('x', { n: 1n }); edge.push(['constructor'], 1); 'fine'"
        );

        Assert.Equal("fine", said);
    }

    [Fact]
    public async Task Variant_OfASlugNamedLikeAMemberOfObjects_IsNoFunction()
    {
        await using var page = await site.OpenAsync();

        Assert.Equal("null", await page.RunAsync("edge.variant('constructor').then(id => String(id))"));
    }

    [Fact]
    public async Task Page_WithPrivacyControlOverridden_Sends()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync("data-gpc=ignore", PrivacyControl);
        await page.RunAsync($"edge.view('{slug}', 'a')");

        await WaitAsync(slug, "view");
    }

    [Fact]
    public async Task Variant_OfTheVisitor_IsWhatItsViewCarries()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync();
        var variant = await page.RunAsync($"edge.variant('{slug}').then(id => {{ edge.view('{slug}'); return id }})");
        var none = await page.RunAsync("edge.variant('no-such-slug')");

        Assert.Contains(variant, new[] { "a", "b" });
        Assert.Equal(variant, (await WaitAsync(slug, "view")).Text("variant"));
        Assert.Equal("", none);
    }

    [Theory]
    [InlineData("data-u")]
    [InlineData("data-user-id")]
    public async Task Visitor_WithAnId_GetsTheVariantOfMailsAndServers(string attribute)
    {
        var (_, slug) = await site.CreateAsync("", "start");
        var variants = new HashSet<string>();
        for (var i = 0; i < 12; i++)
        {
            var reader = $"reader {i}&{slug}";
            var query = "u=" + Uri.EscapeDataString(reader);
            var mail = await site.Edge.Client.GetStringAsync($"/s/{slug}/resolve?{query}");
            await using var page = await site.OpenAsync($"{attribute}='{reader}'");
            var shown = await page.RunAsync($"edge.variant('{slug}')");
            if (variants.Add(shown) && variants.Count == 2)
            {
                await page.RunAsync($"edge.impression('{slug}'); edge.track('seen {slug}')");
                await site.Edge.Client.GetByteArrayAsync($"/s/{slug}/pixel.gif?{query}");
            }

            Assert.Equal(shown, JsonDocument.Parse(mail).RootElement.Text("variantId"));
        }

        var opened = await Forwarded.WaitForAsync(
            site.DataDir,
            e => e.Text("experiment") == slug && e.Text("event") == "pixel"
        );
        var seen = await Forwarded.WaitForAsync(
            site.DataDir,
            e => e.Text("experiment") == slug && e.Text("event") != "pixel"
        );
        await WaitForTrackAsync($"seen {slug}");
        Assert.Equal(2, variants.Count);
        Assert.Equal("impression", seen.Text("type"));
        Assert.Equal(
            (opened.Text("unit_hash"), opened.Text("variant")),
            (seen.Text("unit_hash"), seen.Text("variant"))
        );
    }

    [Fact]
    public async Task Page_ThatCountsItself_SendsAView()
    {
        var name = ManagedEdge.NewSlug();
        await using var page = await site.OpenAsync($"data-page-view='{name}'");
        await using var usual = await site.OpenAsync($"data-page-view data-user-id={name}");

        var own = await WaitForTrackAsync(name);
        var view = await Forwarded.WaitForAsync(
            site.DataDir,
            e => e.Text("event") == "page_view" && e.Text("user_id") == name
        );

        Assert.Equal(("/offer", "/offer"), (own.Text("path"), view.Text("path")));
    }

    [Fact]
    public async Task Track_WithoutAKey_IsOneErrorAndNoRequestUntilThereIsOne()
    {
        const string Counting = """
            window.posts = 0; window.errors = [];
            const f = fetch; window.fetch = (...a) => { posts++; return f(...a) };
            const b = navigator.sendBeacon; navigator.sendBeacon = (...a) => { posts++; return b.apply(navigator, a) };
            console.error = text => errors.push(text)
            """;
        var name = ManagedEdge.NewSlug();
        await using var page = await site.OpenEmptyAsync();
        await page.GoToAsync(site.Site.PageWith(site.Edge.Address, "data-delay=10", Counting));
        var told = await page.RunAsync(
            $"edge.track('one {name}'); edge.track('two {name}'); edge.flush();"
                + "dispatchEvent(new Event('pagehide')); setTimeout(edge.flush, 50);"
                + "new Promise(done => setTimeout(() => done(posts + ' ' + errors.join()), 200))"
        );
        await page.RunAsync($"edge.init({{ key: '{site.TrackKey}' }})");

        await WaitForTrackAsync($"one {name}");
        await WaitForTrackAsync($"two {name}");
        Assert.Equal("0 edge: track needs data-key=\"pk_...\"", told);
    }

    [Fact]
    public async Task Page_Prerendered_SendsNothingUntilItIsSeen()
    {
        // What DevTools are attached to is not prerendered, so one page watches the storage of another window.
        const string Noting = """
            const note = (key, text) => localStorage[key] = (localStorage[key] || '') + text;
            const f = fetch; window.fetch = (path, how) => {
              note('asked', (how.method || 'GET') + ' ' + document.prerendering + ', ');
              return f(path, how)
            };
            """;
        var (_, slug) = await site.CreateAsync("", "start");
        var next = site.Site.PageWith(
            site.Edge.Address,
            $"data-write-key={site.WriteKey} data-key={site.TrackKey} data-delay=10 data-page-view='seen {slug}'",
            Noting
                + $"addEventListener('load', () => edge.variant('{slug}').then(() => edge.view('{slug}')));"
                + "if (document.prerendering) setTimeout(() => note('waited', document.prerendering), 500);"
        );
        var first = site.Site.PageWith(
            site.Edge.Address,
            "",
            $$"""
            const rules = document.createElement('script');
            rules.type = 'speculationrules';
            rules.textContent = JSON.stringify({ prerender: [{ urls: ['{{next}}'], eagerness: 'immediate' }] });
            document.head.append(rules);
            const look = () => localStorage.waited ? follow() : setTimeout(look, 20);
            const follow = () => { localStorage.before = localStorage.asked; location.href = '{{next}}' };
            look();
            """
        );
        await using var page = await site.OpenAsync();
        await page.RunAsync($"window.open('{first}', '_blank', 'noopener')");

        var view = await WaitAsync(slug, "view");
        var seen = await WaitForTrackAsync($"seen {slug}");

        Assert.Equal(("human", "human"), (view.Text("verdict"), seen.Text("verdict")));
        Assert.Equal("true", await page.RunAsync("localStorage.waited"));
        Assert.Equal("GET true, ", await page.RunAsync("localStorage.before"));
        Assert.Equal("GET true, POST false, POST false, ", await page.RunAsync("localStorage.asked"));
    }

    [Fact]
    public async Task Types_OfTheClient_NameItsMembersAndSettings()
    {
        var types = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "src/Edge/Endpoints/Documents/sdk.d.ts")
        );
        var client = types[types.IndexOf("interface EdgeClient", StringComparison.Ordinal)..];
        var declared = MemberOfClient().Matches(client[..client.IndexOf('}', StringComparison.Ordinal)]);
        var settings = types[types.IndexOf("interface EdgeSettings", StringComparison.Ordinal)..];
        var documented = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/api.md"));
        await using var page = await site.OpenAsync();

        Assert.Equal(
            await page.RunAsync("Object.keys(edge).sort().join()"),
            string.Join(',', declared.Select(member => member.Groups[1].Value).Order(StringComparer.Ordinal))
        );
        Assert.All(
            MemberOfClient().Matches(settings[..settings.IndexOf('}', StringComparison.Ordinal)]),
            setting => Assert.Contains($"`{setting.Groups[1].Value}`", documented, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Page_UnlessAsked_KeepsNothingInTheBrowser()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenAsync();
        await page.RunAsync($"edge.view('{slug}', 'a'); edge.track('kept {slug}')");
        await WaitAsync(slug, "view");
        await WaitForTrackAsync($"kept {slug}");

        var kept = await page.RunAsync("document.cookie + localStorage.length + sessionStorage.length");
        var cookies = await page.CallAsync(
            "Network.getCookies",
            new() { ["urls"] = new JsonArray(site.Edge.Address.ToString(), site.Site.Origin) }
        );

        Assert.Equal("00", kept);
        Assert.Empty(cookies["cookies"]!.AsArray());
    }

    [Fact]
    public async Task Page_ThatMayStore_KnowsItsVisitorAgain()
    {
        var name = ManagedEdge.NewSlug();
        await using var page = await site.OpenAsync("data-storage=local");
        await page.RunAsync($"edge.track('first {name}')");
        var first = await WaitForTrackAsync($"first {name}");
        await page.GoToAsync(site.Site.PageWith(site.Edge.Address, $"data-key={site.TrackKey} data-storage=local"));
        await page.RunAsync($"edge.track('second {name}')");

        Assert.Equal(first.Text("anonymous_id"), (await WaitForTrackAsync($"second {name}")).Text("anonymous_id"));
    }

    [Fact]
    public async Task Experiment_ThatIsNotThere_IsNamedInTheConsole()
    {
        await using var page = await site.OpenAsync();
        await page.RunAsync("edge.view('no-such-experiment')");

        Assert.Contains("errors", await page.HearAsync("edge: events refused with 200"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_OfAnotherOrigin_IsRefusedAndTheEventGivenUp()
    {
        var name = ManagedEdge.NewSlug();
        await using var page = await site.OpenAsync();
        await page.RunAsync($"edge.init({{ key: '{site.ForeignKey}' }}); edge.track('foreign {name}')");
        await page.HearAsync("edge: track refused with 403");
        await page.RunAsync($"edge.init({{ key: '{site.TrackKey}' }}); edge.track('own {name}')");
        await WaitForTrackAsync($"own {name}");

        Assert.DoesNotContain(
            Forwarded.Lines(site.DataDir),
            line => line.Contains($"foreign {name}", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Track_WhoseAnswerIsLost_IsSentAgainAndStoredOnce()
    {
        const string FirstAnswerLost = """
            const send = fetch; let tries = 0;
            window.again = new Promise(done => window.fetch = async (...request) => {
              const answer = await send(...request);
              if (++tries == 1) throw new TypeError('lost');
              done(answer.status);
              return answer;
            })
            """;
        var name = ManagedEdge.NewSlug();
        await using var page = await site.OpenAsync("data-delay=20", FirstAnswerLost);
        var status = await page.RunAsync($"edge.track('twice {name}'), window.again");
        await page.RunAsync($"edge.track('after {name}')");
        await WaitForTrackAsync($"after {name}");

        Assert.Equal("202", status);
        Assert.Single(
            Forwarded.Lines(site.DataDir),
            line => line.Contains($"\"twice {name}\"", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Calls_BeforeTheClientIsLoaded_AreMadeThen()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        await using var page = await site.OpenEmptyAsync();
        await page.GoToAsync(
            site.Site.PageWith(site.Edge.Address, "async", $"window.edge = [['view', '{slug}', 'b']]")
        );

        var view = await WaitAsync(slug, "view");

        Assert.Equal(("b", "False"), (view.Text("variant"), view.Text("authenticated")));
    }

    [Fact]
    public async Task Server_DownAndUpAgain_GetsEveryEventOnce()
    {
        using var data = new TempDirectory();
        var (exitCode, key, error) = await EdgeProcess.RunAsync([
            "keys",
            "create",
            "--kind",
            "millimetric-pk",
            "--origin",
            site.Site.Origin,
            "--data-dir",
            data.Path,
        ]);
        Assert.True(exitCode == 0, error);
        await using var page = await site.OpenEmptyAsync();
        Uri address;
        await using (var first = await EdgeProcess.StartAsync(data.Path))
        {
            address = first.Address;
            await page.GoToAsync(site.Site.PageWith(address, $"data-key={key.Trim()} data-delay=20"));
            await first.StopAsync();
        }
        await page.RunAsync(
            "for (let i = 0; i < 5; i++) { edge.view('demo-ab', 'a', { i }); edge.track('lost', { i }) }"
        );
        await page.FailAsync(requests: 4);
        await using var second = await EdgeProcess.StartAsync(data.Path, address: address);

        await WaitForCountAsync(data.Path, e => e.Text("event") == "lost", 5);
        await WaitForCountAsync(data.Path, e => e.Text("type") == "view", 5);
    }

    private Task<JsonElement> WaitAsync(string slug, string type) =>
        Forwarded.WaitForAsync(site.DataDir, e => e.Text("experiment") == slug && e.Text("type") == type);

    private Task<JsonElement> WaitForTrackAsync(string name) =>
        Forwarded.WaitForAsync(site.DataDir, e => e.Text("event") == name);

    private Task WaitForCountAsync(string slug, int count) =>
        WaitForCountAsync(site.DataDir, e => e.Text("experiment") == slug, count);

    /// <summary>
    /// Waits until this many different events are there, told apart by their property <c>i</c>, and sees that none came
    /// twice.
    /// </summary>
    private static async Task WaitForCountAsync(string dataDir, Predicate<JsonElement> condition, int count)
    {
        var numbers = new HashSet<string>();
        await Forwarded.WaitForAsync(
            dataDir,
            e =>
            {
                if (condition(e))
                {
                    numbers.Add(e.TryGetProperty("properties", out var own) ? own.Text("i") : "");
                }

                return numbers.Count == count;
            }
        );
        Assert.Equal(count, Forwarded.Lines(dataDir).Count(line => condition(JsonDocument.Parse(line).RootElement)));
    }

    [GeneratedRegex(@"^  (\w+)\??[:(]", RegexOptions.Multiline)]
    private static partial Regex MemberOfClient();
}
