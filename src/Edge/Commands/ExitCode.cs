namespace Edge.Commands;

/// <summary>Exit codes of the program; scripts and supervisors rely on them.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int WrongUsage = 2;

    /// <summary>
    /// The journal met an I/O error and the process stopped so that a supervisor restarts it and recovers.
    /// </summary>
    public const int JournalFault = 3;

    /// <summary>
    /// The process ran out of memory, or can no longer accept connections, and stopped so that a supervisor restarts it.
    /// </summary>
    public const int Exhausted = 4;
}
