using System.Globalization;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Limits;

/// <summary>A terminal that is closed, or an operator who wants changed files to be read.</summary>
public class SignalTests
{
    [Theory]
    [InlineData("")]
    [InlineData("trap '' HUP")] // as nohup starts a program
    public async Task Hangup_WhileServing_ReloadsTheVerdictRulesAndEndsNothing(string shell)
    {
        using var data = new TempDirectory();
        var rules = data["rules.json"];
        await File.WriteAllTextAsync(rules, Rules("robot", "first"));
        await using var edge = await EdgeProcess.StartAsync(
            data["data"],
            environment: [("EDGE__AUTOMATION__RULESFILE", rules)],
            binary: LimitedEdge.Script(data, shell)
        );
        await VisitAsync(edge);
        Assert.Equal(1, await EventsOfAsync(edge, "first"));

        await File.WriteAllTextAsync(rules, "{");
        edge.HangUp();
        await Wait.ForAsync(
            () => edge.Client.GetStringAsync("/metrics"),
            page => !page.Contains("edge_verdict_rule_problems 0\n", StringComparison.Ordinal)
        );
        // A file with a mistake leaves the rules that were in force.
        await VisitAsync(edge);
        Assert.Equal(2, await EventsOfAsync(edge, "first"));

        await File.WriteAllTextAsync(rules, Rules("robot", "second"));
        edge.HangUp();
        await Wait.ForAsync(
            () => edge.Client.GetStringAsync("/metrics"),
            page => page.Contains("edge_verdict_rule_problems 0\n", StringComparison.Ordinal)
        );
        // The same user agent again: what was remembered of it is judged anew.
        await VisitAsync(edge);
        Assert.Equal(1, await EventsOfAsync(edge, "second"));
        Assert.Equal(0, await edge.StopAsync());
        Assert.Equal(3, Forwarded.Lines(data["data"]).Length);
    }

    [Fact]
    public async Task Hangup_WithAChangedConfiguration_TakesWhatItMayAndNamesTheRest()
    {
        using var data = new TempDirectory();
        var file = data["edge.json"];
        var rules = data["rules.json"];
        await File.WriteAllTextAsync(rules, Rules("robot", "first"));
        await File.WriteAllTextAsync(
            file,
            $$"""{ "http": { "maxHeaderCount": 64 }, "automation": { "rulesFile": "{{rules}}" } }"""
        );
        await using var edge = await EdgeProcess.StartAsync(data["data"], ["--demo", "--config", file]);

        await File.WriteAllTextAsync(file, """{ "http": { "maxHeaderCount": 0 }, "automation": { "excludeTools": true } }""");
        edge.HangUp();
        await UntilLoggedAsync(edge, "\"eventId\":115,");
        Assert.DoesNotContain("\"eventId\":116,", edge.ErrorSoFar, StringComparison.Ordinal);

        await File.WriteAllTextAsync(
            file,
            """
            { "http": { "maxHeaderCount": 65 }, "automation": { "excludeTools": true, "rulesFile": "" },
              "sinks": { "file": {}, "other": { "type": "file" } } }
            """
        );
        edge.HangUp();
        await UntilLoggedAsync(edge, "sinks.other has another value");
        // The rules follow the settings.
        await Wait.UntilAsync(() => edge.ErrorSoFar.Split("\"eventId\":106,").Length == 3, () => edge.ErrorSoFar);

        Assert.Contains("Setting automation.excludeTools is true from now on", edge.ErrorSoFar, StringComparison.Ordinal);
        Assert.Contains("Setting automation.rulesFile is (empty) from now on", edge.ErrorSoFar, StringComparison.Ordinal);
        Assert.Contains("http.maxHeaderCount has another value", edge.ErrorSoFar, StringComparison.Ordinal);
        Assert.DoesNotContain("sinks.file has another value", edge.ErrorSoFar, StringComparison.Ordinal);
        // A tool is a bot from now on.
        using var request = new HttpRequestMessage(HttpMethod.Get, "/s/demo-ab/pixel.gif");
        request.Headers.TryAddWithoutValidation("User-Agent", "curl/8.5.0");
        (await edge.Client.SendAsync(request)).EnsureSuccessStatusCode();
        Assert.Equal(0, await edge.StopAsync());
        Assert.Contains("\"verdict\":\"bot\"", Assert.Single(Forwarded.Lines(data["data"])), StringComparison.Ordinal);
    }

    private static Task UntilLoggedAsync(EdgeProcess edge, string text) =>
        Wait.UntilAsync(() => edge.ErrorSoFar.Contains(text, StringComparison.Ordinal), () => edge.ErrorSoFar);

    private static string Rules(string agent, string id) =>
        $$"""
            {"rules": [{"id": "{{id}}", "verdict": "bot", "scope": "all", "certainty": "certain", "mode": "enforced",
            "userAgentContains": ["{{agent}}"]}]}
            """;

    private static async Task VisitAsync(EdgeProcess edge)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/s/demo-ab/pixel.gif");
        request.Headers.TryAddWithoutValidation("User-Agent", "my robot 1.0");
        (await edge.Client.SendAsync(request)).EnsureSuccessStatusCode();
    }

    private static async Task<long> EventsOfAsync(EdgeProcess edge, string rule)
    {
        var name = $"edge_verdict_rule_events_total{{rule=\"{rule}\"}} ";
        var line = (await edge.Client.GetStringAsync("/metrics"))
            .Split('\n')
            .SingleOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[name.Length..], CultureInfo.InvariantCulture);
    }
}
