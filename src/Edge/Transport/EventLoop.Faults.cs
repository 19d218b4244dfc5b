using Edge.Storage.Faults;

namespace Edge.Transport;

/// <summary>The fault build's half of <see cref="EventLoop"/>.</summary>
internal sealed unsafe partial class EventLoop
{
    private const int BlockedMs = 5;

    static partial void InjectAccept()
    {
        if (Bugs.Planted(Bug.BlockingLoop))
        {
            Thread.Sleep(BlockedMs);
        }
    }
}
