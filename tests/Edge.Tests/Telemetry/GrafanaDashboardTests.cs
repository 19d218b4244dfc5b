using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Telemetry;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Telemetry;

/// <summary>The dashboard of the documentation shows nothing that the service does not measure.</summary>
public partial class GrafanaDashboardTests
{
    [Fact]
    public void Dashboard_EveryMetricItNames_Exists()
    {
        var dashboard = File.ReadAllText(Path.Combine(Repository.Root, "deploy", "grafana", "edge.json"));
        var known = MetricFamilies
            .All.SelectMany<MetricFamily, string>(family =>
                family.Kind == MetricKind.Histogram
                    ? [family.Name + "_bucket", family.Name + "_sum", family.Name + "_count"]
                    : [family.Name]
            )
            .ToHashSet();

        var named = JsonDocument
            .Parse(dashboard)
            .RootElement.GetProperty("panels")
            .EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .SelectMany(target => Name().Matches(target.GetProperty("expr").GetString()!).Select(match => match.Value))
            .Distinct()
            .ToArray();

        Assert.True(named.Length > 10, $"{named.Length} metrics");
        Assert.Empty(named.Where(name => !known.Contains(name)));
    }

    [GeneratedRegex(@"\bedge_[a-z0-9_]+")]
    private static partial Regex Name();
}
