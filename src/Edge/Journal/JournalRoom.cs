namespace Edge.Journal;

/// <summary>What the records of one request need at most.</summary>
/// <param name="Records">How many there are.</param>
/// <param name="Bytes">Bytes of all of them, with envelope and padding.</param>
/// <param name="LargestBytes">Bytes of the largest one.</param>
internal readonly record struct RoomNeed(int Records, long Bytes, long LargestBytes)
{
    public RoomNeed With(long recordBytes) =>
        new(Records + 1, Bytes + recordBytes, Math.Max(LargestBytes, recordBytes));
}

/// <summary>
/// Room in the journal that one request has reserved before its first append, so that all of its events are stored or
/// none. Its appends wait where others would be refused. Used by one request; disposing it returns what is left.
/// </summary>
internal sealed class JournalRoom(EventJournal journal, long bytes, bool isLarge) : IDisposable
{
    /// <summary>Bytes that are still reserved; the journal's alone.</summary>
    public long Left { get; set; } = bytes;

    /// <summary>Whether it is more than the memory of the journal can hold at once; the journal's alone.</summary>
    public bool IsLarge { get; } = isLarge;

    public void Dispose() => journal.Return(this);
}
