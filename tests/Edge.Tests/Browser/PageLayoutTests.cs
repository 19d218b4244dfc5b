using System.Globalization;
using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>
/// Every view as it was when somebody looked at it last, on a desk and on a phone, in light and dark: what it has, in
/// which order, where each part begins and ends from left to right, and its colours (<c>docs/decisions/0027</c>). Set
/// <c>EDGE_LAYOUTS</c> to write the golden files anew, and look at what has changed.
/// </summary>
public sealed partial class PageLayoutTests(SeededEdge edge) : IClassFixture<SeededEdge>
{
    /// <summary>Pixels by which an edge may differ: what borders and scroll bars of other builds of the browser take.</summary>
    private const int TolerancePx = 4;

    /// <summary>What the server finds, and clocks that are about to be set: there on some days alone.</summary>
    private const string Seasonal = "li.note, .week ~ .note";

    private static readonly string Goldens = Path.Combine(Repository.Root, "tests/Edge.Tests/Golden/Views");

    /// <summary>
    /// Lists what is seen, a line each, indented as it is nested. Edges only of what takes the room that it is given:
    /// the size of the rest is that of its letters. Figures are left out, since they depend on the day.
    /// </summary>
    private static readonly string Outline = """
        (() => {
            const blocks = 'header.bar, main, dialog[open], .head, .card, .list, .list-row.last, .filters, .choices, .edit, .side, .variant, .scroll, .rows, .series, .intervals, .split, .facts, .week, .flow, .meter, .group, .note, .qr, pre';
            const texts = 'h1, h2, h3, .pill, .say, nav a, .button, button, label, dt:not(:has(button)), thead th:not(:has(button)), summary, input, select, textarea';
            const named = e => {
                const text = e.getAttribute('aria-label') ?? (e.matches('input, select, textarea, .say') ? '' : e.matches('.card, .side, main, header') ? '' : e.matches(texts) ? e.textContent : '');
                return text.trim().replace(/\s+/g, ' ').replace(/\d[\d.,:]*/g, '#')
                    .replace(/\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b/g, '@').replace(/ [AP]M\b/g, '').slice(0, 60);
            };
            const kind = e => e.tagName.toLowerCase() + [...e.classList].filter(c => c != 'wrap' && c != 'cut').map(c => '.' + c).join('');
            const lines = [];
            const walk = (parent, depth) => {
                for (const e of parent.children) {
                    if (!e.checkVisibility() || e.matches('SEASONAL')) continue;
                    const isBlock = e.matches(blocks);
                    if (isBlock || e.matches(texts)) {
                        const box = e.getBoundingClientRect();
                        lines.push('  '.repeat(depth) + kind(e) + (named(e) ? ` "${named(e)}"` : '') + (isBlock ? ` ${Math.round(box.left)}-${Math.round(box.right)}` : ''));
                        walk(e, depth + 1);
                    } else {
                        walk(e, depth);
                    }
                }
            };
            walk(document.body, 0);
            return lines.join('\n');
        })()
        """.Replace("SEASONAL", Seasonal, StringComparison.Ordinal);

    /// <summary>Which letters stand on which ground, each pair once.</summary>
    private static readonly string Colours = """
        (() => {
            const found = new Set();
            for (const e of document.querySelectorAll('body, body *')) {
                if (e.closest('SEASONAL')) continue;
                const style = getComputedStyle(e);
                const isShown = e.checkVisibility() && (style.backgroundColor != 'rgba(0, 0, 0, 0)' || e.matches('h1, h2, a, .soft, .pill'));
                if (isShown) found.add(`${e.matches('a:not([class])') ? 'a' : e.tagName.toLowerCase() + [...e.classList].slice(0, 1).map(c => '.' + c).join('')} ${style.color} on ${style.backgroundColor}`);
            }
            return [...found].sort().join('\n');
        })()
        """.Replace("SEASONAL", Seasonal, StringComparison.Ordinal);

    private static readonly (string Name, string Hash, string Shown)[] Views =
    [
        ("list", "#/", "4 experiments"),
        ("experiment", $"#/experiments/{SeededEdge.Slug}", "Probability to be best and weights"),
        ("smart-link", "#/experiments/store-link", "All of these"),
        ("edit", $"#/experiments/{SeededEdge.Slug}/edit", "An iPhone in France"),
        ("edit-smart-link", "#/experiments/store-link/edit", "An iPhone in France"),
        ("edit-schedule", "#/experiments/lunch-offer/edit", "Next occurrences"),
        ("deliver", $"#/experiments/{SeededEdge.Slug}/deliver", "Mail program"),
        ("live", "#/live", "Connected"),
        ("health", "#/health", "It adds up"),
        ("nothing", "#/nowhere", "There is nothing here."),
    ];

    public static IEnumerable<string> Names => [.. Views.Select(view => view.Name), "sign-in", "shared"];

    public static TheoryData<string> Rows => new(Names);

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task View_InEveryLook_IsAsItWas(string name)
    {
        await using var view = await OpenAsync(edge, name);
        var seen = new List<string>();
        foreach (var (look, of) in new[] { ("desk", Look.Desktop), ("phone", Look.Phone) })
        {
            seen.AddRange([$"# {look}", .. await LinesAsync(view, of, Outline)]);
        }

        foreach (var (look, of) in new[] { ("light", Look.Desktop), ("dark", Look.Dark) })
        {
            seen.AddRange([$"# {look}", .. await LinesAsync(view, of, Colours)]);
        }

        var path = Path.Combine(Goldens, name + ".txt");
        if (Environment.GetEnvironmentVariable("EDGE_LAYOUTS") is { Length: > 0 })
        {
            Directory.CreateDirectory(Goldens);
            await File.WriteAllLinesAsync(path, seen);
            return;
        }

        var before = await File.ReadAllLinesAsync(path);
        var differences = before
            .Where(line => !seen.Exists(other => IsAlike(line, other)))
            .Select(line => $"- {line}")
            .Concat(seen.Where(line => !Array.Exists(before, other => IsAlike(line, other))).Select(line => $"+ {line}"))
            .ToList();
        Assert.True(
            differences.Count == 0 && before.Length == seen.Count && before.Zip(seen, IsAlike).All(static isAlike => isAlike),
            $"{name} is not as it was; if it should be so, set EDGE_LAYOUTS and run this again.\n"
                + (differences.Count > 0 ? string.Join('\n', differences) : "The order of its parts is another:\n" + string.Join('\n', seen))
        );
    }

    /// <summary>Opens a view as somebody would who is signed in where that is needed.</summary>
    internal static async Task<View> OpenAsync(SeededEdge edge, string name)
    {
        if (name == "sign-in")
        {
            var guest = await edge.OpenAsync("ui/");
            await guest.SeeAsync("API key");
            return guest;
        }

        if (name == "shared")
        {
            var share = await edge.SendAsync("POST", $"/{SeededEdge.Slug}/shares", """{"days":1}""");
            var guest = await edge.OpenAsync(share.Json.Text("url").TrimStart('/'));
            await guest.SeeAsync("Probability to be best and weights");
            return guest;
        }

        var (_, hash, shown) = Array.Find(Views, view => view.Name == name);
        var view = await edge.SignInAsync();
        await view.GoAsync(hash);
        await view.SeeAsync(shown);
        return view;
    }

    /// <summary>
    /// What a script tells of the view in a look, once it tells the same twice: charts are drawn and answers have come.
    /// </summary>
    private static async Task<string[]> LinesAsync(View view, Look look, string script)
    {
        await view.ShowAsAsync(look);
        var last = "";
        var lines = await Wait.ForAsync(
            async () =>
            {
                await view.Page.RunAsync("new Promise(done => setTimeout(done, 300))");
                var before = last;
                last = await view.Page.RunAsync(script);
                return (Before: before, Now: last);
            },
            read => read.Before == read.Now
        );
        return lines.Now.Split('\n');
    }

    /// <summary>Whether two lines say the same, edges up to the tolerance.</summary>
    private static bool IsAlike(string before, string now)
    {
        if (before == now)
        {
            return true;
        }

        var (one, other) = (Edges().Match(before), Edges().Match(now));
        return one.Success
            && other.Success
            && before[..one.Index] == now[..other.Index]
            && IsNear(one.Groups[1].Value, other.Groups[1].Value)
            && IsNear(one.Groups[2].Value, other.Groups[2].Value);
    }

    private static bool IsNear(string before, string now) =>
        Math.Abs(int.Parse(before, CultureInfo.InvariantCulture) - int.Parse(now, CultureInfo.InvariantCulture)) <= TolerancePx;

    [GeneratedRegex(@" (-?\d+)-(-?\d+)$")]
    private static partial Regex Edges();
}
