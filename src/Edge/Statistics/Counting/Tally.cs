using Edge.Catalog;
using Edge.Forwarding;
using Edge.Journal;
using Edge.Journal.Records;

namespace Edge.Statistics.Counting;

/// <summary>
/// The counts of every experiment, folded from the journal by a pump, as for a sink, and kept in one file together with
/// the cursor up to which they go. Events before that cursor are skipped, so each event counts once whenever a crash
/// happens: the file is written before the pump's cursor, and the pump's cursor before the journal is truncated.
/// </summary>
/// <remarks>
/// Time is event time, so that a replay gives the same result; the clock is used only once everything committed has
/// been counted. The pump's thread delivers and flushes; any thread may read. A lock guards the counts and is held for
/// microseconds, except while a checkpoint is prepared.
/// </remarks>
internal sealed class Tally : ISink, ITally
{
    /// <summary>The name in cursors, metrics and messages.</summary>
    public const string SinkName = "tally";

    /// <summary>Number of events counted while the lock is held once.</summary>
    private const int EventsPerLock = 256;

    private static readonly TimeSpan CatchUpPause = TimeSpan.FromMilliseconds(10);

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
    private bool _isFailing;
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
    /// Continues from the checkpoint, or starts over with the oldest event in the journal when there is no usable one.
    /// In that case the pump's cursor is removed, so open the tally before the pump. Throws <see cref="IOException"/>
    /// or <see cref="UnauthorizedAccessException"/> when the data directory cannot be used.
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
        if (file.ReconcileCursor(options.CursorPath, tally._cursor.Sequence, problem) is { } reason)
        {
            log.TallyStartsOver(reason);
        }
        return tally;
    }

    /// <summary>
    /// Everything about one experiment, with its trials that are mature now; null when no event of it was counted.
    /// </summary>
    public ExperimentTally? Find(string uid)
    {
        lock (_lock)
        {
            return FindMature(uid)?.Copy();
        }
    }

    public VariantSketches[] SketchesOf(string uid)
    {
        lock (_lock)
        {
            return _counts.Find(uid)?.Sketches ?? [];
        }
    }

    /// <summary>The public counters of one experiment; empty when no event of it was counted.</summary>
    public VariantTally[] CountsOf(string uid)
    {
        lock (_lock)
        {
            return _counts.Find(uid)?.Counts ?? [];
        }
    }

    /// <summary>
    /// Matures the trials of one experiment up to the current time and lets the caller read or change it under the lock;
    /// false when no event of it was counted.
    /// </summary>
    public bool Update<TState>(string uid, ref TState state, ExperimentUpdate<TState> update)
    {
        lock (_lock)
        {
            if (FindMature(uid) is not { } experiment)
            {
                return false;
            }
            _isDirty |= update(experiment, ref state);
            return true;
        }
    }

    /// <summary>The clock's: what is committed is counted within moments.</summary>
    public CountsAge AgeOf(string uid) => new(_time.GetUtcNow(), null);

    public bool IsCurrent(string uid) => true;

    /// <summary>Waits until everything is counted that was committed when it was called, or the time is over.</summary>
    public async Task CatchUpAsync(TimeSpan deadline)
    {
        var target = _committedSequence();
        var began = _time.GetTimestamp();
        while (CountedSequence < target && _time.GetElapsedTime(began) < deadline)
        {
            await Task.Delay(CatchUpPause, _time);
        }
    }

    /// <summary>Matures trials up to the current time, for experiments that receive no more events.</summary>
    public void Mature()
    {
        lock (_lock)
        {
            _counts.Mature(NowMs(), IsUpToDate);
        }
    }

    /// <summary>
    /// Writes a checkpoint independently of the pump, for changes caused by the passage of time. Blocks on disk I/O.
    /// </summary>
    public void Save()
    {
        lock (_lock)
        {
            if (!_isDirty)
            {
                _isFailing = false;
                return;
            }
        }

        // Once until it succeeds: a full disk would say it every few seconds.
        var written = Write(default);
        if (!written.IsDelivered && !_isFailing)
        {
            _log.TallyNotWritten(written.Reason!);
        }

        _isFailing = !written.IsDelivered;
    }

    public void Keep()
    {
        Mature();
        Save();
    }

    /// <summary>Keeps what was counted: events that are delivered again are skipped.</summary>
    public Task<DeliveryResult> ResumeAsync(UInt128 journalEpochId, JournalCursor from) =>
        Task.FromResult(DeliveryResult.Delivered);

    public Task<DeliveryResult> DeliverAsync(RecordBatch batch, CancellationToken cancellation)
    {
        for (var first = 0; first < batch.Count; first += EventsPerLock)
        {
            var nowMs = NowMs();
            lock (_lock)
            {
                Count(batch, first, Math.Min(batch.Count, first + EventsPerLock), nowMs);
            }
            CooperativeYield.AfterPiece();
        }
        long missed;
        lock (_lock)
        {
            AdvanceTo(batch.End);
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

    /// <summary>Saves changes made since the last checkpoint.</summary>
    public void Dispose() => Save();

    private long CountedSequence
    {
        get
        {
            lock (_lock)
            {
                return _cursor.Sequence;
            }
        }
    }

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

            // The address is that of the end of the batch; after a checkpoint before it, events are only delivered
            // again and skipped.
            _cursor = _cursor with
            {
                Sequence = record.Sequence,
            };
        }
        _isDirty = true;
    }

    private void AdvanceTo(JournalCursor cursor)
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
                    AdvanceTo(upTo);
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

    // The caller of these two holds the lock.
    private bool IsUpToDate => _cursor.Sequence >= _committedSequence();

    private ExperimentCounter? FindMature(string uid) => _counts.FindMature(uid, NowMs(), IsUpToDate);

    private long NowMs() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>
/// Reads or changes one experiment under the tally's lock; must be short and must not call back into the tally. Returns
/// true when it changed something that must be saved.
/// </summary>
internal delegate bool ExperimentUpdate<TState>(ExperimentCounter experiment, ref TState state);

/// <summary>The files and limits of the tally.</summary>
internal sealed record TallyOptions
{
    /// <summary>The data directory.</summary>
    public required string Directory { get; init; }

    /// <summary>Path of the pump's cursor.</summary>
    public required string CursorPath { get; init; }

    public TallyLimits Limits { get; init; } = TallyLimits.Default;
}

/// <summary>Totals of the tally, for metrics.</summary>
/// <param name="Experiments">Experiments with counts.</param>
/// <param name="Units">Units remembered.</param>
/// <param name="OpenTrials">Trials whose window has not passed.</param>
/// <param name="Unlearned">Exposures that started no trial because too many units were remembered.</param>
/// <param name="Uncounted">Events beyond the limits of experiments and variants.</param>
/// <param name="SketchBytes">Bytes of the sketches that count unique units.</param>
internal readonly record struct TallyStatus(
    int Experiments,
    int Units,
    int OpenTrials,
    long Unlearned,
    long Uncounted,
    int SketchBytes
);
