using Edge.Catalog;
using Edge.Forwarding;
using Edge.Journal;
using Edge.Journal.Records;

namespace Edge.Statistics.Counting;

/// <summary>
/// The counts of every experiment, folded from the journal like a sink and kept in one file together with the place up
/// to which they go. An event that is behind that place is passed over, so whatever the moment of a crash, each event
/// counts once: the file is written before the pump's cursor is, and the pump's cursor before the journal forgets.
/// </summary>
/// <remarks>
/// Time is the time of the events, so that a replay comes to the same result; the clock takes over only where the tally
/// has everything that is committed. The pump's thread delivers and flushes, any thread may ask; a lock guards the
/// counts and is held for microseconds by both, but for the making of a checkpoint.
/// </remarks>
internal sealed class Tally : ISink
{
    /// <summary>The name in cursors, metrics and messages.</summary>
    public const string SinkName = "tally";

    /// <summary>Events that are counted under one hold of the lock.</summary>
    private const int EventsPerHold = 256;


    private readonly TallyFile _file;
    private readonly TallyCounts _counts;
    private readonly Func<long> _committedSequence;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    // Guards the counts and the cursor.
    private readonly Lock _lock = new();

    // One checkpoint at a time, so that an older one never replaces a newer one.
    private readonly Lock _fileLock = new();

    private JournalCursor _cursor;
    private bool _isDirty;
    private long _missed;

    private Tally(TallyFile file, TallyCounts counts, Func<long> committedSequence, TimeProvider time, ILogger log)
    {
        _file = file;
        _counts = counts;
        _committedSequence = committedSequence;
        _time = time;
        _log = log;
    }

    public TallyStatus Status
    {
        get
        {
            lock (_lock)
            {
                return _counts.Status;
            }
        }
    }

    /// <summary>
    /// Goes on from the checkpoint, or anew from what the journal holds when there is none that can be used; a cursor
    /// that would pass events over is removed then, so this comes before the pump. Throws <see cref="IOException"/> or
    /// <see cref="UnauthorizedAccessException"/> when the data directory cannot be used.
    /// </summary>
    public static Tally Open(
        TallyOptions options,
        EventJournal journal,
        CatalogHolder catalog,
        TimeProvider time,
        ILogger log
    )
    {
        var file = new TallyFile(options.Directory, journal.EpochId);
        TallyCounts? counts = null;
        var state = file.Read(
            journal.CommittedSequence,
            read => counts = TallyCounts.FromState(read, options.Limits, catalog),
            out var problem
        );
        counts ??= new TallyCounts(options.Limits, catalog);
        var tally = new Tally(file, counts, () => journal.CommittedSequence, time, log);
        if (state is not null)
        {
            tally._cursor = new JournalCursor(state.Address, state.Sequence);
        }
        if (file.FitCursor(options.CursorPath, tally._cursor.Sequence, problem) is { } reason)
        {
            log.TallyStartsOver(reason);
        }
        return tally;
    }

    /// <summary>Everything about one experiment; null when no event of it was counted.</summary>
    public ExperimentTally? Find(string uid)
    {
        lock (_lock)
        {
            return _counts.Find(uid)?.Copy();
        }
    }

    /// <summary>The visible counters of one experiment; empty when no event of it was counted.</summary>
    public VariantTally[] CountsOf(string uid)
    {
        lock (_lock)
        {
            return _counts.Find(uid)?.Counts ?? [];
        }
    }

    /// <summary>
    /// Brings the trials up to date with the clock, and lets the caller work on one experiment under the lock; false
    /// when no event of it was counted.
    /// </summary>
    public bool Visit<TState>(string uid, ref TState state, ExperimentVisit<TState> visit)
    {
        lock (_lock)
        {
            if (_counts.Find(uid) is not { } experiment)
            {
                return false;
            }
            _counts.Mature(NowMs(), _cursor.Sequence >= _committedSequence());
            _isDirty |= visit(experiment, ref state);
            return true;
        }
    }

    /// <summary>Brings the trials up to date with the clock, for experiments that no event comes to any more.</summary>
    public void Mature()
    {
        lock (_lock)
        {
            _counts.Mature(NowMs(), _cursor.Sequence >= _committedSequence());
        }
    }

    /// <summary>
    /// Writes a checkpoint outside the pump's turn, for changes that came from the clock. Blocks for the disk.
    /// </summary>
    public void Save()
    {
        lock (_lock)
        {
            if (!_isDirty)
            {
                return;
            }
        }
        if (Write(default) is { IsDelivered: false, Reason: var reason })
        {
            _log.TallyNotWritten(reason!);
        }
    }

    /// <summary>What was counted stays: events that come again are passed over.</summary>
    public Task<DeliveryResult> ResumeAsync(UInt128 journalEpochId, JournalCursor from) =>
        Task.FromResult(DeliveryResult.Delivered);

    public Task<DeliveryResult> DeliverAsync(RecordBatch batch, CancellationToken cancellation)
    {
        for (var first = 0; first < batch.Count; first += EventsPerHold)
        {
            var nowMs = NowMs();
            lock (_lock)
            {
                Count(batch, first, Math.Min(batch.Count, first + EventsPerHold), nowMs);
            }
            CooperativeYield.AfterPiece();
        }
        long missed;
        lock (_lock)
        {
            PassTo(batch.End);
            _counts.Mature(NowMs(), isUpToDate: false);
            (missed, _missed) = (_missed, 0);
        }
        if (missed > 0)
        {
            _log.TallyMissedEvents(missed);
        }
        return Task.FromResult(DeliveryResult.Delivered);
    }

    public Task<DeliveryResult> FlushAsync(JournalCursor upTo) => Task.FromResult(Write(upTo));

    /// <summary>Keeps what came from the clock since the last checkpoint.</summary>
    public void Dispose() => Save();

    private void Count(RecordBatch batch, int first, int end, long nowMs)
    {
        for (var i = first; i < end; i++)
        {
            var record = batch[i];
            if (record.Sequence <= _cursor.Sequence)
            {
                continue;
            }
            _missed += record.Sequence - _cursor.Sequence - 1;
            _counts.Count(batch.Payload(i).Span, record.Id.CreatedAtMs, nowMs);

            // The address belongs to the end of the batch; a checkpoint before that only repeats what is passed over.
            _cursor = _cursor with
            {
                Sequence = record.Sequence,
            };
        }
        _isDirty = true;
    }

    private void PassTo(JournalCursor cursor)
    {
        if (cursor.Sequence >= _cursor.Sequence && cursor.Address > _cursor.Address)
        {
            _cursor = cursor;
        }
    }

    private DeliveryResult Write(JournalCursor upTo)
    {
        lock (_fileLock)
        {
            try
            {
                TallyState state;
                lock (_lock)
                {
                    PassTo(upTo);
                    state = _counts.ToState(_file.Journal, _cursor);
                    _isDirty = false;
                }
                _file.Write(state);
                return DeliveryResult.Delivered;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                lock (_lock)
                {
                    _isDirty = true;
                }
                return DeliveryResult.Retry(e.Message);
            }
        }
    }

    private long NowMs() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>
/// Work on one experiment under the tally's lock; short, and without calls back into the tally. True when it changed
/// something that must be kept.
/// </summary>
internal delegate bool ExperimentVisit<TState>(ExperimentCounter experiment, ref TState state);
