using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Access;
using Edge.Hosting;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Settings;
using Edge.Telemetry;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>
/// The service in this process, listening on a free port, with a data directory of its own that outlives it.
/// </summary>
internal sealed class IngestSite : IAsyncDisposable
{
    private readonly TempDirectory _data = new();
    private readonly EdgeOptions _options;
    private EdgeService? _service;
    private HttpClient? _client;

    private IngestSite(Action<EdgeOptions>? set)
    {
        _options = new EdgeOptions
        {
            DataDir = _data["data"],
            Urls = "http://127.0.0.1:0",
            Demo = true,
            HttpStopGraceMs = 0,
            Node = "test",
        };
        set?.Invoke(_options);
    }

    public HttpClient Client => _client!;

    public static async Task<IngestSite> StartAsync(Action<EdgeOptions>? set = null)
    {
        var site = new IngestSite(set);
        await site.StartAsync();
        return site;
    }

    public string Issue(KeyKind kind, Func<KeyGrant, KeyGrant>? with = null)
    {
        var grant = new KeyGrant(kind);
        var secret = new KeyFile(_options.KeysFile).Issue(with is null ? grant : with(grant), DateTimeOffset.UtcNow);
        _service!.RefreshKeys();
        return secret;
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>Sends a POST; a header without a value is left out.</summary>
    public async Task<IngestAnswer> PostAsync(
        string path,
        string? key,
        HttpContent body,
        params (string Name, string? Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body };
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return await SendAsync(request, headers);
    }

    /// <summary>Sends JSON.</summary>
    public Task<IngestAnswer> PostAsync(
        string path,
        string? key,
        string json,
        params (string Name, string? Value)[] headers
    ) => PostAsync(path, key, new StringContent(json, Encoding.UTF8, "application/json"), headers);

    public async Task<IngestAnswer> SendAsync(HttpRequestMessage request, params (string Name, string? Value)[] headers)
    {
        foreach (var (name, value) in headers)
        {
            if (value is null)
            {
                continue;
            }

            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content!.Headers.TryAddWithoutValidation(name, value);
            }
        }
        using var response = await Client.SendAsync(request);
        var all = response
            .Headers.Concat(response.Content.Headers)
            .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        return new IngestAnswer(response.StatusCode, await response.Content.ReadAsStringAsync(), all);
    }

    /// <summary>Stops the service and reads every event of its journal.</summary>
    public async Task<JsonElement[]> StopAndReadAsync()
    {
        await StopAsync();
        await using var journal = EventJournal.Open(_options.ToJournalOptions(), TimeProvider.System, new Ledger());
        using var reader = journal.OpenReader(default);
        var batch = new RecordBatch();
        var events = new List<JsonElement>();
        while (batch.End.Sequence < journal.CommittedSequence)
        {
            reader.Read(batch, 1_000, 1 << 20);
            for (var i = 0; i < batch.Count; i++)
            {
                events.Add(JsonDocument.Parse(batch.Payload(i)).RootElement.Clone());
            }
        }
        return [.. events];
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _data.Dispose();
    }

    private async Task StartAsync()
    {
        _service = EdgeService.Open(_options, TimeProvider.System);
        await _service.StartAsync();
        _service.BecomeReady();
        _client = new HttpClient(
            new SocketsHttpHandler
            {
                UseProxy = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.None,
            }
        )
        {
            BaseAddress = new Uri(_service.Addresses[0]),
            Timeout = Wait.Limit,
        };
    }

    private async Task StopAsync()
    {
        if (_service is null)
        {
            return;
        }

        _client!.Dispose();
        await _service.StopAsync();
        await _service.DisposeAsync();
        _service = null;
    }
}

/// <summary>An answer of an ingestion API.</summary>
internal sealed record IngestAnswer(HttpStatusCode Code, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public int Status => (int)Code;

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    public void Is(int status, string body) => Assert.Equal((status, body), (Status, Body));
}
