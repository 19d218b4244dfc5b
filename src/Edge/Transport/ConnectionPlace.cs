namespace Edge.Transport;

/// <summary>What the <see cref="ConnectionTable"/> asks of a connection, whoever serves it.</summary>
internal interface IOpenConnection
{
    /// <summary>
    /// Whether the peer has sent anything at all: what has come may still wait for a thread. True where nobody knows.
    /// </summary>
    bool HasSpoken { get; }

    /// <summary>Closes it, soon and from any thread.</summary>
    void Abort();
}

/// <summary>
/// The place of one connection in the <see cref="ConnectionTable"/>: whose it is, whether a request ever began, whether
/// one runs, and since when none does. It stays the same when the connection changes hands. Thread safe.
/// </summary>
internal sealed class ConnectionPlace
{
    private long _idleSince;
    private int _running;
    private volatile bool _hasBegun;
    private volatile bool _isAborted;
    private volatile IOpenConnection? _holder;

    /// <param name="network">Whose it is; null when it does not count for an address.</param>
    /// <param name="now">Timestamp of its accept.</param>
    public ConnectionPlace(UInt128? network, long now)
    {
        Network = network;
        AcceptedAt = now;
        _idleSince = now;
        Node = new LinkedListNode<ConnectionPlace>(this);
    }

    /// <summary>Its place among the open connections, in order of accept; the table's alone.</summary>
    public LinkedListNode<ConnectionPlace> Node { get; }

    public UInt128? Network { get; }

    public long AcceptedAt { get; }

    /// <summary>Whether the header of a request ever came whole.</summary>
    public bool HasBegun => _hasBegun;

    public bool HasSpoken => _holder?.HasSpoken ?? true;

    /// <summary>Whether no request runs.</summary>
    public bool IsIdle => Volatile.Read(ref _running) == 0;

    /// <summary>Timestamp of the end of the last request, or of the accept.</summary>
    public long IdleSince => Volatile.Read(ref _idleSince);

    /// <summary>Whether it was closed to make room and no longer counts; the table's alone.</summary>
    public bool IsShed { get; set; }

    /// <summary>Who serves it from now on.</summary>
    public void HoldBy(IOpenConnection? holder)
    {
        _holder = holder;
        if (_isAborted)
        {
            holder?.Abort();
        }
    }

    /// <summary>A request begins.</summary>
    public void Begin()
    {
        Interlocked.Increment(ref _running);
        if (!_hasBegun)
        {
            _hasBegun = true;
        }
    }

    /// <summary>A request has ended.</summary>
    public void End(long now)
    {
        Volatile.Write(ref _idleSince, now);
        Interlocked.Decrement(ref _running);
    }

    /// <summary>Requests that were answered as they came: nobody else saw them run.</summary>
    public void Answered(long now)
    {
        Volatile.Write(ref _idleSince, now);
        if (!_hasBegun)
        {
            _hasBegun = true;
        }
    }

    /// <summary>Closes the connection, or has it closed by who takes it next.</summary>
    public void Abort()
    {
        _isAborted = true;
        _holder?.Abort();
    }
}
