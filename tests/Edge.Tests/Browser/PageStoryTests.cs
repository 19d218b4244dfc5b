using System.Globalization;
using System.Net.Http.Headers;
using Edge.Tests.BlackBox;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>What somebody does on the page, in a real browser, from an empty data directory to a decision.</summary>
public sealed class PageStoryTests(PagedEdge edge) : IClassFixture<PagedEdge>
{
    private const int Readers = 12;

    [Fact]
    public async Task Marketer_FromNothing_FindsAWinner()
    {
        await using var empty = new PagedEdge();
        await empty.InitializeAsync();
        await using var view = await empty.SignInAsync();
        await view.SeeAsync("Your first experiment");
        await view.ExpectSoundAsync("empty list");
        await view.ClickAsync("New experiment");
        await view.TypeAsync("Name", "Spring banner");
        await view.TypeAsync("Where the link leads", "https://shop.example/spring");
        await view.ClickAsync("More settings");
        await view.TypeAsync("Attribution window, minutes", "1");
        await view.SeeAsync("The server would take this.");
        await view.SeeAsync("An iPhone in France at");
        await view.ExpectSoundAsync("new experiment");
        await view.ClickAsync("Create the draft");
        await view.ClickAsync("Get it out");
        await view.SeeAsync("/s/spring-banner/click?u=*|UNIQID|*");
        Assert.Equal("link", await view.ReadAsync("#mode", "found.value"));
        await view.ClickAsync("Spring banner");
        await view.ClickAsync("Start");
        await view.SeeAsync("Start this experiment?");
        await view.ExpectSoundAsync("start dialog");
        await view.ClickAsync("Start");
        await view.SeeAsync("Running");
        await view.ReadAsync("h1:focus");

        for (var i = 0; i < Readers; i++)
        {
            await empty.VisitAsync($"/s/spring-banner/pixel.gif?u=reader-{i}");
            if (i % 2 == 0)
            {
                await empty.VisitAsync($"/s/spring-banner/click?u=reader-{i}");
            }
        }

        await empty.VisitAsync("/s/spring-banner/pixel.gif", Visitors.Robot);
        await Wait.ForAsync(
            async () => (await empty.SendAsync("GET", "/spring-banner/results")).Json.GetProperty("results"),
            results => results.GetProperty("totals").GetProperty("trials").GetInt32() == Readers
        );
        await view.LoadAsync("#/experiments/spring-banner");
        await view.SeeAsync("of 1000 trials");
        await view.SeeAsync("1 bots, 0 scanners, 0 prefetched");
        await view.ExpectSoundAsync("experiment");
        await view.ClickAsync("Complete");
        await view.SeeAsync("From then on everybody gets the winner.");
        await view.ChooseAsync("Winner", "b");
        await view.ClickAsync("Complete");
        await view.SeeAsync("Completed");

        Assert.Equal("b", (await empty.SendAsync("GET", "/spring-banner")).Text("winnerVariantId"));
    }

    [Fact]
    public async Task SmartLink_EditedAsATree_ServesWhatThePageSaid()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.TypeAsync("Name", "App or page");
        await view.TickAsync("Smart linkThe first variant whose conditions are true for the visitor.");
        await view.TypeAsync("Where the link leads", "https://shop.example/");
        await view.ClickAsync("Add a group");
        await view.ChooseAsync("Conditions", "Any of these");
        await view.ClickAsync("Add a condition");
        await view.SeeAsync("The server would take this.");
        await view.ExpectSoundAsync("smart link");
        await view.SeeAsync("An iPhone in France at");
        await view.SeeAsync("[aria-label='Who gets what?'] strong", "b");
        await view.ClickAsync("Create the draft");
        await view.ClickAsync("Start");
        await view.SeeAsync("Start this experiment?");
        await view.ClickAsync("Start");
        await view.SeeAsync("Running");

        Assert.Contains("\"b\"", await edge.VisitAsync("/s/app-or-page/resolve?u=x", Visitors.IPhone), StringComparison.Ordinal);
        Assert.Contains("\"a\"", await edge.VisitAsync("/s/app-or-page/resolve?u=x"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conditions_TypedOneAfterAnother_AllStayAndAreJudgedWhileTyping()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.TypeAsync("Name", "Typed");
        await view.TickAsync("Smart linkThe first variant whose conditions are true for the visitor.");
        await view.TypeAsync("Where the link leads", "https://shop.example/");
        await view.ClickAsync("Add a condition");
        await view.ClickAsync("Add a condition");
        await view.SeeAsync("[aria-label='Who gets what?'] strong", "b");

        await view.WriteAsync(1, "desktop");
        await view.SeeAsync("[aria-label='Who gets what?'] strong", "a");
        await view.WriteAsync(0, "tablet");
        await view.WriteAsync(1, "mobile");
        await view.WriteAsync(0, "mobile");
        await view.SeeAsync("[aria-label='Who gets what?'] strong", "b");

        Assert.Equal("mobile mobile", await view.Page.RunAsync("[...document.querySelectorAll('[aria-label=Value]')].map(e => e.value).join(' ')"));
    }

    [Fact]
    public async Task Form_ReloadedInTheMiddle_AsksFirst()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.TypeAsync("Name", "Half done");
        await view.SeeAsync("Where the link leads – ");

        await view.LoadAsync("#/experiments/new");

        Assert.Single(view.Page.Questions);
    }

    [Fact]
    public async Task Schedule_UnderWay_IsDrawnAsAWeek()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.TypeAsync("Name", "Lunch");
        await view.TickAsync("ScheduleThe clock decides which variant is shown.");
        await view.TypeAsync("Where the link leads", "https://shop.example/");
        await view.SetAsync("From", "2026-01-05T12:00");
        await view.SetAsync("To", "2026-01-05T14:00");
        await view.ChooseAsync("Repeats", "every day");
        await view.ChooseAsync("Time zone of the repetition", "Europe/Berlin");
        await view.SeeAsync("Next occurrences");
        await view.ReadAsync(".week .slot");
        await view.ExpectSoundAsync("schedule");
        await view.ClickAsync("Create the draft");
        await view.SeeAsync("What it serves");
        await view.SeeAsync("Europe/Berlin");

        var schedule = (await edge.SendAsync("GET", "/lunch")).Experiment.GetProperty("variants")[1].GetProperty("schedule");
        Assert.Equal("daily", schedule.GetProperty("recurrence").Text("type"));
    }

    [Fact]
    public async Task Weights_MovedBySliders_AlwaysSumToAll()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.ClickAsync("Add a variant");
        foreach (var value in new[] { "33", "99", "0", "100", "7" })
        {
            await view.SetAsync("Weight of a, percent", value);
            var sum = await view.Page.RunAsync(
                "[...document.querySelectorAll('.weight input[type=number]')].reduce((sum, e) => sum + Math.round(e.value * 100), 0)"
            );
            Assert.Equal("10000", sum);
        }
    }

    [Fact]
    public async Task Edit_AfterSomebodyElses_IsShownAsADifference()
    {
        var slug = await edge.StoreAsync(Definition("Twice edited"));
        await using var view = await edge.SignInAsync();
        await view.GoAsync($"#/experiments/{slug}/edit");
        await view.TypeAsync("Hypothesis", "Mine");
        const string Change = """
            {"name":"Theirs","trafficShare":5000,
             "variants":[{"id":"b","name":"Blue","weight":4000,"destinationUrl":"https://shop.example/blue"},{"id":"a","weight":6000,"isDefault":true}]}
            """;
        Assert.Equal(200, (await edge.SendAsync("PUT", $"/{slug}", Change)).Status);
        await view.ClickAsync("Save");
        await view.SeeAsync("Somebody else changed it meanwhile");
        await view.SeeAsync("Nothing of yours is saved yet. No change contradicts another.");
        await view.ExpectSoundAsync("conflict");
        Assert.Equal(
            [
                "Hypothesis|–|not changed|Mine|Mine",
                "Name|Twice edited|Theirs|not changed|Theirs",
                "Share of visitors that take part, percent|100%|50%|not changed|50%",
                "Variant Blue: Destination|–|https://shop.example/blue|not changed|https://shop.example/blue",
                "Variant Blue: Name|–|Blue|not changed|Blue",
                "Variants|a, Blue|Blue, a|not changed|Blue, a",
                "Weights|a 50%, Blue 50%|a 60%, Blue 40%|not changed|a 60%, Blue 40%",
            ],
            await DifferenceAsync(view)
        );
        await view.ClickAsync("Save both together");
        await view.SeeAsync("[role=status].note", "Saved.");

        var stored = (await edge.SendAsync("GET", $"/{slug}")).Experiment;
        Assert.Equal(("Theirs", "Mine", "Blue"), (stored.Text("name"), stored.Text("hypothesis"), stored.GetProperty("variants")[0].Text("name")));
        // It is said once.
        await view.GoAsync("#/");
        await view.GoAsync($"#/experiments/{slug}");
        await view.SeeAsync("What it serves");
        await view.MissAsync("Saved.");
    }

    [Fact]
    public async Task Edit_ThatContradictsSomebodyElses_IsSavedAsItWasChosen()
    {
        const string Name = "Together: Name";
        var slug = "";
        string[] rows =
        [
            "Image format|png|webp|not changed|webp",
            "Name|Contradicted|Theirs|Mine|MineTheirs",
            "Status code of the redirect|–|307|not changed|307",
            "Variant c: Id|–|c|not changed|c",
            "Variant d: Id|–|not changed|d|d",
            "Variants|a, b|a, b, c|a, b, d|a, b, d, c",
            "Weights|a 50%, b 50%|a 40%, b 30%, c 30%|a 33.34%, b 33.33%, d 33.33%|a 33.34%, b 33.33%, d 33.33%a 40%, b 30%, c 30%",
        ];

        // Both together, and of what contradicts the name of the other.
        await using (var view = await ContradictAsync())
        {
            await view.SeeAsync("Choose where 2 changes contradict another.");
            Assert.Equal(rows, await DifferenceAsync(view));
            await view.ExpectSoundAsync("contradiction");
            await view.ShowAsAsync(Look.Phone);
            await view.SeeAsync("dialog .rows strong", "Name");
            await view.ExpectSoundAsync("contradiction on a phone");
            await view.ChooseAsync(Name, "Theirs");
            await view.ClickAsync("Save both together");
            await view.SeeAsync("Saved.");
            Assert.Equal(("Theirs", "a b d c", "webp", "307"), await StoredAsync());
        }

        // Mine alone: what the other did is undone.
        await using (var view = await ContradictAsync())
        {
            await view.ClickAsync("Save mine, undo theirs");
            await view.SeeAsync("Saved.");
            Assert.Equal(("Mine", "a b d", "png", "302"), await StoredAsync());
        }

        // Theirs: nothing is saved, and the form says so.
        await using (var view = await ContradictAsync())
        {
            await view.ClickAsync("Take theirs, drop mine");
            await view.SeeAsync("This is what is on the server. Your changes are dropped.");
            Assert.Equal("Theirs", await view.ReadAsync(".edit input[type=text]", "found.value"));
            Assert.Equal(("Theirs", "a b c", "webp", "307"), await StoredAsync());
        }

        async Task<View> ContradictAsync()
        {
            slug = await edge.StoreAsync(Definition("Contradicted"));
            var view = await edge.SignInAsync();
            await view.GoAsync($"#/experiments/{slug}/edit");
            await view.TypeAsync("Name", "Mine");
            await view.ClickAsync("Add a variant");
            await view.Page.RunAsync("(e => (e.value = 'd', e.dispatchEvent(new Event('input', { bubbles: true }))))([...document.querySelectorAll('.variant label')].filter(l => l.textContent == 'Id').at(-1).control)");
            const string Change = """
                {"name":"Theirs","outputConfig":{"format":"webp"},"linkConfig":{"redirectStatus":307},
                 "variants":[{"id":"a","weight":4000,"isDefault":true},{"id":"b","weight":3000},{"id":"c","weight":3000}]}
                """;
            Assert.Equal(200, (await edge.SendAsync("PUT", $"/{slug}", Change)).Status);
            await view.SeeAsync("The server would take this.");
            await view.ClickAsync("Save");
            await view.SeeAsync("Somebody else changed it meanwhile");
            return view;
        }

        async Task<(string, string, string, string)> StoredAsync()
        {
            var stored = (await edge.SendAsync("GET", $"/{slug}")).Experiment;
            return (
                stored.Text("name"),
                string.Join(' ', stored.GetProperty("variants").EnumerateArray().Select(static variant => variant.Text("id"))),
                stored.GetProperty("outputConfig").Text("format"),
                stored.TryGetProperty("linkConfig", out var link) ? link.Text("redirectStatus") : "302"
            );
        }
    }

    [Fact]
    public async Task Edit_ThatSomebodyElseHasMadeToo_SaysThatNothingIsLeft()
    {
        var slug = await edge.StoreAsync(Definition("Same thought"));
        await using var view = await edge.SignInAsync();
        await view.GoAsync($"#/experiments/{slug}/edit");
        await view.TypeAsync("Name", "Better name");
        Assert.Equal(200, (await edge.SendAsync("PUT", $"/{slug}", """{"name":"Better name"}""")).Status);
        await view.SeeAsync("The server would take this.");
        await view.ClickAsync("Save");
        await view.SeeAsync("No change contradicts another.");
        await view.ClickAsync("Save both together");
        await view.SeeAsync("The server has all of this already: nothing was left to save.");
        await view.ExpectSoundAsync("nothing left");
    }

    [Fact]
    public async Task Edit_OfWhatSomebodyElseHasStarted_SaysWhatCannotBeSaved()
    {
        var slug = await edge.StoreAsync(Definition("Started meanwhile"));
        await using var view = await edge.SignInAsync();
        await view.GoAsync($"#/experiments/{slug}/edit");
        await view.TypeAsync("Hypothesis", "Mine");
        await view.SeeAsync("The server would take this.");
        Assert.Equal(200, (await edge.SendAsync("POST", $"/{slug}/start")).Status);
        await view.ClickAsync("Save");
        await view.SeeAsync("Somebody else changed it meanwhile");
        Assert.Contains("State|Draft|Running|not changed|Running", await DifferenceAsync(view));
        await view.ClickAsync("Save both together");
        await view.SeeAsync("cannot change while the experiment is running");
        // Why weights are locked, and what to do instead.
        await view.SeeAsync("Locked while it runs: visitors divided anew would blur the comparison.");
        await view.ExpectSoundAsync("locked");
    }

    [Fact]
    public async Task Image_ThatLeadsNowhere_IsNamedBeforeItIsSaved()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.TypeAsync("Name", "No picture");
        await view.TypeAsync("Where the link leads", "https://shop.example/");
        await view.TypeAsync("Image URL", "banner.png");
        await view.SeeAsync("Variant a: Image URL – must be an absolute URL that begins with https:// or http://");
        Assert.Equal("banner.png", await view.ReadAsync("[aria-invalid=true]", "found.value"));
        await view.ClickAsync("Create the draft");
        await view.TypeAsync("Image URL", "https://cdn.example/banner.png");
        await view.SeeAsync("The server would take this.");
        await view.ClickAsync("Create the draft");
        await view.SeeAsync("Saved.");

        var created = (await edge.SendAsync("GET", "/no-picture")).Experiment;
        Assert.Equal("https://cdn.example/banner.png", created.GetProperty("variants")[0].GetProperty("variables").Text("imageUrl"));
    }

    [Fact]
    public async Task AddressForReaders_ThatIsNone_IsNotPutIntoSnippets()
    {
        var slug = await edge.StoreAsync(Definition("Delivered"));
        await using var view = await edge.SignInAsync();
        await view.GoAsync($"#/experiments/{slug}/deliver");
        await view.TypeAsync("Address that your readers reach", "mail.shop.example");
        await view.SeeAsync("This must begin with https:// or http://.");
        await view.SeeAsync($"href=\"http://127.0.0.1:{edge.Edge.Address.Port}/s/{slug}/click");
        await view.ExpectSoundAsync("address that is none");
        await view.TypeAsync("Address that your readers reach", "https://mail.shop.example/");
        await view.SeeAsync($"href=\"https://mail.shop.example/s/{slug}/click");
        await view.MissAsync("This must begin with");
    }

    [Fact]
    public async Task Mistake_WhileTyping_IsNamedByTheServersRules()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.TypeAsync("Name", "Mistaken");
        await view.TypeAsync("Slug", "Not a slug");
        await view.TypeAsync("Where the link leads", "javascript:alert(1)");
        await view.ReadAsync("[aria-invalid=true]");
        await view.SeeAsync("2 things to mend");
        await view.ExpectSoundAsync("mistakes");
        await view.ClickAsync("Create the draft");

        Assert.Equal(404, (await edge.SendAsync("GET", "/mistaken")).Status);
    }

    [Fact]
    public async Task LimitsAndGroup_Edited_AreStoredAsTheServerTakesThem()
    {
        const string Clicks = "The link works for so many clicks";
        const string Beyond = "After them it leads to";
        const string Group = "Exclusion group";
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.TypeAsync("Name", "Limited offer");
        await view.TypeAsync("Where the link leads", "https://shop.example/");
        await view.ChooseAsync("What counts as success", "Conversion");
        await view.ClickAsync("More settings");
        await view.TypeAsync("Attribution window, minutes", "20160");
        await view.SeeAsync("must be at most 1440 unless “Know visitors that you name for longer than a day: windows of up to 30 days” is true");
        await view.TickAsync("Know visitors that you name for longer than a day: windows of up to 30 days");
        await view.TypeAsync(Clicks, "100");
        await view.SeeAsync("is required with “The link works for so many clicks”");
        await view.TypeAsync(Beyond, "https://shop.example/over");
        await view.TypeAsync(Group, "checkout");
        await view.TypeAsync("First bucket beyond", "5000");
        await view.SeeAsync("must not be combined with “Share of visitors that take part, percent” or “Exclusion group”");
        await view.ExpectSoundAsync("limits");
        await view.SetAsync(Clicks, "");
        await view.SetAsync(Beyond, "");
        await view.SeeAsync("The server would take this.");
        await view.ClickAsync("Create the draft");
        await view.SeeAsync("What it serves");

        var created = (await edge.SendAsync("GET", "/limited-offer")).Experiment;
        Assert.Equal(
            ("True", "20160", """{"name":"checkout","from":0,"to":5000}"""),
            (created.Text("stableUnits"), created.Text("attributionWindowMinutes"), created.Text("exclusionGroup"))
        );

        await view.GoAsync("#/experiments/limited-offer/edit");
        await view.ClickAsync("More settings");
        await view.SetAsync(Group, "");
        await view.TypeAsync(Clicks, "100");
        await view.TypeAsync(Beyond, "https://shop.example/over");
        await view.SeeAsync("The server would take this.");
        await view.ClickAsync("Save");
        await view.SeeAsync("What it serves");

        var edited = (await edge.SendAsync("GET", "/limited-offer")).Experiment;
        Assert.Equal("", edited.Text("exclusionGroup"));
        Assert.Equal(
            ("100", "https://shop.example/over"),
            (edited.GetProperty("linkConfig").Text("maxClicks"), edited.GetProperty("linkConfig").Text("exhaustedUrl"))
        );
    }

    [Fact]
    public async Task Key_OfAnybody_IsNeitherInTheAddressNorInTheStorage()
    {
        await using var view = await edge.SignInAsync();

        var kept = await view.Page.RunAsync(
            "location.href + JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie + document.documentElement.outerHTML"
        );

        Assert.DoesNotContain(edge.Key, kept, StringComparison.Ordinal);
        await view.ClickAsync("Sign out");
        await view.SeeAsync("It is exchanged for a session and not kept.");
        await view.LoadAsync("");
        await view.SeeAsync("It is exchanged for a session and not kept.");
    }

    [Fact]
    public async Task Key_ThatIsWrong_IsRefusedInWords()
    {
        await using var view = await edge.OpenAsync("ui/");
        await view.TypeAsync("API key", "mk_live_wrong");
        await view.ClickAsync("Sign in");
        await view.SeeAsync("This key is unknown, revoked, or not one for the page.");
        await view.ExpectSoundAsync("sign-in");
    }

    [Fact]
    public async Task SignIn_RefusedForItsOrigin_SaysWhatTheServerSays()
    {
        await using var view = await edge.OpenAsync("ui/");
        await view.SeeAsync("API key");
        // A proxy that changes the host cannot stand between this browser and Edge: its answer is given in its place.
        await view.Page.RunAsync(
            """
            window.fetch = async () =>
                new Response('{"detail":"A session is accepted from its own page alone."}', { status: 403 });
            0
            """
        );
        await view.TypeAsync("API key", edge.Key);
        await view.ClickAsync("Sign in");
        await view.SeeAsync("A session is accepted from its own page alone.");
    }

    [Fact]
    public async Task Session_ThatHasEnded_AsksForTheKeyWhereOneIs()
    {
        var slug = await edge.StoreAsync(Definition("Interrupted"));
        await using var view = await edge.SignInAsync();
        await view.Page.RunAsync("fetch('/ui/session', { method: 'DELETE' }).then(() => 0)");
        await view.GoAsync($"#/experiments/{slug}");
        await view.SeeAsync("The session has ended.");
        await view.TypeAsync("API key", edge.Key);
        await view.ClickAsync("Sign in");
        await view.LoadAsync($"#/experiments/{slug}");
        await view.SeeAsync("What it serves");
    }

    [Fact]
    public async Task Reader_WithAKeyForReading_IsOfferedNoChange()
    {
        var slug = await edge.StoreAsync(Definition("Only looked at"), "start");
        await using var view = await edge.SignInAsync(edge.ReadKey);
        await view.SeeAsync("Read only");
        await view.GoAsync($"#/experiments/{slug}");
        await view.SeeAsync("What it serves");
        await view.ExpectSoundAsync("read only");

        var offered = await view.Page.RunAsync("[...document.querySelectorAll('main button, main a')].map(e => e.textContent).join()");
        foreach (var change in new[] { "New experiment", "Edit", "Pause", "Complete", "Share" })
        {
            Assert.DoesNotContain(change, offered, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task NewForm_BeforeTheFirstKey_NamesNoMistake()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.SeeAsync("The server checks while you type.");
        await view.Page.RunAsync("new Promise(done => setTimeout(done, 600))");
        Assert.DoesNotContain("to mend", await view.TextAsync(), StringComparison.Ordinal);
        await view.TypeAsync("Name", "Begun");
        await view.SeeAsync("thing to mend");
        await view.SeeAsync("Where the link leads – ");
    }

    [Fact]
    public async Task NewForm_WithAKeyForReading_SaysThatNothingCanBeSaved()
    {
        await using var view = await edge.SignInAsync(edge.ReadKey);
        await view.GoAsync("#/experiments/new");
        await view.SeeAsync("Your key may only look");
        Assert.Equal("true", await view.ReadAsync("form .primary", "String(found.disabled)"));
    }

    [Fact]
    public async Task Snippet_OfEveryServer_ReportsAnEventThatIsTaken()
    {
        var slug = await edge.StoreAsync(Definition("Asked by servers"), "start");
        await using var view = await edge.SignInAsync();
        await view.GoAsync($"#/experiments/{slug}/deliver");
        await view.ClickAsync("Server");
        foreach (var language in new[] { "curl", "JavaScript", "Python" })
        {
            var snippet = await view.ReadAsync($"pre[aria-label={language}]");
            Assert.Contains("/s/events?u=", snippet, StringComparison.Ordinal);
            Assert.Contains("X-Write-Key", snippet, StringComparison.Ordinal);
        }

        var script = await view.ReadAsync("pre[aria-label=JavaScript]");
        var answers = await view.Page.RunAsync(
            $$"""
            (async () => {
                const answers = [], real = fetch;
                const asked = async (...request) => {
                    const answer = await real(...request);
                    answers.push(answer.status + await answer.clone().text());
                    return answer;
                };
                await (async (fetch, reader) => { {{script.Replace("WRITE_KEY", edge.WriteKey, StringComparison.Ordinal)}} })(asked, 'r 1');
                return answers.join();
            })()
            """
        );
        Assert.Contains("200{\"ok\":true,\"processed\":1}", answers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_ThatIsPasted_IsChecked()
    {
        var running = await edge.StoreAsync(Definition("In a mail"), "start");
        var draft = await edge.StoreAsync(Definition("Not yet in a mail"));
        await using var view = await edge.SignInAsync();
        await view.GoAsync($"#/experiments/{running}/deliver");
        foreach (var tab in new[] { "Web page", "Server", "QR code" })
        {
            await view.ClickAsync(tab);
            await view.SeeAsync(running);
            await view.ExpectSoundAsync(tab);
        }

        await view.ClickAsync("Check a mail");
        await view.TypeAsync(
            "The mail",
            $"""
            <a href="https://edge.example/s/{running}/click?u=*|UNIQID|*">Buy</a>
            <img src="https://edge.example/s/{running}/pixel.gif?u=*|UNIQID|*">
            <a href="https://edge.example/s/{draft}/click?u=17">Soon</a>
            <a href="https://edge.example/s/never-made/click?u=17">Nowhere</a>
            <a href="https://news.example/unsubscribe?id=17">Unsubscribe</a>
            <img src="http://127.0.0.1:9/beacon" onerror="window.hacked = 1">
            """
        );
        await view.SeeAsync("The merge tag *|UNIQID|* was not filled in");
        await view.SeeAsync($"{draft} is a draft");
        await view.SeeAsync("There is no experiment never-made");
        await view.SeeAsync("https://news.example/unsubscribe?id=17 unsubscribes by opening a link.");
        await view.SeeAsync($"{running} is running.");
        await view.ExpectSoundAsync("mail check");

        Assert.Equal("undefined", await view.Page.RunAsync("typeof hacked"));
    }

    [Fact]
    public async Task Event_ThatComesIn_IsSeenLive()
    {
        var slug = await edge.StoreAsync(Definition("Watched"), "start");
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/live");
        await view.SeeAsync("Connected");
        await edge.VisitAsync($"/s/{slug}/pixel.gif?u=reader");
        await view.SeeAsync(slug);
        using var refused = await edge.Edge.Client.PostAsync("/v1/track", new StringContent("{}"));
        await view.ClickAsync(await view.ReadAsync("main .tabs button:nth-child(2)", "found.textContent.trim()"));
        await view.SeeAsync("/v1/track");
        await view.ClickAsync("Its shape, as a command");
        await view.SeeAsync("curl -X POST");
        await view.ExpectSoundAsync("live");
    }

    [Fact]
    public async Task Live_WithAllPlacesTaken_SaysSoAndComesBack()
    {
        await using var view = await edge.SignInAsync();
        var others = new List<HttpResponseMessage>();
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/events/live");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", edge.Key);
            var answer = await edge.Edge.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            others.Add(answer);
            if (!answer.IsSuccessStatusCode)
            {
                break;
            }
        }

        await view.GoAsync("#/live");
        await view.SeeAsync("All places to watch live are taken.");
        await view.ExpectSoundAsync("live, refused");
        others.ForEach(other => other.Dispose());
        await view.SeeAsync("Connected");
        await view.MissAsync("All places to watch live are taken.");
    }

    [Fact]
    public async Task Sink_OnTheHealthView_CanBePausedAndResumed()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/health");
        await view.SeeAsync("It adds up");
        await view.SeeAsync("received");
        await view.ClickAsync("Pause file");
        await view.SeeAsync("paused");
        Assert.Equal(["Pause file? Events wait in the journal until it is resumed."], view.Page.Questions);
        await view.ClickAsync("Resume file");
        await view.ReadAsync("[aria-label='Pause file']");
        await view.ExpectSoundAsync("health");
    }

    [Fact]
    public async Task Results_Shared_AreSeenWithoutSigningIn()
    {
        var slug = await edge.StoreAsync(Definition("Shared"), "start");
        await using var view = await edge.SignInAsync();
        await view.GoAsync($"#/experiments/{slug}");
        await view.ClickAsync("Share");
        await view.ClickAsync("Create the link");
        await view.ExpectSoundAsync("share dialog");
        await view.SeeAsync("/results.svg");
        Assert.True(int.Parse(await view.ReadAsync("dialog a.mono", "found.clientHeight || found.offsetHeight"), CultureInfo.InvariantCulture) < 40);
        var url = await view.ReadAsync("dialog a.mono", "found.href");

        await using var guest = await edge.OpenAsync(new Uri(url).PathAndQuery);
        await guest.SeeAsync("Shared");
        await guest.SeeAsync("Recommendation");
        await guest.ExpectSoundAsync("shared results");

        Assert.DoesNotContain("Sign out", await guest.TextAsync(), StringComparison.Ordinal);
        var image = await edge.Edge.Client.GetAsync(new Uri(url).PathAndQuery + "/results.png");
        Assert.Equal("image/png", image.Content.Headers.ContentType?.MediaType);
        await view.SeeAsync("Links that work");
        await view.ReadAsync("dialog li button", "found.click()");
        await view.MissAsync("Links that work");
        await view.MissAsync("/results.svg");
        await guest.Page.GoToAsync(url);
        await guest.SeeAsync("This link has expired or was revoked.");
    }

    /// <summary>The rows of the difference, in order of their names.</summary>
    private static async Task<string[]> DifferenceAsync(View view)
    {
        var rows = await view.ReadAsync("dialog tbody", "[...found.rows].map(row => [...row.cells].map(cell => cell.textContent).join('|')).join('\\n')");
        return [.. rows.Split('\n').Order(StringComparer.Ordinal)];
    }

    private static object Definition(string name) =>
        new
        {
            name,
            slug = ManagedEdge.NewSlug(),
            type = "ab_test",
            variants = new object[] { new { id = "a", weight = 5000, isDefault = true }, new { id = "b", weight = 5000 } },
            goalConfig = new { type = "click_through", destinationUrl = "https://shop.example/" },
        };
}
