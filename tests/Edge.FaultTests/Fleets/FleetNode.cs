using System.Globalization;
using System.Text.Json;
using Edge.FaultTests.Network;
using Edge.FaultTests.Oracle;
using Edge.Tests.Support;

namespace Edge.FaultTests.Fleets;

/// <summary>An origin or an edge on a host of its own, killed and started again with the same data.</summary>
internal sealed class FleetNode : IAsyncDisposable
{
    private const int Port = 8_080;

    private readonly string _script;
    private readonly (string Name, string Value)[] _settings;
    private EdgeProcess? _process;
    private volatile bool _isOpen;
    private int _kills;

    /// <param name="host">Where it runs.</param>
    /// <param name="directory">Its clock and how it is started.</param>
    /// <param name="dataDir">Its data.</param>
    /// <param name="binary">The build under test.</param>
    /// <param name="settings">Its settings, as environment variables.</param>
    public FleetNode(
        TestHost host,
        string directory,
        string dataDir,
        string binary,
        (string Name, string Value)[] settings
    )
    {
        (Host, DataDir) = (host, dataDir);
        Directory.CreateDirectory(directory);
        Clock = new ShiftedClock(directory);
        _settings = [.. settings, ("EDGE__NODE", host.Name), .. Clock.Environment];
        _script = Path.Combine(directory, "start.sh");
        File.WriteAllText(_script, $"#!/bin/sh\nexec {string.Join(' ', host.Enter)} \"{binary}\" \"$@\"\n");
        File.SetUnixFileMode(_script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public TestHost Host { get; }

    public string Name => Host.Name;

    public ShiftedClock Clock { get; }

    public string DataDir { get; }

    public Uri Address => new($"http://{Host.Address}:{Port}");

    /// <summary>Whether visitors may be sent to it: it has been ready since it was started.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>How often it was killed; counted before it is.</summary>
    public int Kills => Volatile.Read(ref _kills);

    /// <summary>Newest version of the catalog that it has shown since it was started.</summary>
    public long Version { get; private set; }

    /// <summary>Starts it and waits until it is ready; says why when it is not.</summary>
    public async Task<string?> StartAsync()
    {
        var process = EdgeProcess.Launch(
            DataDir,
            [],
            _settings,
            _script,
            Address,
            // An origin is also asked at the address that it may get.
            $"http://0.0.0.0:{Port}"
        );
        _process = process;
        Version = 0;
        if (await process.IsReadyWithinAsync(Wait.Limit))
        {
            _isOpen = true;
            return null;
        }

        return process.HasExited
            ? $"{Name} did not start: {(await process.Error).Trim()}"
            : $"{Name} was not ready within {Wait.Limit.TotalSeconds} s: {process.ErrorSoFar}";
    }

    public async Task KillAsync()
    {
        _isOpen = false;
        Interlocked.Increment(ref _kills);
        if (_process is { } process)
        {
            await process.KillAsync();
            await process.DisposeAsync();
            _process = null;
        }
    }

    /// <summary>Null, or that it has ended although nobody ended it.</summary>
    public async Task<string?> CheckAliveAsync() =>
        _process is { HasExited: true } process ? $"{Name} ended by itself: {(await process.Error).Trim()}" : null;

    /// <summary>What it has said on stderr since it was started.</summary>
    public string Messages => _process?.ErrorSoFar ?? "";

    public async Task<Counters> CountersAsync() => Counters.Parse(await _process!.Client.GetStringAsync("/ledger"));

    /// <summary>
    /// Looks at the version of its catalog; says so when it is an older one than before. A start may bring back one that
    /// was not written any more.
    /// </summary>
    public async Task<string?> CheckVersionAsync()
    {
        var version = await VersionAsync();
        var before = Version;
        Version = Math.Max(version, before);
        return version < before ? $"{Name} went from version {before} of the catalog back to {version}" : null;
    }

    /// <summary>The version of the catalog: the newest of an origin, the one in force of an edge.</summary>
    public async Task<long> VersionAsync()
    {
        const string Metric = "edge_fleet_catalog_version ";
        var page = await _process!.Client.GetStringAsync("/metrics");
        var line = page.Split('\n').Single(line => line.StartsWith(Metric, StringComparison.Ordinal));
        return (long)double.Parse(line.AsSpan(Metric.Length), CultureInfo.InvariantCulture);
    }

    /// <summary>Whether it serves an experiment; of one that exists a healthy edge never says anything else.</summary>
    public async Task<bool> ServesAsync(string slug)
    {
        using var answer = await _process!.Client.GetAsync(new Uri($"/s/{slug}/resolve?u=tests", UriKind.Relative));
        return answer.IsSuccessStatusCode;
    }

    /// <summary>
    /// One request to its management API, with a body or none; status 0 when there was no answer in time.
    /// </summary>
    public async Task<(int Status, JsonElement Json)> ManageAsync(string key, string path, string body, TimeSpan time)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/experiments/api" + path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        request.Content = body.Length == 0 ? null : new StringContent(body, null, "application/json");
        using var deadline = new CancellationTokenSource(time);
        try
        {
            using var answer = await _process!.Client.SendAsync(request, deadline.Token);
            var text = await answer.Content.ReadAsStringAsync(deadline.Token);
            return ((int)answer.StatusCode, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement.Clone() : default);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return (0, default);
        }
    }

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? default;
}
