using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Edge.Settings;
using Edge.Tests.Statistics;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// The native binary at the end of windows of 14 days: its journal already has what was seen then, and what happens now
/// is sent to it.
/// </summary>
public class LongWindowTests
{
    private const string Uid = "exp_long";
    private const string Salt = "a salt of the long window test";
    private const int Window = 14 * 24 * 60;

    private const string Browser =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

    [Fact]
    public async Task Conversions_AFortnightLater_SucceedUnderTheStableHash()
    {
        using var data = new TempDirectory();
        var secret = await CreateKeyAsync(data.Path, "millimetric-sk");
        var management = await CreateKeyAsync(data.Path, "pictify");
        await DefineAsync(data);

        // Their windows end while the test runs, so the service must be there before.
        var seen = DateTimeOffset.UtcNow.AddMinutes(-Window).AddSeconds(40);
        await using (var journal = TestJournal.Open(new EdgeOptions { DataDir = data.Path }.ToJournalOptions()))
        {
            for (var reader = 1; reader <= 6; reader++)
            {
                journal.Append(Seen(reader, seen).Text());
            }

            // Somebody who was seen yesterday is still waiting.
            journal.Append(Seen(7, DateTimeOffset.UtcNow.AddDays(-1)).Text());
            await journal.Journal.CommitAsync();
        }

        await using (var edge = await StartAsync(data.Path))
        {
            await TrackAsync(edge, secret, """{"event":"signup","user_id":"reader-1"}""");
            await TrackAsync(edge, secret, """{"event":"signup","user_id":"reader-1"}""");
            await TrackAsync(edge, secret, """{"event":"signup","anonymous_id":"reader-2"}""");
            await TrackAsync(edge, secret, """{"event":"other","user_id":"reader-3"}""");
            await TrackAsync(edge, secret, """{"event":"signup","user_id":"stranger"}""");
            using var pixel = new HttpRequestMessage(HttpMethod.Get, "/s/long-window/pixel.gif?u=reader-8");
            pixel.Headers.TryAddWithoutValidation("User-Agent", Browser);
            using var shown = await edge.Client.SendAsync(pixel, TestContext.Current.CancellationToken);
            Assert.Equal(0, await edge.StopAsync());
        }

        // The second half of the window is another process's.
        await using var again = await StartAsync(data.Path);
        await TrackAsync(again, secret, """{"event":"signup","user_id":"reader-4"}""");
        Assert.True(DateTimeOffset.UtcNow < seen.AddMinutes(Window), "the machine was too slow for this test");
        var before = await ResultsAsync();
        Assert.Equal(8, before.GetProperty("openTrials").GetInt32());
        Assert.Equal(
            "8 visitors can still reach the goal, each within 14 days of the first impression or view.",
            before.GetProperty("recommendation").GetString()
        );

        var results = await Wait.ForAsync(
            ResultsAsync,
            results => results.GetProperty("totals").GetProperty("trials").GetInt32() >= 6
        );

        var totals = results.GetProperty("totals");
        Assert.Equal(
            (6, 3, 2),
            (
                totals.GetProperty("trials").GetInt32(),
                totals.GetProperty("successes").GetInt32(),
                results.GetProperty("openTrials").GetInt32()
            )
        );
        var pixels = await Forwarded.WaitForAsync(
            data.Path,
            e => e.Text("event") == "pixel" && e.Text("unit_hash_stable") == HashOf("reader-8")
        );
        Assert.Equal("", pixels.Text("unit_hash_prev"));

        async Task<System.Text.Json.JsonElement> ResultsAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/experiments/api/{Uid}/results");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", management);
            using var answer = await again.Client.SendAsync(request, TestContext.Current.CancellationToken);
            var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, body);
            return System.Text.Json.JsonDocument.Parse(body).RootElement.GetProperty("results");
        }
    }

    /// <summary>The results from the data directory heed the setting as the service does.</summary>
    [Fact]
    public async Task Results_FromTheDirectory_RememberAsManyUnitsAsTheSettingSays()
    {
        const int UnitsMax = 1_000;
        using var data = new TempDirectory();
        await DefineAsync(data);
        await using (var journal = TestJournal.Open(new EdgeOptions { DataDir = data.Path }.ToJournalOptions()))
        {
            for (var reader = 1; reader <= UnitsMax + 1; reader++)
            {
                journal.Append(Seen(reader, DateTimeOffset.UtcNow.AddDays(-1)).Text());
            }

            await journal.Journal.CommitAsync();
        }

        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["results", "long-window", "--data-dir", data.Path],
            [("EDGE__TALLY__UNITSMAX", $"{UnitsMax}"), ("EDGE__PRIVACY__ADDRESSSALT", Salt)]
        );

        Assert.True(exitCode == 0, error);
        Assert.Contains(
            " exposures for which there was no room. tally.unitsMax makes more.",
            output,
            StringComparison.Ordinal
        );
    }

    private static async Task DefineAsync(TempDirectory data)
    {
        Directory.CreateDirectory(data["experiments"]);
        await File.WriteAllTextAsync(
            data["experiments/long.json"],
            $$"""
            {"uid":"{{Uid}}","slug":"long-window","type":"ab_test","name":"x","status":"running","weightsVersion":1,
             "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],
             "attributionWindowMinutes":{{Window}},"stableUnits":true,
             "goalConfig":{"type":"event","event":"signup"} }
            """,
            TestContext.Current.CancellationToken
        );
    }

    private static VisitEvent Seen(int reader, DateTimeOffset at) =>
        new()
        {
            Uid = Uid,
            Variant = reader % 2 == 0 ? "a" : "b",
            At = at,
            Unit = (ulong)reader,
            StableUnit = Convert.ToUInt64(HashOf($"reader-{reader}"), 16),
        };

    /// <summary>As <c>docs/event-schema.md</c> gives it.</summary>
    private static string HashOf(string id) =>
        Convert.ToHexStringLower(
            HMACSHA256.HashData(Encoding.UTF8.GetBytes(Salt + "unit:stable"), Encoding.UTF8.GetBytes($"{Uid}\0{id}"))
        )[..16];

    private static Task<EdgeProcess> StartAsync(string dataDir) =>
        EdgeProcess.StartAsync(
            dataDir,
            [],
            [("EDGE__PRIVACY__ADDRESSSALT", Salt), ("EDGE__API__REQUESTSPERMINUTE", "1000000")]
        );

    private static async Task<string> CreateKeyAsync(string dataDir, string kind)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["keys", "create", "--kind", kind, "--data-dir", dataDir]
        );
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    private static async Task TrackAsync(EdgeProcess edge, string key, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/track")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await edge.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.True(
            answer.IsSuccessStatusCode,
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)
        );
    }
}
