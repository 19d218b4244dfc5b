#if EDGE_FAULTS
using Edge.Faults;
using Edge.Journal;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Journal;

/// <summary>
/// Every system call of a journal's life fails once, for every n until a run makes fewer calls than n. Only in the fault build:
/// <c>dotnet test tests/Edge.Tests -p:EdgeFaults=true --filter CallSweep</c>. The plan is one for the process, so these tests must
/// not run beside others.
/// </summary>
public sealed class CallSweepTests : IDisposable
{
    private const int Batches = 6;
    private const int BatchRecords = 60;
    private readonly TempDirectory _directory = new();

    private JournalOptions Options => TestJournal.SmallOptions(_directory["journal"]) with
    {
        PageBytes = 4 << 10,
        MemoryBytes = 64 << 10,
        SegmentBytes = 16 << 10,
        CommitWaitMs = 400,
    };

    public void Dispose()
    {
        FaultPlan.Current = FaultPlan.Parse(null);
        _directory.Dispose();
    }

    [Theory]
    [InlineData("EIO", false)]
    [InlineData("ENOSPC", false)]
    [InlineData("EMFILE", false)]
    [InlineData("EINTR", true)]
    [InlineData("short", true)]
    public async Task AnyCall_FailsOnce_NoAcknowledgedRecordIsLost(string what, bool harmless)
    {
        var n = 1;
        while (await RunAsync($"any:{n}:{what}", harmless) >= n)
            n++;
        Assert.True(n > 100, $"the sweep ended after {n} calls");
    }

    [Theory]
    [InlineData("EIO")]
    [InlineData("ENOSPC")]
    public async Task AnyCall_AndAllAfterItFail_NoAcknowledgedRecordIsLost(string what)
    {
        var n = 1;
        while (await RunAsync($"any:{n}+:{what}", harmless: false) >= n)
            n++;
    }

    [Fact]
    public async Task Commit_ThatHangs_IsNotAcknowledgedAndNotLost()
    {
        await using var journal = TestJournal.Open(Options with { CommitWaitMs = 10 });
        FaultPlan.Current = FaultPlan.Parse("fdatasync:1:hang=600");
        var sequence = journal.Append(TestJournal.PayloadOf(1));
        Assert.False(await journal.Journal.WaitForCommitAsync(sequence, TestContext.Current.CancellationToken));
        await journal.Journal.CommitAsync();
        Assert.Single(journal.ReadAll());
    }

    [Fact]
    public async Task DataWrite_ThatFails_EndsAcknowledgingAtOnceAndKeepsTheErrorNumber()
    {
        var journal = TestJournal.Open(Options);
        FaultPlan.Current = FaultPlan.Parse("pwrite:1:EIO");
        var sequence = journal.Append(TestJournal.PayloadOf(1));
        Assert.False(await journal.Journal.WaitForCommitAsync(sequence, TestContext.Current.CancellationToken));
        await journal.Journal.Faulted;
        Assert.Equal(JournalState.Faulted, journal.Journal.State);
        Assert.Contains("errno 5", journal.Journal.Status.Fault, StringComparison.Ordinal);
        Assert.Equal(
            AppendResult.Faulted, journal.Journal.TryAppend(TestJournal.RecordOf("{}"), new Edge.Events.EventId(1, 2), out _));
        await Assert.ThrowsAsync<JournalException>(journal.Journal.CommitAsync);
        await journal.DisposeAsync();
    }

    [Fact]
    public async Task SegmentAllocation_WithoutSpace_IsFullAndRecoversByItself()
    {
        await using var journal = TestJournal.Open(Options);
        FaultPlan.Current = FaultPlan.Parse("allocate:1+:ENOSPC");
        var record = TestJournal.RecordOf(TestJournal.PayloadOf(9));
        var appended = 0L;
        while (journal.Journal.State != JournalState.Full)
        {
            if (journal.Journal.TryAppend(record, new Edge.Events.EventId(1, 2), out _) == AppendResult.Appended)
                appended++;
            else
                await Task.Delay(5, TestContext.Current.CancellationToken);
        }
        await journal.Journal.CommitAsync();
        Assert.False(journal.Journal.Faulted.IsCompleted);

        FaultPlan.Current = FaultPlan.Parse(null);
        while (journal.Journal.State == JournalState.Full)
            await Task.Delay(5, TestContext.Current.CancellationToken);
        journal.Append(TestJournal.PayloadOf(1));
        await journal.Journal.CommitAsync();
        Assert.Equal(appended + 1, journal.ReadAll().Count);
    }

    [Fact]
    public async Task PageRead_ThatFailsOnceOrTwice_LosesNothing()
    {
        await using (var journal = TestJournal.Open(Options))
            await journal.AppendAsync(400);
        await using var reopened = TestJournal.Open(Options, new HurriedClock());
        FaultPlan.Current = FaultPlan.Parse("pread:1:EIO,pread:2:EIO,pread:5:EIO,pread:9:EMFILE,pread:14:EIO");
        TestJournal.AssertRecords(reopened.ReadAll(), 1, 400);
        Assert.Equal(0, reopened.Journal.Status.QuarantinedPages);
    }

    [Fact]
    public async Task PageReads_WithoutFileHandles_WaitAndNeverGiveAPageUp()
    {
        await using (var journal = TestJournal.Open(Options))
            await journal.AppendAsync(400);
        await using var reopened = TestJournal.Open(Options, new HurriedClock());
        using var reader = reopened.Journal.OpenReader(default);
        var batch = new RecordBatch();
        FaultPlan.Current = FaultPlan.Parse("open:1+:EMFILE");
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(0, reader.Read(batch, 10, 1 << 20));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
        FaultPlan.Current = FaultPlan.Parse(null);
        TestJournal.AssertRecords(reopened.ReadAll(), 1, 400);
        Assert.Equal(0, reopened.Journal.Status.QuarantinedPages);
    }

    /// <summary>A life under the plan, then a look at what it left. Returns the calls made.</summary>
    private async Task<long> RunAsync(string plan, bool harmless)
    {
        if (Directory.Exists(_directory["journal"]))
            Directory.Delete(_directory["journal"], recursive: true);
        var acknowledged = 0L;
        var released = default(JournalCursor);
        var current = FaultPlan.Parse(plan);
        FaultPlan.Current = current;
        try
        {
            await using var journal = TestJournal.Open(Options, new HurriedClock());
            (acknowledged, released) = await LiveAsync(journal, plan.Contains('+', StringComparison.Ordinal));
        }
        catch (JournalException) when (!harmless)
        {
            // A refused start is an answer, too.
        }
        var calls = current.Calls;
        FaultPlan.Current = FaultPlan.Parse(null);
        if (harmless)
            Assert.Equal(Batches * BatchRecords, acknowledged);

        await using var reopened = TestJournal.Open(Options);
        Assert.True(reopened.Journal.CommittedSequence >= acknowledged, plan);
        var records = reopened.ReadAll(released, out var missing);
        Assert.Equal(0, missing);
        TestJournal.AssertRecords(records, released.Sequence + 1, reopened.Journal.CommittedSequence);
        await reopened.AppendAsync(1);
        return calls;
    }

    /// <summary>Appends in batches, waits for each, reads and releases in between. Returns what may be relied on.</summary>
    private static async Task<(long Acknowledged, JournalCursor Released)> LiveAsync(TestJournal journal, bool isLasting)
    {
        var acknowledged = 0L;
        var batch = new RecordBatch();
        using var reader = journal.Journal.OpenReader(default);
        for (var i = 0; i < Batches; i++)
        {
            if (!TryAppend(journal, isLasting, out var last))
                break;
            if (await journal.Journal.WaitForCommitAsync(last, TestContext.Current.CancellationToken))
                acknowledged = last;
            if (!await TryCommitAsync(journal))
                break;
            acknowledged = last;
            reader.Read(batch, BatchRecords, 1 << 20);
            Assert.Equal(0, batch.Missing);
            journal.Journal.Release(batch.End);
        }
        return (acknowledged, batch.End);
    }

    private static async Task<bool> TryCommitAsync(TestJournal journal)
    {
        try
        {
            await journal.Journal.CommitAsync();
            return true;
        }
        catch (JournalException)
        {
            return false;
        }
    }

    private static bool TryAppend(TestJournal journal, bool isLasting, out long last)
    {
        last = journal.Journal.Status.AppendedSequence;
        for (var i = 0; i < BatchRecords;)
        {
            var record = TestJournal.RecordOf(TestJournal.PayloadOf(last + 1));
            switch (journal.Journal.TryAppend(record, new Edge.Events.EventId(1, (ulong)last), out var sequence))
            {
                case AppendResult.Appended:
                    last = sequence;
                    i++;
                    break;
                case AppendResult.Busy:
                    Thread.Yield();
                    break;
                case AppendResult.Full:
                    if (isLasting)
                        return false;
                    Thread.Sleep(1);
                    break;
                default:
                    return false;
            }
        }
        return true;
    }
}
#endif
