using Edge.Catalog;
using Edge.Enrichment.Verdicts;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Journal.Records;
using EventId = Edge.Events.EventId;

namespace Edge.Corrections;

/// <summary>
/// Reads the journal behind the answer, has clicks judged by what came after them, and appends the corrections to the
/// journal, so that sinks, ledger and tally get them in order. Each correction is written once, whenever the process is
/// killed: a start reads again from where nothing can be judged any more, finds the corrections that follow, and leaves
/// out those that the journal has.
/// </summary>
/// <remarks>
/// The loop has a thread of its own. The journal is kept up to what has been read; what can still be judged is kept
/// longer where the journal is, and lost to a start where it is smaller than the window. <see cref="Status"/> may be
/// read from any thread.
/// </remarks>
internal sealed class CorrectionPump : IDisposable
{
    /// <summary>Name of the cursor and in messages.</summary>
    public const string Name = "late-verdicts";

    private const int BatchRecords = 4_096;
    private const int BatchBytes = 1 << 20;

    /// <summary>Between two positions of which a start can begin at one, milliseconds of event time.</summary>
    private const long MarkMs = 1_000;

    /// <summary>Corrections that a start remembers of those the journal has.</summary>
    private const int KnownMax = 1_000_000;

    /// <summary>Under load, between two reads, so that there is something to read.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(100);

    /// <summary>Between a read and the journal's being told that it may forget it.</summary>
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Between two writes of the cursor.</summary>
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private readonly CorrectionOptions _options;
    private readonly EventJournal _journal;
    private readonly TruncationGate _gate;
    private readonly CursorFile _file;
    private readonly VerdictJudge _verdicts;
    private readonly CatalogHolder _catalog;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly LateJudge _judge;
    private readonly RecordBatch _batch = new();
    private readonly List<Correction> _found = [];
    private readonly Queue<(long AtMs, JournalCursor Cursor)> _marks = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly long _recoverUntil;

    // What a start has found, by the low half of its id, and what it has seen; null when it is through.
    private Dictionary<ulong, Correction>? _recovered = [];
    private HashSet<ulong> _known = [];

    // Guards the counts.
    private readonly Lock _lock = new();
    private readonly List<RuleCorrections> _counts = [];
    private (int Clicks, long Bytes, long LetGo, long Pending) _ring;

    private HashSet<ulong> _decoys = [];
    private object? _decoysOf;
    private JournalReader? _reader;
    private JournalCursor _cursor;
    private JournalCursor _reported;

    // Where a start could begin that is not saved yet.
    private JournalCursor? _start;
    private long _appended;
    private long _markedMs = long.MinValue;
    private long _savedAt;
    private long _reportedAt;
    private bool _isFailing;
    private Task? _newRecords;
    private Task? _loop;

    private CorrectionPump(
        CorrectionOptions options,
        EventJournal journal,
        TruncationGate gate,
        CursorFile file,
        VerdictJudge verdicts,
        CatalogHolder catalog,
        TimeProvider time,
        ILogger log
    )
    {
        _options = options;
        _journal = journal;
        _gate = gate;
        _file = file;
        _verdicts = verdicts;
        _catalog = catalog;
        _time = time;
        _log = log;
        _judge = new LateJudge(options.WindowMs, options.BytesMax);
        _cursor = _reported = file.Value.Cursor;
        _recoverUntil = journal.CommittedSequence;
        _savedAt = _reportedAt = time.GetTimestamp();
        ShowStatus();
        gate.Add(Name, _cursor);
    }

    /// <summary>What has been judged and what can be.</summary>
    public CorrectionStatus Status
    {
        get
        {
            lock (_lock)
            {
                return new CorrectionStatus(
                    _ring.Clicks,
                    _ring.Bytes,
                    _ring.LetGo,
                    _ring.Pending,
                    [.. _counts]
                );
            }
        }
    }

    /// <summary>
    /// Continues after the last stop; without a cursor that fits the journal, with what comes next. Throws <see
    /// cref="IOException"/> when the data directory cannot be used.
    /// </summary>
    public static CorrectionPump Open(
        CorrectionOptions options,
        EventJournal journal,
        TruncationGate gate,
        VerdictJudge verdicts,
        CatalogHolder catalog,
        TimeProvider time,
        ILogger log
    )
    {
        if (File.Exists(options.CursorPath) && TryOpen(options, journal, log) is { } file)
        {
            return new CorrectionPump(options, journal, gate, file, verdicts, catalog, time, log);
        }

        File.Delete(options.CursorPath);
        file = CursorFile.Open(options.CursorPath, journal.EpochId);
        var status = journal.Status;
        file.Write(new SinkProgress(new JournalCursor(status.CommittedAddress, status.CommittedSequence), 0, 0, 0));
        return new CorrectionPump(options, journal, gate, file, verdicts, catalog, time, log);
    }

    public void Start() => _loop = PumpThread.Run("edge-" + Name, RunAsync);

    /// <summary>
    /// Judges what is committed, for no longer than the deadline, and ends. What it has appended is to be committed.
    /// </summary>
    public async Task StopAsync(TimeSpan deadline)
    {
        await _stop.CancelAsync();
        _abandon.CancelAfter(deadline);
        if (_loop is not null)
        {
            await _loop.WaitAsync(deadline + RetryPause).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose()
    {
        if (_loop is { IsCompleted: false })
        {
            // A disk that hangs keeps it; it ends with the process.
            return;
        }

        _reader?.Dispose();
        _file.Dispose();
        _stop.Dispose();
        _abandon.Dispose();
    }

    private static CursorFile? TryOpen(CorrectionOptions options, EventJournal journal, ILogger log)
    {
        CursorFile? file = null;
        try
        {
            file = CursorFile.Open(options.CursorPath, journal.EpochId);
            journal.OpenReader(file.Value.Cursor).Dispose();
            return file;
        }
        catch (JournalException e)
        {
            file?.Dispose();
            log.LateVerdictsStartOver(e.Message);
            return null;
        }
    }

    private async Task RunAsync()
    {
        while (!_abandon.IsCancellationRequested)
        {
            try
            {
                if (!await TurnAsync())
                {
                    break;
                }

                _isFailing = false;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The next turn reads what is left.
            }
            catch (Exception e)
            {
                // A loop that ends would fill the journal silently. What was read is judged, and goes on from there.
                if (!_isFailing)
                {
                    _log.LateVerdictsFailed($"{e.GetType().Name}: {e.Message}");
                }

                _isFailing = true;
                _reader?.Dispose();
                _reader = null;
                _newRecords = null;
                if (_stop.IsCancellationRequested)
                {
                    break;
                }

                await PauseAsync(10 * RetryPause);
            }
        }
    }

    /// <summary>Reads and judges once; false when there is nothing left to do before the stop.</summary>
    private async Task<bool> TurnAsync()
    {
        // What an attempt before has found and not written.
        await AppendAsync();
        var began = _time.GetTimestamp();
        _reader ??= _journal.OpenReader(_cursor);
        var read = _reader.Read(_batch, BatchRecords, BatchBytes);
        Observe();
        _cursor = _batch.End;
        await AppendAsync();
        ShowStatus();
        await ReportAsync();
        if (read == BatchRecords || _batch.Bytes.Length >= BatchBytes / 2)
        {
            return true;
        }

        if (read > 0 && !_stop.IsCancellationRequested)
        {
            await PauseAsync(Linger - _time.GetElapsedTime(began));
            return true;
        }

        if (_stop.IsCancellationRequested)
        {
            return _cursor.Sequence < _journal.CommittedSequence;
        }

        _newRecords ??= _reader.WaitAsync(_stop.Token).AsTask();
        if (_cursor == _reported)
        {
            await _newRecords;
        }
        else
        {
            await Task.WhenAny(_newRecords, Task.Delay(ReportEvery, _time, _stop.Token));
        }

        if (_newRecords.IsCompleted)
        {
            var waited = _newRecords;
            _newRecords = null;
            await waited;
        }

        return true;
    }

    private void Observe()
    {
        _judge.Use(_verdicts.LateRules);
        TakeDecoys();
        var clockMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        for (var i = 0; i < _batch.Count; i++)
        {
            var record = _batch[i];
            var payload = _batch.Payload(i).Span;
            try
            {
                if (_recovered is not null)
                {
                    Remember(payload, record.Id);
                }

                _judge.Observe(payload, record.Id, _decoys, clockMs, _found);
            }
            catch (Exception e)
            {
                // One event that cannot be judged must not keep all others from it.
                _log.LateVerdictsFailed($"event {record.Id}: {e.GetType().Name}: {e.Message}");
            }

            if (_judge.NowMs >= _markedMs + MarkMs)
            {
                _markedMs = _judge.NowMs;
                _marks.Enqueue((_markedMs, _batch.After(i)));
            }

            CooperativeYield.AfterEvent(i);
        }
    }

    /// <summary>Notes a correction that the journal has.</summary>
    private void Remember(ReadOnlySpan<byte> payload, EventId id)
    {
        if (
            _known.Count < KnownMax
            && ObservedEvent.TryReadHead(payload, id.CreatedAtMs, out var e)
            && e.Kind == ObservedKind.Correction
        )
        {
            _known.Add(id.Low);
            _recovered!.Remove(id.Low);
        }
    }

    private void TakeDecoys()
    {
        var current = _catalog.Current;
        if (ReferenceEquals(current, _decoysOf))
        {
            return;
        }

        _decoysOf = current;
        var decoys = new HashSet<ulong>();
        foreach (var entry in current.Entries)
        {
            if (entry.Experiment.Decoy)
            {
                decoys.Add(ObservedEvent.ExperimentOf(entry.UidUtf8));
            }
        }

        _decoys = decoys;
    }

    /// <summary>Appends what was found; a start does so when it has seen what the journal has.</summary>
    private async Task AppendAsync()
    {
        if (_recovered is not null)
        {
            foreach (var correction in _found)
            {
                if (!_known.Contains(correction.Id.Low))
                {
                    _recovered[correction.Id.Low] = correction;
                }
            }

            _found.Clear();
            if (_reader is null || _cursor.Sequence < _recoverUntil)
            {
                return;
            }

            _found.AddRange(_recovered.Values);
            _recovered = null;
            _known = [];
        }

        while (_found.Count > 0)
        {
            if (TryAppend(_found[0]))
            {
                _found.RemoveAt(0);
            }
            else
            {
                await Task.Delay(RetryPause, _time, _abandon.Token);
            }
        }
    }

    /// <summary>False when it is to be tried again.</summary>
    private bool TryAppend(Correction correction)
    {
        // Looked at first: an attempt that fails is an event that was dropped, to the ledger.
        if (_journal.State is not (JournalState.Open or JournalState.SoftFull))
        {
            return _journal.State is JournalState.Faulted or JournalState.Stopped;
        }

        var id = correction.Id;
        var record = CorrectionEncoder.Encode(correction, id, _options.Node, Envelope.HeaderBytes);
        var bytes = EngineRecord.TotalBytes(record.Length);
        using var room = _journal.Reserve(new RoomNeed(1, bytes, bytes));
        if (room is null)
        {
            return false;
        }

        var result = _journal.TryAppend(record, id, out var sequence, room);
        if (result == AppendResult.Appended)
        {
            _appended = sequence;
            Count(correction);
        }

        return result is not (AppendResult.Full or AppendResult.Busy);
    }

    private void Count(Correction correction)
    {
        lock (_lock)
        {
            var at = _counts.FindIndex(count => count.Rule == correction.Rule.Id);
            if (at < 0)
            {
                at = _counts.Count;
                _counts.Add(new RuleCorrections(correction.Rule.Id, 0, 0));
            }

            var before = _counts[at];
            _counts[at] = correction.IsShadow
                ? before with { Shadow = before.Shadow + 1 }
                : before with { Enforced = before.Enforced + 1 };
        }
    }

    private void ShowStatus()
    {
        lock (_lock)
        {
            _ring = (
                _judge.Count,
                _judge.Bytes,
                _judge.LetGo,
                Math.Max(0, _journal.CommittedSequence - _cursor.Sequence)
            );
        }
    }

    /// <summary>
    /// Lets the journal forget what has been read, and now and then saves where a start begins: so long ago that
    /// nothing of it can be judged. What follows from what was read is durable by then.
    /// </summary>
    private async Task ReportAsync()
    {
        if (
            _recovered is not null
            || _cursor == _reported
            || (_time.GetElapsedTime(_reportedAt) < ReportEvery && !_stop.IsCancellationRequested)
        )
        {
            return;
        }

        if (_appended > 0 && !await _journal.WaitForCommitAsync(_appended, _abandon.Token))
        {
            return;
        }

        (JournalCursor Cursor, bool IsThere) from = default;
        while (_marks.TryPeek(out var mark) && mark.AtMs < _judge.NowMs - _options.WindowMs)
        {
            from = (_marks.Dequeue().Cursor, true);
        }

        _reportedAt = _time.GetTimestamp();
        _reported = _cursor;
        _start = from.IsThere ? from.Cursor : _start;
        if (_start is { } start && _time.GetElapsedTime(_savedAt) >= SaveEvery)
        {
            _savedAt = _reportedAt;
            _file.Write(_file.Value with { Cursor = start });
            _start = null;
        }

        _gate.Report(Name, _cursor);
    }

    private async Task PauseAsync(TimeSpan pause)
    {
        if (pause > TimeSpan.Zero)
        {
            await Task.Delay(pause, _time, _stop.Token);
        }
    }
}

/// <summary>The files and limits of late verdicts.</summary>
/// <param name="CursorPath">Path of the cursor.</param>
/// <param name="Node">Name of this process in corrections.</param>
/// <param name="WindowMs">How long a click can be judged, milliseconds.</param>
/// <param name="BytesMax">Most bytes of clicks that can be judged.</param>
internal sealed record CorrectionOptions(string CursorPath, string Node, long WindowMs, long BytesMax);

/// <summary>What late verdicts have come to, for metrics.</summary>
/// <param name="Clicks">Clicks that can still be judged.</param>
/// <param name="Bytes">Memory that they take.</param>
/// <param name="LetGo">Clicks that were let go before their time, for want of memory.</param>
/// <param name="Pending">Events that were stored and not looked at yet.</param>
/// <param name="Rules">Corrections that each rule led to since the start, and would have led to in shadow.</param>
internal readonly record struct CorrectionStatus(
    int Clicks,
    long Bytes,
    long LetGo,
    long Pending,
    IReadOnlyList<RuleCorrections> Rules
);

/// <summary>What one late rule has led to since the start.</summary>
/// <param name="Rule">Its id.</param>
/// <param name="Enforced">Corrections.</param>
/// <param name="Shadow">Corrections that change nothing, because it is in shadow.</param>
internal sealed record RuleCorrections(string Rule, long Enforced, long Shadow);
