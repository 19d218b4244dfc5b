using System.Text.Json;
using Edge.Tests.BlackBox;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>
/// Every view in light, in dark and on a phone: nothing is forbidden by the page's own policy, nothing lies beyond the edge,
/// axe-core finds nothing; and what people may do without a mouse, and what names may hold.
/// </summary>
public sealed class PageForEverybodyTests(SeededEdge edge) : IClassFixture<SeededEdge>
{
    private const int Tab = 9;
    private const int Enter = 13;
    private const int Escape = 27;

    private static readonly (string Name, string Hash, string Shown)[] Views =
    [
        ("list", "#/", "4 experiments"),
        ("experiment", $"#/experiments/{SeededEdge.Slug}", "Enough data"),
        ("smart link", "#/experiments/store-link", "All of these"),
        ("edit", $"#/experiments/{SeededEdge.Slug}/edit", "Worth knowing"),
        ("edit smart link", "#/experiments/store-link/edit", "An iPhone in France"),
        ("edit schedule", "#/experiments/lunch-offer/edit", "Next occurrences"),
        ("deliver", $"#/experiments/{SeededEdge.Slug}/deliver", "Mail program"),
        ("live", "#/live", "Connected"),
        ("health", "#/health", "It adds up"),
        ("nothing", "#/nowhere", "There is nothing here."),
    ];

    /// <summary>Texts and attributes with characters that nobody sees, but for those by which the page isolates words.</summary>
    private static readonly string Unseen = """
        (() => {
            const all = [document.title];
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
            while (walker.nextNode()) {
                const node = walker.currentNode;
                all.push(...(node.nodeType == 3 ? [node.data] : ['aria-label', 'title'].map(name => node.getAttribute(name) ?? '')));
            }
            return all.filter(text => /[\u200B\u200E\u200F\u202A-\u202E\uFEFF]|\u2067|\u2068[^\u2069]*(?:\u2068|$)/.test(text)).join(' | ');
        })()
        """;

    public static TheoryData<string, int, bool> Looks { get; } =
        new()
        {
            { "light", Look.Desktop.Width, false },
            { "dark", Look.Desktop.Width, true },
            { "phone", Look.Phone.Width, false },
            { "phone, dark", Look.Phone.Width, true },
        };

    [Theory]
    [MemberData(nameof(Looks))]
    public async Task View_OfEveryKind_IsSoundForEverybody(string look, int width, bool isDark)
    {
        await using var view = await edge.SignInAsync(
            look: (width == Look.Phone.Width ? Look.Phone : Look.Desktop) with { IsDark = isDark }
        );
        foreach (var (name, hash, shown) in Views)
        {
            await view.GoAsync(hash);
            await view.SeeAsync(shown);
            await view.ExpectSoundAsync($"{name}, {look}");
        }
    }

    [Fact]
    public async Task Keyboard_Alone_ReachesContentAndDefinitions()
    {
        await using var view = await edge.SignInAsync();
        await view.LoadAsync($"#/experiments/{SeededEdge.Slug}");
        await view.SeeAsync("Recommendation");
        await view.PressAsync("Tab", Tab);
        Assert.Equal("Skip to the content", await view.Page.RunAsync("document.activeElement.textContent"));
        await view.PressAsync("Enter", Enter);
        Assert.Equal("main", await view.Page.RunAsync("document.activeElement.id"));

        // What comes later may draw the card again.
        var said = await Wait.ForAsync(
            () =>
                view.Page.RunAsync(
                    "(() => { const tip = document.querySelector('.tip'); if (!tip) { document.activeElement.blur();"
                        + " [...document.querySelectorAll('.term')].find(e => e.textContent == 'Lift').focus(); }"
                        + " return tip ? tip.textContent : ''; })()"
                ),
            static text => text is { Length: > 0 }
        );
        Assert.Equal("Difference to the default variant, relative to it.", said);
        Assert.Equal(
            said,
            await view.Page.RunAsync(
                "document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent"
            )
        );
        await view.PressAsync("Escape", Escape);
        Assert.Equal("0", await view.Page.RunAsync("document.querySelectorAll('.tip').length"));
    }

    [Fact]
    public async Task Chart_OfEveryKind_HasATableBehindIt()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync($"#/experiments/{SeededEdge.Slug}");
        await view.SeeAsync("Probability to be best and weights");
        await view.ChooseAsync("Figure", "Rate so far");
        await view.Page.RunAsync("document.querySelectorAll('main details > summary').forEach(summary => summary.click())");
        await view.ReadAsync("main .card:has(h2):has(tbody tr:nth-child(40)) details[open]");
        await view.ExpectSoundAsync("charts as tables");
        await view.ReadAsync(
            "[role=group][aria-label='Probability to be best and weights'] button:last-child",
            "found.click()"
        );
        await view.SeeAsync("33.3%");

        // Two charts over time, the figures of the variants, and who they are.
        Assert.Equal(
            ("2", "4"),
            (
                await view.Page.RunAsync("document.querySelectorAll('main canvas').length"),
                await view.Page.RunAsync("document.querySelectorAll('main table').length")
            )
        );
    }

    [Fact]
    public async Task TimeZone_Chosen_IsStatedAndKept()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/health");
        await view.SeeAsync("Node ");
        var before = await view.ReadAsync(".head p");
        await view.ChooseAsync("Time zone", "Asia/Kolkata");
        var after = await view.ReadAsync(".head p");
        await view.LoadAsync("#/health");
        await view.SeeAsync(after);

        Assert.NotEqual(before, after);
        Assert.Equal("Asia/Kolkata", await view.ReadAsync("[aria-label='Time zone']", "found.value"));
    }

    [Fact]
    public async Task Words_WithABrowserOfAnotherLanguage_StayEnglish()
    {
        await using var view = await edge.SignInAsync();
        await view.Page.CallAsync(
            "Network.setUserAgentOverride",
            new() { ["userAgent"] = Visitors.Firefox, ["acceptLanguage"] = "de-DE" }
        );
        await view.LoadAsync($"#/experiments/{SeededEdge.Slug}");
        await view.SeeAsync("12 days");
        await view.SeeAsync("Germany");
        await view.SeeAsync("8,");
        await view.GoAsync("#/health");
        await view.SeeAsync(" GB");
    }

    [Fact]
    public async Task LiveEvents_OnAPhone_StandBelowEachOther()
    {
        await using var view = await edge.SignInAsync(look: Look.Phone);
        await view.GoAsync("#/live");
        await view.SeeAsync("Connected");
        await edge.VisitAsync($"/s/{SeededEdge.Slug}/pixel.gif?u=on-a-phone");
        await view.ReadAsync(".tail td");

        var cut = await view.Page.RunAsync(
            "[...document.querySelectorAll('.tail td')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent).join()"
        );
        Assert.Equal("", cut);
        await view.ExpectSoundAsync("live events on a phone");
    }

    [Theory]
    [InlineData("markup", "<img src=x onerror=window.hacked=1><script>window.hacked=2</script>{{7*7}}")]
    [InlineData("right to left", "\u202Eשלום עולם\u202C مرحبا \u2067x\u2069", "[U+202E]שלום עולם[U+202C] مرحبا [U+2067]x[U+2069]")]
    [InlineData("unseen", "pay\u200Bpal\uFEFF\u200E", "pay[U+200B]pal[U+FEFF][U+200E]")]
    [InlineData("one long word", "W")]
    [InlineData("signs", "'\"`;--\\ & &amp; %00 \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 Ź̴̧a")]
    public async Task Name_OfAnyKind_StaysText(string row, string text, string? drawn = null)
    {
        var name = text.Length == 1 ? new string('W', 255) : text;
        var variants = Enumerable
            .Range(0, 20)
            .Select(i => new { id = $"v{i}", name = name.Length > 200 ? name : $"{name} {i}", weight = 500, isDefault = i == 0 });
        var slug = await edge.StoreAsync(
            new
            {
                name,
                slug = ManagedEdge.NewSlug(),
                type = "ab_test",
                hypothesis = name,
                variants,
                goalConfig = new { type = "click_through", destinationUrl = "https://shop.example/" },
            },
            "start"
        );
        await edge.VisitAsync($"/s/{slug}/pixel.gif?u={Uri.EscapeDataString(name)}");
        await using var view = await edge.SignInAsync(look: Look.Phone);
        foreach (
            var (hash, shown) in new[]
            {
                ("#/", drawn ?? name),
                ($"#/experiments/{slug}", "What it serves"),
                ($"#/experiments/{slug}/edit", "Worth knowing"),
                ($"#/experiments/{slug}/deliver", "Mail program"),
                ("#/live", "Connected"),
            }
        )
        {
            await view.GoAsync(hash);
            await view.SeeAsync(shown);
            await view.ExpectSoundAsync($"{row}: {hash}");
            Assert.Equal("", await view.Page.RunAsync(Unseen));
        }

        Assert.Equal("undefined", await view.Page.RunAsync("typeof hacked"));
        Assert.Equal("0", await view.Page.RunAsync("document.querySelectorAll('main img, main script').length"));
        await edge.SendAsync("POST", $"/{slug}/pause");
        await edge.SendAsync("DELETE", $"/{slug}");
    }

    [Fact]
    public async Task Name_FromRightToLeft_DoesNotMoveItsNeighbours()
    {
        const string Name = "שלום 12";
        var slug = await edge.StoreAsync(
            new
            {
                name = "Turned",
                slug = ManagedEdge.NewSlug(),
                type = "ab_test",
                variants = new[] { new { id = "a", name = Name, weight = 5000, isDefault = true }, new { id = "b", name = "b", weight = 5000, isDefault = false } },
                goalConfig = new { type = "click_through", destinationUrl = "https://shop.example/" },
            },
            "start"
        );
        Assert.Equal(200, (await edge.SendAsync("POST", $"/{slug}/complete", """{"winnerVariantId":"a"}""")).Status);
        await using var view = await edge.SignInAsync();
        await view.GoAsync($"#/experiments/{slug}");
        await view.SeeAsync("Winner: \u2068שלום\u2069 12");

        // The word, the number behind it and what stands before both, from left to right.
        var order = await view.Page.RunAsync(
            """
            (() => {
                const text = [...document.querySelectorAll('main .row span')].find(e => e.textContent.startsWith('Winner')).firstChild;
                const left = part => {
                    const range = document.createRange();
                    range.setStart(text, text.data.indexOf(part));
                    range.setEnd(text, text.data.indexOf(part) + part.length);
                    return range.getBoundingClientRect().left;
                };
                return ['Winner', 'שלום', '12'].map(left).every((x, i, all) => i == 0 || all[i - 1] < x);
            })()
            """
        );
        Assert.Equal("True", order, ignoreCase: true);
        await edge.SendAsync("DELETE", $"/{slug}");
    }

    [Theory]
    [InlineData("experiment")]
    [InlineData("shared")]
    [InlineData("health")]
    public async Task Table_OnAPhone_IsReadWithoutMovingIt(string name)
    {
        await using var view = await PageLayoutTests.OpenAsync(edge, name);
        await view.ShowAsAsync(Look.Phone);
        await view.ReadAsync(".rows dd");
        await view.Page.RunAsync("document.querySelectorAll('main details > summary').forEach(summary => summary.click())");
        var beyond = await view.Page.RunAsync(
            """
            [...document.querySelectorAll('main *')]
                .filter(e => e.checkVisibility() && !e.closest('.cut, .two, svg, .sr, canvas, .series') && (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != 'inline' || e.getBoundingClientRect().right > innerWidth))
                .map(e => e.outerHTML.slice(0, 200)).join('\n')
            """
        );

        Assert.Equal("", beyond);
        Assert.Equal("0", await view.Page.RunAsync("document.querySelectorAll('main table').length"));
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(1_000_000)]
    public async Task Search_OfAnyLength_DoesNoHarm(int length)
    {
        await using var view = await edge.SignInAsync();
        await view.SetAsync("Search name or slug", new string('x', length));
        await view.Page.RunAsync("new Promise(done => setTimeout(done, 300))");

        Assert.False(JsonSerializer.Serialize(await view.TextAsync()).Length > 100_000);
    }
}
