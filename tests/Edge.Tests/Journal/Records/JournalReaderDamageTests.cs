using System.Text;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Journal.Segments;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Journal.Records;

/// <summary>
/// A journal whose bytes were damaged while it was closed: what is read is right and in order, what is gone is counted,
/// the page is set aside.
/// </summary>
public sealed class JournalReaderDamageTests : IDisposable
{
    private const int Records = 800;
    private readonly TempDirectory _directory = new();

    private JournalOptions Options => TestJournal.SmallOptions(_directory["journal"]);

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(EngineRecord.HeaderBytes + 4)]
    [InlineData(EngineRecord.HeaderBytes + Envelope.HeaderBytes)]
    public async Task Read_OneByteDamaged_LosesThatRecordOnly(int offset)
    {
        await FillAsync();
        var victim = LogDamage.Locate(Options)[Records / 2];
        LogDamage.Flip(Options, victim.Address + offset, 1);

        var quarantined = await ReadAsync(1);
        Assert.Equal([victim.Address / Options.PageBytes * Options.PageBytes], quarantined);
    }

    [Fact]
    public async Task Read_TwoRecordsOfAPageDamaged_LosesThemAndWhatLiesBetween()
    {
        await FillAsync();
        var places = LogDamage.Locate(Options);
        var first = places.FindIndex(place => place.Address > 3 * Options.PageBytes);
        foreach (var victim in (PlacedRecord[])[places[first], places[first + 5]])
        {
            LogDamage.Flip(Options, victim.Address + EngineRecord.HeaderBytes + Envelope.HeaderBytes, 1);
        }

        Assert.Equal([3L * Options.PageBytes], await ReadAsync(6));
    }

    /// <summary>Two flips that the engine's XOR cannot see; only the record's own checksum does.</summary>
    [Fact]
    public async Task Read_DamageThatTheEnginesChecksumMisses_IsFoundAllTheSame()
    {
        await FillAsync();
        var victim = LogDamage.Locate(Options)[10];
        LogDamage.Flip(Options, victim.Address + EngineRecord.HeaderBytes + Envelope.HeaderBytes, 1);
        LogDamage.Flip(Options, victim.Address + EngineRecord.HeaderBytes + Envelope.HeaderBytes + 8, 1);
        Assert.NotEmpty(await ReadAsync(null));
    }

    [Fact]
    public async Task Read_FromADamagedRecordInThePageInMemory_IsFound()
    {
        await FillAsync();
        var last = LogDamage.Locate(Options)[^1];
        LogDamage.Flip(Options, last.Address + EngineRecord.HeaderBytes + Envelope.HeaderBytes, 1);
        Assert.Single(await ReadAsync(1));
    }

    [Fact]
    public async Task Read_BlockZeroed_LosesItsRecordsOnlyWhereverItLies()
    {
        await FillAsync();
        var places = LogDamage.Locate(Options);
        var until = places[^1].Next;
        TestJournal.CopyTree(_directory["journal"], _directory["original"]);
        for (long block = 0; block < until; block += 7 * SegmentDevice.BlockBytes)
        {
            Reset();
            LogDamage.Write(Options, block, new byte[SegmentDevice.BlockBytes]);
            var end = block + SegmentDevice.BlockBytes;
            Assert.Single(await ReadAsync(places.Count(place => place.Address < end && place.Next > block)));
        }
    }

    [Fact]
    public async Task Read_BlocksOfTwoPagesSwapped_GivesNeitherInTheWrongPlace()
    {
        await FillAsync();
        TestJournal.CopyTree(_directory["journal"], _directory["original"]);
        foreach (var (first, second, length) in Swaps())
        {
            Reset();
            var a = LogDamage.Read(Options, first, length);
            LogDamage.Write(Options, first, LogDamage.Read(Options, second, length));
            LogDamage.Write(Options, second, a);
            Assert.InRange((await ReadAsync(null)).Count, 2, 3);
        }
    }

    [Fact]
    public async Task Read_PageOverwrittenByAnother_LosesThatPageOnly()
    {
        await FillAsync();
        var places = LogDamage.Locate(Options);
        LogDamage.Write(
            Options,
            2L * Options.PageBytes,
            LogDamage.Read(Options, 5L * Options.PageBytes, Options.PageBytes)
        );
        var lost = places.Count(place => place.Address / Options.PageBytes == 2);
        Assert.Equal([2L * Options.PageBytes], await ReadAsync(lost));
    }

    [Fact]
    public async Task Read_TailLostFromAnyPlaceOn_GivesWhatIsLeftAndCountsTheRest()
    {
        await FillAsync();
        var places = LogDamage.Locate(Options);
        var until = places[^1].Next;
        TestJournal.CopyTree(_directory["journal"], _directory["original"]);
        for (var from = until - 8_192; from < until; from += 331)
        {
            Reset();
            for (var at = from; at < until;)
            {
                var length = (int)Math.Min(until - at, Options.SegmentBytes - (at % Options.SegmentBytes));
                LogDamage.Write(Options, at, new byte[length]);
                at += length;
            }
            Assert.NotEmpty(await ReadAsync(places.Count(place => place.Next > from)));
        }
    }

    /// <summary>The same without the engine, byte by byte.</summary>
    [Fact]
    public async Task Walk_TailLostFromEveryByteOfTheLast8KiBOn_GivesOnlyWholeRecordsInOrder()
    {
        await FillAsync();
        var places = LogDamage.Locate(Options);
        var until = places[^1].Next;
        using var journal = OfflineJournal.Open(Options);
        for (var from = until - 1; from >= until - 8_192; from--)
        {
            LogDamage.Write(Options, from, [0]);
            var first = places.First(place => place.Address > from - 4_096);
            var walker = journal.Walk(first.Address);
            var expected = first.Sequence;
            while (walker.Step() == WalkStep.Record && walker.Envelope.Sequence == expected)
            {
                Assert.Equal(TestJournal.PayloadOf(expected), Encoding.UTF8.GetString(walker.Payload));
                expected++;
            }

            // Zeros may have been zeros before; a record none of whose bytes changed must be there.
            Assert.True(expected > Math.Max(first.Sequence - 1, places.Last(place => place.Next <= from).Sequence));
        }
    }

    [Fact]
    public async Task Read_AfterDamageAtTheEnd_GoesOnWithNewRecords()
    {
        await FillAsync();
        LogDamage.Flip(Options, LogDamage.Locate(Options)[^1].Address + EngineRecord.HeaderBytes, 0xFF);
        await using var journal = TestJournal.Open(Options, new HurriedClock());
        using var reader = journal.Journal.OpenReader(default);
        var batch = new RecordBatch();
        while (batch.End.Sequence < Records)
        {
            reader.Read(batch, 100, 1 << 20);
        }

        await journal.AppendAsync(50);
        TestJournal.AssertRecords(journal.ReadAll(batch.End), Records + 1, Records + 50);
    }

    [Fact]
    public async Task Read_RecordOfALaterVersion_EndsTheReader()
    {
        await FillAsync();
        var places = LogDamage.Locate(Options);
        await using var journal = TestJournal.Open(Options);
        LogDamage.MakeLaterVersion(Options, places[20]);
        using var reader = journal.Journal.OpenReader(default);
        var batch = new RecordBatch();
        Assert.Equal(20, reader.Read(batch, 20, 1 << 20));
        var refusal = Assert.Throws<JournalException>(() => reader.Read(batch, 20, 1 << 20));
        Assert.Contains("run the later version", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_OfADamagedJournal_ReportsTheDamageAtTheStart()
    {
        await FillAsync();
        LogDamage.Flip(Options, LogDamage.Locate(Options)[100].Address + EngineRecord.HeaderBytes, 1);
        await using var journal = TestJournal.Open(Options);
        Assert.Single(journal.Journal.Status.Findings.Problems);
    }

    private static IEnumerable<(long First, long Second, int Length)> Swaps()
    {
        const int Page = 16 << 10;
        yield return (Page, 2 * Page, Page);
        yield return (Page, 7 * Page, Page);
        yield return (Page + 4_096, (3 * Page) + 8_192, 4_096);
        yield return (4_096, (9 * Page) + 4_096, 4_096);
    }

    private async Task FillAsync()
    {
        await using var journal = TestJournal.Open(Options);
        await journal.AppendAsync(Records);
    }

    private void Reset()
    {
        Directory.Delete(_directory["journal"], recursive: true);
        TestJournal.CopyTree(_directory["original"], _directory["journal"]);
    }

    /// <summary>Reads everything; returns the pages that were set aside.</summary>
    private async Task<List<long>> ReadAsync(int? lost)
    {
        await using var journal = TestJournal.Open(Options, new HurriedClock());
        var records = journal.ReadAll(default, out var missing);
        Assert.Equal(Records, records.Count + missing);
        if (lost is not null)
        {
            Assert.Equal(lost.Value, missing);
        }

        for (var i = 0; i < records.Count; i++)
        {
            Assert.True(i == 0 || records[i].Sequence > records[i - 1].Sequence);
            Assert.Equal(TestJournal.PayloadOf(records[i].Sequence), records[i].Payload);
        }

        // A second reader comes to the same result and sets nothing aside twice.
        Assert.Equal(records, journal.ReadAll());
        var pages = Directory.Exists(_directory["journal", "quarantine"])
            ? Directory.GetFiles(_directory["journal", "quarantine"])
            : [];
        Assert.Equal(pages.Length, journal.Journal.Status.QuarantinedPages);
        return [.. pages.Select(path => long.Parse(Path.GetFileName(path)["page-".Length..])).Order()];
    }
}
