using System.Net.Http.Headers;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>What <c>edge demo-traffic</c> does to a service with the example experiments, and what it refuses.</summary>
public class DemoTrafficTests
{
    [Fact]
    public async Task DemoTraffic_OnADemo_IsCountedAndLabelled()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path, ["--demo"]);
        var key = (await EdgeProcess.RunAsync(["keys", "create", "--kind", "pictify", "--data-dir", data.Path])).Output.Trim();

        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["demo-traffic", "--url", edge.Client.BaseAddress!.ToString(), "--visitors", "40", "--seconds", "0"]
        );

        Assert.Equal((0, ""), (exitCode, error));
        Assert.StartsWith("40 visitors: 40 pixels, ", output, StringComparison.Ordinal);
        _ = await Wait.ForAsync(() => CountAsync("exp_demo_ab", "impressions"), count => count == 40);
        _ = await Wait.ForAsync(() => CountAsync("exp_demo_pages", "clicks"), count => count == 40);
        await ResultsAsync();
        var events = await Forwarded.WaitForAsync(data.Path, e => e.Text("experiment") == "demo-smart");
        Assert.Equal("https://demo-traffic.invalid/", events.Text("referrer"));

        // The same numbers drawn: from the service, and from the data directory.
        async Task ResultsAsync()
        {
            var url = edge.Client.BaseAddress!.ToString();
            var asked = await EdgeProcess.RunAsync(["results", "demo-ab", "--url", url], [("EDGE_KEY", key)]);
            var unasked = await EdgeProcess.RunAsync(["results", "demo-ab", "--url", url]);
            var unknown = await EdgeProcess.RunAsync(["results", "nothing", "--url", url], [("EDGE_KEY", key)]);
            var read = await Wait.ForAsync(
                () => EdgeProcess.RunAsync(["results", "demo-ab", "--data-dir", data.Path]),
                run => BreakdownOf(run.Output) == BreakdownOf(asked.Output)
            );

            Assert.Equal((0, 0, 1, 2), (asked.ExitCode, read.ExitCode, unknown.ExitCode, unasked.ExitCode));
            Assert.Matches(@"\A\S.*\.\n\ndemo-ab: ab_test, running, goal click_through, ", asked.Output);
            Assert.Matches(@"(?m)^BROWSER +VARIANT +SHOWN", asked.Output);
            Assert.Matches(@"(?m)^mobile +[ab] +\d+", asked.Output);
            Assert.Contains("There is no such experiment.", unknown.Error, StringComparison.Ordinal);
            Assert.Contains("EDGE_KEY", unasked.Error, StringComparison.Ordinal);
        }

        static string BreakdownOf(string output) => output.Split("DEVICE")[^1];

        async Task<int> CountAsync(string uid, string what)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/experiments/api/{uid}/results");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using var answer = await edge.Client.SendAsync(request);
            using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            return body.RootElement.TryGetProperty("results", out var results)
                ? results.GetProperty("totals").GetProperty(what).GetInt32()
                : -1;
        }
    }

    [Fact]
    public async Task DemoTraffic_OnAServiceWithoutTheExamples_SaysHowToHaveThem()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path, []);

        var (exitCode, _, error) = await EdgeProcess.RunAsync(
            ["demo-traffic", "--url", edge.Client.BaseAddress!.ToString(), "--visitors", "1"]
        );

        Assert.Equal(1, exitCode);
        Assert.Contains("edge serve --demo", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("another machine", "--url", "http://198.51.100.7:8080")]
    [InlineData("no visitor", "--visitors", "0")]
    [InlineData("too many visitors", "--visitors", "100001")]
    [InlineData("too long", "--seconds", "3601")]
    public async Task DemoTraffic_BeyondItsLimits_IsWrongUsage(string row, string option, string value)
    {
        var (exitCode, _, error) = await EdgeProcess.RunAsync(["demo-traffic", option, value]);

        Assert.True(exitCode == 2, $"{row}: {exitCode} {error}");
        Assert.Single(error.TrimEnd().Split('\n'));
    }
}
