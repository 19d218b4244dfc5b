namespace Edge.Journal;

/// <summary>
/// The journal cannot be opened or used. The message is one line for an operator: what was found and what to do.
/// </summary>
internal sealed class JournalException : Exception
{
    public JournalException(string message)
        : base(message) { }

    public JournalException(string message, Exception inner)
        : base(message, inner) { }

    /// <summary>Whether another process uses the journal, which is then not damaged.</summary>
    public bool IsInUse { get; init; }
}
