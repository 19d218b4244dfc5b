using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Alerts about experiments: to a webhook, by the API, and nowhere they may not go.</summary>
public sealed class AlertTests : IAsyncLifetime
{
    private const string Secret = "b1946ac92492d2347c6235b4d2611184";

    private readonly TempDirectory _data = new();
    private HttpReceiver _hook = null!;
    private HttpReceiver _page = null!;
    private string _key = "";

    public async ValueTask InitializeAsync()
    {
        _hook = await HttpReceiver.StartAsync();
        _page = await HttpReceiver.StartAsync();
        Directory.CreateDirectory(_data["experiments"]);
        _key = await CreateKeyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _hook.DisposeAsync();
        await _page.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task NoTraffic_OfARunningExperiment_IsToldOnceSignedAndNotAgainAfterARestart()
    {
        WriteQuiet("quiet");
        string id;
        await using (var edge = await StartAsync())
        {
            await UntilAsync(edge, """edge_alert_deliveries_total{result="delivered"} 1""");
            var request = Assert.Single(_hook.All);
            Assert.True(IsSigned(request));
            Assert.StartsWith("Edge/", request.Headers["User-Agent"], StringComparison.Ordinal);
            var message = Parse(request.Text);
            id = message.Text("id");
            Assert.Equal("experiment.no_traffic", message.Text("type"));
            Assert.Equal("exp_quiet", message.GetProperty("experiment").Text("uid"));
            Assert.Equal("quiet", message.GetProperty("experiment").Text("slug"));
            Assert.StartsWith("Test of quiet: it is running, and nothing has been counted for 1 day.", message.Text("text"), StringComparison.Ordinal);

            var listed = Assert.Single((await AlertsAsync(edge)).GetProperty("alerts").EnumerateArray());
            Assert.True(listed.GetProperty("delivered").GetBoolean());
            Assert.Equal((id, message.Text("at")), (listed.Text("id"), listed.Text("at")));
            Assert.Equal(0, (await AlertsAsync(edge, await CreateKeyAsync("--project", "other"))).GetProperty("total").GetInt32());
            await UntilAsync(edge, """edge_experiment_alerts{type="no_traffic"} 1""");
            Assert.Equal(0, await edge.StopAsync());
        }

        // Older alerts are sent first, so this one shows that the other was not sent again.
        WriteQuiet("other");
        await using (var edge = await StartAsync())
        {
            await UntilAsync(edge, """edge_alert_deliveries_total{result="delivered"} 1""");
            Assert.Equal(["quiet", "other"], _hook.All.Select(one => Parse(one.Text).GetProperty("experiment").Text("slug")));

            Assert.True((await edge.Client.GetAsync("/s/quiet/pixel.gif")).IsSuccessStatusCode);
            await UntilAsync(edge, """edge_experiment_alerts{type="no_traffic"} 1""");
            Assert.Equal(2, _hook.All.Length);
        }
    }

    [Fact]
    public async Task Webhook_DownAndUpAgain_GetsTheAlertWithTheSameId()
    {
        WriteQuiet("quiet");
        _hook.Script = static _ => new ScriptedAnswer(503, Takes: false);
        await using var edge = await StartAsync();
        await Wait.UntilAsync(() => _hook.All.Length >= 2, () => edge.ErrorSoFar);
        Assert.False((await AlertsAsync(edge)).GetProperty("alerts")[0].GetProperty("delivered").GetBoolean());
        _hook.Script = static _ => ScriptedAnswer.Ok;

        await UntilAsync(edge, """edge_alert_deliveries_total{result="delivered"} 1""");

        Assert.Single(_hook.All.Select(request => Parse(request.Text).Text("id")).Distinct());
        Assert.Single(_hook.Taken);
        // What is said comes after what is counted.
        await Wait.UntilAsync(() => Said(edge, 903).Length > 0, () => edge.ErrorSoFar);
        Assert.Single(Said(edge, 902));
        Assert.Single(Said(edge, 903));
        // Neither the address nor the path of the webhook, which may be its password.
        Assert.DoesNotContain(_hook.Url.AbsolutePath, edge.ErrorSoFar, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Destination_GoneBackAndGoneAgain_IsToldEachTimeAndNotAfterARestart()
    {
        _page.Script = static _ => new ScriptedAnswer(404, Takes: false);
        Write("shop", DateTimeOffset.UtcNow, _page.Url.ToString());
        await using (var before = await StartAsync(("EDGE__ALERTS__CHECKDESTINATIONS", "true")))
        {
            await UntilAsync(before, """edge_alert_deliveries_total{result="delivered"} 1""");
            Assert.True(_page.All.Length >= 2);
            Assert.Equal(0, await before.StopAsync());
        }

        var asked = _page.All.Length;
        await using var edge = await StartAsync(("EDGE__ALERTS__CHECKDESTINATIONS", "true"));
        await Wait.UntilAsync(() => _page.All.Length > asked, () => edge.ErrorSoFar);
        await UntilAsync(edge, """edge_experiment_alerts{type="destination_failing"} 1""");
        Assert.All(_page.All, request => Assert.Contains("(alerts)", request.Headers["User-Agent"], StringComparison.Ordinal));
        var first = Parse(Assert.Single(_hook.All).Text);
        Assert.Equal("experiment.destination_failing", first.Text("type"));
        Assert.Equal(_page.Url.ToString(), first.Text("destination"));
        Assert.EndsWith("it answered 404.", first.Text("text"), StringComparison.Ordinal);

        _page.Script = static _ => new ScriptedAnswer(302, Takes: false) { Headers = [("Location", "/elsewhere")] };
        await UntilAsync(edge, """edge_experiment_alerts{type="destination_failing"} 0""");
        _page.Script = static _ => new ScriptedAnswer(500, Takes: false);
        // What begins to run is checked at once.
        await PostAsync(edge, "shop/pause");
        await PostAsync(edge, "shop/start");
        await UntilAsync(edge, """edge_alert_deliveries_total{result="delivered"} 1""");

        Assert.Equal(2, _hook.All.Length);
        Assert.NotEqual(first.Text("id"), Parse(_hook.All[1].Text).Text("id"));
    }

    [Fact]
    public async Task Addresses_ThatAreNotPublic_AreRefusedUnlessAllowed()
    {
        WriteQuiet("quiet", _page.Url.ToString());
        await using (
            var edge = await StartAsync(
                ("EDGE__ALERTS__CHECKDESTINATIONS", "true"),
                ("EDGE__ALERTS__ALLOWPRIVATE", "false")
            )
        )
        {
            await Wait.UntilAsync(() => Said(edge, 902).Length + Said(edge, 907).Length == 2, () => edge.ErrorSoFar);
            Assert.Contains("is not a public address", Said(edge, 902)[0], StringComparison.Ordinal);
            await UntilAsync(edge, """edge_experiment_alerts{type="destination_failing"} 0""");
            Assert.Empty(_hook.All);
            Assert.Empty(_page.All);
        }

        await using (
            var edge = await StartAsync(
                ("EDGE__ALERTS__ALLOWPRIVATE", "false"),
                ("EDGE__ALERTS__ALLOWADDRESSES", "127.0.0.0/8")
            )
        )
        {
            await UntilAsync(edge, """edge_alert_deliveries_total{result="delivered"} 1""");
        }
    }

    [Fact]
    public async Task Alerts_DamagedBeforeTheStart_AreSetAsideAndBeginAnew()
    {
        WriteQuiet("quiet");
        await File.WriteAllTextAsync(_data["alerts.json"], "{\"alerts\":[{\"id\":7}]}");
        var (_, output, _) = await EdgeProcess.RunAsync(["check", "--data-dir", _data.Path]);
        Assert.Contains("alerts.json", output, StringComparison.Ordinal);
        await using var edge = await StartAsync();

        await UntilAsync(edge, """edge_alert_deliveries_total{result="delivered"} 1""");

        await Wait.UntilAsync(() => Said(edge, 906).Length > 0, () => edge.ErrorSoFar);
        Assert.Single(Said(edge, 906));
        Assert.True(File.Exists(_data["alerts.json.set-aside"]));
    }

    [Theory]
    [InlineData(200, 0, "answered 200: thanks; the message was signed\n", "")]
    [InlineData(404, 1, "", "answered 404: thanks\n")]
    public async Task AlertsTest_SendsOneSignedMessage_AndSaysWhatCameBack(int status, int exitCode, string output, string error)
    {
        _hook.Script = _ => new ScriptedAnswer(status, Takes: true, "thanks");

        var ran = await EdgeProcess.RunAsync(["alerts", "test"], Settings());

        Assert.Equal(exitCode, ran.ExitCode);
        Assert.EndsWith(output, ran.Output, StringComparison.Ordinal);
        Assert.EndsWith(error, ran.Error, StringComparison.Ordinal);
        var request = Assert.Single(_hook.All);
        Assert.True(IsSigned(request));
        Assert.Equal("test", Parse(request.Text).Text("type"));
    }

    [Fact]
    public async Task AlertsTest_WithoutAWebhook_SaysSo()
    {
        var (exitCode, _, error) = await EdgeProcess.RunAsync(["alerts", "test"]);

        Assert.Equal(1, exitCode);
        Assert.Equal("edge alerts test: alerts.webhookUrl is not set, so alerts are sent nowhere\n", error);
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;

    private static string[] Said(EdgeProcess edge, int id) =>
        [.. edge.ErrorSoFar.Split('\n').Where(line => line.Contains($"\"eventId\":{id},", StringComparison.Ordinal))];

    private static bool IsSigned(ReceivedRequest request)
    {
        var parts = request.Headers["Edge-Signature"].Split("t=")[1].Split(",v1=");
        byte[] signed = [.. Encoding.UTF8.GetBytes(parts[0] + "."), .. request.Raw];
        var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), signed);
        var age = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - long.Parse(parts[0], CultureInfo.InvariantCulture);
        return parts[1] == Convert.ToHexStringLower(expected) && age >= 0;
    }

    private static async Task UntilAsync(EdgeProcess edge, string sample) =>
        _ = await Wait.ForAsync(
            () => edge.Client.GetStringAsync("/metrics"),
            page => page.Contains($"\n{sample}\n", StringComparison.Ordinal),
            _ => edge.ErrorSoFar
        );

    private Task<EdgeProcess> StartAsync(params (string, string)[] more) =>
        EdgeProcess.StartAsync(_data.Path, [], [.. Settings(), .. more]);

    private (string, string)[] Settings() =>
        [
            ("EDGE__ALERTS__WEBHOOKURL", _hook.Url.ToString()),
            ("EDGE__ALERTS__WEBHOOKSECRET", Secret),
            ("EDGE__ALERTS__ALLOWPRIVATE", "true"),
            ("EDGE__ALERTS__INTERVALSECONDS", "1"),
        ];

    private void WriteQuiet(string slug, string destination = "https://example.com/") =>
        Write(slug, DateTimeOffset.UtcNow.AddDays(-3), destination);

    private void Write(string slug, DateTimeOffset since, string destination)
    {
        var at = since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        File.WriteAllText(
            _data["experiments", slug + ".json"],
            $$"""
            {"uid":"exp_{{slug}}","slug":"{{slug}}","type":"ab_test","name":"Test of {{slug}}","status":"running","runningSince":"{{at}}",
             "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],
             "goalConfig":{"type":"click_through","destinationUrl":"{{destination}}"},"createdAt":"{{at}}","updatedAt":"{{at}}"}
            """
        );
    }

    private async Task<string> CreateKeyAsync(params string[] more)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["keys", "create", "--kind", "pictify", "--data-dir", _data.Path, .. more]
        );
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    /// <summary>What the API lists; a key is taken over within a second of its creation.</summary>
    private async Task<JsonElement> AlertsAsync(EdgeProcess edge, string? key = null)
    {
        var text = await Wait.ForAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/experiments/api/alerts");
                request.Headers.Add("Authorization", "Bearer " + (key ?? _key));
                using var answer = await edge.Client.SendAsync(request);
                return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : "";
            },
            static text => text.Length > 0
        );
        return Parse(text);
    }

    private async Task PostAsync(EdgeProcess edge, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/experiments/api/" + path);
        request.Headers.Add("Authorization", "Bearer " + _key);
        using var answer = await edge.Client.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode);
    }
}
