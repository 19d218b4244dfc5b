using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Today's program on data directories of earlier ones, as <c>tools/fixtures/previous-data.sh</c> made them: with
/// experiments, keys, visits, events of all APIs, and a sink that has had nothing of it yet.
/// </summary>
public sealed class UpgradeTests
{
    /// <summary>Visitors of each experiment with results.</summary>
    private const int Readers = 40;

    /// <summary>The experiment whose goal all of them reached.</summary>
    private const string EveryoneBuys = "buyers";

    /// <summary>Members that the API has renamed, or that hold the time of the answer.</summary>
    private static readonly string[] Incomparable = ["weightsVersion", "updatedAt"];

    [Theory]
    [InlineData("data-0.1.0-7cbd0e7")]
    [InlineData("data-0.1.0-da3e2f1")]
    public async Task DataOfAnEarlierVersion_ServedByThisOne_LosesNothing(string name)
    {
        using var place = new TempDirectory();
        Unpack(name, place.Path);
        var (data, config) = (place["data"], place["edge.json"]);
        var events = await File.ReadAllLinesAsync(place["seen", "events.ndjson"]);
        var keys = File.ReadLines(place["seen", "keys"])
            .Select(static line => line.Split(' '))
            .ToDictionary(static pair => pair[0], static pair => pair[1]);
        var forwardedBefore = Ids(Forwarded.Lines(data));
        Assert.NotEmpty(events);
        Assert.Equal(Ids(events), forwardedBefore);

        var (verifyCode, verified, problems) = await EdgeProcess.RunAsync(
            ["journal", "verify", "--config", config, "--data-dir", data]
        );
        Assert.True(verifyCode == 0, verified + problems);
        var dump = await EdgeProcess.RunAsync(["journal", "dump", "--config", config, "--data-dir", data]);
        Assert.Equal(events, dump.Output.TrimEnd('\n').Split('\n'));
        var check = await EdgeProcess.RunAsync(["check", "--config", config, "--data-dir", data]);
        Assert.True(check.ExitCode == 0, check.Output);

        await using var receiver = await HttpReceiver.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(
            data,
            ["--config", config],
            [("EDGE__SINKS__AWAY__URL", receiver.Url.ToString())]
        );
        // Every event reaches the sink that was away, once; the other gets nothing again.
        await Wait.UntilAsync(() => receiver.Lines.Length >= events.Length, () => $"{receiver.Lines.Length} arrived");
        Assert.Equal(Ids(events), Ids(receiver.Lines));
        var ledger = Parse(await edge.Client.GetStringAsync("/ledger"));
        Assert.Equal(events.Length, ledger.GetProperty("stored").GetInt32());

        foreach (var (kind, path, body) in Requests)
        {
            using var sent = await SendAsync(edge, path, keys[kind], body);
            Assert.True(sent.IsSuccessStatusCode, $"{kind}: {sent.StatusCode}");
        }

        using (var revoked = await SendAsync(edge, "/v1/track", keys["revoked"], """{"event":"x"}"""))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, revoked.StatusCode);
        }

        edge.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", keys["pictify"]);
        AssertContains(
            Parse(await File.ReadAllTextAsync(place["seen", "experiments.json"])),
            Parse(await edge.Client.GetStringAsync("/experiments/api")),
            "experiments"
        );
        foreach (var file in Directory.GetFiles(place["seen"], "results-*.json"))
        {
            var slug = Path.GetFileNameWithoutExtension(file)["results-".Length..];
            var before = Counts(Parse(await File.ReadAllTextAsync(file)));
            var results = Parse(await edge.Client.GetStringAsync($"/experiments/api/{slug}/results"));
            Assert.Equal(before, Counts(results));
            Assert.Contains(before, static count => count.Clicks > 0);
            // Trials that were open still are, or have ended meanwhile.
            var totals = results.GetProperty("results").GetProperty("totals");
            var ended = totals.GetProperty("trials").GetInt32();
            Assert.Equal(Readers, ended + results.GetProperty("results").GetProperty("openTrials").GetInt32());
            if (slug == EveryoneBuys)
            {
                Assert.Equal(ended, totals.GetProperty("successes").GetInt32());
            }
        }

        // Links work as they did.
        using var click = await edge.Client.GetAsync("/s/spring-banner/click?u=reader-1");
        Assert.Equal(
            (HttpStatusCode.Found, "https://shop.example/spring-banner"),
            (click.StatusCode, click.Headers.Location?.ToString())
        );
        Assert.Equal(0, await edge.StopAsync());
        Assert.Equal(forwardedBefore.Length + Requests.Length + 1, Ids(Forwarded.Lines(data)).Distinct().Count());
        Assert.Equal(forwardedBefore.Length + Requests.Length + 1, Forwarded.Lines(data).Length);
    }

    /// <summary>One request for each kind of key but that of management; each stores one event.</summary>
    private static readonly (string Kind, string Path, string Body)[] Requests =
    [
        ("millimetric-sk", "/v1/track", """{"event":"after"}"""),
        ("artie", "/v1/bulk-track", """[{"event":"after","timestamp":"2025-10-29T22:00:00Z","properties":{}}]"""),
        ("write", "/s/events", """{"event":"view","experiment":"demo-ab","variantId":"a"}"""),
        (
            "traffical",
            "/v1/events",
            """{"events":[{"type":"track","orgId":"org_a","projectId":"proj_a","env":"production","unitKey":"u","timestamp":"2026-05-21T10:35:00Z","event":"after"}]}"""
        ),
    ];

    private static void Unpack(string name, string directory)
    {
        using var file = File.OpenRead(Path.Combine(Repository.Root, "tests/Edge.Tests/Golden", name + ".tar.gz"));
        using var tar = new GZipStream(file, CompressionMode.Decompress);
        TarFile.ExtractToDirectory(tar, directory, overwriteFiles: false);
    }

    private static async Task<HttpResponseMessage> SendAsync(EdgeProcess edge, string path, string key, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (path == "/s/events")
        {
            request.Headers.Add("X-Write-Key", key);
        }
        else
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return await edge.Client.SendAsync(request);
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;

    private static string[] Ids(string[] lines) => [.. lines.Select(static line => Parse(line).Text("id"))];

    private static (string Id, long Impressions, long Clicks)[] Counts(JsonElement results) =>
        [
            .. results
                .GetProperty("results")
                .GetProperty("variants")
                .EnumerateArray()
                .Select(static one =>
                    (one.Text("id"), one.GetProperty("impressions").GetInt64(), one.GetProperty("clicks").GetInt64())
                ),
        ];

    /// <summary>Every member that was there is there, with the same value; there may be others.</summary>
    private static void AssertContains(JsonElement before, JsonElement after, string path)
    {
        if (before.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in before.EnumerateObject().Where(static one => !Incomparable.Contains(one.Name)))
            {
                Assert.True(after.TryGetProperty(member.Name, out var value), $"{path}.{member.Name}");
                AssertContains(member.Value, value, $"{path}.{member.Name}");
            }
        }
        else if (before.ValueKind == JsonValueKind.Array)
        {
            Assert.Equal(before.GetArrayLength(), after.GetArrayLength());
            foreach (var (one, other) in before.EnumerateArray().Zip(after.EnumerateArray()))
            {
                AssertContains(one, other, path + "[]");
            }
        }
        else
        {
            Assert.True(before.ToString() == after.ToString(), $"{path}: {before}, now {after}");
        }
    }
}
