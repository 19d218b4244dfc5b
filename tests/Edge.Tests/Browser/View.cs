using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>
/// The page at <c>/ui/</c> as somebody uses it: by the names of buttons and the labels of inputs. What is not there yet is
/// waited for.
/// </summary>
internal sealed class View(Page page, string root) : IAsyncDisposable
{
    private static readonly string Finding = """
        const named = element => (element.getAttribute('aria-label') ?? element.textContent ?? '').trim();
        const isShown = element => element.checkVisibility();
        // A dialog is in the document a moment before it opens, and then nobody can reach what is behind it.
        const scope = () => {
            const dialog = document.querySelector('dialog');
            return !dialog ? document.body : dialog.open ? dialog : document.createElement('p');
        };
        const button = name => [...scope().querySelectorAll('button, a, summary, [role=button]')]
            .find(e => isShown(e) && !e.disabled && named(e) == name);
        const input = label => {
            const own = [...scope().querySelectorAll('label')].find(e => isShown(e) && e.textContent.trim() == label);
            return own ? own.control ?? own.querySelector('input') : [...scope().querySelectorAll('input, select, textarea')]
                .find(e => isShown(e) && e.getAttribute('aria-label') == label);
        };
        const until = async (look, what) => {
            for (const began = performance.now(); performance.now() - began < LIMIT;) {
                const seen = look();
                if (seen) return seen;
                await new Promise(done => setTimeout(done, 20));
            }
            throw new Error(`there is no ${what} in: ${document.body.innerText.slice(0, 3000)}`);
        };
        """.Replace("LIMIT", $"{(Wait.Limit / 2).TotalMilliseconds}", StringComparison.Ordinal);

    private static readonly string AxeFile = Path.Combine(
        Repository.Root,
        "src/Edge.Page/node_modules/axe-core/axe.min.js"
    );

    public Page Page => page;

    /// <summary>Opens an address of an Edge in a fresh browser profile.</summary>
    public static async Task<View> OpenAsync(Chromium chromium, Uri edge, string path, Look? look = null)
    {
        var page = await chromium.OpenAsync();
        await page.CallAsync("Log.enable", []);
        var view = new View(page, new Uri(edge, "ui/").ToString());
        await view.ShowAsAsync(look ?? Look.Desktop);
        await page.GoToAsync(new Uri(edge, path).ToString());
        return view;
    }

    /// <summary>Signs in where the page asks for a key.</summary>
    public async Task SignInAsync(string key)
    {
        await TypeAsync("API key", key);
        await ClickAsync("Sign in");
        await SeeAsync("Experiments");
    }

    /// <summary>Goes to a view, by what stands behind the # of its address.</summary>
    public Task GoAsync(string hash) => page.RunAsync($"location.hash = {Quote(hash)}; new Promise(done => setTimeout(done))");

    /// <summary>Loads the page anew at a view.</summary>
    public Task LoadAsync(string hash) => page.GoToAsync($"{root}?{Guid.NewGuid():N}{hash}");

    public Task ClickAsync(string name) => FindAsync($"button({Quote(name)})", $"button {name}", "found.click()");

    /// <summary>Replaces what is in an input.</summary>
    public async Task TypeAsync(string label, string text)
    {
        await FindAsync($"input({Quote(label)})", $"input {label}", "found.focus(), found.select()");
        await page.CallAsync("Input.insertText", new() { ["text"] = text });
        await page.RunAsync("document.activeElement.dispatchEvent(new Event('change', { bubbles: true }))");
    }

    /// <summary>Writes into the value of a condition as somebody types, letter by letter, and stays in it.</summary>
    public async Task WriteAsync(int condition, string text)
    {
        await page.RunAsync($"(e => (e.focus(), e.select()))(document.querySelectorAll('[aria-label=Value]')[{condition}])");
        foreach (var letter in text)
        {
            await page.CallAsync("Input.insertText", new() { ["text"] = letter.ToString() });
        }
    }

    /// <summary>Sets an input that is not typed into, such as a slider.</summary>
    public Task SetAsync(string label, string value) =>
        FindAsync(
            $"input({Quote(label)})",
            $"input {label}",
            $"found.value = {Quote(value)}, found.dispatchEvent(new Event('input', {{ bubbles: true }})), found.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        );

    /// <summary>Chooses an option of a list by its text.</summary>
    public Task ChooseAsync(string label, string option) =>
        FindAsync(
            $"(s => s && [...s.options].some(o => o.text == {Quote(option)}) && s)(input({Quote(label)}))",
            $"list {label} with {option}",
            $"found.value = [...found.options].find(o => o.text == {Quote(option)}).value, found.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        );

    /// <summary>Ticks a box or chooses one of several.</summary>
    public Task TickAsync(string label) => FindAsync($"input({Quote(label)})", $"box {label}", "found.click()");

    /// <summary>Waits until a text can be read.</summary>
    public Task SeeAsync(string text) =>
        FindAsync($"scope().textContent.includes({Quote(text)})", $"text {text}", "''");

    /// <summary>Waits until what a selector finds says a text, and nothing else.</summary>
    public Task SeeAsync(string selector, string text) =>
        FindAsync($"scope().querySelector({Quote(selector)})?.textContent == {Quote(text)}", $"{text} at {selector}", "''");

    /// <summary>Waits until a text can no longer be read.</summary>
    public Task MissAsync(string text) =>
        FindAsync($"!document.body.textContent.includes({Quote(text)})", $"page without {text}", "''");

    /// <summary>Waits until a selector finds something and returns a value of it.</summary>
    public Task<string> ReadAsync(string selector, string value = "found.textContent") =>
        FindAsync($"scope().querySelector({Quote(selector)})", selector, value);

    public Task<string> TextAsync() => page.RunAsync("document.body.innerText");

    public async Task ShowAsAsync(Look look)
    {
        await page.CallAsync(
            "Emulation.setDeviceMetricsOverride",
            new()
            {
                ["width"] = look.Width,
                ["height"] = look.Height,
                ["deviceScaleFactor"] = 1,
                ["mobile"] = look.Width < 500,
            }
        );
        await page.CallAsync(
            "Emulation.setEmulatedMedia",
            new()
            {
                ["features"] = new JsonArray(
                    new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = look.IsDark ? "dark" : "light" },
                    new JsonObject { ["name"] = "prefers-reduced-motion", ["value"] = "reduce" }
                ),
            }
        );
    }

    /// <summary>Presses a key, as a keyboard does.</summary>
    public async Task PressAsync(string key, int code)
    {
        foreach (var type in new[] { "rawKeyDown", "keyUp" })
        {
            await page.CallAsync(
                "Input.dispatchKeyEvent",
                new()
                {
                    ["type"] = type,
                    ["key"] = key,
                    ["code"] = key,
                    ["windowsVirtualKeyCode"] = code,
                }
            );
        }

        if (key == "Enter")
        {
            await page.RunAsync("document.activeElement?.click()");
        }
    }

    /// <summary>
    /// What everybody may expect of a view: nothing went wrong, nothing was forbidden, nothing lies beyond the right edge,
    /// and axe-core finds nothing to complain about.
    /// </summary>
    public async Task ExpectSoundAsync(string name)
    {
        Assert.True(!page.Complaints.Any(), $"{name}: {string.Join("; ", page.Complaints)}");
        var widths = await page.RunAsync("`${document.documentElement.scrollWidth} ${document.documentElement.clientWidth}`");
        var (needed, there) = (int.Parse(widths.Split(' ')[0], CultureInfo.InvariantCulture), int.Parse(widths.Split(' ')[1], CultureInfo.InvariantCulture));
        Assert.True(needed <= there, $"{name} is {needed} pixels wide where {there} are seen");
        if (await page.RunAsync("typeof axe") != "object")
        {
            await page.RunAsync(await File.ReadAllTextAsync(AxeFile) + "; 0");
        }

        var found = await page.RunAsync(
            "axe.run().then(r => r.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 200) + ' ' + n.any.map(a => a.message).join()).slice(0, 3).join(' | ')}`).join('\\n'))"
        );
        Assert.True(found.Length == 0, $"{name}: {found}");
    }

    public ValueTask DisposeAsync() => page.DisposeAsync();

    private Task<string> FindAsync(string look, string what, string value) =>
        page.RunAsync(
            $"(async () => {{ {Finding} const found = await until(() => {look}, {Quote(what)}); return {value}; }})()"
        );

    private static string Quote(string text) => JsonSerializer.Serialize(text);
}
