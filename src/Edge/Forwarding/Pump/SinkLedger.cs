using Edge.Journal;
using Edge.Journal.Records;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.Pump;

/// <summary>
/// What is known about one sink: how far it is, how often it failed, since when its oldest event waits. Written by
/// the pump, read by anybody; thread safe.
/// </summary>
internal sealed class SinkLedger(string name, SinkProgress durable, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan RepeatMessageAfter = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private SinkState _state;
    private SinkProgress _taken = durable;
    private SinkProgress _durable = durable;
    private long _batches;
    private long _bytes;
    private long _errors;
    private long _errorsSinceMessage;
    private string? _lastError;
    private DateTimeOffset? _lastErrorAt;
    private DateTimeOffset _lastMessageAt;
    private bool _owesRecoveryMessage;
    private long _deadLettersSinceMessage;
    private DateTimeOffset _lastDeadLetterMessageAt;

    // Nothing that is pending can have been accepted before this moment.
    private DateTimeOffset _pendingSince = time.GetUtcNow();

    /// <summary>The sink has everything that is committed.</summary>
    public void CaughtUp()
    {
        lock (_lock)
        {
            _pendingSince = time.GetUtcNow();
            Works();
        }
    }

    /// <summary>The pump has a batch in hand that begins with this event.</summary>
    public void Holds(EventId oldest)
    {
        lock (_lock)
        {
            _pendingSince = MadeAt(oldest);
        }
    }

    public void Took(SinkProgress taken, RecordBatch batch)
    {
        lock (_lock)
        {
            Works();
            _taken = taken;
            _batches++;
            _bytes += batch.Bytes.Length;
            _pendingSince = MadeAt(batch[batch.Count - 1].Id);
        }
    }

    /// <summary>The reader went past records the journal no longer has.</summary>
    public void Passed(SinkProgress taken)
    {
        lock (_lock)
        {
            _taken = taken;
        }
    }

    public void Saved(SinkProgress durable)
    {
        lock (_lock)
        {
            _durable = durable;
        }
    }

    public void Rewound(SinkProgress durable)
    {
        lock (_lock)
        {
            _taken = durable;
        }
    }

    /// <summary>An attempt failed. Said at once, and again at most once a minute.</summary>
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
                _owesRecoveryMessage = true;
            }

            _state = SinkState.Retrying;
        }
    }

    /// <summary>An event went to the dead letters.</summary>
    public void DeadLettered(SinkProgress taken, EventId id, string reason)
    {
        lock (_lock)
        {
            _taken = taken;
            var now = time.GetUtcNow();
            _lastError = $"event {id} refused and set aside: {reason}";
            _lastErrorAt = now;
            _pendingSince = MadeAt(id);
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
    public void Paused()
    {
        lock (_lock)
        {
            _state = SinkState.Paused;
        }
    }

    public void Stopped()
    {
        lock (_lock)
        {
            _state = SinkState.Stopped;
        }
    }

    public SinkStatus StatusAt(EventJournal journal)
    {
        lock (_lock)
        {
            // A reader can see a commit a moment before the journal has published it.
            var stored = Math.Max(journal.CommittedSequence, _taken.Cursor.Sequence);
            var pending = stored - _taken.Cursor.Sequence;
            var age = time.GetUtcNow() - _pendingSince;
            return new SinkStatus
            {
                Name = name,
                State = _state,
                Stored = stored,
                Forwarded = _taken.Forwarded,
                Pending = pending,
                DeadLettered = _taken.DeadLettered,
                Skipped = _taken.Skipped,
                Filtered = _taken.Filtered,
                PendingBytes = PendingBytes(journal, pending),
                Cursor = _taken.Cursor,
                DurableCursor = _durable.Cursor,
                Batches = _batches,
                Bytes = _bytes,
                Errors = _errors,
                LastError = _lastError,
                LastErrorAt = _lastErrorAt,
                OldestPendingAge = pending == 0 || age < TimeSpan.Zero ? TimeSpan.Zero : age,
            };
        }
    }

    private void Works()
    {
        if (_owesRecoveryMessage)
        {
            _owesRecoveryMessage = false;
            log.SinkRecovered(name, _errors);
        }

        _state = SinkState.Forwarding;
    }

    private long PendingBytes(EventJournal journal, long pending)
    {
        if (pending == 0)
        {
            return 0;
        }

        var status = journal.Status;
        return Math.Max(0, status.CommittedAddress - Math.Max(_taken.Cursor.Address, status.BeginAddress));
    }

    private static DateTimeOffset MadeAt(EventId id) =>
        id.CreatedAt;
}
