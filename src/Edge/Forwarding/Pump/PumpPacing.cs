namespace Edge.Forwarding.Pump;

/// <summary>
/// When a pump waits, for how long, and what ends the wait: the beginning of an orderly stop, and during the stop its
/// deadline. Used by the pump's thread, except for <see cref="BeginStopAsync"/> and <see cref="Abandon"/>.
/// </summary>
internal sealed class PumpPacing(SinkPumpOptions options, TimeProvider time) : IDisposable
{
    private const int MaxDoublings = 30;
    private const int EmptyReadPauseMs = 100;
    private const int PausedPollMs = 300;

    /// <summary>Between two looks at the pause switch while there is nothing to send.</summary>
    private static readonly TimeSpan PauseLook = TimeSpan.FromMilliseconds(900);

    /// <summary>Longest pause a sink may ask for.</summary>
    public static readonly TimeSpan RetryAfterMax = TimeSpan.FromMinutes(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abandon = new();
    private long _batchBegan;
    private long _checkpointed = time.GetTimestamp();
    private long _bytesSinceCheckpoint;
    private long _nextAllowed;
    private int _failures;
    private int _emptyReads;

    public bool IsStopping => _stop.IsCancellationRequested;

    /// <summary>Cancelled at the deadline of an orderly stop.</summary>
    public CancellationToken Abandoned => _abandon.Token;

    public CancellationToken WaitToken => IsStopping ? _abandon.Token : _stop.Token;

    public bool CheckpointIsDue =>
        _bytesSinceCheckpoint >= options.CheckpointBytes || UntilCheckpoint() <= TimeSpan.Zero;

    public Task BeginStopAsync() => _stop.CancelAsync();

    public void Abandon() => _abandon.Cancel();

    public void BatchBegins() => _batchBegan = time.GetTimestamp();

    public void Delivered(int bytes, int events)
    {
        _bytesSinceCheckpoint += bytes;
        _emptyReads = 0;
        if (options.EventsPerSecondMax > 0)
        {
            var ticks = (double)events * time.TimestampFrequency / options.EventsPerSecondMax;
            _nextAllowed = Math.Max(_batchBegan, _nextAllowed) + (long)ticks;
        }
    }

    /// <summary>Nothing failed; the next pause after a failure is a short one again.</summary>
    public void Succeeded() => _failures = 0;

    public void Checkpointed()
    {
        _bytesSinceCheckpoint = 0;
        _checkpointed = time.GetTimestamp();
    }

    /// <summary>
    /// Waits until the next batch may begin, so that batches are large under load. Not during a stop.
    /// </summary>
    public Task LingerAsync()
    {
        var linger = TimeSpan.FromMilliseconds(options.LingerMs) - time.GetElapsedTime(_batchBegan);
        var rest = UntilAllowed();
        return DelayAsync(linger > rest ? linger : rest, _stop.Token);
    }

    /// <summary>Waits until the rate of events allows more. Not during a stop.</summary>
    public Task RestAsync() => DelayAsync(UntilAllowed(), _stop.Token);

    /// <summary>
    /// Exponential with full jitter, so that nodes that lost the same sink do not retry in step. Not shorter than what
    /// the sink asked for, and never longer than <see cref="RetryAfterMax"/>.
    /// </summary>
    public Task BackOffAsync(TimeSpan retryAfter)
    {
        var doubled = (double)options.RetryBaseMs * (1L << Math.Min(_failures, MaxDoublings));
        _failures++;
        var pauseMs = 1 + (Random.Shared.NextDouble() * Math.Min(options.RetryCeilingMs, doubled));
        var asked = retryAfter < RetryAfterMax ? retryAfter : RetryAfterMax;
        var pause = TimeSpan.FromMilliseconds(pauseMs);
        return DelayAsync(asked > pause ? asked : pause, WaitToken);
    }

    /// <summary>Waits before the pause switch is checked again; ends at once during a stop.</summary>
    public Task PausedAsync() => DelayAsync(TimeSpan.FromMilliseconds(PausedPollMs), _stop.Token);

    /// <summary>
    /// Waits for new records, and no longer than to the next checkpoint when one is pending, or to the next look at the
    /// pause switch.
    /// </summary>
    public Task WaitAsync(Task newRecords, bool isCheckpointPending)
    {
        if (newRecords.IsCompleted)
        {
            _emptyReads++;
            // There are records that the reader did not find a moment ago. Mostly they have just been committed; if
            // not, do not spin.
            var pauseMs = _emptyReads > 1 ? EmptyReadPauseMs : 0;
            return DelayAsync(TimeSpan.FromMilliseconds(pauseMs), WaitToken);
        }

        var longest = isCheckpointPending ? UntilCheckpoint() : TimeSpan.MaxValue;
        if (options.PausePath is not null && longest > PauseLook)
        {
            longest = PauseLook;
        }

        return longest < TimeSpan.MaxValue
            ? Task.WhenAny(newRecords, DelayAsync(longest, WaitToken))
            : Task.WhenAny(newRecords);
    }

    public void Dispose()
    {
        _stop.Dispose();
        _abandon.Dispose();
    }

    private TimeSpan UntilAllowed() =>
        _nextAllowed == 0 ? TimeSpan.Zero : time.GetElapsedTime(time.GetTimestamp(), _nextAllowed);

    private TimeSpan UntilCheckpoint() =>
        TimeSpan.FromMilliseconds(options.CheckpointIntervalMs) - time.GetElapsedTime(_checkpointed);

    private async Task DelayAsync(TimeSpan delay, CancellationToken cancellation)
    {
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, time, cancellation)
                .ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext
                );
        }
    }
}

/// <summary>
/// Whether a sink is paused: as long as the file <c>DATA/paused/NAME</c> exists, across restarts. A paused sink gets
/// nothing and the journal retains its events. Anyone who may write into the data directory may pause a sink; a running
/// service notices within a second. <see cref="IsPaused"/> is for one thread.
/// </summary>
internal sealed class PauseSwitch(string path, TimeProvider time)
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMilliseconds(250);

    private long _checkedAt;
    private bool _isPaused;

    /// <summary>The path of a sink's file.</summary>
    public static string PathOf(string dataDirectory, string sink) => Path.Combine(dataDirectory, "paused", sink);

    /// <summary>Checks for the file, at most four times a second.</summary>
    public bool IsPaused
    {
        get
        {
            var now = time.GetTimestamp();
            if (_checkedAt == 0 || time.GetElapsedTime(_checkedAt, now) >= CheckInterval)
            {
                _checkedAt = now;
                _isPaused = File.Exists(path);
            }

            return _isPaused;
        }
    }

    /// <summary>
    /// Pauses a sink. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
    /// </summary>
    public static void Pause(string dataDirectory, string sink)
    {
        var path = PathOf(dataDirectory, sink);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, []);
    }

    /// <summary>Ends the pause; false when the sink was not paused.</summary>
    public static bool Resume(string dataDirectory, string sink)
    {
        var path = PathOf(dataDirectory, sink);
        if (!File.Exists(path))
        {
            return false;
        }

        File.Delete(path);
        return true;
    }
}
