using Edge.Journal;
using Edge.Journal.Records;

namespace Edge.Forwarding.Pump;

/// <summary>
/// How far one sink has taken the journal: in memory, and durably in its cursor file (<c>DATA/cursors/NAME</c>). The
/// only owner of a sink's progress; once the cursor is durable it lets the journal remove the events before it. Changed
/// by the pump's thread alone; <see cref="Snapshot"/> is for any thread.
/// </summary>
internal sealed partial class PumpProgress : IDisposable
{
    private readonly string _sinkName;
    private readonly TruncationGate _gate;
    private readonly CursorFile _file;
    private readonly TimeProvider _time;
    private readonly TakenTimes _times = new();
    private readonly Lock _lock = new();
    private (SinkProgress Taken, SinkProgress Durable) _snapshot;
    private long _lostUpTo;

    // Completes with the next durable progress; null while nobody waits.
    private TaskCompletionSource? _nextDurable;

    /// <summary>
    /// Opens the cursor file; throws <see cref="JournalException"/> when it cannot be trusted or does not fit the
    /// journal.
    /// </summary>
    public PumpProgress(SinkPumpOptions options, EventJournal journal, TruncationGate gate, TimeProvider time)
    {
        _sinkName = options.SinkName;
        _gate = gate;
        _time = time;
        _file = CursorFile.Open(options.CursorPath, journal.EpochId);
        Taken = Durable = _file.Value;
        try
        {
            // Refuses a cursor behind the journal's end now, so that the process does not start, instead of this sink
            // failing for ever.
            journal.OpenReader(Durable.Cursor).Dispose();
        }
        catch
        {
            _file.Dispose();
            throw;
        }

        _gate.Add(_sinkName, Durable.Cursor);
        _times.Begin(Durable.Cursor.Sequence);
        Publish();
    }

    /// <summary>What the sink has taken; delivered again from <see cref="Durable"/> on after a kill.</summary>
    public SinkProgress Taken { get; private set; }

    /// <summary>What a restart begins with.</summary>
    public SinkProgress Durable { get; private set; }

    public bool IsDurable => Taken == Durable;

    /// <summary>
    /// Why the cursor file cannot be written, in words; null while it can. Stays until a restart has read what the disk
    /// holds: the old value or the one that was being written. The sink may go on, it loses nothing, but must not be
    /// flushed again, so that it still knows its position for both values; the journal retains its events.
    /// </summary>
    public string? Problem { get; private set; }

    /// <summary>Taken and durable progress that belong together.</summary>
    public (SinkProgress Taken, SinkProgress Durable) Snapshot
    {
        get
        {
            lock (_lock)
            {
                return _snapshot;
            }
        }
    }

    /// <summary>A time by which the sink had taken a record; null when it has not, or had before the start.</summary>
    public DateTimeOffset? TimeOf(long sequence)
    {
        lock (_lock)
        {
            return _times.Find(sequence);
        }
    }

    /// <summary>
    /// Completes once the sink has durably come past a record: true when it has taken everything from the first on that
    /// its filters let through, false when something since then was set aside or lost. Blocks no thread.
    /// </summary>
    public async ValueTask<bool> WaitDurableAsync(long first, long last, CancellationToken cancellation)
    {
        while (true)
        {
            Task next;
            lock (_lock)
            {
                if (_snapshot.Durable.Cursor.Sequence >= last)
                {
                    return _lostUpTo < first;
                }
                _nextDurable ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                next = _nextDurable.Task;
            }
            await next.WaitAsync(cancellation);
        }
    }

    /// <summary>The sink has taken the journal up to here; not durable yet.</summary>
    public void MoveTo(SinkProgress taken)
    {
        if (taken.DeadLettered > Taken.DeadLettered || GivenUp(taken) > GivenUp(Taken))
        {
            _lostUpTo = taken.Cursor.Sequence;
        }
        Taken = taken;
        Publish();
    }

    /// <summary>
    /// Makes the progress durable, then releases the journal up to it. False sets <see cref="Problem"/>.
    /// </summary>
    public bool TrySave(SinkProgress progress)
    {
        try
        {
            _file.Write(progress);
        }
        catch (Exception e) when (e is IOException or JournalException)
        {
            Problem = $"the cursor cannot be written; restart when the disk is repaired: {e.Message}";
            return false;
        }

        ReachKillPoint("after-cursor");
        Durable = progress;
        _gate.Report(_sinkName, progress.Cursor);
        Publish();
        return true;
    }

    /// <summary>Goes back to the durable progress: everything after it is delivered again.</summary>
    public void Rewind() => MoveTo(Durable);

    public void Dispose() => _file.Dispose();

    static partial void ReachKillPoint(string name);

    /// <summary>Events that neither the sink nor its filters have had.</summary>
    private static long GivenUp(in SinkProgress progress) => progress.Skipped - progress.Filtered;

    private void Publish()
    {
        TaskCompletionSource? waiting = null;
        lock (_lock)
        {
            if (Durable != _snapshot.Durable)
            {
                (waiting, _nextDurable) = (_nextDurable, null);
            }
            _snapshot = (Taken, Durable);
            _times.Add(Taken.Cursor.Sequence, _time.GetUtcNow());
        }
        waiting?.TrySetResult();
    }
}

/// <summary>
/// Decides how much of the journal may be removed: what every enabled sink has durably taken, and nothing more. A sink
/// that is down or far behind keeps the journal from being truncated, on purpose. Thread safe.
/// </summary>
internal sealed class TruncationGate(EventJournal journal)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JournalCursor> _durable = new(StringComparer.Ordinal);
    private JournalCursor _released;

    /// <summary>
    /// Registers a sink with its durable cursor. Every enabled sink is added before the first one reports, or the
    /// others would release what this one still needs.
    /// </summary>
    public void Add(string sink, JournalCursor durable)
    {
        lock (_lock)
        {
            _durable.Add(sink, durable);
        }
    }

    /// <summary>A sink's cursor is durable up to here: releases what no sink needs any longer.</summary>
    public void Report(string sink, JournalCursor durable)
    {
        lock (_lock)
        {
            _durable[sink] = durable;
            var smallest = durable;
            foreach (var cursor in _durable.Values)
            {
                if (cursor.Address < smallest.Address)
                {
                    smallest = cursor;
                }
            }

            if (smallest.Address > _released.Address)
            {
                _released = smallest;
                journal.Release(smallest);
            }
        }
    }
}
