namespace Edge.Forwarding.Pump;

/// <summary>
/// When a pump waits, how long, and what ends the wait. Before an orderly stop every wait ends at its begin, during
/// the stop at its deadline. Used by the pump's thread, but for <see cref="BeginStopAsync"/> and
/// <see cref="Abandon"/>.
/// </summary>
internal sealed class PumpPacing(SinkPumpOptions options, TimeProvider time) : IDisposable
{
    private const int MaxDoublings = 30;
    private const int NewsWithoutRecordsPauseMs = 100;
    private const int PausedLookMs = 300;

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

    /// <summary>Cancelled when the time of an orderly stop is over.</summary>
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
    /// Exponential with full jitter: many nodes that lost the same sink do not come back in step. Not shorter than what
    /// the sink asked for, and in no case longer than <see cref="RetryAfterMax"/>.
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

    /// <summary>Waits a moment of a pause that an operator made; ends at once during a stop.</summary>
    public Task PausedAsync() => DelayAsync(TimeSpan.FromMilliseconds(PausedLookMs), _stop.Token);

    /// <summary>Waits for news, and no longer than to the next checkpoint when one is owed.</summary>
    public Task WaitAsync(Task news, bool owesCheckpoint)
    {
        _emptyReads++;
        if (news.IsCompleted)
        {
            // News that the reader did not find a moment ago. Mostly they have just come; if they have not, do not
            // spin.
            var pauseMs = _emptyReads > 1 ? NewsWithoutRecordsPauseMs : 0;
            return DelayAsync(TimeSpan.FromMilliseconds(pauseMs), WaitToken);
        }

        return owesCheckpoint ? Task.WhenAny(news, DelayAsync(UntilCheckpoint(), WaitToken)) : Task.WhenAny(news);
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
