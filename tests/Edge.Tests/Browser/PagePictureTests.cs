using System.Text.Json.Nodes;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>
/// The pictures of <c>docs/page.md</c>: taken anew into <c>docs/images</c> when <c>EDGE_PICTURES</c> is set, since fonts
/// differ between machines. What they show is tested in <see cref="PageForEverybodyTests"/>.
/// </summary>
public sealed class PagePictureTests(SeededEdge edge) : IClassFixture<SeededEdge>
{
    private static readonly (string File, string Hash, string Shown, Look Look, string At)[] Pictures =
    [
        ("page-list", "#/", "4 experiments", Look.Desktop with { Height = 620 }, ".head"),
        ("page-experiment", $"#/experiments/{SeededEdge.Slug}", "Enough data", Look.Desktop with { Height = 960 }, ".head"),
        ("page-series", $"#/experiments/{SeededEdge.Slug}", "Enough data", Look.Dark with { Height = 860 }, ".series"),
        ("page-edit", "#/experiments/store-link/edit", "An iPhone in France", Look.Desktop with { Height = 860 }, ".group"),
        ("page-schedule", "#/experiments/lunch-offer/edit", "Next occurrences", Look.Desktop with { Height = 760 }, ".week"),
        ("page-deliver", $"#/experiments/{SeededEdge.Slug}/deliver", "Mail program", Look.Desktop with { Height = 740 }, ".head"),
        ("page-health", "#/health", "It adds up", Look.Desktop with { Height = 900 }, ".head"),
        ("page-phone", $"#/experiments/{SeededEdge.Slug}", "Enough data", Look.Phone with { Height = 1120 }, ".head"),
    ];

    [Fact]
    public async Task Pictures_OfTheDocumentation_AreTaken()
    {
        Assert.SkipWhen(
            Environment.GetEnvironmentVariable("EDGE_PICTURES") is null,
            "set EDGE_PICTURES to take the pictures of docs/page.md"
        );
        await using var view = await edge.SignInAsync();
        var directory = Path.Combine(Repository.Root, "docs/images");
        foreach (var (file, hash, shown, look, at) in Pictures)
        {
            await view.ShowAsAsync(look);
            await view.GoAsync("#/nowhere");
            await view.GoAsync(hash);
            await view.SeeAsync(shown);
            await view.ReadAsync(at, "found.scrollIntoView({ block: found.matches('.head') ? 'end' : 'center' })");
            await TakeAsync(view, directory, file, isWhole: false);
        }
    }

    [Fact]
    public async Task Pictures_OfEveryViewInEveryLook_AreTaken()
    {
        Assert.SkipWhen(
            Environment.GetEnvironmentVariable("EDGE_PICTURES") is null,
            "set EDGE_PICTURES to take pictures of every view into artifacts/views"
        );
        foreach (var name in PageLayoutTests.Names)
        {
            await using var view = await PageLayoutTests.OpenAsync(edge, name);
            foreach (
                var (look, of) in new[] { ("light", Look.Desktop), ("dark", Look.Dark), ("phone", Look.Phone) }
            )
            {
                await view.ShowAsAsync(of);
                await TakeAsync(view, Path.Combine(Repository.Root, "artifacts/views"), $"{name}-{look}", isWhole: true);
            }
        }
    }

    private static async Task TakeAsync(View view, string directory, string file, bool isWhole)
    {
        await view.Page.RunAsync("new Promise(done => setTimeout(done, 500))");
        var options = new JsonObject { ["format"] = "png" };
        if (isWhole)
        {
            var size = JsonNode.Parse(
                await view.Page.RunAsync("JSON.stringify({ width: innerWidth, height: document.documentElement.scrollHeight })")
            )!;
            options["captureBeyondViewport"] = true;
            options["clip"] = new JsonObject
            {
                ["x"] = 0,
                ["y"] = 0,
                ["width"] = size["width"]!.DeepClone(),
                ["height"] = size["height"]!.DeepClone(),
                ["scale"] = 1,
            };
        }

        var picture = await view.Page.CallAsync("Page.captureScreenshot", options);
        Directory.CreateDirectory(directory);
        await File.WriteAllBytesAsync(
            Path.Combine(directory, file + ".png"),
            Convert.FromBase64String(picture["data"]!.GetValue<string>())
        );
    }
}
