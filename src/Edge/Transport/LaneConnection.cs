using Edge.Requests;

namespace Edge.Transport;

/// <summary>
/// A connection of an <see cref="EventLoop"/>, whose thread alone uses it; <see cref="Abort"/> and
/// <see cref="HasSpoken"/> are for all.
/// </summary>
internal sealed class LaneConnection(int socket, ClientAddress peer, ConnectionPlace place) : IOpenConnection
{
    private readonly Lock _closing = new();
    private bool _isClosed;

    public int Socket => socket;

    public ClientAddress Peer => peer;

    public ConnectionPlace Place => place;

    /// <summary>Its number in the loop; negative when the loop does not wait for it yet.</summary>
    public long Number { get; set; } = -1;

    /// <summary>Timestamp of its last request, or of its accept; the order of the loop's list.</summary>
    public long LastAt { get; set; }

    /// <summary>Neighbours in the loop's list.</summary>
    public LaneConnection? Before { get; set; }

    public LaneConnection? After { get; set; }

    /// <summary>Answers that the kernel has not taken: the peer does not read. Empty for nearly all.</summary>
    public ReadOnlyMemory<byte> Unsent { get; set; }

    /// <summary>Requests that wait until these are sent.</summary>
    public ReadOnlyMemory<byte> Unanswered { get; set; }

    /// <summary>Whether it ends when everything is sent.</summary>
    public bool EndsWhenSent { get; set; }

    public bool HasSpoken
    {
        get
        {
            lock (_closing)
            {
                return _isClosed || SocketCalls.HasReceived(socket);
            }
        }
    }

    public void Abort()
    {
        lock (_closing)
        {
            if (!_isClosed)
            {
                SocketCalls.EndBoth(socket);
            }
        }
    }

    /// <summary>The loop gives the descriptor away: from now on it is not to be touched.</summary>
    public void Release()
    {
        lock (_closing)
        {
            _isClosed = true;
        }
    }
}
