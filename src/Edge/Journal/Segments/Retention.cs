namespace Edge.Journal.Segments;

/// <summary>
/// Which events stay on disk after every sink has taken them: those of the last hours, up to a number of bytes, so that
/// duplicates are recognised after a restart and events can be replayed to sinks. Room for new events comes first:
/// unless the journal is fully open, nothing is retained. Ages count from the start of the process at the earliest.
/// Thread safe.
/// </summary>
internal sealed class Retention(JournalOptions options, TimeProvider time)
{
    /// <summary>Resolution of ages, as a fraction of the whole time.</summary>
    private const int Marks = 64;

    /// <summary>Retained events alone must stay far below the limits at which the journal warns or refuses.</summary>
    private const int ShareOfJournal = 4;

    private readonly Lock _lock = new();
    private readonly Queue<(long At, long Address)> _marks = new();
    private readonly long _retainBytes = Math.Min(options.RetainBytes, options.MaxBytes / ShareOfJournal);
    private long _markedAt;
    private long _released;
    private long _agedUntil;

    /// <summary>Every sink has durably taken what lies before this address.</summary>
    public void Release(long address)
    {
        lock (_lock)
        {
            _released = Math.Max(_released, address);
        }
    }

    /// <summary>The address below which nothing needs to be retained.</summary>
    /// <param name="committed">First address that is not durable.</param>
    /// <param name="state">Whether there is room.</param>
    public long RemovableUntil(long committed, JournalState state)
    {
        lock (_lock)
        {
            NoteAge(committed);
            if (state != JournalState.Open || _retainBytes == 0 || options.RetainHours == 0)
            {
                return _released;
            }

            return Math.Min(_released, Math.Max(_agedUntil, _released - _retainBytes));
        }
    }

    private void NoteAge(long committed)
    {
        var now = time.GetTimestamp();
        var retained = TimeSpan.FromHours(options.RetainHours);
        while (_marks.TryPeek(out var oldest) && time.GetElapsedTime(oldest.At, now) >= retained)
        {
            _agedUntil = _marks.Dequeue().Address;
        }

        if (_marks.Count > 0 && time.GetElapsedTime(_markedAt, now) < retained / Marks)
        {
            return;
        }

        _marks.Enqueue((now, committed));
        _markedAt = now;
    }
}
