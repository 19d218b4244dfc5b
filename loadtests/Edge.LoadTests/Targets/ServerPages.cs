using System.Globalization;
using System.Net;
using System.Text.Json;
using Edge.LoadTests.Generation;

namespace Edge.LoadTests.Targets;

/// <summary>
/// What the server says of itself on <c>/metrics</c> and <c>/ledger</c>, which may stand at an address of their own and
/// is read by HTTP/1.1, or by HTTP/2 where a port speaks that alone.
/// </summary>
internal sealed class ServerPages(GeneratorOptions options, Uri admin) : IDisposable
{
    private readonly HttpClient _client = HttpClientGenerator.Client(
        options with
        {
            Address = admin,
            IsHttp2 = false,
        }
    );

    private Version _version = HttpVersion.Version11;

    /// <summary>The ledger before anything is sent.</summary>
    /// <exception cref="UsageException">It cannot be read.</exception>
    public async Task<ServerLedger> FirstLedgerAsync(CancellationToken cancellation)
    {
        var (ledger, problem) = await ReadLedgerAsync(cancellation);
        if (ledger is null && options.IsHttp2)
        {
            _version = HttpVersion.Version20;
            (ledger, _) = await ReadLedgerAsync(cancellation);
        }

        return ledger ?? throw new UsageException(problem!);
    }

    /// <summary>The samples of <c>/metrics</c> now; null when they are not to be had.</summary>
    public async Task<ServerSample?> SampleAsync(CancellationToken cancellation)
    {
        var (page, _) = await ReadAsync("/metrics", cancellation);
        return page is null ? null : ServerSample.Parse(page);
    }

    /// <summary>The ledger now; null when it is not to be had.</summary>
    public async Task<ServerLedger?> LedgerAsync(CancellationToken cancellation) =>
        (await ReadLedgerAsync(cancellation)).Ledger;

    public void Dispose() => _client.Dispose();

    private async Task<(ServerLedger? Ledger, string? Problem)> ReadLedgerAsync(CancellationToken cancellation)
    {
        var (page, problem) = await ReadAsync("/ledger", cancellation);
        try
        {
            return (page is null ? null : ServerLedger.Parse(page), problem);
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return (null, Unreadable("/ledger", "the page of another server"));
        }
    }

    /// <summary>A page, or why it is not to be had.</summary>
    private async Task<(string? Page, string? Problem)> ReadAsync(string path, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(options.Timeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(admin, path))
            {
                Version = _version,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            using var response = await _client.SendAsync(request, deadline.Token);
            return response.IsSuccessStatusCode
                ? (await response.Content.ReadAsStringAsync(deadline.Token), null)
                : (null, Unreadable(path, $"HTTP {(int)response.StatusCode}"));
        }
        catch (HttpRequestException e)
        {
            return (null, ConnectionProblem.Describe(admin, e));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, $"{admin} does not answer within {options.Timeout.TotalSeconds:0.#} s");
        }
    }

    private string Unreadable(string path, string why) =>
        $"{new Uri(admin, path)} cannot be read ({why}), so no event could be accounted for; "
        + "--admin-url names where metrics and ledger are";
}

/// <summary>What <c>/metrics</c> said at one moment.</summary>
internal sealed record ServerSample
{
    public double CpuSeconds { get; init; }

    /// <summary>When the process started, seconds since 1970; tells it from the one after a restart.</summary>
    public double StartedAt { get; init; }

    public double MemoryBytes { get; init; }
    public double OpenFiles { get; init; }
    public double Connections { get; init; }

    /// <summary>Events that the slowest sink has yet to take.</summary>
    public double Pending { get; init; }

    public double JournalBytes { get; init; }

    /// <summary>Threads, where the process is on this machine and known.</summary>
    public double? Threads { get; init; }

    /// <summary>Version and commit.</summary>
    public string Build { get; init; } = "";

    /// <summary>Whether the same process said it later, so that its counters go on.</summary>
    public bool IsOfProcess(ServerSample later) => later.StartedAt == StartedAt && later.CpuSeconds >= CpuSeconds;

    public static ServerSample Parse(string page)
    {
        var sample = new ServerSample();
        foreach (var line in page.Split('\n'))
        {
            var space = line.LastIndexOf(' ');
            if (
                space < 0
                || line[0] == '#'
                || !double.TryParse(
                    line.AsSpan(space + 1),
                    NumberStyles.Float,
                    CultureInfo.InvariantCulture,
                    out var value
                )
            )
            {
                continue;
            }

            var brace = line.IndexOf('{', StringComparison.Ordinal);
            sample = line[..(brace < 0 ? space : brace)] switch
            {
                "process_cpu_seconds_total" => sample with { CpuSeconds = value },
                "process_start_time_seconds" => sample with { StartedAt = value },
                "process_resident_memory_bytes" => sample with { MemoryBytes = value },
                "process_open_fds" => sample with { OpenFiles = value },
                "edge_connections" => sample with { Connections = value },
                "edge_sink_pending" => sample with { Pending = Math.Max(sample.Pending, value) },
                "edge_journal_bytes" => sample with { JournalBytes = value },
                "edge_build_info" => sample with { Build = Labels(line[(brace + 1)..(space - 1)]) },
                _ => sample,
            };
        }

        return sample;
    }

    /// <summary>Labels as people read them: <c>version 0.1.0, runtime .NET 10</c>.</summary>
    private static string Labels(string labels) =>
        string.Join(
            ", ",
            labels.Split("\",").Select(static label => label.Replace("=\"", " ", StringComparison.Ordinal).Trim('"'))
        );
}

/// <summary>What <c>/ledger</c> said at one moment.</summary>
internal sealed record ServerLedger
{
    public required long Stored { get; init; }
    public required long InFlight { get; init; }
    public required long Received { get; init; }

    /// <summary>Events that were received and not stored, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Dropped { get; init; }

    public required IReadOnlyList<Sink> Sinks { get; init; }

    /// <summary>Events of tests that it has received; null when it does not tell them apart.</summary>
    public long? Synthetic { get; init; }

    /// <summary>One sink's half of the equation.</summary>
    public sealed record Sink(string Name, long Forwarded, long Pending, long DeadLettered, long Skipped)
    {
        public long Taken => Forwarded + DeadLettered + Skipped;
    }

    public static ServerLedger Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        return new ServerLedger
        {
            Stored = Number(root, "stored"),
            InFlight = Number(root, "in_flight"),
            Received = Number(root, "received"),
            Dropped = root.GetProperty("dropped")
                .EnumerateObject()
                .ToDictionary(static reason => reason.Name, static reason => reason.Value.GetInt64()),
            Synthetic = root.TryGetProperty("synthetic", out var synthetic) ? Number(synthetic, "received") : null,
            Sinks =
            [
                .. root.GetProperty("sinks")
                    .EnumerateArray()
                    .Select(static sink => new Sink(
                        sink.GetProperty("sink").GetString()!,
                        Number(sink, "forwarded"),
                        Number(sink, "pending"),
                        Number(sink, "dead_lettered"),
                        Number(sink, "skipped")
                    )),
            ],
        };
    }

    private static long Number(JsonElement of, string name) => of.GetProperty(name).GetInt64();
}
