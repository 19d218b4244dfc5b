using System.Collections.Concurrent;
using Edge.Catalog;
using Edge.Forwarding.Http;
using Edge.Telemetry;

namespace Edge.Alerts;

/// <summary>How destinations are checked.</summary>
internal sealed record DestinationCheckerOptions
{
    /// <summary>Between two checks of a destination; each is up to a tenth of it earlier, so that they spread.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Between two rounds, and before a first failure is looked at again.</summary>
    public required TimeSpan Interval { get; init; }

    /// <summary>Which addresses may be connected to.</summary>
    public required HttpTransportOptions Transport { get; init; }
}

/// <summary>
/// Asks the destinations of running experiments whether they are there: GET, one at a time, no redirect followed, nothing
/// of the body read. A destination fails when it does so twice in a row, and is well again with the first answer that is
/// not a failure. One loop checks; any thread may read <see cref="Failing"/>.
/// </summary>
internal sealed class DestinationChecker : IDisposable
{
    /// <summary>What others see in their logs.</summary>
    public static readonly string UserAgent = $"Edge/{BuildInfo.Version} (alerts)";

    /// <summary>Most checks of one round; with more destinations than fit, the time between two checks grows.</summary>
    private const int ChecksOfRoundMax = 200;

    /// <summary>Failures in a row that make an alert.</summary>
    private const int FailuresMin = 2;

    /// <summary>A failing destination is checked again after so many intervals, if the period is not shorter.</summary>
    private const int IntervalsWhileFailing = 10;

    private const double JitterShare = 0.1;

    /// <summary>Between two checks, so that a server with many pages is not asked for all of them at once.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly DestinationCheckerOptions _options;
    private readonly CatalogHolder _catalog;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly HttpTransport _transport;
    private readonly Dictionary<string, Check> _checks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _failing = new(StringComparer.Ordinal);
    private ExperimentCatalog? _seen;
    private int _notAllowed;

    /// <param name="options">How often, and where to.</param>
    /// <param name="catalog">The experiments.</param>
    /// <param name="known">Destinations that failed before a restart.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Receives what is not checked.</param>
    public DestinationChecker(
        DestinationCheckerOptions options,
        CatalogHolder catalog,
        IEnumerable<string> known,
        TimeProvider time,
        ILogger log
    )
    {
        _options = options;
        _catalog = catalog;
        _time = time;
        _log = log;
        // The answer's head says all there is to know.
        _transport = new HttpTransport(options.Transport with { ResponseMaxBytes = 0 }, time);
        foreach (var destination in known)
        {
            _checks[destination] = new Check(destination) { Failures = FailuresMin };
            _failing[destination] = "as it did before the restart";
        }
    }

    /// <summary>The destinations that fail, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> Failing => _failing;

    /// <summary>Checks until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await CheckDueAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                _log.BackgroundFailed(e, "The checker of destinations");
            }

            await Task.WhenAny(Task.Delay(_options.Interval, _time, cancellation));
        }
    }

    /// <summary>What makes a destination a failing one, as the rest of a sentence; null when it is not.</summary>
    public static string? ProblemOf(HttpResult result) =>
        result.IsAddressRefused ? null
        : result.Failure is { } failure ? failure
        : result.Status is 404 or 410 or >= 500 ? $"it answered {result.Status}"
        : null;

    public void Dispose() => _transport.Dispose();

    private async Task CheckDueAsync(CancellationToken cancellation)
    {
        Follow(_catalog.Current);
        var now = _time.GetTimestamp();
        var due = _checks.Values.Where(check => check.DueAt <= now).ToList();
        due.Sort(static (one, other) => one.DueAt.CompareTo(other.DueAt));
        foreach (var check in due.Take(ChecksOfRoundMax))
        {
            await CheckAsync(check, cancellation);
            await Task.Delay(Pause, _time, cancellation);
        }

        var notAllowed = _checks.Values.Count(static check => check.IsNotAllowed);
        if (notAllowed != _notAllowed && notAllowed > 0)
        {
            _log.DestinationsNotAllowed(notAllowed);
        }

        _notAllowed = notAllowed;
    }

    private async Task CheckAsync(Check check, CancellationToken cancellation)
    {
        var destination = check.Destination;
        using var request = new HttpRequestMessage(HttpMethod.Get, destination);
        request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        request.Headers.TryAddWithoutValidation("Accept", "*/*");
        request.Headers.ConnectionClose = true;
        var result = await _transport.SendAsync(request, cancellation);
        check.CheckedAt = _time.GetUtcNow();
        check.IsNotAllowed = result.IsAddressRefused;
        if (ProblemOf(result) is not { } problem)
        {
            check.Failures = 0;
            _failing.TryRemove(destination, out _);
            check.DueAt = After(_options.Period * (1 - JitterShare * Random.Shared.NextDouble()));
            return;
        }

        check.Failures = Math.Min(FailuresMin, check.Failures + 1);
        if (check.Failures < FailuresMin)
        {
            check.DueAt = After(_options.Interval);
            return;
        }

        _failing[destination] = problem;
        var soon = _options.Interval * IntervalsWhileFailing;
        check.DueAt = After(soon < _options.Period ? soon : _options.Period);
    }

    /// <summary>Takes up new destinations, looks anew at those of what was started, and drops those that no running experiment has.</summary>
    private void Follow(ExperimentCatalog catalog)
    {
        if (ReferenceEquals(catalog, _seen))
        {
            return;
        }

        _seen = catalog;
        var gone = _checks.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (var entry in catalog.Entries)
        {
            if (!entry.IsRunning)
            {
                continue;
            }

            foreach (var destination in AlertRules.DestinationsOf(entry.Experiment))
            {
                gone.Remove(destination);
                if (!_checks.TryGetValue(destination, out var check))
                {
                    _checks.Add(destination, new Check(destination));
                }
                else if (entry.Experiment.RunningSince > check.CheckedAt)
                {
                    // It has been started since, so somebody wants to know.
                    check.DueAt = 0;
                }
            }
        }

        foreach (var destination in gone)
        {
            _checks.Remove(destination);
            _failing.TryRemove(destination, out _);
        }
    }

    private long After(TimeSpan wait) => _time.GetTimestamp() + (long)(wait.TotalSeconds * _time.TimestampFrequency);

    private sealed class Check(string destination)
    {
        public string Destination => destination;
        public long DueAt { get; set; }
        public DateTimeOffset CheckedAt { get; set; }
        public int Failures { get; set; }
        public bool IsNotAllowed { get; set; }
    }
}
