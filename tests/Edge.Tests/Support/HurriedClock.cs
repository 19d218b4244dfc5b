namespace Edge.Tests.Support;

/// <summary>A clock that runs ten thousand times too fast, for code that pauses between attempts. No timers.</summary>
internal sealed class HurriedClock : TimeProvider
{
    private const int Haste = 10_000;

    public override long GetTimestamp() => System.GetTimestamp() * Haste;
}
