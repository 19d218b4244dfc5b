using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// One native binary and a key of its management API, for all tests of a class; each test has experiments of its own.
/// </summary>
public class ManagedEdge : IAsyncLifetime
{
    private static int _slugs;

    private readonly TempDirectory _data = new();

    internal EdgeProcess Edge { get; private set; } = null!;

    internal string DataDir => _data.Path;

    internal string Key { get; private set; } = "";

    public virtual async ValueTask InitializeAsync()
    {
        Key = await CreateKeyAsync("pictify");
        await PrepareAsync();
        Edge = await EdgeProcess.StartAsync(
            _data.Path,
            [],
            [("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1"), .. Settings]
        );
    }

    /// <summary>Settings beside those of every test, as environment variables.</summary>
    protected virtual (string Name, string Value)[] Settings => [];

    public virtual async ValueTask DisposeAsync()
    {
        await Edge.DisposeAsync();
        _data.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>What has to be there before it starts.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    /// <summary>A slug no other test has.</summary>
    internal static string NewSlug() => $"test-{Interlocked.Increment(ref _slugs)}";

    /// <summary>An A/B test with a link, as JSON.</summary>
    internal static string AbTest(string slug, string more = "") =>
        $$"""
            {"name":"Test","slug":"{{slug}}","type":"ab_test","variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],
             "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/{{slug}}"}{{more}}}
            """;

    internal async Task<string> CreateKeyAsync(string kind, params string[] more)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync([
            "keys",
            "create",
            "--kind",
            kind,
            "--data-dir",
            _data.Path,
            .. more,
        ]);
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    /// <summary>Sends one request and returns what came back; the body is JSON or empty.</summary>
    internal async Task<ManagedAnswer> SendAsync(
        string method,
        string path = "",
        string? body = null,
        string? key = null,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/experiments/api" + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key ?? Key);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using var response = await Edge.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var json = text.Length == 0 ? default : JsonDocument.Parse(text).RootElement.Clone();
        var all = response
            .Headers.Concat(response.Content.Headers)
            .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        return new ManagedAnswer((int)response.StatusCode, json, all);
    }

    /// <summary>Creates an A/B test and returns its uid and slug.</summary>
    internal async Task<(string Uid, string Slug)> CreateAsync(string more = "", params string[] actions)
    {
        var slug = NewSlug();
        var created = await SendAsync("POST", "", AbTest(slug, more));
        Assert.Equal(201, created.Status);
        var uid = created.Json.GetProperty("experiment").GetProperty("uid").GetString()!;
        foreach (var action in actions)
        {
            var answer = await SendAsync(
                "POST",
                $"/{uid}/{action}",
                action == "complete" ? """{"winnerVariantId":"b"}""" : null
            );
            Assert.Equal(200, answer.Status);
        }
        return (uid, slug);
    }
}

/// <summary>An answer of the management API.</summary>
internal sealed record ManagedAnswer(int Status, JsonElement Json, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Last segment of the problem's type.</summary>
    public string Problem => Json.GetProperty("type").GetString()!.Split('/')[^1];

    /// <summary>Field and code of every violation, as <c>field: code</c>.</summary>
    public IEnumerable<string> Errors =>
        Json.GetProperty("errors")
            .EnumerateArray()
            .Select(e => $"{e.GetProperty("field").GetString()}: {e.GetProperty("code").GetString()}");

    public JsonElement Experiment => Json.GetProperty("experiment");

    public string Text(string member) => Experiment.GetProperty(member).GetString()!;
}
