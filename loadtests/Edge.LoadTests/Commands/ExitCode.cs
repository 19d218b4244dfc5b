namespace Edge.LoadTests.Commands;

/// <summary>How a run ends; scripts rely on it.</summary>
internal static class ExitCode
{
    /// <summary>All thresholds hold, every answer and every event is as it should be.</summary>
    public const int Passed = 0;

    /// <summary>A threshold is broken, an answer was wrong, or events do not add up.</summary>
    public const int Failed = 1;

    /// <summary>Nothing was measured: wrong options, a service that is not there, a key that it refuses.</summary>
    public const int WrongUsage = 2;
}
