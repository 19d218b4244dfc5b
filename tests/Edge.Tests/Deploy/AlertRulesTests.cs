using System.Diagnostics;
using System.Text.RegularExpressions;
using Edge.Telemetry;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Deploy;

/// <summary>The alerts of <c>deploy/prometheus</c> as Prometheus' own tool sees them.</summary>
public partial class AlertRulesTests
{
    private const string Promtool = "/usr/bin/promtool";

    [Fact]
    public async Task Rules_AgainstTheirCases_BeginAndEndAsStated() =>
        await RunAsync(["test", "rules", Path.Combine(Repository.Root, "deploy/prometheus/rules.test.yaml")]);

    [Fact]
    public async Task Configuration_WithItsRules_IsAccepted() =>
        await RunAsync(["check", "config", Path.Combine(Repository.Root, "deploy/prometheus/prometheus.yaml")]);

    [Fact]
    public async Task Metrics_OfTheService_FollowTheConventions()
    {
        using var site = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(site["data"]);

        await RunAsync(["check", "metrics"], await edge.Client.GetStringAsync("/metrics"));
    }

    [Fact]
    public void Rules_EveryMetricTheyName_Exists()
    {
        var known = MetricFamilies.All.SelectMany(static family => (string[])[family.Name, family.Name + "_bucket"]).ToHashSet();

        var named = Name().Matches(Repository.Read("deploy/prometheus/rules.yaml")).Select(static match => match.Value).ToHashSet();

        Assert.True(named.Count > 10, $"{named.Count} metrics");
        Assert.Empty(named.Where(name => !known.Contains(name)));
    }

    [Fact]
    public void Alerts_AllOfThem_HaveACaseAndARunbookEntry()
    {
        var cases = Repository.Read("deploy/prometheus/rules.test.yaml");
        var runbook = Repository.Read("docs/operating.md");

        var alerts = Alert().Matches(Repository.Read("deploy/prometheus/rules.yaml"));

        Assert.NotEmpty(alerts);
        Assert.All(
            alerts.Select(static match => match.Groups[1].Value),
            alert =>
            {
                Assert.Matches($@"alertname: {alert}\n        exp_alerts", cases);
                Assert.Contains($"| `{alert}` |", runbook, StringComparison.Ordinal);
            }
        );
    }

    private static async Task RunAsync(string[] arguments, string input = "")
    {
        Assert.SkipUnless(File.Exists(Promtool), "needs promtool: apt-get install prometheus");
        var start = new ProcessStartInfo(Promtool, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var promtool = Process.Start(start)!;
        var output = promtool.StandardOutput.ReadToEndAsync();
        var error = promtool.StandardError.ReadToEndAsync();
        await promtool.StandardInput.WriteAsync(input);
        promtool.StandardInput.Close();
        await promtool.WaitForExitAsync();
        Assert.True(promtool.ExitCode == 0, await output + await error);
    }

    [GeneratedRegex(@"\b(edge|process)_[a-z0-9_]+")]
    private static partial Regex Name();

    [GeneratedRegex("- alert: (.*)")]
    private static partial Regex Alert();
}
