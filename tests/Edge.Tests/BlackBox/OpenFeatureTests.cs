using System.Diagnostics;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// The published OpenFeature SDKs with their OFREP providers, server and web, against the native binary. They are
/// fetched by npm as the lock file says; without npm the test is skipped.
/// </summary>
public sealed class OpenFeatureTests(ManagedEdge site) : IClassFixture<ManagedEdge>
{
    private const int Units = 20;

    private const string Link = """
        "type":"smart_link","variants":[
          {"id":"pro","weight":0,"variables":{"value":true},
           "conditions":{"type":"rule","property":"attribute.account.seats","ruleOperator":"gte","value":10}},
          {"id":"beta","weight":0,"variables":{"value":12.5},
           "conditions":{"type":"rule","property":"attribute.beta","ruleOperator":"equals","value":true}},
          {"id":"free","weight":0,"variables":{"title":"Hi"},
           "conditions":{"type":"rule","property":"attribute.account.plan","ruleOperator":"equals","value":"free"}},
          {"id":"rest","weight":10000,"isDefault":true}]
        """;

    private const string AbTest = """
        "type":"ab_test","variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}]
        """;

    private static readonly string Folder = Path.Combine(Repository.Root, "tests/Edge.Tests/BlackBox/OpenFeature");

    [Fact]
    public async Task Providers_OfOpenFeature_AreToldWhatPixelAndClickDo()
    {
        using var directory = new TempDirectory();
        foreach (var file in Directory.GetFiles(Folder))
        {
            File.Copy(file, directory[Path.GetFileName(file)]);
        }

        await RunAsync(directory.Path, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        await StartAsync("test", AbTest);
        await StartAsync("link", Link);
        await StartAsync("done", AbTest, ("complete", """{"winnerVariantId":"b"}"""));
        await StartAsync("paused", AbTest, ("pause", null));
        var server = await site.CreateKeyAsync("traffical", "--scope", "sdk:read");
        var page = await site.CreateKeyAsync("traffical-pk", "--scope", "sdk:read");

        var output = await RunAsync(
            directory.Path,
            "node",
            "evaluate.mjs",
            site.Edge.Address.GetLeftPart(UriPartial.Authority),
            server,
            page,
            $"{Units}"
        );

        var told = JsonElement.Parse(output);
        for (var unit = 0; unit < Units; unit++)
        {
            var resolved = JsonElement.Parse(await site.Edge.Client.GetStringAsync($"/s/test/resolve?u=unit%20{unit}"));
            var variant = resolved.Text("variantId");
            Assert.Equal(
                $$"""{"value":"{{variant}}","reason":"SPLIT","variant":"{{variant}}","choice":"SPLIT"}""",
                told.GetProperty("units")[unit].GetRawText()
            );
        }

        string Told(string name) => told.GetProperty(name).GetRawText();
        Assert.Equal(2, told.GetProperty("units").EnumerateArray().DistinctBy(unit => unit.Text("value")).Count());
        Assert.Equal(Match("true", "pro"), Told("boolean"));
        Assert.Equal(Match("12.5", "beta"), Told("number"));
        Assert.Equal(Match("""{"title":"Hi"}""", "free"), Told("object"));
        Assert.Equal("""{"value":"b","reason":"STATIC","variant":"b","choice":"WINNER"}""", Told("winner"));
        Assert.Equal("DISABLED", told.GetProperty("paused").Text("reason"));
        Assert.Equal(Failed("FLAG_NOT_FOUND"), Told("unknown"));
        Assert.Equal(Failed("TARGETING_KEY_MISSING"), Told("nobody"));
        Assert.Equal("TYPE_MISMATCH", told.GetProperty("mistyped").Text("errorCode"));
        Assert.Equal(Failed("GENERAL"), Told("refused"));
        Assert.Equal(told.GetProperty("units")[0].GetRawText(), Told("page"));
        Assert.Equal(
            """{"value":"rest","reason":"DEFAULT","variant":"rest","choice":"DEFAULT"}""",
            Told("pageDefault")
        );
        Assert.Equal(told.GetProperty("units")[1].GetRawText(), Told("pageOther"));
        Assert.Equal(Match("true", "pro"), Told("pagePro"));
        Assert.Equal("[200,304]", Told("answers"));
    }

    private static string Match(string value, string variant) =>
        $$"""{"value":{{value}},"reason":"TARGETING_MATCH","variant":"{{variant}}","choice":"TARGETING_MATCH"}""";

    private static string Failed(string code) => $$"""{"value":"fallback","reason":"ERROR","errorCode":"{{code}}"}""";

    private async Task StartAsync(string slug, string definition, params (string Action, string? Body)[] then)
    {
        var created = await site.SendAsync("POST", "", $$"""{"name":"Test","slug":"{{slug}}",{{definition}}}""");
        Assert.Equal(201, created.Status);
        foreach (var (action, body) in (IEnumerable<(string, string?)>)[("start", null), .. then])
        {
            Assert.Equal(200, (await site.SendAsync("POST", $"/{created.Text("uid")}/{action}", body)).Status);
        }
    }

    /// <summary>Runs a program to its end and returns what it prints.</summary>
    private static async Task<string> RunAsync(string directory, string program, params string[] arguments)
    {
        var path = Environment.GetEnvironmentVariable("PATH")!.Split(':');
        Assert.SkipUnless(path.Any(folder => File.Exists(Path.Combine(folder, program))), $"needs {program}");
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(Wait.Limit);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        Assert.True(process.ExitCode == 0, await error);
        return await output;
    }
}
