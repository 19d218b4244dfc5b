using Edge.Journal.Records;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Journal;

public sealed class EventJournalTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string JournalDirectory => _directory["journal"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Append_CommittedAndRead_GivesTheSameBytesInOrder()
    {
        await using var journal = TestJournal.Open(JournalDirectory);
        await journal.AppendAsync(500);
        TestJournal.AssertRecords(journal.ReadAll(), 1, 500);
    }

    [Fact]
    public async Task Reopen_AfterOrderlyStop_ContinuesSequenceAndKeepsEveryRecord()
    {
        UInt128 epoch;
        await using (var journal = TestJournal.Open(JournalDirectory))
        {
            epoch = journal.Journal.EpochId;
            await journal.AppendAsync(300);
        }

        await using (var journal = TestJournal.Open(JournalDirectory))
        {
            Assert.Equal(epoch, journal.Journal.EpochId);
            Assert.Equal(300, journal.Journal.CommittedSequence);
            await journal.AppendAsync(300);
            TestJournal.AssertRecords(journal.ReadAll(), 1, 600);
        }
    }

    [Fact]
    public async Task Reopen_OfACopyTakenWhileOpen_HoldsEverythingCommitted()
    {
        await using var journal = TestJournal.Open(JournalDirectory);
        await journal.AppendAsync(400);
        TestJournal.CopyTree(JournalDirectory, _directory["copy"]);

        await using var copy = TestJournal.Open(_directory["copy"]);
        TestJournal.AssertRecords(copy.ReadAll(), 1, 400);
        await copy.AppendAsync(100);
        TestJournal.AssertRecords(copy.ReadAll(), 1, 500);
    }

    [Fact]
    public async Task Release_OfEverythingRead_RemovesWholeSegmentsAndKeepsTheRest()
    {
        await using var journal = TestJournal.Open(JournalDirectory);
        await journal.AppendAsync(2_000);
        Assert.True(journal.Journal.Status.Segments > 4);

        using var reader = journal.Journal.OpenReader(default);
        var batch = new RecordBatch();
        while (reader.Read(batch, 1_000, 1 << 20) > 0)
        {
            journal.Journal.Release(batch.End);
        }

        await journal.Journal.CommitAsync();

        await Wait.UntilAsync(
            () => journal.Journal.Status.Segments <= 2,
            () => $"{journal.Journal.Status.Segments} segments"
        );
        Assert.False(File.Exists(TestJournal.SegmentPath(journal.Options, 0)));
        await journal.AppendAsync(100);
        TestJournal.AssertRecords(journal.ReadAll(batch.End), 2_001, 2_100);
    }

    [Fact]
    public async Task Wait_ForAnAppendedRecord_IsTrueAndCovered()
    {
        await using var journal = TestJournal.Open(JournalDirectory);
        var sequence = journal.Append(TestJournal.PayloadOf(1));
        Assert.True(await journal.Journal.WaitForCommitAsync(sequence, TestContext.Current.CancellationToken));
        Assert.True(journal.Journal.CommittedSequence >= sequence);
    }

    [Fact]
    public async Task Wait_ForARecordThatNeverComes_IsFalseAtTheDeadline()
    {
        await using var journal = TestJournal.Open(
            TestJournal.SmallOptions(JournalDirectory) with
            {
                CommitWaitMs = 20,
            }
        );
        Assert.False(await journal.Journal.WaitForCommitAsync(1_000, TestContext.Current.CancellationToken));
    }
}
