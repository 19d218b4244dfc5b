using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Fleets;

/// <summary>An origin and edges of one fleet, each with a data directory of its own; what an operator would start.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    public const string Id = "test-fleet";
    public const string Secret = "4f1d9c2ab7e35f8806cd41e7930b5a6e";

    private readonly TempDirectory _data = new();
    private readonly List<EdgeProcess> _started = [];

    private TestFleet() => OriginAddress = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}");

    public Uri OriginAddress { get; }

    /// <summary>The build that nodes are started with from here on; null for the published one.</summary>
    public string? Binary { get; set; }

    public EdgeProcess Origin { get; private set; } = null!;

    /// <summary>Secret of a key of the management API.</summary>
    public string Key { get; private set; } = "";

    public string OriginData => _data["origin"];

    public string DataOf(string node) => _data[node];

    /// <summary>Starts an origin that has a key; edges are started by the test.</summary>
    public static Task<TestFleet> StartAsync(params (string Name, string Value)[] settings) =>
        StartWithAsync(null, settings);

    /// <summary>The same with another build.</summary>
    public static async Task<TestFleet> StartWithAsync(string? binary, params (string Name, string Value)[] settings)
    {
        var fleet = new TestFleet { Binary = binary };
        fleet.Key = await fleet.CreateKeyAsync("pictify");
        await fleet.StartOriginAsync(settings);
        return fleet;
    }

    public async Task<string> CreateKeyAsync(string kind)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync([
            "keys",
            "create",
            "--kind",
            kind,
            "--data-dir",
            OriginData,
        ]);
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    public async Task<EdgeProcess> StartOriginAsync(params (string Name, string Value)[] settings)
    {
        Origin = Keep(
            await EdgeProcess.StartAsync(
                OriginData,
                [],
                [("EDGE__ROLE", "origin"), .. Common("origin"), .. settings],
                binary: Binary,
                address: OriginAddress
            )
        );
        return Origin;
    }

    /// <summary>Starts an edge and waits until it is ready.</summary>
    public async Task<EdgeProcess> StartEdgeAsync(string node, params (string Name, string Value)[] settings) =>
        Keep(await EdgeProcess.StartAsync(DataOf(node), [], [.. OfEdge(node), .. settings], binary: Binary));

    /// <summary>Starts an edge without waiting; it is not ready while it has no catalog.</summary>
    public EdgeProcess LaunchEdge(string node, params (string Name, string Value)[] settings) =>
        Keep(EdgeProcess.Launch(DataOf(node), [], [.. OfEdge(node), .. settings], Binary));

    public (string Name, string Value)[] OfEdge(string node) =>
        [("EDGE__ROLE", "edge"), ("EDGE__FLEET__ORIGINURL", OriginAddress.ToString()), .. Common(node)];

    /// <summary>Sends one request to the management API of the origin; its body is JSON or empty.</summary>
    public Task<(int Status, JsonElement Json)> AskAsync(string method, string path, string? body = null) =>
        AskAsync(Origin, method, "/experiments/api" + path, body, Key);

    public static async Task<(int Status, JsonElement Json)> AskAsync(
        EdgeProcess node,
        string method,
        string path,
        string? body = null,
        string? key = null
    )
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using var response = await node.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (
            (int)response.StatusCode,
            text.StartsWith('{') ? JsonDocument.Parse(text).RootElement.Clone() : default
        );
    }

    /// <summary>Creates an A/B test at the origin, starts it, and returns its uid.</summary>
    public async Task<string> StartExperimentAsync(string slug, string more = "")
    {
        var (status, created) = await AskAsync("POST", "", ManagedEdge.AbTest(slug, more));
        Assert.True(status == 201, created.ToString());
        var uid = created.GetProperty("experiment").GetProperty("uid").GetString()!;
        Assert.Equal(200, (await AskAsync("POST", $"/{uid}/start")).Status);
        return uid;
    }

    /// <summary>What a node says of an experiment to a unit; null while it does not serve it.</summary>
    public static async Task<string?> ResolveAsync(EdgeProcess node, string slug, string unit)
    {
        using var response = await node.Client.GetAsync($"/s/{slug}/resolve?u={unit}");
        return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : null;
    }

    /// <summary>Waits until a node serves an experiment.</summary>
    public static Task UntilServedAsync(EdgeProcess node, string slug) =>
        Wait.ForAsync(() => ResolveAsync(node, slug, "first"), answer => answer is not null, _ => node.ErrorSoFar);

    /// <summary>The value of a metric of a node; NaN when it has none.</summary>
    public static async Task<double> MetricAsync(EdgeProcess node, string sample)
    {
        var page = await node.Client.GetStringAsync("/metrics");
        var line = page.Split('\n').FirstOrDefault(line => line.StartsWith(sample + " ", StringComparison.Ordinal));
        return line is null
            ? double.NaN
            : double.Parse(line[(sample.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    public static Task UntilMetricAsync(EdgeProcess node, string sample, Predicate<double> reached) =>
        Wait.ForAsync(() => MetricAsync(node, sample), reached);

    public async Task StopAsync(EdgeProcess node)
    {
        _started.Remove(node);
        Assert.Equal(0, await node.StopAsync());
        await node.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _started)
        {
            await node.DisposeAsync();
        }

        _data.Dispose();
    }

    private EdgeProcess Keep(EdgeProcess node)
    {
        _started.Add(node);
        return node;
    }

    private static (string Name, string Value)[] Common(string node) =>
        [
            ("EDGE__NODE", node),
            ("EDGE__FLEET__ID", Id),
            ("EDGE__FLEET__SECRET", Secret),
            ("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1"),
        ];
}
