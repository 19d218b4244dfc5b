using Edge.Journal;
using Edge.Journal.Records;
using Edge.Telemetry;
using Edge.Tests.Support;
using Xunit;
using EventId = Edge.Events.EventId;

namespace Edge.Tests.Journal;

/// <summary>The bound on the disk, the ledger across it, and what an append costs.</summary>
public sealed class JournalSpaceTests : IDisposable
{
    private static readonly EventId Id = new(1, 2);
    private readonly TempDirectory _directory = new();

    private JournalOptions Bounded => TestJournal.SmallOptions(_directory["journal"]) with { MaxBytes = 256 << 10 };

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Append_AtTheBudget_IsRefusedCountedAndTakenAgainAfterARelease()
    {
        await using var journal = TestJournal.Open(Bounded);
        var appended = await FillAsync(journal);
        Assert.Equal(JournalState.Full, journal.Journal.State);
        Assert.True(journal.Journal.Status.DiskBytes <= Bounded.MaxBytes + Bounded.SegmentBytes);
        Assert.Equal(appended, journal.Journal.Status.AppendedSequence);
        Assert.Equal(journal.Ledger.Received, appended + journal.Ledger.DroppedTotal);
        Assert.True(journal.Ledger.Dropped(DropReason.JournalFull) > 0);

        journal.Journal.Release(new JournalCursor(journal.Journal.Status.CommittedAddress, appended));
        await journal.Journal.CommitAsync();
        await Wait.UntilAsync(() => journal.Journal.State != JournalState.Full, () => "a full journal");

        await journal.AppendAsync(1);
        Assert.Equal(appended + 1, journal.Journal.CommittedSequence);
    }

    [Fact]
    public async Task Append_AboveTheSoftMark_IsTakenAndTheStateSaysSo()
    {
        await using var journal = TestJournal.Open(Bounded with { SoftMarkPercent = 1 });
        await journal.AppendAsync(100);
        await Wait.UntilAsync(() => journal.Journal.State != JournalState.Open, () => "an open journal");

        Assert.Equal(JournalState.SoftFull, journal.Journal.State);
        await journal.AppendAsync(1);
    }

    [Fact]
    public async Task Append_TooLittleFreeSpace_IsRefusedWhileReadingGoesOn()
    {
        await using (var journal = TestJournal.Open(Bounded))
        {
            await journal.AppendAsync(50);
        }

        await using var full = TestJournal.Open(Bounded with { FreeReserveBytes = long.MaxValue / 4 });
        Assert.Equal(AppendResult.Full, full.Journal.TryAppend(TestJournal.RecordOf("{}"), Id, out var sequence));
        Assert.Equal(0, sequence);
        TestJournal.AssertRecords(full.ReadAll(), 1, 50);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Envelope.HeaderBytes)]
    [InlineData(16 << 10)]
    public async Task Append_EmptyOrTooLarge_IsRefusedAndCounted(int length)
    {
        await using var journal = TestJournal.Open(Bounded);
        Assert.Equal(AppendResult.TooLarge, journal.Journal.TryAppend(new byte[length], Id, out _));
        Assert.Equal(1, journal.Ledger.Dropped(DropReason.TooLarge));
        Assert.Equal(1, journal.Ledger.Received);
    }

    [Fact]
    public async Task Append_LargestRecord_ComesBack()
    {
        await using var journal = TestJournal.Open(Bounded);
        var payload = new string('x', Bounded.MaxPayloadBytes);
        journal.Append("{}");
        journal.Append(payload);
        journal.Append("{}");
        await journal.Journal.CommitAsync();
        Assert.Equal(["{}", payload, "{}"], journal.ReadAll().Select(record => record.Payload));
    }

    [Fact]
    public async Task Append_SegmentsOfTwoPages_GoesOnOverMany()
    {
        await using var journal = TestJournal.Open(
            TestJournal.SmallOptions(_directory["journal"]) with
            {
                SegmentBytes = 32 << 10,
            }
        );
        for (var round = 0; round < 20; round++)
        {
            await journal.AppendAsync(50);
        }

        TestJournal.AssertRecords(journal.ReadAll(), 1, 1_000);
        Assert.True(journal.Journal.Status.DiskBytes > 6 * (32 << 10));
    }

    [Fact]
    public async Task Ledger_AfterStopAndAfterCrash_StillAddsUp()
    {
        await using (var journal = TestJournal.Open(Bounded))
        {
            await journal.AppendAsync(20);
            for (var i = 0; i < 3; i++)
            {
                journal.Journal.TryAppend(new byte[1 << 20], Id, out _);
            }
        }

        await using var reopened = TestJournal.Open(Bounded);
        AssertEquation(reopened, stored: 20, tooLarge: 3);
        await reopened.AppendAsync(5);
        reopened.Journal.TryAppend(new byte[1 << 20], Id, out _);
        await reopened.Journal.CommitAsync();
        TestJournal.CopyTree(_directory["journal"], _directory["copy"]);

        await using var crashed = TestJournal.Open(Bounded with { Directory = _directory["copy"] });
        AssertEquation(crashed, stored: 25, tooLarge: 4);
    }

    [Fact]
    public async Task TryAppend_Warm_AllocatesNothing()
    {
        await using var journal = TestJournal.Open(
            TestJournal.SmallOptions(_directory["journal"]) with
            {
                PageBytes = 1 << 20,
                MemoryBytes = 4 << 20,
                SegmentBytes = 4 << 20,
            }
        );
        var record = new byte[Envelope.HeaderBytes + 300];
        Append(1_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Append(1_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Append(int count)
        {
            for (var i = 0; i < count; i++)
            {
                if (journal.Journal.TryAppend(record, Id, out _) != AppendResult.Appended)
                {
                    throw new InvalidOperationException("refused");
                }
            }
        }
    }

    private static void AssertEquation(TestJournal journal, long stored, long tooLarge)
    {
        Assert.Equal(stored, journal.Journal.CommittedSequence);
        Assert.Equal(tooLarge, journal.Ledger.Dropped(DropReason.TooLarge));
        Assert.Equal(journal.Ledger.Received, journal.Journal.CommittedSequence + journal.Ledger.DroppedTotal);
    }

    /// <summary>Appends until nothing fits; returns how many were taken.</summary>
    private static async Task<long> FillAsync(TestJournal journal)
    {
        var record = TestJournal.RecordOf(TestJournal.PayloadOf(9));
        var appended = 0L;
        while (true)
        {
            switch (journal.Journal.TryAppend(record, Id, out _))
            {
                case AppendResult.Appended:
                    appended++;
                    break;
                case AppendResult.Full:
                    await journal.Journal.CommitAsync();
                    return appended;
                default:
                    await Task.Yield();
                    break;
            }
        }
    }
}
