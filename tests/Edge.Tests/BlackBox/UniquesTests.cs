using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Unique visitors of two native binaries that share a salt: of each by itself, across a kill, and of both together.
/// </summary>
public sealed partial class UniquesTests : IDisposable
{
    private const string Salt = "4c1f0a7d9b3e5f2846a8c0d2e4f60718";

    private readonly TempDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Uniques_OfTwoNodesThatShareVisitors_AreCountedOnceWhenMerged()
    {
        string[] files = [_data["one.json"], _data["two.json"]];
        var today = DateTime.UtcNow.Date;
        var key = await PrepareAsync("one");
        await PrepareAsync("two");
        await using (var one = await StartAsync("one"))
        {
            await VisitAsync(one, 0, 300);
            // The tally's file is behind; what is counted again after the kill must not double.
            await one.KillAsync();
        }
        await using (var one = await StartAsync("one"))
        {
            await VisitAsync(one, 0, 800);
            var results = await AskAsync(one, key, "results", found => Uniques(found) is not null && Impressions(found) >= 1_600);
            AssertNear(800, Uniques(results)!.Value);
            Assert.Equal(0.023, Variant(results).GetProperty("uniquesError").GetDouble());
            var hours = results.GetProperty("results").GetProperty("series").GetProperty("hourly");
            Assert.All(hours.EnumerateArray(), hour => Assert.True(hour.GetProperty("variants")[0].GetProperty("uniques").GetInt64() > 0));
            await File.WriteAllTextAsync(files[0], (await AskAsync(one, key, "uniques", _ => true)).GetRawText());
            Assert.Equal(0, await one.StopAsync());
        }
        await using (var two = await StartAsync("two"))
        {
            await VisitAsync(two, 400, 1_200);
            await AskAsync(two, await KeyAsync("two"), "results", found => Impressions(found) >= 1_600);
            await File.WriteAllTextAsync(files[1], (await AskAsync(two, await KeyAsync("two"), "uniques", _ => true)).GetRawText());
            Assert.Equal(0, await two.StopAsync());
        }

        Assert.SkipWhen(DateTime.UtcNow.Date != today, "who comes again after midnight is another unique");
        AssertNear(1_200, await MergeAsync(files));
        AssertNear(800, await MergeAsync([files[1], files[1]]));
        // The data directory says the same as the service.
        var drawn = await EdgeProcess.RunAsync(["results", "shared", "--data-dir", _data["one"]]);
        Assert.Matches(@"a +100 % +\d+ +0 +~\d+ ", drawn.Output);

        await File.WriteAllTextAsync(files[0], """{"uniques":[{"variantId":"a","registers":"AAAA"}]}""");
        var (exitCode, _, error) = await EdgeProcess.RunAsync(["uniques", .. files]);
        Assert.Equal(1, exitCode);
        Assert.Matches(@"\Aedge uniques: \S+one\.json: the registers of variant a are not 2048 bytes in base 64\n\z", error);
    }

    private static JsonElement Variant(JsonElement found) => found.GetProperty("results").GetProperty("variants")[0];

    private static long Impressions(JsonElement found) => Variant(found).GetProperty("impressions").GetInt64();

    private static long? Uniques(JsonElement found) =>
        Variant(found).GetProperty("uniques") is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : null;

    /// <summary>Within three standard errors.</summary>
    private static void AssertNear(long expected, long actual) => Assert.InRange(actual, expected * 0.931, expected * 1.069);

    private static async Task<long> MergeAsync(string[] files)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync(["uniques", .. files]);
        Assert.True(exitCode == 0, error);
        return long.Parse(MergedLine().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>Every visitor twice.</summary>
    private static async Task VisitAsync(EdgeProcess edge, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            for (var visit = 0; visit < 2; visit++)
            {
                using var pixel = await edge.Client.GetAsync($"/s/shared/pixel.gif?u=reader-{i}");
                Assert.True(pixel.IsSuccessStatusCode);
            }
        }
    }

    private static async Task<JsonElement> AskAsync(EdgeProcess edge, string key, string what, Predicate<JsonElement> isReached) =>
        await Wait.ForAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/experiments/api/shared/{what}");
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
                using var answer = await edge.Client.SendAsync(request);
                return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.Clone();
            },
            found => isReached(found)
        );

    private async Task<string> PrepareAsync(string node)
    {
        Directory.CreateDirectory(Path.Combine(_data[node], "experiments"));
        await File.WriteAllTextAsync(
            Path.Combine(_data[node], "experiments", "shared.json"),
            """
            {"uid":"exp_shared","slug":"shared","type":"ab_test","name":"Shared","status":"running",
             "variants":[{"id":"a","weight":10000,"isDefault":true},{"id":"b","weight":0}],"goalConfig":{"type":"impressions_only"},
             "createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z"}
            """
        );
        return await KeyAsync(node);
    }

    private async Task<string> KeyAsync(string node) =>
        (await EdgeProcess.RunAsync(["keys", "create", "--kind", "pictify-read", "--data-dir", _data[node]])).Output.Trim();

    private async Task<EdgeProcess> StartAsync(string node)
    {
        var edge = await EdgeProcess.StartAsync(_data[node], [], [("EDGE__PRIVACY__ADDRESSSALT", Salt)]);
        edge.Client.DefaultRequestHeaders.TryAddWithoutValidation(
            "User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        );
        return edge;
    }

    [GeneratedRegex(@"^a +(\d+) +2\.3 %$", RegexOptions.Multiline)]
    private static partial Regex MergedLine();
}
