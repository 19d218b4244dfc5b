using System.Net.Http.Headers;
using Edge.Fleet;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Fleets;

/// <summary>An origin and an edge for all tests of what a role does not serve.</summary>
public sealed class TwoRoles : IAsyncLifetime
{
    internal TestFleet Fleet { get; private set; } = null!;

    internal EdgeProcess Edge { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Fleet = await TestFleet.StartAsync();
        Edge = await Fleet.StartEdgeAsync("edge-a");
    }

    public ValueTask DisposeAsync() => Fleet.DisposeAsync();
}

/// <summary>What a node says of what others serve.</summary>
public class RoleTests(TwoRoles nodes) : IClassFixture<TwoRoles>
{
    [Theory]
    [InlineData("GET", "/s/x/pixel.gif")]
    [InlineData("GET", "/s/x/click")]
    [InlineData("GET", "/s/x/resolve")]
    [InlineData("POST", "/s/events")]
    [InlineData("POST", "/v1/track")]
    [InlineData("POST", "/v1/events")]
    [InlineData("POST", "/v1/bulk-track")]
    [InlineData("POST", "/v1/decide")]
    [InlineData("POST", "/ofrep/v1/evaluate/flags")]
    [InlineData("GET", "/sdk.js")]
    public async Task Origin_WhatEdgesServe_Is404WithAWordWhy(string method, string path)
    {
        var (status, problem) = await TestFleet.AskAsync(nodes.Fleet.Origin, method, path, "{}");

        Assert.Equal(404, status);
        Assert.EndsWith("/other-role", problem.Text("type"), StringComparison.Ordinal);
        Assert.Contains("origin of a fleet", problem.Text("detail"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/experiments/api")]
    [InlineData("/experiments/api/exp_x/results")]
    [InlineData("/system")]
    [InlineData("/events/live")]
    [InlineData("/ui/")]
    [InlineData("/fleet/catalog")]
    [InlineData("/fleet/nodes")]
    public async Task Edge_WhatTheOriginServes_Is404WithAWordWhy(string path)
    {
        var (status, problem) = await TestFleet.AskAsync(nodes.Edge, "GET", path, key: nodes.Fleet.Key);

        Assert.Equal(404, status);
        Assert.EndsWith("/other-role", problem.Text("type"), StringComparison.Ordinal);
        Assert.Contains("edge of a fleet", problem.Text("detail"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("another secret", 9_000_000_000_000, 200)]
    [InlineData(TestFleet.Secret, long.MaxValue, 400)]
    [InlineData(TestFleet.Secret, EditionTag.VersionMax, 400)]
    public async Task Catalog_ForATag_IsNeverHeldBackForWhatItDoesNotProve(string secret, long version, int expected)
    {
        var tag = EditionTag.Of(version, CatalogItems.Empty, new FleetSecret(TestFleet.Id, secret));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/fleet/catalog");
        var token = new FleetSecret(TestFleet.Id, TestFleet.Secret).Token;
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.TryAddWithoutValidation("If-None-Match", tag.ToString());

        using var response = await nodes.Fleet.Origin.Client.SendAsync(request);

        Assert.Equal(expected, (int)response.StatusCode);
        var published = await TestFleet.MetricAsync(nodes.Fleet.Origin, "edge_fleet_catalog_version");
        Assert.InRange(published, 1, 8_000_000_000_000);
    }

    /// <summary>Whoever has gone while he waited is not there any more.</summary>
    [Fact]
    public async Task Edge_ThatGoesWhileItWaits_IsAwayAtOnce()
    {
        const string Name = "edge-gone";
        var secret = new FleetSecret(TestFleet.Id, TestFleet.Secret);
        using var leave = new CancellationTokenSource();
        var origin = nodes.Fleet.Origin;
        var tag = "";
        var first = await AskAsync("0");
        tag = first.Headers.ETag!.ToString();
        first.Dispose();
        var before = (await NodeAsync()).SeenAt;
        var poll = AskAsync("60");
        var (_, asked) = await Wait.ForAsync(NodeAsync, node => node.SeenAt != before);

        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => poll);
        await Wait.ForAsync(NodeAsync, node => !node.Connected);
        Assert.Equal(asked, (await NodeAsync()).SeenAt);

        async Task<HttpResponseMessage> AskAsync(string wait)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/fleet/catalog?wait=" + wait);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret.Token);
            request.Headers.Add("Edge-Node", Name);
            request.Headers.Add("Edge-Instance", "1");
            request.Headers.Add("Edge-Salt", secret.FingerprintOf(secret.AddressSalt));
            if (tag.Length > 0)
            {
                request.Headers.TryAddWithoutValidation("If-None-Match", tag);
            }

            return await origin.Client.SendAsync(request, leave.Token);
        }

        async Task<(bool Connected, string? SeenAt)> NodeAsync()
        {
            var (_, listed) = await TestFleet.AskAsync(origin, "GET", "/fleet/nodes", key: nodes.Fleet.Key);
            var node = listed.GetProperty("nodes").EnumerateArray().Single(node => node.Text("name") == Name);
            return (node.GetProperty("connected").GetBoolean(), node.Text("seenAt"));
        }
    }

    [Theory]
    [InlineData("", 401)]
    [InlineData("wrong", 401)]
    [InlineData("key", 401)]
    public async Task Catalog_WithoutTheToken_IsRefused(string shown, int expected)
    {
        var key = shown switch
        {
            "" => null,
            "key" => nodes.Fleet.Key,
            _ => new string('0', 64),
        };

        Assert.Equal(expected, (await TestFleet.AskAsync(nodes.Fleet.Origin, "GET", "/fleet/catalog", key: key)).Status);
        Assert.Equal(expected, (await TestFleet.AskAsync(nodes.Fleet.Origin, "POST", "/fleet/events", "[]", key)).Status);
    }
}
