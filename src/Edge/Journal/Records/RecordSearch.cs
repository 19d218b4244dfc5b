namespace Edge.Journal.Records;

/// <summary>
/// Finds where a page can be read again behind damage, so that a flipped bit costs one record and not the rest of its
/// page. Nothing says where the next record begins when a length may be wrong, so every place that a record can have is
/// tried; the checksum covers the address, and no payload has the bytes of an envelope, since JSON has no control
/// characters.
/// </summary>
internal static class RecordSearch
{
    /// <summary>The address of that record behind an address of the page; null when there is none.</summary>
    /// <param name="page">The page.</param>
    /// <param name="pageStart">Its address.</param>
    /// <param name="address">Where the damage begins.</param>
    /// <param name="until">End of what is committed of the log.</param>
    /// <param name="epoch">Identity of the journal.</param>
    public static long? FindBehind(ReadOnlySpan<byte> page, long pageStart, long address, long until, ulong epoch) =>
        pageStart
        + Find(
            page,
            pageStart,
            (int)(address - pageStart) + EngineRecord.Alignment,
            (int)Math.Min(page.Length, until - pageStart),
            epoch
        );

    /// <summary>
    /// The offset of the first record from which on all records follow each other up to the end of what is used of the
    /// page; null when there is none. A record of an earlier run that lies below a write which the disk has lost does
    /// not lead there.
    /// </summary>
    /// <param name="page">The page.</param>
    /// <param name="pageStart">Its address.</param>
    /// <param name="from">Where to begin, a multiple of <see cref="EngineRecord.Alignment"/>.</param>
    /// <param name="end">End of what is committed of it.</param>
    /// <param name="epoch">Identity of the journal.</param>
    public static int? Find(ReadOnlySpan<byte> page, long pageStart, int from, int end, ulong epoch)
    {
        const int HeadersBytes = EngineRecord.HeaderBytes + Envelope.HeaderBytes;
        for (var offset = from; offset + HeadersBytes < end; offset += EngineRecord.Alignment)
        {
            if (
                Envelope.IsOf(page[(offset + EngineRecord.HeaderBytes)..], epoch)
                && LeadsToTheEnd(page[..end], pageStart, offset, epoch)
            )
            {
                return offset;
            }
        }

        return null;
    }

    private static bool LeadsToTheEnd(ReadOnlySpan<byte> used, long pageStart, int offset, ulong epoch)
    {
        for (var sequence = 0L; offset < used.Length;)
        {
            var content = EngineRecord.Read(used, offset, out var entry);
            if (content != EngineContent.Entry)
            {
                return content == EngineContent.Unused && !used[offset..].ContainsAnyExcept((byte)0);
            }

            switch (Envelope.Check(entry, epoch, pageStart + offset, out var envelope))
            {
                case RecordState.NewerVersion:
                    // To be refused, and not to be passed over.
                    return true;
                case RecordState.Damaged:
                case RecordState.Intact when sequence > 0 && envelope.Sequence != sequence + 1:
                    return false;
            }

            sequence = envelope.Sequence;
            offset += EngineRecord.TotalBytes(entry.Length);
        }

        return true;
    }
}
