namespace Edge.Requests.Bodies;

/// <summary>
/// Bytes of request bodies that may be in memory at a time, over all requests: what many senders of large bodies
/// together can take from the process. Thread safe, never waits.
/// </summary>
internal sealed class ByteBudget(long bytesMax)
{
    private long _taken;

    /// <summary>Bytes taken now.</summary>
    public long Taken => Volatile.Read(ref _taken);

    /// <summary>Whether so many bytes are left; others may take them meanwhile.</summary>
    public bool HasRoomFor(long bytes) => Taken + bytes <= bytesMax;

    /// <summary>Takes bytes; false when fewer are left.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= bytesMax)
        {
            return true;
        }

        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    /// <summary>Returns taken bytes.</summary>
    public void Return(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
