namespace Edge.Journal;

/// <summary>What the records of one request need at most.</summary>
/// <param name="Records">How many there are.</param>
/// <param name="Bytes">Bytes of all of them, with envelope and padding.</param>
/// <param name="LargestBytes">Bytes of the largest one.</param>
/// <param name="IsSynthetic">Whether they are a test's.</param>
internal readonly record struct RoomNeed(int Records, long Bytes, long LargestBytes, bool IsSynthetic = false)
{
    public RoomNeed With(long recordBytes) =>
        this with
        {
            Records = Records + 1,
            Bytes = Bytes + recordBytes,
            LargestBytes = Math.Max(LargestBytes, recordBytes),
        };
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

    /// <summary>Whether it has been returned; the journal's alone.</summary>
    public bool IsReturned { get; set; }

    public void Dispose() => journal.Return(this);
}

/// <summary>
/// What all rooms hold together, and how much of the journal's memory they may fill with what is not committed yet:
/// half of it is for those that cannot wait, and a large request leaves half of the rest to small ones. Every member
/// but <see cref="BytesOf"/> is called under the journal's append lock.
/// </summary>
internal sealed class RoomBudget(JournalOptions options)
{
    /// <summary>Part of the memory that requests with room may fill.</summary>
    private const int RoomPart = 2;

    /// <summary>Part of it from which on a request is large, and which large ones may fill.</summary>
    private const int LargePart = 4;

    /// <summary>
    /// Large requests at a time. Each waits on a thread of its own for the disk, and were they many, they would take the
    /// threads on which the commits end that they wait for.
    /// </summary>
    private static readonly int LargeRoomsMax = Math.Max(2, Environment.ProcessorCount);

    private long _reservedInMemory;
    private int _largeRooms;

    /// <summary>Bytes that are reserved and not yet appended.</summary>
    public long Reserved { get; private set; }

    /// <summary>
    /// The bytes to reserve: what does not fit on the rest of a page goes to the next one, so each page may lose as
    /// much as the largest record.
    /// </summary>
    public long BytesOf(in RoomNeed need)
    {
        var largest = Math.Min(need.LargestBytes, options.PageBytes);
        var pages = (need.Bytes / Math.Max(1, options.PageBytes - largest)) + 2;
        return need.Bytes + (Math.Min(pages, need.Records) * largest);
    }

    /// <summary>Whether a request can have its room now. A large one waits with each append instead.</summary>
    public bool Fits(long bytes, long unwritten) =>
        IsLarge(bytes)
            ? _largeRooms < LargeRoomsMax
            : unwritten + _reservedInMemory + bytes <= options.MemoryBytes / RoomPart;

    /// <summary>Takes back what is left of a room.</summary>
    public void Return(JournalRoom room)
    {
        Use(room, room.Left);
        _largeRooms -= room is { IsLarge: true, IsReturned: false } ? 1 : 0;
        room.IsReturned = true;
    }

    public JournalRoom Take(EventJournal journal, long bytes)
    {
        _largeRooms += IsLarge(bytes) ? 1 : 0;
        var room = new JournalRoom(journal, bytes, IsLarge(bytes));
        Reserved += bytes;
        _reservedInMemory += room.IsLarge ? 0 : bytes;
        return room;
    }

    /// <summary>Whether a record may be appended to its room before the next commit.</summary>
    public bool MayAppend(JournalRoom room, long bytes, long unwritten) =>
        unwritten <= 0 || unwritten + bytes <= options.MemoryBytes / (room.IsLarge ? LargePart : RoomPart);

    /// <summary>Takes bytes from a room, as many as it has.</summary>
    public void Use(JournalRoom room, long bytes)
    {
        bytes = Math.Min(bytes, room.Left);
        room.Left -= bytes;
        Reserved -= bytes;
        _reservedInMemory -= room.IsLarge ? 0 : bytes;
    }

    private bool IsLarge(long bytes) => bytes > options.MemoryBytes / LargePart;
}
