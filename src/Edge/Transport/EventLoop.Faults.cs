using Edge.Storage.Faults;

namespace Edge.Transport;

/// <summary>The fault build's half of <see cref="EventLoop"/>.</summary>
internal sealed unsafe partial class EventLoop
{
    private const int BlockedMs = 5;
    private const int LeakedBytes = 16;

    private readonly List<byte[]> _leaked = [];

    static partial void InjectAccept()
    {
        if (Bugs.Planted(Bug.BlockingLoop))
        {
            Thread.Sleep(BlockedMs);
        }
    }

    partial void InjectAnswer()
    {
        if (Bugs.Planted(Bug.Leak))
        {
            _leaked.Add(new byte[LeakedBytes]);
        }
    }
}
