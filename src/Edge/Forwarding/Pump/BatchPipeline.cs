using Edge.Forwarding.DeadLetters;
using Edge.Journal;
using Edge.Journal.Records;

namespace Edge.Forwarding.Pump;

/// <summary>What one step of a <see cref="BatchPipeline"/> came to.</summary>
internal enum PumpStep
{
    /// <summary>A batch was delivered and there is no backlog.</summary>
    Delivered,

    /// <summary>A full batch or a part of one was delivered or set aside; there is more to do at once.</summary>
    DeliveredFullBatch,

    /// <summary>The sink has everything that was read.</summary>
    NothingToRead,

    /// <summary>To be tried again after a pause.</summary>
    Failed,
}

/// <summary>
/// The way of one batch from the journal to a sink, in the order of the methods: resume, read and shape, announce,
/// deliver, dead letters, checkpoint. The order is what makes forwarding lose nothing: the sink takes a batch, the
/// progress moves in memory, the dead letters and then the sink make it durable, then the cursor is made durable, and
/// only then may the journal remove the events. Any failure goes back to the durable cursor or tries the same part
/// again. Used by the pump's thread; owns the reader and the sink.
/// </summary>
internal sealed partial class BatchPipeline : IDisposable
{
    private readonly EventJournal _journal;
    private readonly ISink _sink;
    private readonly SinkPumpOptions _options;
    private readonly PumpProgress _progress;
    private readonly PumpPacing _pacing;
    private readonly SinkHealth _health;
    private readonly InFlightBatch _batch;
    private readonly BatchPlan _plan;

    // Null before the sink was resumed from the durable cursor.
    private JournalReader? _reader;
    private Task? _newRecords;
    private int _refusedInARow;

    public BatchPipeline(
        EventJournal journal,
        ISink sink,
        SinkPumpOptions options,
        PumpProgress progress,
        PumpPacing pacing,
        SinkHealth health
    )
    {
        _journal = journal;
        _sink = sink;
        _options = options;
        _progress = progress;
        _pacing = pacing;
        _health = health;
        _batch = new InFlightBatch(options.Filter, options.Fields);
        _plan = new BatchPlan(options, sink.WantsSameBatches ? journal.EpochId : null);
    }

    /// <summary>Where refused events go; null when the sink never refuses any.</summary>
    public required DeadLetterBox? DeadLetters { private get; init; }

    /// <summary>How long the sink asked not to be tried again after the last failure; zero when it did not.</summary>
    public TimeSpan RetryAfter { get; private set; }

    /// <summary>The sink has taken everything that is committed.</summary>
    public bool IsCaughtUp => _progress.Taken.Cursor.Sequence >= _journal.CommittedSequence;

    /// <summary>
    /// Brings the next part of a batch as far as it gets, and makes the progress durable when that is due.
    /// </summary>
    public Task<PumpStep> StepAsync() =>
        GuardAsync(async () =>
        {
            if (_reader is null && !await ResumeAsync())
            {
                return PumpStep.Failed;
            }

            if (_batch.IsEmpty)
            {
                ReadAndShape();
            }

            var step = _batch.IsEmpty ? PumpStep.NothingToRead : await DeliverAsync();

            // Also after a failure: when the disk is full, this is what frees segments of the journal.
            var isCheckpointed = !_pacing.CheckpointIsDue || await CheckpointAsync();
            return isCheckpointed ? step : PumpStep.Failed;
        });

    /// <summary>Makes the progress durable now, before a pause.</summary>
    public Task SettleAsync() =>
        GuardAsync(async () => await CheckpointAsync() ? PumpStep.NothingToRead : PumpStep.Failed);

    /// <summary>
    /// Waits for records to read, and no longer than to the next checkpoint when there is progress to save.
    /// </summary>
    public async Task WaitForRecordsAsync()
    {
        _newRecords ??= _reader!.WaitAsync(_pacing.WaitToken).AsTask();
        await _pacing.WaitAsync(_newRecords, isCheckpointPending: !_progress.IsDurable);
        if (_newRecords.IsCompleted)
        {
            _newRecords = null;
        }
    }

    /// <summary>The last checkpoint, before the process ends.</summary>
    public async Task FinishAsync()
    {
        try
        {
            await CheckpointAsync();
        }
        catch (Exception e)
        {
            // What the sink has and the cursor does not cover is delivered again after the next start.
            _health.Failed($"{e.GetType().Name}: {e.Message}");
        }
    }

    public void Dispose()
    {
        _reader?.Dispose();
        _sink.Dispose();
        _plan.Dispose();
    }

    partial void InjectDelivery();

    partial void InjectDeadLetters(SinkProgress after);

    static partial void ReachKillPoint(string name);

    private async Task<PumpStep> GuardAsync(Func<Task<PumpStep>> step)
    {
        try
        {
            var result = await step();
            if (result != PumpStep.Failed)
            {
                RetryAfter = TimeSpan.Zero;
            }

            return result;
        }
        catch (OperationCanceledException) when (_pacing.Abandoned.IsCancellationRequested)
        {
            return PumpStep.Failed;
        }
        catch (Exception e)
        {
            // The journal could not be read, or a sink has a defect. Ending the loop would fill the journal silently;
            // going back to the durable cursor is always right.
            _health.Failed($"{e.GetType().Name}: {e.Message}");
            Rewind();
            return PumpStep.Failed;
        }
    }

    private async Task<bool> ResumeAsync()
    {
        var from = _progress.Durable.Cursor;
        if (!Accepts(await _sink.ResumeAsync(_journal.EpochId, from)))
        {
            return false;
        }

        _plan.Resume(from);
        _reader = _journal.OpenReader(from);
        return true;
    }

    private void ReadAndShape()
    {
        _pacing.BatchBegins();
        var read = _batch.Read;
        if (!_plan.Fill(_reader!, read, out var eventsOfWhole))
        {
            throw new JournalException("a batch that was begun before the restart could not be read in full yet");
        }

        if (read.Count > 0)
        {
            _health.Reading(read[0].Id);
        }

        _batch.Shape(eventsOfWhole);
        if (_batch.IsEmpty && read.End.Sequence > _progress.Taken.Cursor.Sequence)
        {
            _progress.MoveTo(_batch.AfterNothing(_progress.Taken));
        }

        if (IsCaughtUp)
        {
            _health.CaughtUp();
        }
    }

    /// <summary>Makes durable which batch comes next, and that everything before it was taken.</summary>
    private async Task<bool> AnnounceAsync()
    {
        if (!_progress.IsDurable && !await CheckpointAsync())
        {
            return false;
        }

        if (_plan.Announce(_progress.Taken.Cursor, _batch.Part) is { } problem)
        {
            _health.Failed(problem);
        }

        return true;
    }

    private async Task<PumpStep> DeliverAsync()
    {
        if (_sink.WantsSameBatches && _batch.IsWhole && !await AnnounceAsync())
        {
            return PumpStep.Failed;
        }

        InjectDelivery();
        ReachKillPoint("before-sink");
        var part = _batch.Part;
        var result = await _sink.DeliverAsync(part, _pacing.Abandoned);
        if (result.Outcome == DeliveryOutcome.Refused && DeadLetters is not null)
        {
            return SplitOrSetAside(DeadLetters, result.Reason!);
        }

        if (!Accepts(result))
        {
            return PumpStep.Failed;
        }

        ReachKillPoint("after-sink");
        _refusedInARow = 0;

        // Read before the part is completed, which reuses its memory for the next one.
        var (bytes, events, newest) = (part.Bytes.Length, part.Count, part[part.Count - 1].Id);
        var synthetic = _batch.CountSynthetic();
        var after = Complete();
        _pacing.Delivered(bytes, events);
        _health.Delivered(bytes, synthetic, newest);
        _progress.MoveTo(after);
        return _batch.IsEmpty && !_plan.IsFull(_batch.Read) ? PumpStep.Delivered : PumpStep.DeliveredFullBatch;
    }

    /// <summary>Halves a refused part until it is one event, and puts that one into the dead letters.</summary>
    private PumpStep SplitOrSetAside(DeadLetterBox deadLetters, string reason)
    {
        if (!_batch.IsSingle)
        {
            _batch.Split();
            return PumpStep.DeliveredFullBatch;
        }

        if (_refusedInARow >= _options.RefusedInARowMax)
        {
            _health.Failed(
                $"refused {_refusedInARow} events in a row; no more are set aside until one is accepted: {reason}"
            );
            return PumpStep.Failed;
        }

        var (id, json) = _batch.Original();
        deadLetters.Add(id, json.Span, reason);
        _refusedInARow++;
        var after = Complete(isDeadLettered: true);
        _health.DeadLettered(id, reason);
        _progress.MoveTo(after);
        return PumpStep.DeliveredFullBatch;
    }

    /// <summary>Completes the part, and the batch with its last one. Returns the progress to move to.</summary>
    private SinkProgress Complete(bool isDeadLettered = false)
    {
        var after = _batch.Complete(_progress.Taken, isDeadLettered);
        if (_batch.IsEmpty)
        {
            SaveDeadLetters(after);
        }

        return after;
    }

    private void SaveDeadLetters(SinkProgress after)
    {
        if (DeadLetters is not { HasUnsaved: true })
        {
            return;
        }

        InjectDeadLetters(after);
        ReachKillPoint("before-dead-letter");
        DeadLetters.Save();
        ReachKillPoint("after-dead-letter");
    }

    /// <summary>False when the sink could not make durable what it has taken.</summary>
    private async Task<bool> CheckpointAsync()
    {
        if (_reader is null || _progress.IsDurable)
        {
            return true;
        }

        var taken = _progress.Taken;
        SaveDeadLetters(taken);

        if (_progress.Problem is { } problem)
        {
            _pacing.Checkpointed();
            _health.Failed(problem);
            return true;
        }

        if (!Accepts(await _sink.FlushAsync(taken.Cursor)))
        {
            return false;
        }

        ReachKillPoint("before-cursor");
        _pacing.Checkpointed();
        if (!_progress.TrySave(taken))
        {
            _health.Failed(_progress.Problem!);
        }

        return true;
    }

    private bool Accepts(DeliveryResult result)
    {
        if (result.IsDelivered)
        {
            return true;
        }

        _health.Failed(result.Reason!);
        RetryAfter = result.RetryAfter;
        if (result.Outcome == DeliveryOutcome.Rewind)
        {
            Rewind();
        }

        return false;
    }

    /// <summary>Back to the durable cursor: the next step resumes the sink from there.</summary>
    private void Rewind()
    {
        _reader?.Dispose();
        _reader = null;
        _batch.Clear();
        DeadLetters?.DropUnsaved();
        _progress.Rewind();
    }
}
