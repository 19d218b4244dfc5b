using Edge.Telemetry;

namespace Edge.Endpoints;

/// <summary>
/// Where the endpoints count, and where a bug in them, and a change that the disk refused, is reported: every one in the
/// metrics, one message an interval in the log. Thread safe.
/// </summary>
internal sealed class RequestLog(Metrics metrics, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private long _lastMessageAt = -1;
    private long _sinceLastMessage;

    public Metrics Metrics => metrics;

    /// <summary>Reports an exception that reached the last catch of an endpoint.</summary>
    public Outcome Failed(Exception exception)
    {
        Report(count => logger.RequestFailed(exception, count));
        return Outcome.Failed;
    }

    /// <summary>Reports a change that could not be stored.</summary>
    public void NotStored(Exception exception) =>
        Report(count => logger.ChangeNotStored(exception.Message.ReplaceLineEndings(" "), count));

    private void Report(Action<long> write)
    {
        var count = Interlocked.Increment(ref _sinceLastMessage);
        var now = time.GetTimestamp();
        var last = Volatile.Read(ref _lastMessageAt);
        var isDue = last < 0 || time.GetElapsedTime(last, now) >= Interval;
        if (isDue && Interlocked.CompareExchange(ref _lastMessageAt, now, last) == last)
        {
            write(count);
            Interlocked.Add(ref _sinceLastMessage, -count);
        }
    }
}
