using System.Diagnostics;
using Edge.Journal.Segments;
using Edge.Storage;
using Edge.Telemetry;

namespace Edge.Journal.Commits;

/// <summary>
/// Group commit: one commit at a time, and the next as soon as it has ended and there are new records, so that the
/// speed of the disk sets the size of the groups. A commit that no request waits for is delayed by up to <see
/// cref="JournalOptions.CommitIntervalMs"/> to cover more records. A second thread does the upkeep: deadlines of
/// waiters, segments, free space. Thread safe.
/// </summary>
internal sealed class CommitLoop : IDisposable
{
    private const int UpkeepIntervalMs = 100;

    /// <summary>How long counters that changed without a record may stay unsaved.</summary>
    private const int IdleCommitMs = 1_000;

    private const int StopWaitMs = 5_000;

    private readonly JournalOptions _options;
    private readonly Action<byte[], Action> _startCommit;
    private readonly Func<long> _tail;
    private readonly Action _truncate;
    private readonly SpaceKeeper _space;
    private readonly CommitStore _store;
    private readonly Ledger _ledger;
    private readonly JournalFault _fault;
    private readonly CommitWaiters _waiters;
    private readonly CommitNotifier _notifier = new();
    private readonly CommitLatency _latency = new();
    private readonly Thread _committer;
    private readonly Thread _upkeep;
    private readonly Signal _work = new();
    private readonly Signal _commitNow = new();
    private readonly Signal _upkeepNow = new();
    private readonly Signal _done = new();
    private readonly Lock _requestLock = new();
    private readonly Action _onCommitted;
    private TaskCompletionSource? _requested;
    private CommitPoint _committed;
    private long _savedDrops;
    private int _hasAppends;
    private int _isRequested;
    private bool _closed;
    private volatile bool _stopping;

    /// <param name="options">Intervals.</param>
    /// <param name="time">Clock of the deadlines.</param>
    /// <param name="startCommit">Starts a commit with the given ledger snapshot; calls back when it is durable.</param>
    /// <param name="tail">Where the next record goes.</param>
    /// <param name="truncate">Truncates what need not be retained any longer.</param>
    /// <param name="space">Allocates and removes segments.</param>
    /// <param name="store">Holds the last durable commit.</param>
    /// <param name="ledger">Saved with every commit.</param>
    /// <param name="fault">Stops all commits once raised.</param>
    public CommitLoop(
        JournalOptions options,
        TimeProvider time,
        Action<byte[], Action> startCommit,
        Func<long> tail,
        Action truncate,
        SpaceKeeper space,
        CommitStore store,
        Ledger ledger,
        JournalFault fault
    )
    {
        _options = options;
        _startCommit = startCommit;
        _tail = tail;
        _truncate = truncate;
        _space = space;
        _store = store;
        _ledger = ledger;
        _fault = fault;
        _committed = store.Current;
        _waiters = new CommitWaiters(time, options.CommitWaitMs);
        _onCommitted = _done.Set;
        _committer = new Thread(Run) { Name = "edge-journal-commit", IsBackground = true };
        _upkeep = new Thread(Upkeep) { Name = "edge-journal-upkeep", IsBackground = true };
        fault.OnRaised(OnFault);
    }

    /// <summary>The last commit whose records may be acknowledged and read.</summary>
    public CommitPoint Committed => Volatile.Read(ref _committed);

    public CommitLatencySnapshot Latency => _latency.Snapshot();

    public void Start()
    {
        KeepSpace();
        _committer.Start();
        _upkeep.Start();
    }

    /// <summary>A record was appended: it is covered by a commit within the commit interval.</summary>
    public void NotifyAppended()
    {
        if (Volatile.Read(ref _hasAppends) == 0 && Interlocked.Exchange(ref _hasAppends, 1) == 0)
        {
            _work.Set();
        }
    }

    /// <summary>An append found no room: allocates and removes segments now instead of at the next interval.</summary>
    public void MakeRoom() => _upkeepNow.Set();

    /// <summary>Starts the next commit without waiting for the commit interval.</summary>
    public void RequestCommit()
    {
        if (Volatile.Read(ref _isRequested) != 0 || Interlocked.Exchange(ref _isRequested, 1) != 0)
        {
            return;
        }

        _commitNow.Set();
        _work.Set();
    }

    public ValueTask<bool> WaitAsync(long sequence, CancellationToken cancellation)
    {
        if (_fault.IsRaised)
        {
            return new ValueTask<bool>(false);
        }

        if (sequence <= Committed.Sequence)
        {
            return new ValueTask<bool>(true);
        }

        var wait = _waiters.WaitAsync(sequence, cancellation);
        RequestCommit();

        // The commit may have completed between the check above and the registration.
        if (sequence <= Committed.Sequence)
        {
            _waiters.Complete(Committed.Sequence);
        }

        return wait;
    }

    public Task CommitAsync()
    {
        Task task;
        lock (_requestLock)
        {
            if (_fault.IsRaised || _closed)
            {
                return Task.FromException(Failure());
            }

            _requested ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            task = _requested.Task;
        }
        RequestCommit();
        return task;
    }

    public async ValueTask WaitForCommitAfterAsync(long afterSequence, CancellationToken cancellation)
    {
        while (true)
        {
            var next = _notifier.Next;
            if (Committed.Sequence > afterSequence)
            {
                return;
            }

            await next.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Stops both threads. Pending waiters complete with <c>false</c>.</summary>
    public void Dispose()
    {
        _stopping = true;
        _work.Set();
        _upkeepNow.Set();
        _waiters.Close();
        _notifier.Close();

        // A thread blocked by a hanging disk is abandoned; the process is about to exit.
        _committer.Join(StopWaitMs);
        _upkeep.Join(StopWaitMs);
        lock (_requestLock)
        {
            _closed = true;
        }

        FailRequested();
    }

    private void Run() => FaultOnException(CommitUntilStopped);

    private void Upkeep() => FaultOnException(KeepUntilStopped);

    /// <summary>A thread of the journal that ends leaves nothing to trust: a fault, like an I/O error.</summary>
    private void FaultOnException(Action loop)
    {
        try
        {
            loop();
        }
        catch (Exception e)
        {
            _fault.Raise(e);
        }
    }

    private void CommitUntilStopped()
    {
        while (!_stopping && !_fault.IsRaised)
        {
            var signalled = _work.Wait(IdleCommitMs);
            if (_stopping || _fault.IsRaised)
            {
                return;
            }

            if (!signalled && _ledger.DroppedTotal == _savedDrops)
            {
                continue;
            }

            if (Volatile.Read(ref _isRequested) == 0)
            {
                _commitNow.Wait(_options.CommitIntervalMs);
            }

            // Cleared before the tail is read: a later append or request sets it again.
            Volatile.Write(ref _isRequested, 0);
            Interlocked.Exchange(ref _hasAppends, 0);
            Commit();
        }
    }

    private void Commit()
    {
        var requested = TakeRequested();
        var drops = new byte[Ledger.SnapshotBytes];
        var savedDrops = _ledger.DroppedTotal;
        _ledger.WriteSnapshot(drops);
        var started = Stopwatch.GetTimestamp();
        try
        {
            _done.Clear();
            _startCommit(drops, _onCommitted);
            if (!_fault.IsRaised)
            {
                _done.Wait();
            }
        }
        catch (Exception e)
        {
            _fault.Raise(e);
        }

        if (_fault.IsRaised)
        {
            requested?.TrySetException(Failure());
            return;
        }

        _savedDrops = savedDrops;
        _latency.Record(started);
        var committed = _store.Current;
        Volatile.Write(ref _committed, committed);
        _waiters.Complete(committed.Sequence);
        _notifier.Publish();
        requested?.TrySetResult();
        if (_space.IsDue(committed.Begin, committed.Until))
        {
            _upkeepNow.Set();
        }
    }

    private void KeepUntilStopped()
    {
        while (!_stopping)
        {
            _upkeepNow.Wait(UpkeepIntervalMs);
            if (_stopping)
            {
                return;
            }

            _waiters.Expire();
            if (_fault.IsRaised)
            {
                continue;
            }

            _truncate();
            KeepSpace();
        }
    }

    private void KeepSpace()
    {
        var durable = _store.Current;
        _space.Keep(durable.Begin, durable.Until, _tail());
    }

    private void OnFault()
    {
        _waiters.Close();
        FailRequested();
        _done.Set();
        _work.Set();
    }

    private void FailRequested() => TakeRequested()?.TrySetException(Failure());

    private TaskCompletionSource? TakeRequested()
    {
        lock (_requestLock)
        {
            var requested = _requested;
            _requested = null;
            return requested;
        }
    }

    private JournalException Failure() =>
        _fault.Cause is { } cause
            ? new JournalException($"the journal has failed: {cause.Message}", cause)
            : new JournalException("the journal is closed");
}
