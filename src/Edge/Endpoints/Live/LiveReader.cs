using System.Threading.Channels;

namespace Edge.Endpoints.Live;

/// <summary>
/// One reader of the live feed: what it has not taken yet, bounded, and how much it is shown in a second. The feed
/// offers, the reader's request takes. Thread safe for one of each; <see cref="Offer"/> is called under the feed's lock.
/// </summary>
/// <param name="filter">What it wants to see.</param>
/// <param name="keyId">The key it came with.</param>
internal sealed class LiveReader(LiveFilter filter, string keyId)
{
    /// <summary>Most messages that are shown in a second.</summary>
    public const int ShownPerSecond = 50;

    /// <summary>Most messages that wait: a reader that is further behind is dropped.</summary>
    private const int WaitingMax = 256;

    private readonly Channel<byte[]> _waiting = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(WaitingMax) { SingleReader = true }
    );

    private int _shown;
    private long _skipped;

    public LiveFilter Filter => filter;

    public string KeyId => keyId;

    /// <summary>What to send, in order; ends when the reader is dropped or the feed closes.</summary>
    public ChannelReader<byte[]> Waiting => _waiting.Reader;

    /// <summary>Whether another message is shown in this second; counts one that is not.</summary>
    public bool HasTurn()
    {
        if (_shown >= ShownPerSecond)
        {
            _skipped++;
            return false;
        }

        _shown++;
        return true;
    }

    /// <summary>Counts events that nobody looked at, because there were too many.</summary>
    public void Skip(long count) => _skipped += count;

    /// <summary>Begins the next second; returns what was shown in the last one and what was not.</summary>
    public (int Shown, long Skipped) NextSecond()
    {
        var last = (_shown, _skipped);
        (_shown, _skipped) = (0, 0);
        return last;
    }

    /// <summary>What ends the request of a reader that takes nothing any more.</summary>
    public Action OnDropped { get; set; } = static () => { };

    /// <summary>Has it sent; false when too much is waiting already, which ends the reader.</summary>
    public bool Offer(byte[] message)
    {
        if (_waiting.Writer.TryWrite(message))
        {
            return true;
        }

        End();
        OnDropped();
        return false;
    }

    /// <summary>Nothing more will come.</summary>
    public void End() => _waiting.Writer.TryComplete();
}
