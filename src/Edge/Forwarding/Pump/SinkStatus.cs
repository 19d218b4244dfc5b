using Edge.Journal;
using Edge.Journal.Records;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.Pump;

/// <summary>What a pump is doing.</summary>
internal enum SinkState
{
    /// <summary>Not started yet.</summary>
    Idle,

    /// <summary>Delivering events as they are committed.</summary>
    Forwarding,

    /// <summary>The last attempt failed; retrying after a pause.</summary>
    Retrying,

    /// <summary>Paused by an operator; the journal retains its events.</summary>
    Paused,

    /// <summary>Ended by an orderly stop.</summary>
    Stopped,
}

/// <summary>
/// A consistent snapshot of a sink, for metrics, ledger and status. At any time
/// <c>Stored = Forwarded + Pending + DeadLettered + Skipped</c>.
/// </summary>
internal sealed record SinkStatus
{
    public required string Name { get; init; }
    public required SinkState State { get; init; }

    /// <summary>Committed events of the journal since its birth.</summary>
    public required long Stored { get; init; }

    /// <summary>
    /// Events the sink has taken. Goes back to the durable value when deliveries have to be repeated.
    /// </summary>
    public required long Forwarded { get; init; }

    /// <summary>Committed events the sink has not taken.</summary>
    public required long Pending { get; init; }
    public required long DeadLettered { get; init; }

    /// <summary>
    /// Events given up by an operator, lost with a quarantined page, or left out by the sink's filters.
    /// </summary>
    public required long Skipped { get; init; }

    /// <summary>Skipped events that the sink's filters left out.</summary>
    public required long Filtered { get; init; }

    /// <summary>Bytes of the journal the sink has not taken yet, including what its filters will leave out.</summary>
    public required long PendingBytes { get; init; }

    /// <summary>
    /// How far the sink has taken the journal; after a kill it continues from <see cref="DurableCursor"/>.
    /// </summary>
    public required JournalCursor Cursor { get; init; }
    public required JournalCursor DurableCursor { get; init; }

    /// <summary>Batches and bytes taken since the process started, repetitions included.</summary>
    public required long Batches { get; init; }
    public required long Bytes { get; init; }

    /// <summary>Events of tests it has taken since the process started, repetitions included.</summary>
    public required long Synthetic { get; init; }

    /// <summary>Failed attempts since the process started.</summary>
    public required long Errors { get; init; }

    /// <summary>The last failure in words, kept after recovery; null when there was none.</summary>
    public required string? LastError { get; init; }
    public required DateTimeOffset? LastErrorAt { get; init; }

    /// <summary>How long the oldest pending event has been waiting; zero when nothing is pending.</summary>
    public required TimeSpan OldestPendingAge { get; init; }
}

/// <summary>
/// How one sink is doing: its state, its failures and their log messages, what it was delivered since the start, and
/// the age of its oldest pending event. Written by the pump, read by any thread; thread safe.
/// </summary>
internal sealed class SinkHealth(string name, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan RepeatMessageAfter = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private SinkState _state;
    private long _batches;
    private long _bytes;
    private long _synthetic;
    private long _errors;
    private long _errorsSinceMessage;
    private string? _lastError;
    private DateTimeOffset? _lastErrorAt;
    private DateTimeOffset _lastMessageAt;
    private bool _isRecoveryMessageDue;
    private long _deadLettersSinceMessage;
    private DateTimeOffset _lastDeadLetterMessageAt;

    // No pending event was accepted before this moment.
    private DateTimeOffset _pendingSince = time.GetUtcNow();

    /// <summary>The sink has everything that is committed.</summary>
    public void CaughtUp()
    {
        lock (_lock)
        {
            _pendingSince = time.GetUtcNow();
            MarkForwarding();
        }
    }

    /// <summary>The pump has read a batch that begins with this event.</summary>
    public void Reading(EventId oldest)
    {
        lock (_lock)
        {
            _pendingSince = oldest.CreatedAt;
        }
    }

    /// <summary>The sink has taken a batch or a part of one, up to this event.</summary>
    public void Delivered(int bytes, int synthetic, EventId newest)
    {
        lock (_lock)
        {
            MarkForwarding();
            _batches++;
            _bytes += bytes;
            _synthetic += synthetic;
            _pendingSince = newest.CreatedAt;
        }
    }

    /// <summary>An attempt failed. Logged at once, then at most once a minute.</summary>
    public void Failed(string reason)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            _errors++;
            _errorsSinceMessage++;
            _lastError = reason;
            _lastErrorAt = now;
            if (now - _lastMessageAt >= RepeatMessageAfter)
            {
                log.SinkFailed(name, _errorsSinceMessage, reason);
                _errorsSinceMessage = 0;
                _lastMessageAt = now;
                _isRecoveryMessageDue = true;
            }

            _state = SinkState.Retrying;
        }
    }

    /// <summary>An event went to the dead letters.</summary>
    public void DeadLettered(EventId id, string reason)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            _lastError = $"event {id} refused and set aside: {reason}";
            _lastErrorAt = now;
            _pendingSince = id.CreatedAt;
            _deadLettersSinceMessage++;
            if (now - _lastDeadLetterMessageAt >= RepeatMessageAfter)
            {
                log.EventRefused(name, _deadLettersSinceMessage, reason);
                _deadLettersSinceMessage = 0;
                _lastDeadLetterMessageAt = now;
            }
        }
    }

    /// <summary>An operator paused the sink.</summary>
    /// <param name="isCaughtUp">Whether it has everything that is committed.</param>
    public void Paused(bool isCaughtUp)
    {
        lock (_lock)
        {
            _state = SinkState.Paused;
            if (isCaughtUp)
            {
                _pendingSince = time.GetUtcNow();
            }
        }
    }

    public void Stopped()
    {
        lock (_lock)
        {
            _state = SinkState.Stopped;
        }
    }

    /// <summary>The status as of now.</summary>
    public SinkStatus StatusAt(EventJournal journal, PumpProgress progress)
    {
        // Before the rest: what was counted here before the progress moved is then seen together with it.
        var (taken, durable) = progress.Snapshot;
        lock (_lock)
        {
            // A reader can see a commit a moment before the journal has published it.
            var stored = Math.Max(journal.CommittedSequence, taken.Cursor.Sequence);
            var pending = stored - taken.Cursor.Sequence;
            var age = time.GetUtcNow() - _pendingSince;
            return new SinkStatus
            {
                Name = name,
                State = _state,
                Stored = stored,
                Forwarded = taken.Forwarded,
                Pending = pending,
                DeadLettered = taken.DeadLettered,
                Skipped = taken.Skipped,
                Filtered = taken.Filtered,
                PendingBytes = pending == 0 ? 0 : PendingBytes(journal, taken.Cursor),
                Cursor = taken.Cursor,
                DurableCursor = durable.Cursor,
                Batches = _batches,
                Bytes = _bytes,
                Synthetic = _synthetic,
                Errors = _errors,
                LastError = _lastError,
                LastErrorAt = _lastErrorAt,
                OldestPendingAge = pending == 0 || age < TimeSpan.Zero ? TimeSpan.Zero : age,
            };
        }
    }

    private void MarkForwarding()
    {
        if (_isRecoveryMessageDue)
        {
            _isRecoveryMessageDue = false;
            log.SinkRecovered(name, _errors);
        }

        _state = SinkState.Forwarding;
    }

    private static long PendingBytes(EventJournal journal, JournalCursor taken)
    {
        var status = journal.Status;
        return Math.Max(0, status.CommittedAddress - Math.Max(taken.Address, status.BeginAddress));
    }
}
