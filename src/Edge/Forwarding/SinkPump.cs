using Edge.Journal;

namespace Edge.Forwarding;

/// <summary>
/// Moves committed events from the journal to one sink, in order, for as long as the process runs. Order of things:
/// the sink has taken a batch, the cursor moves in memory, the sink makes the batch durable, the cursor is made
/// durable, and only then may the journal forget the events. A sink that fails is tried for ever with pauses in
/// between; nothing is given up here.
/// </summary>
/// <remarks>
/// The loop has a thread of its own (<see cref="PumpThread"/>); only that thread touches the reader, the batch and
/// the sink, which the pump owns from here on. <see cref="Status"/> may be read from any thread.
/// </remarks>
internal sealed class SinkPump : IDisposable
{
    private readonly EventJournal _journal;
    private readonly ISink _sink;
    private readonly SinkPumpOptions _options;
    private readonly PumpPacing _pacing;
    private readonly SinkLedger _ledger;
    private readonly SinkCursor _cursor;
    private readonly RecordBatch _batch = new();

    private Task? _loop;
    private Task? _news;
    private JournalReader? _reader;
    private SinkProgress _taken;
    private bool _isResumed;
    private bool _holdsBatch;

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
        ILogger log)
    {
        _journal = journal;
        _sink = sink;
        _options = options;
        _pacing = new PumpPacing(options, time);
        _cursor = new SinkCursor(options, journal, gate);
        _taken = _cursor.Durable;
        _ledger = new SinkLedger(options.SinkName, _taken, time, log);
    }

    private enum Step
    {
        Delivered,
        DeliveredFullBatch,
        NothingToRead,
        Failed,
    }

    public SinkStatus Status => _ledger.StatusAt(_journal);

    private bool HasEverything => _taken.Cursor.Sequence >= _journal.CommittedSequence;

    public void Start() => _loop = PumpThread.Run("edge-sink-" + _options.SinkName, RunAsync);

    /// <summary>
    /// Forwards what is committed until nothing is left or the deadline is cancelled, makes the cursor durable and
    /// ends. A disk that hangs can make this late: a caller that cannot wait bounds the wait.
    /// </summary>
    public async Task StopAsync(CancellationToken deadline)
    {
        await using var registration = deadline.UnsafeRegister(
            static pacing => ((PumpPacing)pacing!).Abandon(), _pacing);
        await _pacing.BeginStopAsync();
        if (_loop is not null)
        {
            await _loop;
        }
    }

    /// <summary>
    /// Closes the sink and its cursor. A pump that hangs keeps them: the end of the process closes them then.
    /// </summary>
    public void Dispose()
    {
        if (_loop is { IsCompleted: false })
        {
            return;
        }

        _reader?.Dispose();
        _sink.Dispose();
        _cursor.Dispose();
        _pacing.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_pacing.Abandoned.IsCancellationRequested)
        {
            var step = await StepAsync();
            if (step == Step.NothingToRead && _pacing.IsStopping && HasEverything)
            {
                break;
            }

            if (step != Step.Failed)
            {
                _pacing.Succeeded();
            }

            await (step switch
            {
                Step.Delivered => _pacing.LingerAsync(),
                Step.NothingToRead => WaitForReaderAsync(),
                Step.Failed => _pacing.BackOffAsync(),
                _ => Task.CompletedTask,
            });
        }

        await FinishAsync();
    }

    private async Task<Step> StepAsync()
    {
        try
        {
            if (!_isResumed && !await ResumeAsync())
            {
                return Step.Failed;
            }

            if (!_holdsBatch)
            {
                Fill();
            }

            var step = _holdsBatch ? await DeliverAsync() : Step.NothingToRead;

            // Also after a failure: when the disk is full, this is what lets the journal give some of it back.
            var isCheckpointed = !_pacing.CheckpointIsDue || await CheckpointAsync();
            return isCheckpointed ? step : Step.Failed;
        }
        catch (OperationCanceledException) when (_pacing.Abandoned.IsCancellationRequested)
        {
            return Step.Failed;
        }
        catch (Exception e)
        {
            // The journal could not be read, or a sink has a defect. Ending the loop would fill the journal in
            // silence; going back to the durable cursor is always right.
            _ledger.Failed($"{e.GetType().Name}: {e.Message}");
            Rewind();
            return Step.Failed;
        }
    }

    private async Task<bool> ResumeAsync()
    {
        if (!Accepts(await _sink.ResumeAsync(_journal.EpochId, _cursor.Durable.Cursor)))
        {
            return false;
        }

        _reader = _journal.OpenReader(_cursor.Durable.Cursor);
        _isResumed = true;
        return true;
    }

    private void Fill()
    {
        _pacing.BatchBegins();
        _holdsBatch = _reader!.Read(_batch, _options.BatchMaxRecords, _options.BatchMaxBytes) > 0;
        if (_holdsBatch)
        {
            _ledger.Holds(_batch[0].Id);
            return;
        }

        if (_batch.Missing > 0)
        {
            _taken = After(_batch);
            _ledger.Passed(_taken);
        }

        if (HasEverything)
        {
            _ledger.CaughtUp();
        }
    }

    private async Task<Step> DeliverAsync()
    {
#if EDGE_FAULTS
        if (Faults.Bugs.Planted(Faults.Bug.CursorBeforeSink))
            _cursor.TrySave(After(_batch));
        Faults.KillPoints.Reach("before-sink");
#endif
        if (!Accepts(await _sink.DeliverAsync(_batch, _pacing.Abandoned)))
        {
            return Step.Failed;
        }

#if EDGE_FAULTS
        Faults.KillPoints.Reach("after-sink");
#endif
        _holdsBatch = false;
        _taken = After(_batch);
        _pacing.Delivered(_batch.Bytes.Length);
        _ledger.Took(_taken, _batch);
        return IsFull(_batch) ? Step.DeliveredFullBatch : Step.Delivered;
    }

    /// <summary>Nearly full is full: there is a backlog, and waiting would not make the next batch larger.</summary>
    private bool IsFull(RecordBatch batch) =>
        batch.Count == _options.BatchMaxRecords || batch.Bytes.Length >= _options.BatchMaxBytes / 4 * 3;

    private SinkProgress After(RecordBatch batch) => _taken with
    {
        Cursor = batch.End,
        Forwarded = _taken.Forwarded + batch.Count,
        Skipped = _taken.Skipped + batch.Missing,
    };

    /// <summary>False when the sink could not make durable what it has taken.</summary>
    private async Task<bool> CheckpointAsync()
    {
        if (!_isResumed || _taken == _cursor.Durable)
        {
            return true;
        }

        if (_cursor.Problem is { } problem)
        {
            _pacing.Checkpointed();
            _ledger.Failed(problem);
            return true;
        }

        if (!Accepts(await _sink.FlushAsync(_taken.Cursor)))
        {
            return false;
        }

#if EDGE_FAULTS
        Faults.KillPoints.Reach("before-cursor");
#endif
        _pacing.Checkpointed();
        if (_cursor.TrySave(_taken))
        {
            _ledger.Saved(_taken);
        }
        else
        {
            _ledger.Failed(_cursor.Problem!);
        }

        return true;
    }

    private bool Accepts(DeliveryResult result)
    {
        if (result.IsDelivered)
        {
            return true;
        }

        _ledger.Failed(result.Reason!);
        if (result.Outcome == DeliveryOutcome.Rewind)
        {
            Rewind();
        }

        return false;
    }

    private void Rewind()
    {
        _reader?.Dispose();
        _reader = null;
        _isResumed = false;
        _holdsBatch = false;
        _taken = _cursor.Durable;
        _ledger.Rewound(_taken);
    }

    private async Task WaitForReaderAsync()
    {
        _news ??= _reader!.WaitAsync(_pacing.WaitToken).AsTask();
        await _pacing.WaitAsync(_news, owesCheckpoint: _taken != _cursor.Durable);
        if (_news.IsCompleted)
        {
            _news = null;
        }
    }

    private async Task FinishAsync()
    {
        try
        {
            await CheckpointAsync();
        }
        catch (Exception e)
        {
            // What the sink has and the cursor does not say is delivered again after the next start.
            _ledger.Failed($"{e.GetType().Name}: {e.Message}");
        }

        _ledger.Stopped();
    }
}
