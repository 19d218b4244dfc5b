using Edge.Forwarding.DeadLetters;
using Edge.Journal;
using Edge.Journal.Records;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.Pump;

/// <summary>
/// Moves committed events from the journal to one sink, in order, for as long as the process runs. What happens to a
/// batch is in <see cref="BatchPipeline"/>; here is when: the loop, its pauses, its orderly stop. A sink that fails is
/// retried for ever; no event is given up.
/// </summary>
/// <remarks>
/// The loop has a thread of its own (<see cref="PumpThread"/>), and only that thread touches the pipeline and the sink,
/// which the pump owns from here on. <see cref="Status"/> may be read from any thread.
/// </remarks>
internal sealed class SinkPump : IDisposable
{
    private readonly EventJournal _journal;
    private readonly SinkPumpOptions _options;
    private readonly PumpPacing _pacing;
    private readonly PumpProgress _progress;
    private readonly SinkHealth _health;
    private readonly BatchPipeline _pipeline;
    private readonly PauseSwitch? _pause;
    private Task? _loop;

    /// <summary>
    /// Opens the sink's cursor; throws <see cref="JournalException"/> when it cannot be trusted or does not fit the
    /// journal.
    /// </summary>
    public SinkPump(
        EventJournal journal,
        ISink sink,
        TruncationGate gate,
        SinkPumpOptions options,
        TimeProvider time,
        ILogger log
    )
    {
        _journal = journal;
        _options = options;
        _pacing = new PumpPacing(options, time);
        _progress = new PumpProgress(options, journal, gate, time);
        _health = new SinkHealth(options.SinkName, time, log);
        _pipeline = new BatchPipeline(journal, sink, options, _progress, _pacing, _health)
        {
            DeadLetters = options.DeadLetterDirectory is { } deadLetters
                ? new DeadLetterBox(deadLetters, options.SinkName, time)
                : null,
        };
        _pause = options.PausePath is { } pause ? new PauseSwitch(pause, time) : null;
    }

    public SinkStatus Status => _health.StatusAt(_journal, _progress);

    /// <summary>The sink's name.</summary>
    public string Name => _options.SinkName;

    /// <summary>Whether events go somewhere else with it; the tally counts them only.</summary>
    public bool IsDestination => _options.DeadLetterDirectory is not null;

    /// <inheritdoc cref="PumpProgress.WaitDurableAsync"/>
    public ValueTask<bool> WaitDurableAsync(long first, long last, CancellationToken cancellation) =>
        _progress.WaitDurableAsync(first, last, cancellation);

    /// <summary>
    /// What became of an event of the journal at this sink. May read the files of its dead letters, at most 64 MiB.
    /// </summary>
    public SinkReceipt ReceiptOf(long sequence, EventId id, ReadOnlySpan<byte> payload)
    {
        var state = Status.State;
        var (taken, durable) = _progress.Snapshot;
        if (taken.Cursor.Sequence < sequence)
        {
            return new SinkReceipt(Name, SinkFate.Pending, null, IsDurable: false, state);
        }
        var by = _progress.TimeOf(sequence);
        return new SinkReceipt(Name, FateOf(taken, by, id, payload), by, durable.Cursor.Sequence >= sequence, state);
    }

    public void Start() => _loop = PumpThread.Run("edge-sink-" + _options.SinkName, RunAsync);

    /// <summary>
    /// Forwards what is committed until nothing is left or the deadline is cancelled, makes the cursor durable and
    /// ends. A disk that hangs can make this late: a caller that cannot wait bounds the wait.
    /// </summary>
    public async Task StopAsync(CancellationToken deadline)
    {
        await using var registration = deadline.UnsafeRegister(
            static pacing => ((PumpPacing)pacing!).Abandon(),
            _pacing
        );
        await _pacing.BeginStopAsync();
        if (_loop is not null)
        {
            await _loop;
        }
    }

    /// <summary>
    /// Closes the sink and its cursor. A pump that hangs keeps them; they close with the process.
    /// </summary>
    public void Dispose()
    {
        if (_loop is { IsCompleted: false })
        {
            return;
        }

        _pipeline.Dispose();
        _progress.Dispose();
        _pacing.Dispose();
    }

    private SinkFate FateOf(in SinkProgress taken, DateTimeOffset? by, EventId id, ReadOnlySpan<byte> payload)
    {
        if (_options.Filter is { } filter && !filter.Passes(payload))
        {
            return SinkFate.Filtered;
        }
        bool? isSetAside = false;
        if (taken.DeadLettered > 0 && _options.DeadLetterDirectory is { } directory)
        {
            isSetAside = DeadLetterFiles.Contains(directory, id);
        }
        return isSetAside switch
        {
            true => SinkFate.DeadLettered,
            // Of what was taken since the start it is known that it was.
            false when by is not null || taken.Skipped == taken.Filtered => SinkFate.Forwarded,
            _ => SinkFate.Passed,
        };
    }

    private async Task RunAsync()
    {
        while (!_pacing.Abandoned.IsCancellationRequested)
        {
            try
            {
                if (!await TurnAsync())
                {
                    break;
                }
            }
            catch (Exception e)
            {
                // A loop that ends would fill the journal silently.
                _health.Failed($"{e.GetType().Name}: {e.Message}");
                await _pacing.BackOffAsync(TimeSpan.Zero);
            }
        }

        await _pipeline.FinishAsync();
        _health.Stopped();
    }

    /// <summary>One turn of the loop; false when there is nothing left to do before the stop.</summary>
    private async Task<bool> TurnAsync()
    {
        if (_pause is { IsPaused: true })
        {
            if (_pacing.IsStopping)
            {
                return false;
            }

            _health.Paused(_pipeline.IsCaughtUp);
            await _pipeline.SettleAsync();
            await _pacing.PausedAsync();
            return true;
        }

        var step = await _pipeline.StepAsync();
        if (step == PumpStep.NothingToRead && _pacing.IsStopping && _pipeline.IsCaughtUp)
        {
            return false;
        }

        if (step != PumpStep.Failed)
        {
            _pacing.Succeeded();
        }

        await (
            step switch
            {
                PumpStep.Delivered => _pacing.LingerAsync(),
                PumpStep.DeliveredFullBatch => _pacing.RestAsync(),
                PumpStep.NothingToRead => _pipeline.WaitForRecordsAsync(),
                PumpStep.Failed => _pacing.BackOffAsync(_pipeline.RetryAfter),
                _ => Task.CompletedTask,
            }
        );
        return true;
    }
}

/// <summary>Every setting of one sink's pump. Times are milliseconds.</summary>
internal sealed record SinkPumpOptions
{
    /// <summary>The sink's name in metrics, status and messages.</summary>
    public required string SinkName { get; init; }

    /// <summary>The file that keeps the sink's durable cursor (<c>DATA/cursors/NAME</c>).</summary>
    public required string CursorPath { get; init; }

    /// <summary>
    /// The file that records the current batch (<c>DATA/intents/NAME</c>); for sinks that want the same batches.
    /// </summary>
    public string? IntentPath { get; init; }

    /// <summary>Directory of the events the sink refused; null when it never refuses any.</summary>
    public string? DeadLetterDirectory { get; init; }

    /// <summary>The file that pauses the sink while it exists; null when the sink cannot be paused.</summary>
    public string? PausePath { get; init; }

    /// <summary>Which events the sink gets; null is all.</summary>
    public EventFilter? Filter { get; init; }

    /// <summary>Which members of an event the sink gets; null is all, unchanged.</summary>
    public EventFields? Fields { get; init; }

    /// <summary>
    /// Events that may be refused and set aside in a row before the sink stops and retries. 1 to 1000000.
    /// </summary>
    public int RefusedInARowMax { get; init; } = 100;

    /// <summary>Most events in one batch. 1 to 1000000.</summary>
    public int BatchMaxRecords { get; init; } = 20_000;

    /// <summary>
    /// Most bytes in one batch: about 100 ms of events on a fully loaded small machine, and the memory a pump needs.
    /// </summary>
    public int BatchMaxBytes { get; init; } = 4 << 20;

    /// <summary>
    /// Under load, the least time between the beginnings of two batches, so that batches are large and the pump costs
    /// little. An event after a longer silence is sent at once. 0 to 10000.
    /// </summary>
    public int LingerMs { get; init; } = 100;

    /// <summary>
    /// Most events a second, averaged over a batch; 0 is no limit. Limits a backlog as well.
    /// </summary>
    public int EventsPerSecondMax { get; init; }

    /// <summary>
    /// Longest time between a delivery and its durable cursor: what a kill makes the sink get a second time. 10 to
    /// 60000.
    /// </summary>
    public int CheckpointIntervalMs { get; init; } = 1_000;

    /// <summary>Delivered bytes after which the cursor is made durable before that time.</summary>
    public long CheckpointBytes { get; init; } = 32L << 20;

    /// <summary>Upper bound of the first pause after a failure; doubles with each further failure.</summary>
    public int RetryBaseMs { get; init; } = 100;

    /// <summary>
    /// Upper bound of every pause: a sink that has recovered gets events within this time. 100 to 600000.
    /// </summary>
    public int RetryCeilingMs { get; init; } = 5_000;
}
