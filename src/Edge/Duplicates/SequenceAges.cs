namespace Edge.Duplicates;

/// <summary>
/// Which sequence numbers are older than an age, from a few marks: a number and when it was the newest. Numbers from
/// before the process started count from its start. Thread safe.
/// </summary>
internal sealed class SequenceAges(TimeSpan age, TimeProvider time)
{
    /// <summary>Resolution, as a fraction of the age.</summary>
    private const int Marks = 64;

    private readonly Lock _lock = new();
    private readonly Queue<(long At, long Sequence)> _marks = new();
    private readonly long _interval = (long)(age.TotalSeconds / Marks * time.TimestampFrequency);
    private long _nextMarkAt = long.MinValue;
    private long _expired;

    /// <summary>Every sequence up to this one is older than the age.</summary>
    public long Expired => Volatile.Read(ref _expired);

    /// <summary>Records that this sequence is the newest now.</summary>
    public void Note(long sequence)
    {
        var now = time.GetTimestamp();
        if (now < Volatile.Read(ref _nextMarkAt))
        {
            return;
        }

        lock (_lock)
        {
            if (now < _nextMarkAt)
            {
                return;
            }

            while (_marks.TryPeek(out var oldest) && time.GetElapsedTime(oldest.At, now) >= age)
            {
                Volatile.Write(ref _expired, _marks.Dequeue().Sequence);
            }

            _marks.Enqueue((now, sequence));
            Volatile.Write(ref _nextMarkAt, now + _interval);
        }
    }
}
