namespace Edge.Telemetry;

/// <summary>Why a connection was not served, or not to its end.</summary>
internal enum ConnectionLoss
{
    /// <summary>Refused: as many as may be were open, and none of them idle.</summary>
    Full,

    /// <summary>Refused: its address had its share of them, and none of these was idle.</summary>
    AddressShare,

    /// <summary>Closed while idle, to make room for a new one.</summary>
    Shed,

    /// <summary>Closed because no whole request header came in time after it was opened.</summary>
    Silent,
}

/// <summary>What became of connections. Thread safe.</summary>
internal sealed class ConnectionCounts
{
    private readonly PaddedCounters _losses = new(Enum.GetValues<ConnectionLoss>().Length);
    private int _open;
    private long _accepted;

    /// <summary>Most connections at a time.</summary>
    public int Max { get; init; }

    /// <summary>Connections that are open now.</summary>
    public int Open
    {
        get => Volatile.Read(ref _open);
        set => Volatile.Write(ref _open, value);
    }

    /// <summary>Connections that found a place since the start.</summary>
    public long Accepted => Volatile.Read(ref _accepted);

    /// <summary>Connections lost for a reason since the start.</summary>
    public long Of(ConnectionLoss loss) => _losses[(int)loss];

    public void CountAccepted() => Interlocked.Increment(ref _accepted);

    public void Count(ConnectionLoss loss) => _losses.Increment((int)loss);
}
