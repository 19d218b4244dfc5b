using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Edge.Events;
using Edge.Telemetry;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// What <c>/metrics</c> says of requests and connections, of the event loops and of the server alike.
/// </summary>
public sealed class MetricsTests
{
    private const string Count = "edge_request_duration_seconds_count";

    [Theory]
    [InlineData("loops")]
    [InlineData("sockets")]
    public async Task Requests_WhoeverAnswersThem_AreTimedAndTheirConnectionsCounted(string transport)
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path, ["--demo"], [("EDGE__HTTP__TRANSPORT", transport)]);
        var accepted = await ValueAsync(edge, "edge_connections_accepted_total");

        // Four pixels and a click in one go, on a connection of their own.
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(edge.Address.Host, edge.Address.Port);
        var pixel = "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: x\r\n\r\n";
        var click = "GET /s/demo-ab/click HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(pixel + pixel + pixel + pixel + click));
        await using var stream = new NetworkStream(socket);
        using var answers = new StreamReader(stream, Encoding.Latin1);
        Assert.Equal(6, (await answers.ReadToEndAsync()).Split("HTTP/1.1 ").Length);

        // An answer is on its way before it is counted.
        var counts = await Wait.ForAsync(() => CountsAsync(edge), counts => counts is ( >= 4, >= 1, >= 4));
        Assert.Equal((4, 1, 4), counts);
        Assert.True(await ValueAsync(edge, "edge_request_duration_seconds_sum{route=\"pixel\"}") > 0);
        Assert.True(await ValueAsync(edge, "edge_connections_accepted_total") > accepted);
        // The scrape itself.
        Assert.Equal(1, await ValueAsync(edge, "edge_requests_in_flight"));
    }

    [Fact]
    public async Task Series_OfClosedSets_AreThereFromTheStart()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path);

        var page = await edge.Client.GetStringAsync("/metrics");

        Assert.All(
            Enum.GetValues<RouteName>().Where(static route => route is not (RouteName.Live or RouteName.Fleet)),
            route => Assert.Contains($"{Count}{{route=\"{PrometheusText.SnakeCase(route.ToString())}\"}} ", page, StringComparison.Ordinal)
        );
        Assert.True(await ValueAsync(edge, "edge_journal_room_bytes") > 0);
        Assert.Contains("edge_journal_until_full_seconds +Inf\n", page, StringComparison.Ordinal);
    }

    /// <summary>Every value of a label that the program knows, in the operator's table.</summary>
    [Fact]
    public void Labels_OfClosedSets_AreDocumented()
    {
        var guide = Repository.Read("docs/operating.md");
        string[] routes = Enum.GetNames<RouteName>();
        string[] outcomes = Enum.GetNames<Outcome>();
        string[] reasons = [.. Enum.GetNames<DropReason>(), .. Enum.GetNames<ConnectionLoss>()];
        string[] states = [.. Enum.GetNames<Edge.Journal.JournalState>(), .. Enum.GetNames<Edge.Forwarding.Pump.SinkState>()];

        AssertDocumented("route", [.. routes.Select(PrometheusText.SnakeCase)]);
        AssertDocumented("outcome", [.. outcomes.Select(PrometheusText.SnakeCase), "stored", "repeated"]);
        AssertDocumented("reason", [.. reasons.Select(PrometheusText.SnakeCase)]);
        AssertDocumented("state", [.. states.Select(PrometheusText.SnakeCase)]);
        AssertDocumented("api", EventApi.All);

        void AssertDocumented(string label, string[] values)
        {
            var rows = string.Join('\n', guide.Split('\n').Where(line => line.StartsWith($"| `{label}` |", StringComparison.Ordinal)));
            Assert.All(values, value => Assert.Contains($"`{value}`", rows, StringComparison.Ordinal));
        }
    }

    private static async Task<(double Pixels, double Clicks, double PixelsInBuckets)> CountsAsync(EdgeProcess edge) =>
        (
            await ValueAsync(edge, Count + "{route=\"pixel\"}"),
            await ValueAsync(edge, Count + "{route=\"click\"}"),
            await ValueAsync(edge, "edge_request_duration_seconds_bucket{route=\"pixel\",le=\"+Inf\"}")
        );

    private static async Task<double> ValueAsync(EdgeProcess edge, string series)
    {
        var page = await edge.Client.GetStringAsync("/metrics");
        var line = page.Split('\n').Single(line => line.StartsWith(series + " ", StringComparison.Ordinal));
        return double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture);
    }
}
