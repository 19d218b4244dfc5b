using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Fleet;
using Edge.Tests.BlackBox;
using Edge.Tests.BlackBox.Fleets;

namespace Edge.Tests.OpenApi;

/// <summary>
/// One native binary with a key of every kind and a running experiment, asked for everything the description names; an
/// origin beside it has the routes of a fleet.
/// </summary>
public sealed class DescribedEdge : ManagedEdge
{
    public const string Slug = "homepage-hero-test";
    public const string Origin = "https://shop.example";

    private readonly Dictionary<string, string> _keys = [];

    private TestFleet _fleet = null!;

    /// <summary>The experiment that is there, with the examples' slug.</summary>
    internal string Uid { get; private set; } = "";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Uid = await StartAsync(Slug);
        _fleet = await TestFleet.StartAsync();
        _keys["fleet"] = new FleetSecret(TestFleet.Id, TestFleet.Secret).Token;
    }

    public override async ValueTask DisposeAsync()
    {
        await _fleet.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>The metrics of both nodes.</summary>
    internal async Task<string> MetricsAsync() =>
        await Edge.Client.GetStringAsync("/metrics") + await _fleet.Origin.Client.GetStringAsync("/metrics");

    /// <summary>
    /// Creates and starts the experiment of the document's example under a slug, and returns its uid.
    /// </summary>
    internal async Task<string> StartAsync(string slug)
    {
        var example = ApiDocument
            .Instance.Root.GetProperty("paths")
            .GetProperty("/experiments/api")
            .GetProperty("post")
            .GetProperty("requestBody")
            .GetProperty("content")
            .GetProperty("application/json")
            .GetProperty("example");
        var uid = (
            await SendAsync("POST", "", example.GetRawText().Replace(Slug, slug, StringComparison.Ordinal))
        ).Text("uid");
        await SendAsync("POST", $"/{uid}/start");
        return uid;
    }

    /// <summary>
    /// Sends one request to any route; <paramref name="kind"/> names the key it shows, empty for none.
    /// </summary>
    internal async Task<Answer> AskAsync(
        string method,
        string path,
        string kind = "",
        string? body = null,
        string type = "application/json"
    )
    {
        // Another node serves these.
        var isOfFleet = path.StartsWith("/fleet/", StringComparison.Ordinal);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (kind.Length > 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Bearer",
                kind == "pictify" ? (isOfFleet ? _fleet.Key : Key) : _keys.GetValueOrDefault(kind, kind)
            );
        }

        if (kind == "millimetric-pk" || method == "OPTIONS")
        {
            request.Headers.TryAddWithoutValidation("Origin", Origin);
        }

        if (method == "OPTIONS")
        {
            request.Headers.TryAddWithoutValidation("Access-Control-Request-Method", "POST");
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }
        using var response = await (isOfFleet ? _fleet.Origin : Edge).Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new Answer(
            (int)response.StatusCode,
            response.Content.Headers.ContentType?.ToString(),
            text,
            response.Content.Headers.Allow
        );
    }

    protected override async Task PrepareAsync()
    {
        foreach (var kind in new[] { "write", "millimetric-sk", "millimetric-rk", "artie" })
        {
            _keys[kind] = await CreateKeyAsync(kind);
        }

        _keys["traffical"] = await CreateKeyAsync(
            "traffical",
            "--scope",
            "sdk:write",
            "--organization",
            "org_acme",
            "--project",
            "proj_marketplace",
            "--environment",
            "production"
        );
        _keys["traffical-read"] = await CreateKeyAsync("traffical", "--scope", "sdk:read");
        _keys["millimetric-pk"] = await CreateKeyAsync("millimetric-pk", "--origin", Origin);
    }

    /// <summary>What came back.</summary>
    internal sealed record Answer(int Status, string? Type, string Body, ICollection<string> Allow)
    {
        /// <summary>Last segment of the problem's type; empty for anything else.</summary>
        public string Problem =>
            Type != "application/problem+json" || Body.Length == 0
                ? ""
                : JsonDocument.Parse(Body).RootElement.GetProperty("type").GetString()!.Split('/')[^1];
    }
}
