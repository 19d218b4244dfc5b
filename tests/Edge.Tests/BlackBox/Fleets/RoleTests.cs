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
