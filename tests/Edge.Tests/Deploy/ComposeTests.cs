using System.Text.RegularExpressions;
using Edge.Forwarding;
using Edge.Settings;
using Edge.Settings.Sinks;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Deploy;

/// <summary>What the files for Compose set exists, of the sink by its type.</summary>
public partial class ComposeTests
{
    [Theory]
    [InlineData("deploy/compose.yaml", "clickhouse")]
    [InlineData("deploy/kafka/compose.yaml", "kafka")]
    public void Settings_ThatTheFileNames_Exist(string file, string sink)
    {
        var known = EdgeSettings.All.Select(static setting => NameOf(setting.Key)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.True(SinkTypes.TryParse(sink, out var type));
        known.UnionWith(
            SinkSettings.All.Where(setting => setting.Types.HasFlag(type)).Select(setting => NameOf($"sinks.{sink}.{setting.Key}"))
        );

        var named = Setting().Matches(Repository.Read(file)).Select(static match => match.Value).Distinct().ToArray();

        Assert.Contains(named, static name => name.StartsWith("EDGE__SINKS__", StringComparison.Ordinal));
        Assert.Empty(named.Except(known, StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public void Kafka_IsBuiltWithIt_AndHasTheTopicOfTheSink()
    {
        var text = Repository.Read("deploy/kafka/compose.yaml");

        Assert.Contains("KAFKA: \"1\"", text, StringComparison.Ordinal);
        Assert.Contains("ARG KAFKA=", Repository.Read("Dockerfile.aot"), StringComparison.Ordinal);
        Assert.Contains("EDGE__SINKS__KAFKA__TOPIC: edge-events", text, StringComparison.Ordinal);
        Assert.Contains("--topic=edge-events", text, StringComparison.Ordinal);
    }

    private static string NameOf(string key) => "EDGE__" + key.Replace(".", "__", StringComparison.Ordinal);

    [GeneratedRegex("EDGE__[A-Z_]+")]
    private static partial Regex Setting();
}
