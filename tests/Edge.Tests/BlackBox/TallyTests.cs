using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// The tally of the native binary: killed again and again under traffic, it agrees with what was forwarded.
/// </summary>
public class TallyTests
{
    private const int Kills = 6;
    private const int Visitors = 4;
    private static readonly TimeSpan Traffic = TimeSpan.FromMilliseconds(400);

    [Fact]
    public async Task Kill9_UnderTraffic_TallyAgreesWithTheForwardedEvents()
    {
        using var data = new TempDirectory();
        var random = new Random(1);
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var edge = await EdgeProcess.StartAsync(data.Path);
            using var stop = new CancellationTokenSource();
            var crowd = Enumerable
                .Range(0, Visitors)
                .Select(visitor => VisitAsync(edge, $"{kill}-{visitor}", stop.Token))
                .ToArray();
            await Task.Delay(Traffic * (0.5 + random.NextDouble()), TestContext.Current.CancellationToken);
            await edge.KillAsync();
            await stop.CancelAsync();
            await Task.WhenAll(crowd);
        }
        await using (var last = await EdgeProcess.StartAsync(data.Path))
        {
            Assert.Equal(0, await last.StopAsync());
        }

        // The file sink may repeat events after a kill, with the same id.
        var events = Forwarded
            .Lines(data.Path)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .DistinctBy(e => e.Text("id"))
            .ToArray();
        var expected = events
            .CountBy(e => $"{e.Text("experiment_uid")} {e.Text("variant")} {e.Text("type")}")
            .ToDictionary();
        Assert.True(events.Length > 100, $"{events.Length} events");
        Assert.Equal(
            expected.OrderBy(count => count.Key, StringComparer.Ordinal),
            Counted(data.Path).OrderBy(count => count.Key, StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task Metrics_AfterVisits_ShowTheTallyAsASink()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path);
        for (var i = 0; i < 20; i++)
        {
            await edge.Client.GetAsync($"/s/demo-ab/pixel.gif?u=reader-{i}");
        }

        var metrics = await MetricsUntilAsync(
            edge,
            page => Value(page, "edge_sink_forwarded_total{sink=\"tally\"}") == 20
        );

        Assert.Equal(1, Value(metrics, "edge_tally_experiments"));
        Assert.Equal(0, Value(metrics, "edge_tally_uncounted_total"));
        Assert.Equal(0, Value(metrics, "edge_weights_published_total"));
    }

    private static async Task VisitAsync(EdgeProcess edge, string name, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            try
            {
                var path = i % 3 == 2 ? "click" : "pixel.gif";
                var slug = i % 2 == 0 ? "demo-ab" : "demo-smart";
                using var answer = await edge.Client.GetAsync($"/s/{slug}/{path}?u={name}-{i / 3}", stop);
            }
            catch (Exception e) when (e is HttpRequestException or SocketException or OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>What the checkpoint of the stopped service says.</summary>
    private static Dictionary<string, int> Counted(string dataDir)
    {
        using var state = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(dataDir, "tally.json")));
        var counted = new Dictionary<string, int>();
        foreach (var experiment in state.RootElement.GetProperty("experiments").EnumerateArray())
        {
            foreach (var variant in experiment.GetProperty("variants").EnumerateArray())
            {
                var counts = variant.GetProperty("counts");
                var key = $"{experiment.Text("uid")} {counts.Text("id")}";
                if (counts.GetProperty("impressions").GetInt32() is > 0 and var impressions)
                {
                    counted[key + " impression"] = impressions;
                }

                if (counts.GetProperty("clicks").GetInt32() is > 0 and var clicks)
                {
                    counted[key + " click"] = clicks;
                }
            }
        }
        return counted;
    }

    private static Task<string> MetricsUntilAsync(EdgeProcess edge, Predicate<string> reached) =>
        Wait.ForAsync(() => edge.Client.GetStringAsync("/metrics"), reached);

    private static double Value(string page, string sample) =>
        page.Split('\n')
            .Where(line => line.StartsWith(sample + " ", StringComparison.Ordinal))
            .Select(line => double.Parse(line[(sample.Length + 1)..], CultureInfo.InvariantCulture))
            .DefaultIfEmpty(double.NaN)
            .Single();
}
