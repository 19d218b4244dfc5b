using Edge.Journal.Commits;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Journal.Segments;
using Edge.Telemetry;
using FASTER.core;
using CommitPoint = Edge.Journal.Commits.CommitPoint;
using EventId = Edge.Events.EventId;

namespace Edge.Journal;

/// <summary>
/// The durable log of events. Three operations are separate: <see cref="TryAppend"/> puts a record into memory only; a
/// commit makes everything appended so far durable at once, and runs by itself; <see cref="WaitForCommitAsync"/> waits
/// for the commit that covers a record. Only a record for which it returned true may be acknowledged. Sequences start
/// at 1 and increase by one in address order, so a lost record is always visible as a gap. Thread safe.
/// </summary>
/// <remarks>
/// The engine is FASTER 2.6.5, used for its in-memory tail, its page flushing and its reader. Device, commit store,
/// recovery and truncation are our own, because the engine's lose acknowledged events on a full disk, start empty after
/// a failed recovery and skip a page after one failed read.
/// </remarks>
internal sealed partial class EventJournal : IAsyncDisposable
{
    /// <summary>Between two attempts to reserve room.</summary>
    private static readonly TimeSpan ReservePause = TimeSpan.FromMilliseconds(2);

    /// <summary>Between two attempts to append to reserved room.</summary>
    private static readonly TimeSpan AppendPause = TimeSpan.FromMilliseconds(1);

    private readonly JournalOptions _options;
    private readonly TimeProvider _time;
    private readonly Ledger _ledger;
    private readonly JournalFiles _files;
    private readonly JournalFault _fault;
    private readonly SegmentDevice _device;
    private readonly FasterLog _log;
    private readonly SpaceKeeper _space;
    private readonly Retention _retention;
    private readonly Lock _truncateLock = new();
    private readonly CommitLoop _commits;
    private readonly Quarantine _quarantine;
    private readonly Lock _appendLock = new();
    private readonly RoomBudget _rooms;
    private readonly RecentDrops _drops = new();
    private readonly ushort _run;
    private readonly ulong _epoch;
    private readonly long _sequenceBefore;
    private long _appendedSequence;
    private volatile bool _hasTests;
    private bool _stopping;

    private EventJournal(
        JournalOptions options,
        TimeProvider time,
        Ledger ledger,
        JournalFiles files,
        JournalFault fault,
        SegmentDevice device
    )
    {
        _options = options;
        _rooms = new RoomBudget(options);
        _time = time;
        _ledger = ledger;
        _files = files;
        _fault = fault;
        _device = device;
        _epoch = files.Manifest.Epoch;
        var point = files.Commits.Current;

        // The damaged slot may have belonged to a later run than the intact one.
        _run = (ushort)(point.Run + 1 + files.Findings.DamagedSlots);
        (_appendedSequence, _sequenceBefore) = (point.Sequence, point.Sequence);
        _log = LogEngine.Open(options, files.Commits, device);
        _space = new SpaceKeeper(options, files.Segments, fault);
        _quarantine = new Quarantine(
            Path.Combine(options.Directory, Quarantine.DirectoryName),
            files.Segments,
            options.PageBytes
        );
        _retention = new Retention(options, time);
        _commits = new CommitLoop(
            options,
            time,
            StartCommit,
            () => _log.TailAddress,
            Truncate,
            _space,
            files.Commits,
            ledger,
            fault
        );
    }

    /// <summary>Raised once for each damaged page that a reader meets, with the path of its copy, on that reader's thread.</summary>
    public event Action<string>? PageDamaged
    {
        add => _quarantine.Kept += value;
        remove => _quarantine.Kept -= value;
    }

    /// <summary>Random identity of this journal, made at its birth.</summary>
    public UInt128 EpochId => _files.Manifest.EpochId;

    /// <summary>Sequence of the last durable record; everything up to it may be acknowledged.</summary>
    public long CommittedSequence => _commits.Committed.Sequence;

    /// <summary>
    /// Completes when a write has failed: from then on nothing is acknowledged and the process has to restart.
    /// </summary>
    public Task Faulted => _fault.Raised;

    /// <summary>Sequence of the last appended record, which may not be durable.</summary>
    public long AppendedSequence => Interlocked.Read(ref _appendedSequence);

    /// <summary>Why an event of a project was not stored; null when nothing is known of it.</summary>
    public DropReason? DropOf(EventId id, ReadOnlySpan<byte> project) => _drops.Find(id, project);

    /// <summary>Whether appends are accepted now; cheap enough for every request.</summary>
    public JournalState State =>
        _fault.IsRaised ? JournalState.Faulted
        : Volatile.Read(ref _stopping) ? JournalState.Stopped
        : _space.State;

    /// <summary>
    /// Whether events are refused because budget or disk is used up, not for want of the next segment, which passes.
    /// </summary>
    public bool IsFull => State == JournalState.Full && _space.IsShort;

    public JournalStatus Status
    {
        get
        {
            var committed = _commits.Committed;
            var (tail, free) = (_log.TailAddress, _space.FreeBytes);
            var room = Math.Min(_options.MaxBytes - (tail - committed.Begin), free - _options.FreeReserveBytes);
            return new JournalStatus
            {
                State = State,
                BeginAddress = committed.Begin,
                CommittedAddress = committed.Until,
                TailAddress = tail,
                CommittedSequence = committed.Sequence,
                AppendedSequence = Interlocked.Read(ref _appendedSequence),
                Segments = _files.Segments.Count,
                SegmentBytes = _options.SegmentBytes,
                FreeBytes = free,
                RoomBytes = Math.Max(0, room),
                QuarantinedPages = _quarantine.Pages,
                CommitLatency = _commits.Latency,
                Findings = _files.Findings,
                Fault = _fault.Cause?.Message,
            };
        }
    }

    /// <summary>
    /// Opens the journal, or creates one in an empty directory; restores the ledger. Refuses with a <see
    /// cref="JournalException"/> whose message is one line for the operator.
    /// </summary>
    public static EventJournal Open(JournalOptions options, TimeProvider time, Ledger ledger)
    {
        if (options.Problem() is { } problem)
        {
            throw new JournalException(problem);
        }

        var fault = new JournalFault();
        var files = RecoveryGate.Open(options, time, fault);
        SegmentDevice? device = null;
        try
        {
            device = new SegmentDevice(files.Segments, fault);
            var point = files.Commits.Current;
            var journal = new EventJournal(options, time, ledger, files, fault, device);
            ledger.Restore(point.Drops, point.Sequence);
            journal.Start();
            return journal;
        }
        catch
        {
            device?.Dispose();
            files.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Reserves room for the records of one request, before its first append. Null when there is none within the time a
    /// request waits for a commit, or at once when the disk or the budget is full: then nothing has been stored,
    /// and the records are in the ledger as dropped. Blocks no thread.
    /// </summary>
    public async ValueTask<JournalRoom?> ReserveAsync(RoomNeed need)
    {
        var started = _time.GetTimestamp();
        JournalRoom? room;
        while (!TryReserve(need, started, out room))
        {
            await Task.Delay(ReservePause, _time);
        }

        return room;
    }

    /// <summary>
    /// Like <see cref="ReserveAsync"/>, for a request that has a thread of its own: waits on that.
    /// </summary>
    public JournalRoom? Reserve(in RoomNeed need)
    {
        var started = _time.GetTimestamp();
        JournalRoom? room;
        while (!TryReserve(need, started, out room))
        {
            Thread.Sleep(ReservePause);
        }

        return room;
    }

    /// <summary>Returns what is left of a room; called once by its owner.</summary>
    public void Return(JournalRoom room)
    {
        lock (_appendLock)
        {
            _rooms.Return(room);
        }
    }

    /// <summary>
    /// Appends one record in memory. Without a room it never waits for the disk; allocates nothing.
    /// </summary>
    /// <param name="record"><see cref="Envelope.HeaderBytes"/> bytes, which are filled in place, then the
    /// payload.</param>
    /// <param name="id">Identity of the event.</param>
    /// <param name="sequence">The record's number, for <see cref="WaitForCommitAsync"/>; 0 when it was not
    /// appended.</param>
    /// <param name="room">Room that was reserved for it: then it blocks while the disk is slow, and fails only when the
    /// journal does.</param>
    /// <param name="isSynthetic">Whether the event is a test's.</param>
    public AppendResult TryAppend(
        Span<byte> record,
        EventId id,
        out long sequence,
        JournalRoom? room = null,
        bool isSynthetic = false
    )
    {
        _ledger.Receive();
        sequence = 0;
        // Before it can be read.
        if (isSynthetic && !_hasTests)
        {
            _hasTests = true;
        }

        AppendResult result;
        if (record.Length <= Envelope.HeaderBytes || EngineRecord.TotalBytes(record.Length) > _options.PageBytes)
        {
            result = AppendResult.TooLarge;
        }
        else if (room is null && _space.State == JournalState.Full && !_fault.IsRaised)
        {
            result = AppendResult.Full;
        }
        else
        {
            while (true)
            {
                lock (_appendLock)
                {
                    result = Append(record, id, ref sequence, room);
                }

                // Without room left, and none to be had, it is as if nothing had been reserved.
                if (result != AppendResult.Busy || room is null || (room.Left <= 0 && _space.IsShort))
                {
                    break;
                }

                _commits.MakeRoom();
                _commits.RequestCommit();
                Thread.Sleep(AppendPause);
            }
        }

        // Before the commit loop hears of the record, so that the commit that covers it has its counter, too.
        if (isSynthetic)
        {
            _ledger.CountSynthetic(isStored: result == AppendResult.Appended);
        }

        if (result == AppendResult.Appended)
        {
            ReachKillPoint("after-enqueue");
            _commits.NotifyAppended();
            return result;
        }

        _ledger.Drop(ReasonOf(result));
        var payload = record.Length > Envelope.HeaderBytes ? record[Envelope.HeaderBytes..] : default;
        _drops.Add(id, payload, ReasonOf(result));
        if (result == AppendResult.Busy)
        {
            _commits.MakeRoom();
            _commits.RequestCommit();
        }

        return result;
    }

    /// <summary>
    /// Completes with true once the commit that covers the record has returned; with false when the deadline passed or
    /// the journal faulted, and then it is unknown whether the record will survive. Blocks no thread.
    /// </summary>
    public ValueTask<bool> WaitForCommitAsync(long sequence, CancellationToken cancellation = default)
    {
        var isAcknowledged = false;
        InjectWait(ref isAcknowledged);
        return isAcknowledged ? new ValueTask<bool>(true) : _commits.WaitAsync(sequence, cancellation);
    }

    /// <summary>
    /// Commits everything appended before the call, and the begin and the ledger as they are. Throws when it fails.
    /// </summary>
    public Task CommitAsync() => _commits.CommitAsync();

    /// <summary>
    /// Completes when a record after <paramref name="afterSequence"/> is durable. Cancelled when the journal closes.
    /// </summary>
    public ValueTask WaitForCommitAfterAsync(long afterSequence, CancellationToken cancellation) =>
        _commits.WaitForCommitAfterAsync(afterSequence, cancellation);

    /// <summary>
    /// Opens a reader of the committed records after the cursor. One task uses it; dispose it before the journal.
    /// </summary>
    public JournalReader OpenReader(JournalCursor from)
    {
        var committed = _commits.Committed;
        if (from.Sequence > committed.Sequence || from.Address > committed.Until)
        {
            throw new JournalException(
                $"a cursor is at record {from.Sequence}, but the journal ends at {committed.Sequence}: restore cursors and"
                    + " journal from the same backup"
            );
        }

        return new JournalReader(_log, _device, _commits, _quarantine, _files.Manifest, _time, MayBeTest, from);
    }

    /// <summary>
    /// Every enabled sink has durably taken everything up to the cursor. Whole segments before it are removed after the
    /// next commit, or later when they are retained for a time.
    /// </summary>
    public void Release(JournalCursor upTo)
    {
        _retention.Release(Math.Min(upTo.Address, _commits.Committed.Until));
        Truncate();
    }

    /// <summary>
    /// Refuses further appends, commits what was appended and closes the files. A faulted journal is only closed.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        lock (_appendLock)
        {
            if (_stopping)
            {
                return;
            }

            Volatile.Write(ref _stopping, true);
        }

        if (!_fault.IsRaised)
        {
            await _commits.CommitAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _commits.Dispose();

        // Disposing the engine waits for a running commit, and after a fault none will complete.
        if (!_fault.IsRaised)
        {
            _log.Dispose();
        }

        _device.Dispose();
        _files.Dispose();
    }

    /// <summary>Under which reason an event is counted that was not appended.</summary>
    public static DropReason ReasonOf(AppendResult result) =>
        result switch
        {
            AppendResult.Full => DropReason.JournalFull,
            AppendResult.Busy => DropReason.JournalBusy,
            AppendResult.TooLarge => DropReason.TooLarge,
            AppendResult.Stopping => DropReason.Stopping,
            _ => DropReason.JournalFault,
        };

    /// <summary>Bytes that were appended and are not committed; exact under the append lock.</summary>
    private long Unwritten => _log.TailAddress - _commits.Committed.Until;

    static partial void ReachKillPoint(string name);

    static partial void InjectWait(ref bool isAcknowledged);

    partial void InjectTruncation();

    /// <summary>
    /// Proves that the journal can be written before it is used; the commit also repairs a damaged slot.
    /// </summary>
    private void Start()
    {
        _commits.Start();
        try
        {
            _commits.CommitAsync().GetAwaiter().GetResult();
        }
        catch (JournalException)
        {
            _commits.Dispose();
            throw new JournalException(
                $"the journal in {_options.Directory} cannot be written: {_fault.Cause?.Message}; check the disk",
                _fault.Cause!
            );
        }
    }

    /// <summary>
    /// Whether the wait is over: with a room, or with null because there will be none in time.
    /// </summary>
    private bool TryReserve(in RoomNeed need, long started, out JournalRoom? room)
    {
        room = null;
        if (_fault.IsRaised)
        {
            return Drop(AppendResult.Faulted, need);
        }

        // Full for want of the next segment passes; this does not.
        if (_space.State == JournalState.Full && _space.IsShort)
        {
            return Drop(AppendResult.Full, need);
        }

        var bytes = _rooms.BytesOf(need);
        long until;
        lock (_appendLock)
        {
            if (_stopping)
            {
                return Drop(AppendResult.Stopping, need);
            }

            until = _log.TailAddress + _rooms.Reserved + bytes;
            if (until <= _space.AllocatedUntil && _rooms.Fits(bytes, Unwritten))
            {
                room = _rooms.Take(this, bytes);
                return true;
            }
        }
        if (until > _space.AllocatedUntil)
        {
            if (_space.IsShort)
            {
                return Drop(AppendResult.Full, need);
            }

            _space.Require(until);
            _commits.MakeRoom();
        }

        _commits.RequestCommit();
        return _time.GetElapsedTime(started).TotalMilliseconds >= _options.CommitWaitMs
            && Drop(AppendResult.Busy, need);
    }

    /// <summary>Counts records for which there is no room; true, because that ends the wait for it.</summary>
    private bool Drop(AppendResult result, in RoomNeed need)
    {
        for (var i = 0; i < need.Records; i++)
        {
            _ledger.Receive();
            _ledger.Drop(ReasonOf(result));
            if (need.IsSynthetic)
            {
                _ledger.CountSynthetic(isStored: false);
            }
        }

        return true;
    }

    private AppendResult Append(Span<byte> record, EventId id, ref long sequence, JournalRoom? room)
    {
        if (_fault.IsRaised)
        {
            return AppendResult.Faulted;
        }

        if (_stopping)
        {
            return AppendResult.Stopping;
        }

        // Records are added under this lock only, so the address is known before the record is written and can be part
        // of its checksum.
        var total = EngineRecord.TotalBytes(record.Length);
        var address = EngineRecord.Place(_log.TailAddress, total, _options.PageBytes);
        var reservedByOthers = _rooms.Reserved - (room?.Left ?? 0);
        if (address + total + reservedByOthers > _space.AllocatedUntil)
        {
            return AppendResult.Busy;
        }

        if (room is not null && !_rooms.MayAppend(room, total, Unwritten))
        {
            return AppendResult.Busy;
        }

        var next = _appendedSequence + 1;
        Envelope.Seal(record, _run, _epoch, next, id, address);
        try
        {
            if (!_log.TryEnqueue((ReadOnlySpan<byte>)record, out var actual))
            {
                return AppendResult.Busy;
            }

            if (actual != address)
            {
                throw new JournalException($"the log engine put a record at {actual} instead of {address}");
            }
        }
        catch (Exception e)
        {
            _fault.Raise(e);
            return AppendResult.Faulted;
        }
        Volatile.Write(ref _appendedSequence, next);
        sequence = next;
        if (room is not null)
        {
            _rooms.Use(room, total);
        }

        return AppendResult.Appended;
    }

    /// <summary>Whether a record can be of a test: of those before the start nobody has kept it.</summary>
    private bool MayBeTest(long sequence) => _hasTests || sequence <= _sequenceBefore;

    /// <summary>
    /// Truncates what is released and need not be retained; called regularly, because that changes with time and free
    /// space.
    /// </summary>
    private void Truncate()
    {
        var committed = _commits.Committed;
        lock (_truncateLock)
        {
            _log.TruncateUntilPageStart(_retention.RemovableUntil(committed.Until, _space.State));
        }

        if (_files.Segments.Of(_log.BeginAddress) > _files.Segments.Of(committed.Begin))
        {
            _commits.RequestCommit();
        }
    }

    /// <summary>Reads tail and sequence together and has the engine commit them.</summary>
    private void StartCommit(byte[] drops, Action committed)
    {
        InjectTruncation();
        lock (_appendLock)
        {
            _files.Commits.Announce(
                new CommitPoint
                {
                    Epoch = _epoch,
                    Run = _run,
                    Number = 0,
                    Begin = _log.BeginAddress,
                    Until = _log.TailAddress,
                    Sequence = _appendedSequence,
                    Drops = drops,
                    EngineMetadata = [],
                }
            );

            // An empty cookie makes the engine commit even when nothing was appended: begin or ledger may have changed.
            if (!_log.CommitStrongly(out _, out _, spinWait: false, cookie: [], callback: committed))
            {
                throw new JournalException("the log engine refused a commit");
            }
        }
    }
}
