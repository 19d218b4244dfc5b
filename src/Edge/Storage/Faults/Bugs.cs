namespace Edge.Storage.Faults;

/// <summary>
/// Deliberate mistakes, one at a time, that the durability tests and the load tests must catch. Exists in the fault build only.
/// </summary>
internal enum Bug
{
    None,
    AckBeforeCommit,
    NoFsync,
    OneSlot,
    CursorBeforeSink,
    TruncateBeforeCursor,
    IgnoreIteratorError,
    ChangedToken,
    LateDeadLetter,
    UncheckedRecord,
    RepeatedRows,
    NoServerCommit,
    BlockingLoop,
    Leak,
    OlderCatalog,
}

/// <summary>Which bug this process has: <c>EDGE_PLANTED_BUG=ack-before-commit</c> and so on.</summary>
internal static class Bugs
{
    private static readonly Bug Current = Environment.GetEnvironmentVariable("EDGE_PLANTED_BUG") switch
    {
        null or "" => Bug.None,
        "ack-before-commit" => Bug.AckBeforeCommit,
        "no-fsync" => Bug.NoFsync,
        "one-slot" => Bug.OneSlot,
        "cursor-before-sink" => Bug.CursorBeforeSink,
        "truncate-before-cursor" => Bug.TruncateBeforeCursor,
        "ignore-iterator-error" => Bug.IgnoreIteratorError,
        "changed-token" => Bug.ChangedToken,
        "late-dead-letter" => Bug.LateDeadLetter,
        "unchecked-record" => Bug.UncheckedRecord,
        "repeated-rows" => Bug.RepeatedRows,
        "no-server-commit" => Bug.NoServerCommit,
        "blocking-loop" => Bug.BlockingLoop,
        "leak" => Bug.Leak,
        "older-catalog" => Bug.OlderCatalog,
        var name => throw new ArgumentException($"EDGE_PLANTED_BUG: unknown bug '{name}'"),
    };

    public static bool Planted(Bug bug) => Current == bug;
}
