using System.Buffers.Binary;
using Edge.Journal.Records;
using Xunit;
using EventId = Edge.Events.EventId;

namespace Edge.Tests.Journal.Records;

/// <summary>Pages built record by record, as the engine would have, then damaged.</summary>
public sealed class RecordSearchTests
{
    private const int PageBytes = 4_096;
    private const long PageStart = 8 * PageBytes;
    private const ulong Epoch = 0x1122_3344_5566_7788;
    private const int PayloadBytes = 101;
    private static readonly int RecordBytes = EngineRecord.TotalBytes(Envelope.HeaderBytes + PayloadBytes);

    private readonly byte[] _page = new byte[PageBytes];

    [Fact]
    public void Find_BehindAnyOffset_IsTheNextRecord()
    {
        var count = Fill(0, PageBytes, 1);
        for (var from = 0; from < PageBytes; from += EngineRecord.Alignment)
        {
            var next = (from + RecordBytes - 1) / RecordBytes * RecordBytes;
            int? expected = next < count * RecordBytes ? next : null;
            Assert.Equal(expected, Find(from, PageBytes));
        }
    }

    [Fact]
    public void Find_ARecordWithWhatIsNotCommitted_IsNone()
    {
        Fill(0, PageBytes, 1);
        Assert.Null(Find(2 * RecordBytes, (3 * RecordBytes) - EngineRecord.Alignment));
        Assert.Equal(2 * RecordBytes, Find(2 * RecordBytes, 3 * RecordBytes));
    }

    [Fact]
    public void Find_DamageBehindTheNextRecord_GoesOnBehindThat()
    {
        Fill(0, PageBytes, 1);
        _page[(3 * RecordBytes) + EngineRecord.HeaderBytes + Envelope.HeaderBytes] ^= 1;
        Assert.Equal(4 * RecordBytes, Find(RecordBytes, PageBytes));
    }

    /// <summary>The disk has lost a write, so that records of the run before, which nobody was promised, show.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(2)]
    public void Find_RecordsBelowALostWrite_AreNotTaken(long sequence)
    {
        Fill(0, PageBytes, 1);
        // Where a record of the later run begins, and where none does.
        _page.AsSpan(RecordBytes, 3 * RecordBytes).Clear();
        Put(RecordBytes + 12, sequence);
        Assert.Equal(4 * RecordBytes, Find(EngineRecord.Alignment, PageBytes));

        _page.AsSpan(RecordBytes, 3 * RecordBytes).Clear();
        Put(3 * RecordBytes, sequence + 7);
        Assert.Equal(4 * RecordBytes, Find(EngineRecord.Alignment, PageBytes));
    }

    [Fact]
    public void Find_RecordOfAnotherPlaceOrJournal_IsNone()
    {
        Fill(0, PageBytes, 1);
        Assert.Null(RecordSearch.Find(_page, PageStart + PageBytes, 0, PageBytes, Epoch));
        Assert.Null(RecordSearch.Find(_page, PageStart, 0, PageBytes, Epoch + 1));
    }

    private int? Find(int from, int end) => RecordSearch.Find(_page, PageStart, from, end, Epoch);

    private int Fill(int offset, int end, long sequence)
    {
        var count = 0;
        for (; offset + RecordBytes <= end; offset += RecordBytes)
        {
            Put(offset, sequence++);
            count++;
        }

        return count;
    }

    private void Put(int offset, long sequence)
    {
        var length = Envelope.HeaderBytes + PayloadBytes;
        var frame = _page.AsSpan(offset, EngineRecord.HeaderBytes + length);
        var entry = frame[EngineRecord.HeaderBytes..];
        entry[Envelope.HeaderBytes..].Fill((byte)'x');
        Envelope.Seal(entry, 1, Epoch, sequence, new EventId(1, (ulong)sequence), PageStart + offset);
        BinaryPrimitives.WriteInt32LittleEndian(frame[sizeof(ulong)..], length);
        BinaryPrimitives.WriteUInt64LittleEndian(frame, EngineRecord.Xor(frame[sizeof(ulong)..]));
    }
}
