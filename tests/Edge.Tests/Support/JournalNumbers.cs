using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;

namespace Edge.Tests.Support;

/// <summary>
/// Overwrites, in the segment files of a stopped journal, what holds every short number sooner or later in millions of
/// records and cannot hold anything of a visitor: both checksums of a record, where they are right, because they follow
/// from bytes that stay; and its id, which is made of time and random bits and stands in the payload as text too. What
/// is not a sound record stays as it is.
/// </summary>
internal static class JournalNumbers
{
    private const int EngineChecksumBytes = 8;

    /// <summary>Overwrites them; the answer says in how many records.</summary>
    public static long Blank(string dataDirectory)
    {
        using var journal = OfflineJournal.Open(
            new JournalOptions { Directory = Path.Combine(dataDirectory, "journal") }
        );
        var segmentBytes = journal.Manifest.SegmentBytes;
        var engineChecksum = new byte[EngineChecksumBytes];
        var idAndChecksum = new byte[Envelope.HeaderBytes - Envelope.IdOffset];
        FileStream? file = null;
        var records = 0L;
        var walk = journal.Walk();
        try
        {
            for (var step = walk.Step(); step != WalkStep.End; step = walk.Step())
            {
                if (step != WalkStep.Record)
                {
                    continue;
                }

                var path = journal.Segments.PathOf(journal.Segments.Of(walk.Address));
                if (file?.Name != path)
                {
                    file?.Dispose();
                    file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                }
                var start = walk.Address % segmentBytes;
                file.Position = start;
                file.Write(engineChecksum);
                file.Position = start + EngineRecord.HeaderBytes + Envelope.IdOffset;
                file.Write(idAndChecksum);
                records++;
            }
        }
        finally
        {
            file?.Dispose();
        }
        return records;
    }
}
