namespace Edge.Journal;

/// <summary>
/// Lets waiting requests run between the pieces of long work in the background. A scheduler that shares a core fairly
/// takes it from a busy thread only after a slice of some 3 ms, which is what the slowest requests then take longer;
/// work that gives way by itself every 20 to 100 us does not show in them. When nobody waits this is one cheap call.
/// Any thread.
/// </summary>
internal static class CooperativeYield
{
    /// <summary>How much of a body is compressed or written in one piece.</summary>
    public const int PieceBytes = 8 << 10;

    private const int EventsPerPiece = 32;

    /// <summary>After every event of a loop, which counts them from 0 or 1 on.</summary>
    public static void AfterEvent(int index)
    {
        if (index % EventsPerPiece == 0)
        {
            AfterPiece();
        }
    }

    /// <summary>After a piece of the work.</summary>
    public static void AfterPiece() => Thread.Yield();
}
