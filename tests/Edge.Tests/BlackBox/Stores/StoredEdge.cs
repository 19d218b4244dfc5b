using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Stores;

/// <summary>A service whose store is a database of PostgreSQL, with a data directory of its own.</summary>
internal sealed class StoredEdge : IAsyncDisposable
{
    private readonly TempDirectory _data = new();
    private readonly (string Name, string Value)[] _settings;
    private EdgeProcess? _edge;

    public StoredEdge(string connection, params (string Name, string Value)[] more)
    {
        _settings =
        [
            ("EDGE__STORE__KIND", "postgres"),
            ("EDGE__STORE__CONNECTION", connection),
            // Longer than any test waits: what it sees it was told of.
            ("EDGE__STORE__POLLMS", "600000"),
            ("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1"),
            .. more,
        ];
    }

    public EdgeProcess Edge => _edge!;

    public string DataDir => _data.Path;

    public async Task<StoredEdge> StartAsync()
    {
        _edge = await EdgeProcess.StartAsync(_data.Path, [], _settings);
        return this;
    }

    /// <summary>Ends it as a machine does that loses its power, and starts it again.</summary>
    public async Task StartAgainAsync()
    {
        await Edge.KillAsync();
        await Edge.DisposeAsync();
        await StartAsync();
    }

    /// <summary>Runs a command with the settings of the service.</summary>
    public Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments) =>
        EdgeProcess.RunAsync(arguments, _settings);

    public async Task<string> CreateKeyAsync(params string[] more)
    {
        var (exitCode, output, error) = await RunAsync(
            ["keys", "create", "--kind", "pictify", "--data-dir", _data.Path, .. more]
        );
        Assert.Equal((0, ""), (exitCode, error));
        return output.Trim();
    }

    public async Task<ManagedAnswer> SendAsync(
        string key,
        string method,
        string path = "",
        string? body = null,
        string? ifMatch = null
    )
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/experiments/api" + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using var response = await Edge.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new ManagedAnswer(
            (int)response.StatusCode,
            text.Length == 0 ? default : JsonDocument.Parse(text).RootElement.Clone(),
            response
                .Headers.Concat(response.Content.Headers)
                .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase)
        );
    }

    /// <summary>Status of a click, and where it leads.</summary>
    public async Task<(int Status, string? Location)> ClickAsync(string slug)
    {
        using var answer = await Edge.Client.GetAsync(new Uri($"/s/{slug}/click", UriKind.Relative));
        return ((int)answer.StatusCode, answer.Headers.Location?.GetLeftPart(UriPartial.Path));
    }

    public async Task<int> PixelAsync(string slug)
    {
        using var answer = await Edge.Client.GetAsync(new Uri($"/s/{slug}/pixel.gif", UriKind.Relative));
        return (int)answer.StatusCode;
    }

    /// <summary>Waits for a line of the metrics.</summary>
    public Task UntilAsync(string line) =>
        Wait.ForAsync(
            () => Edge.Client.GetStringAsync("/metrics"),
            page => page.Contains(line + "\n", StringComparison.Ordinal)
        );

    public async ValueTask DisposeAsync()
    {
        if (_edge is not null)
        {
            await _edge.DisposeAsync();
        }

        _data.Dispose();
    }
}
