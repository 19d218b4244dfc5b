using Edge.Forwarding.DeadLetters;
using Edge.Journal;
using Edge.Journal.Records;

namespace Edge.Forwarding.Pump;

/// <summary>
/// Moves committed events from the journal to one sink, in order, for as long as the process runs. Order of things:
/// the sink has taken a batch, the cursor moves in memory, the sink makes the batch durable, the cursor is made
/// durable, and only then may the journal forget the events. A sink that fails is tried for ever with pauses in
/// between; nothing is given up here. An event that a sink refuses for good is set aside (<see cref="DeadLetterBox"/>).
/// Of a batch that was refused and halved only the parts that are left come again after a kill (<see
/// cref="BatchInHand"/>).
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
    private readonly BatchInHand _hand;
    private readonly BatchPlan _plan;
    private readonly DeadLetterBox? _deadLetters;
    private readonly PauseSwitch? _pause;

    private Task? _loop;
    private Task? _news;
    private JournalReader? _reader;
    private SinkProgress _taken;
    private TimeSpan _retryAfter;
    private int _refusedInARow;
    private bool _isResumed;

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
        _sink = sink;
        _options = options;
        _pacing = new PumpPacing(options, time);
        _cursor = new SinkCursor(options, journal, gate);
        _taken = _cursor.Durable;
        _ledger = new SinkLedger(options.SinkName, _taken, time, log);
        _hand = new BatchInHand(options.Filter, options.Fields);
        _plan = new BatchPlan(options, sink.WantsSameBatches ? journal.EpochId : null);
        if (options.DeadLetterDirectory is { } deadLetters)
        {
            _deadLetters = new DeadLetterBox(deadLetters, options.SinkName, time);
        }

        if (options.PausePath is { } pause)
        {
            _pause = new PauseSwitch(pause, time);
        }
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
        _plan.Dispose();
        _pacing.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_pacing.Abandoned.IsCancellationRequested)
        {
            if (_pause is { IsPaused: true })
            {
                if (_pacing.IsStopping)
                {
                    break;
                }

                await PausedAsync();
                continue;
            }

            var step = await StepAsync();
            if (step == Step.NothingToRead && _pacing.IsStopping && HasEverything)
            {
                break;
            }

            if (step != Step.Failed)
            {
                _pacing.Succeeded();
                _retryAfter = TimeSpan.Zero;
            }

            await (
                step switch
                {
                    Step.Delivered => _pacing.LingerAsync(),
                    Step.DeliveredFullBatch => _pacing.RestAsync(),
                    Step.NothingToRead => WaitForReaderAsync(),
                    Step.Failed => _pacing.BackOffAsync(_retryAfter),
                    _ => Task.CompletedTask,
                }
            );
        }

        await FinishAsync();
    }

    private async Task PausedAsync()
    {
        _ledger.Paused();
        await GuardedAsync(async () => await CheckpointAsync() ? Step.NothingToRead : Step.Failed);
        await _pacing.PausedAsync();
    }

    private Task<Step> StepAsync() =>
        GuardedAsync(async () =>
        {
            if (!_isResumed && !await ResumeAsync())
            {
                return Step.Failed;
            }

            if (_hand.IsEmpty)
            {
                Fill();
            }

            var step = _hand.IsEmpty ? Step.NothingToRead : await DeliverAsync();

            // Also after a failure: when the disk is full, this is what lets the journal give some of it back.
            var isCheckpointed = !_pacing.CheckpointIsDue || await CheckpointAsync();
            return isCheckpointed ? step : Step.Failed;
        });

    private async Task<Step> GuardedAsync(Func<Task<Step>> step)
    {
        try
        {
            return await step();
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
        _plan.Resume(_cursor.Durable.Cursor);
        _isResumed = true;
        return true;
    }

    private void Fill()
    {
        _pacing.BatchBegins();
        var read = _hand.Read;
        if (!_plan.Fill(_reader!, read, out var eventsOfWhole))
        {
            throw new JournalException("a batch that was begun before the restart could not be read whole yet");
        }

        if (read.Count > 0)
        {
            _ledger.Holds(read[0].Id);
        }

        _hand.Take(eventsOfWhole);
        if (_hand.IsEmpty && read.End.Sequence > _taken.Cursor.Sequence)
        {
            _taken = _hand.AfterNothing(_taken);
            _ledger.Passed(_taken);
        }

        if (HasEverything)
        {
            _ledger.CaughtUp();
        }
    }

    private async Task<Step> DeliverAsync()
    {
        if (_sink.WantsSameBatches && _hand.IsWhole && !await AnnounceAsync())
        {
            return Step.Failed;
        }

        var part = _hand.Next;
#if EDGE_FAULTS
        if (Storage.Faults.Bugs.Planted(Storage.Faults.Bug.CursorBeforeSink))
        {
            _cursor.TrySave(_hand.After(_taken));
        }

        Storage.Faults.KillPoints.Reach("before-sink");
#endif
        var result = await _sink.DeliverAsync(part, _pacing.Abandoned);
        if (result.Outcome == DeliveryOutcome.Refused && _deadLetters is not null)
        {
            return Refused(result.Reason!);
        }

        if (!Accepts(result))
        {
            return Step.Failed;
        }

#if EDGE_FAULTS
        Storage.Faults.KillPoints.Reach("after-sink");
#endif
        _refusedInARow = 0;
        var (bytes, events) = (part.Bytes.Length, part.Count);
        Move(_hand.After(_taken));
        _pacing.Delivered(bytes, events);
        _ledger.Took(_taken, part);
        return _hand.IsEmpty && !_plan.IsFull(_hand.Read) ? Step.Delivered : Step.DeliveredFullBatch;
    }

    /// <summary>Makes durable which batch comes now, and that everything before it is done.</summary>
    private async Task<bool> AnnounceAsync()
    {
        if (_taken != _cursor.Durable && !await CheckpointAsync())
        {
            return false;
        }

        if (_plan.Announce(_taken.Cursor, _hand.Next) is { } problem)
        {
            _ledger.Failed(problem);
        }

        return true;
    }

    /// <summary>Halves what was refused until it is one event, and sets that one aside.</summary>
    private Step Refused(string reason)
    {
        if (!_hand.IsSingle)
        {
            _hand.Split();
            return Step.DeliveredFullBatch;
        }

        if (_refusedInARow >= _options.RefusedInARowMax)
        {
            _ledger.Failed(
                $"refused {_refusedInARow} events one after another, so no more are set aside until one is taken: {reason}"
            );
            return Step.Failed;
        }

        var (id, json) = _hand.Original();
        var after = _hand.After(_taken, isDeadLettered: true);
        _deadLetters!.Add(id, json.Span, reason);
        _refusedInARow++;
        Move(after);
        _ledger.DeadLettered(_taken, id, reason);
        return Step.DeliveredFullBatch;
    }

    private void Move(SinkProgress after)
    {
        _hand.Complete(_taken, after);
        _taken = after;
        if (_hand.IsEmpty)
        {
            KeepDeadLetters();
        }
    }

    private void KeepDeadLetters()
    {
        if (_deadLetters is not { HasNew: true })
        {
            return;
        }

#if EDGE_FAULTS
        if (Storage.Faults.Bugs.Planted(Storage.Faults.Bug.LateDeadLetter))
        {
            _cursor.TrySave(_taken);
        }

        Storage.Faults.KillPoints.Reach("before-dead-letter");
#endif
        _deadLetters.Keep();
#if EDGE_FAULTS
        Storage.Faults.KillPoints.Reach("after-dead-letter");
#endif
    }

    /// <summary>False when the sink could not make durable what it has taken.</summary>
    private async Task<bool> CheckpointAsync()
    {
        if (!_isResumed || _taken == _cursor.Durable)
        {
            return true;
        }

        KeepDeadLetters();

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
        Storage.Faults.KillPoints.Reach("before-cursor");
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
        _retryAfter = result.RetryAfter;
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
        _hand.Drop();
        _deadLetters?.Drop();
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
