using Edge.Journal.Records;
using Edge.Journal.Segments;
using Edge.Storage;
using EventId = Edge.Events.EventId;

namespace Edge.Journal.Recovery;

/// <summary>What a <see cref="RecordFinder"/> found.</summary>
internal enum FindResult
{
    Found,

    /// <summary>The journal has no such record, or no longer.</summary>
    Absent,

    /// <summary>The page that held it, or may have held it, is damaged.</summary>
    Damaged,

    /// <summary>As much was read as may be.</summary>
    GaveUp,
}

/// <summary>
/// Finds one record of a journal by its number or by its id. Every page begins with a record, numbers ascend with
/// addresses and ids nearly do, because they begin with the time they were made at: a bisection over the first records
/// of the pages finds the page, with some twenty reads of 56 bytes, and only around it records are read. Not thread
/// safe.
/// </summary>
internal sealed class RecordFinder(SegmentFiles segments, JournalManifest manifest, long begin, long until)
{
    /// <summary>Bytes that are read of records, at most.</summary>
    public const long BytesMax = 64L << 20;

    /// <summary>
    /// By how much ids may be out of the order of their records: a request waited for room, or the clock of an edge is
    /// not the origin's.
    /// </summary>
    private const long DisorderMs = 4_000;

    /// <summary>
    /// Records in a row that are too young, after which none is expected: a single one may be an edge's.
    /// </summary>
    private const int YoungInARow = 1_000;

    private const int HeadBytes = EngineRecord.HeaderBytes + Envelope.HeaderBytes;

    /// <summary>Finds a record by its number.</summary>
    /// <param name="sequence">The number.</param>
    /// <param name="record">The record; it is its walker's until the next step.</param>
    public FindResult Find(long sequence, out LogWalker record)
    {
        var from = StartOf(LastPage(head => head.Sequence <= sequence));
        record = new LogWalker(segments, manifest, from, until);
        var isDamaged = false;
        for (var step = record.Step(); step != WalkStep.End; step = record.Step())
        {
            isDamaged |= step == WalkStep.Damage;
            if (step == WalkStep.Record && record.Envelope.Sequence >= sequence)
            {
                if (record.Envelope.Sequence == sequence)
                {
                    return FindResult.Found;
                }
                break;
            }
            if (record.NextAddress - from > BytesMax)
            {
                return FindResult.GaveUp;
            }
        }
        return isDamaged ? FindResult.Damaged : FindResult.Absent;
    }

    /// <summary>Finds a record by the id of its event.</summary>
    /// <inheritdoc cref="Find(long, out LogWalker)"/>
    public FindResult Find(EventId id, out LogWalker record)
    {
        var from = StartOf(LastPage(head => head.Id.CreatedAtMs < id.CreatedAtMs - DisorderMs));
        record = new LogWalker(segments, manifest, from, until);
        var (isDamaged, young) = (false, 0);
        for (var step = record.Step(); step != WalkStep.End; step = record.Step())
        {
            isDamaged |= step == WalkStep.Damage;
            if (step == WalkStep.Record)
            {
                if (record.Envelope.Id == id)
                {
                    return FindResult.Found;
                }
                young = record.Envelope.Id.CreatedAtMs > id.CreatedAtMs + DisorderMs ? young + 1 : 0;
            }
            if (young >= YoungInARow)
            {
                break;
            }
            if (record.NextAddress - from > BytesMax)
            {
                return FindResult.GaveUp;
            }
        }
        return isDamaged ? FindResult.Damaged : FindResult.Absent;
    }

    /// <summary>
    /// The last page whose first record is before what is looked for; the first one when none is. Pages that cannot be
    /// read are never the answer.
    /// </summary>
    private long LastPage(Func<Envelope, bool> isBefore)
    {
        var (low, high) = (begin / manifest.PageBytes, Math.Max(begin, until - 1) / manifest.PageBytes);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            var read = middle;
            Envelope head = default;
            while (read > low && !TryReadHead(read, out head))
            {
                read--;
            }
            if (read == low)
            {
                // Nothing can be read from there to the middle.
                for (read = middle + 1; read <= high && !TryReadHead(read, out head); read++) { }
                if (read > high)
                {
                    return low;
                }
            }
            (low, high) = isBefore(head) ? (read, high) : (low, Math.Min(middle, read) - 1);
        }
        return low;
    }

    private long StartOf(long page) => Math.Max(Math.Max(begin, EngineRecord.FirstAddress), page * manifest.PageBytes);

    /// <summary>Reads the header of a page's first record. Who reads the record later checks it.</summary>
    private bool TryReadHead(long page, out Envelope head)
    {
        head = default;
        Span<byte> bytes = stackalloc byte[HeadBytes];
        try
        {
            segments.Read(StartOf(page), bytes);
        }
        catch (DiskException)
        {
            return false;
        }

        var read = Envelope.Read(bytes[EngineRecord.HeaderBytes..]);
        if (read.Epoch != manifest.Epoch || read.Sequence <= 0)
        {
            return false;
        }

        head = read;
        return true;
    }
}
