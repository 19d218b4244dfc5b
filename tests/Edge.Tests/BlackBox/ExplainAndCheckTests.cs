using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary><c>edge explain</c> and <c>edge check</c> as a user runs them, with the native binary.</summary>
public sealed class ExplainAndCheckTests : IDisposable
{
    private const string Request = """
        {
          "url": "https://links.example.com/s/demo-smart/click?utm_source=mail",
          "headers": {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"},
          "country": "AT"
        }
        """;

    private readonly TempDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Explain_DemoSmartLink_PrintsTheTrace()
    {
        await MakeDemoAsync();
        File.WriteAllText(_data["request.json"], Request);

        var (code, output, error) = await EdgeProcess.RunAsync([
            "explain",
            "--experiment",
            _data["experiments", "demo-smart.json"],
            "--request",
            _data["request.json"],
            "--at",
            "2026-05-16T19:00:00Z",
        ]);

        Assert.Equal((0, ""), (code, error));
        var json = JsonDocument.Parse(output).RootElement;
        Assert.Equal(("mobile", "TARGETING_MATCH"), (json.Text("variant"), json.Text("reason")));
        Assert.Equal("The conditions of variant 'mobile' are the first in the list that are true.", json.Text("why"));
        Assert.Equal("AT", json.GetProperty("properties").Text("geo.country"));
        Assert.Equal("19", json.GetProperty("properties").Text("time.hour"));
        var conditions = json.GetProperty("conditions");
        Assert.Equal(
            ["true", "not_evaluated", "not_evaluated"],
            conditions.EnumerateArray().Select(variant => variant.Text("result"))
        );
        Assert.Equal("mobile", conditions[0].GetProperty("nodes")[0].Text("seen"));
    }

    [Fact]
    public async Task Explain_SchedulesAndSplits_AreSerialised()
    {
        await MakeDemoAsync();
        File.WriteAllText(_data["request.json"], """{"query": "u=reader-1"}""");

        foreach (var (name, member) in new[] { ("demo-ab", "split"), ("demo-schedule", "schedules") })
        {
            var (code, output, error) = await EdgeProcess.RunAsync([
                "explain",
                "--experiment",
                _data["experiments", $"{name}.json"],
                "--request",
                _data["request.json"],
            ]);

            Assert.Equal((0, ""), (code, error));
            Assert.True(JsonDocument.Parse(output).RootElement.TryGetProperty(member, out _));
        }
    }

    [Theory]
    [InlineData("9999-12-31T23:59:59.999Z")]
    [InlineData("9999-12-30T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00Z")]
    public async Task Explain_AtTheEndsOfTheCalendar_Answers(string at)
    {
        await MakeDemoAsync();
        File.WriteAllText(_data["request.json"], """{"query": "u=reader-1"}""");

        foreach (var name in new[] { "demo-ab", "demo-smart", "demo-schedule" })
        {
            var (code, output, error) = await EdgeProcess.RunAsync([
                "explain",
                "--experiment",
                _data["experiments", $"{name}.json"],
                "--request",
                _data["request.json"],
                "--at",
                at,
            ]);

            Assert.True((code, error) == (0, ""), $"{name}: {error}");
            Assert.NotEmpty(JsonDocument.Parse(output).RootElement.Text("reason"));
        }
    }

    [Fact]
    public async Task Cron_ThatStartsAtTheEndOfTheCalendar_IsCheckedAndResolved()
    {
        Directory.CreateDirectory(_data["experiments"]);
        File.WriteAllText(
            _data["experiments", "late.json"],
            """
            {"uid":"exp_late","slug":"late","name":"Late","type":"scheduled","status":"running","variants":[
             {"id":"a","weight":5000,"schedule":{"startAt":"9999-12-30T00:00:00Z","recurrence":{"type":"cron","cronExpression":"0 9 * * *"}}},
             {"id":"b","weight":5000,"schedule":{"startAt":"9999-12-31T22:00:00Z","endAt":"9999-12-31T23:59:59Z","recurrence":{"type":"weekly"}}}],
             "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/"}}
            """
        );

        var (code, output, error) = await EdgeProcess.RunAsync(["check", "--data-dir", _data.Path]);
        await using var edge = await EdgeProcess.StartAsync(_data.Path, []);
        using var resolved = await edge.Client.GetAsync("/s/late/resolve");

        Assert.Equal("", error);
        Assert.True(code == 0 && resolved.IsSuccessStatusCode, output);
    }

    [Fact]
    public async Task Explain_WrongInput_IsSaidInOneLineEach()
    {
        await MakeDemoAsync();
        File.WriteAllText(_data["request.json"], """{"ip": "nobody", "user-agent": "x"}""");

        var (code, output, error) = await EdgeProcess.RunAsync([
            "explain",
            "--experiment",
            _data["experiments", "demo-ab.json"],
            "--request",
            _data["request.json"],
        ]);

        Assert.Equal((1, ""), (code, output));
        Assert.Equal(2, error.TrimEnd().Split('\n').Length);
        Assert.Equal(2, (await EdgeProcess.RunAsync(["explain", "--request", "x"])).ExitCode);
        Assert.Equal(2, (await EdgeProcess.RunAsync(["explain", "--bogus"])).ExitCode);
    }

    [Fact]
    public async Task Check_BesideTheRunningServiceAndAfterIt_IsSound()
    {
        await using (var edge = await EdgeProcess.StartAsync(_data.Path))
        {
            var (running, beside, _) = await EdgeProcess.RunAsync(["check", "--data-dir", _data.Path]);

            Assert.Equal(0, running);
            Assert.Contains("is in use by a running service", beside, StringComparison.Ordinal);
            (await edge.Client.GetAsync("/s/demo-ab/pixel.gif")).Dispose();
            Assert.Equal(0, await edge.StopAsync());
        }

        var (code, output, error) = await EdgeProcess.RunAsync(["check", "--data-dir", _data.Path]);

        Assert.Equal((0, ""), (code, error));
        // The notes: what the machine gives, and that both headlines lead to one page. One example asks for countries.
        Assert.Contains("[no_geo]", output, StringComparison.Ordinal);
        Assert.EndsWith("4 experiments checked: 0 errors, 1 warning, 2 notes\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_SettingsAndExperiments_AreListedAtOnce()
    {
        await MakeDemoAsync();
        File.WriteAllText(_data["edge.json"], """{"urls": "http://127.0.0.1:9999", "jurnal": {"maxBytes": 1}}""");
        File.WriteAllText(
            _data["experiments", "loop.json"],
            """
            {"uid": "exp_loop", "slug": "loop", "type": "smart_link", "name": "x", "status": "running",
             "variants": [{"id": "a", "weight": 10000, "isDefault": true}, {"id": "b", "weight": 0, "conditions":
               {"type": "rule", "property": "hour", "operator": "gt", "value": 23}}],
             "goalConfig": {"type": "click_through", "destinationUrl": "http://localhost:9999/s/loop/click"}}
            """
        );

        var (code, output, error) = await EdgeProcess.RunAsync([
            "check",
            "--config",
            _data["edge.json"],
            "--data-dir",
            _data.Path,
        ]);

        Assert.Equal((1, ""), (code, error));
        Assert.Contains("unknown setting 'jurnal.maxBytes'", output, StringComparison.Ordinal);
        Assert.Contains(
            "variants[1].conditions can never be true: no time.hour is above 23 (it is 0 to 23), so 'b' is never served [never_true]",
            output,
            StringComparison.Ordinal
        );
        Assert.Contains("leads back to this service (localhost:9999)", output, StringComparison.Ordinal);
        Assert.EndsWith("5 experiments checked: 2 errors, 2 warnings, 3 notes\n", output, StringComparison.Ordinal);

        var (one, single, _) = await EdgeProcess.RunAsync([
            "check",
            "--experiment",
            _data["experiments", "demo-pages.json"],
        ]);
        Assert.Equal((0, "1 experiment checked: 0 errors, 0 warnings, 0 notes\n"), (one, single));
    }

    /// <summary>The data directory of a service that ran the demo and stopped.</summary>
    private async Task MakeDemoAsync()
    {
        await using var edge = await EdgeProcess.StartAsync(_data.Path);
        await edge.StopAsync();
    }
}
