using Edge.Events;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Journal;

public sealed class ConcurrencyTests : IDisposable
{
    private const int Writers = 8;
    private const int Each = 1_000;
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Append_FromManyWriters_GivesContiguousSequencesInAddressOrder()
    {
        await using var journal = TestJournal.Open(_directory["journal"]);
        var written = new Dictionary<long, string>[Writers];
        await Task.WhenAll(
            Enumerable
                .Range(0, Writers)
                .Select(writer =>
                    Task.Run(() =>
                    {
                        written[writer] = [];
                        for (var i = 0; i < Each; i++)
                        {
                            var payload = $$"""{"writer":{{writer}},"i":{{i}}}""";
                            written[writer].Add(journal.Append(payload), payload);
                        }
                    })
                )
        );
        await journal.Journal.CommitAsync();

        var all = written.SelectMany(one => one).ToDictionary();
        var records = journal.ReadAll();
        Assert.Equal(Writers * Each, records.Count);
        for (var i = 0; i < records.Count; i++)
        {
            Assert.Equal(i + 1, records[i].Sequence);
            Assert.Equal(all[i + 1], records[i].Payload);
        }
    }

    [Fact]
    public async Task ReadWaitAndRelease_WhileWriting_GivesEveryRecordOnce()
    {
        await using var journal = TestJournal.Open(_directory["journal"]);
        var writing = Task.WhenAll(
            Enumerable
                .Range(0, Writers)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        for (var i = 0; i < Each / 4; i++)
                        {
                            Assert.True(
                                await journal.Journal.WaitForCommitAsync(journal.Append(TestJournal.PayloadOf(i)))
                            );
                        }
                    })
                )
        );

        var readers = Enumerable
            .Range(0, 2)
            .Select(_ => Task.Run(() => ReadAsync(journal, Writers * Each / 4)))
            .ToArray();
        await writing;
        foreach (var sequences in await Task.WhenAll(readers))
        {
            Assert.Equal(Enumerable.Range(1, Writers * Each / 4).Select(i => (long)i), sequences);
        }
    }

    /// <summary>
    /// What was acknowledged before a copy of the files was begun is in the copy: the crash that loses no page.
    /// </summary>
    [Fact]
    public async Task Reopen_OfCopiesTakenUnderLoad_HoldsEverythingAcknowledged()
    {
        await using var journal = TestJournal.Open(_directory["journal"]);
        using var stop = new CancellationTokenSource();
        var acknowledged = 0L;
        var writing = Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        for (var i = 0; !stop.IsCancellationRequested; i++)
                        {
                            var sequence = journal.Append(TestJournal.PayloadOf(i));
                            if (await journal.Journal.WaitForCommitAsync(sequence))
                            {
                                InterlockedMax(ref acknowledged, sequence);
                            }
                        }
                    })
                )
        );

        for (var round = 0; round < 8; round++)
        {
            await Task.Delay(15, TestContext.Current.CancellationToken);
            var before = Volatile.Read(ref acknowledged);
            var copy = _directory[$"copy-{round}"];

            // The slots first: a slot must never be newer than the records it speaks of, on a disk it cannot be.
            Directory.CreateDirectory(copy);
            File.Copy(Path.Combine(journal.Options.Directory, "commit"), Path.Combine(copy, "commit"));
            TestJournal.CopyTree(journal.Options.Directory, copy, keep: "commit");
            await using var reopened = TestJournal.Open(copy);
            Assert.True(reopened.Journal.CommittedSequence >= before);
            Assert.Equal(reopened.Journal.CommittedSequence, reopened.ReadAll().Count);
        }
        await stop.CancelAsync();
        await writing;
    }

    [Fact]
    public async Task Wait_Cancelled_ThrowsAndLeavesTheOthersWaiting()
    {
        await using var journal = TestJournal.Open(_directory["journal"]);
        using var cancellation = new CancellationTokenSource();
        var cancelled = journal.Journal.WaitForCommitAsync(100, cancellation.Token).AsTask();
        var other = journal.Journal.WaitForCommitAsync(1, TestContext.Current.CancellationToken).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        journal.Append(TestJournal.PayloadOf(1));
        Assert.True(await other);
    }

    [Fact]
    public async Task Dispose_WhileWaiting_AnswersNoForWhatIsNotDurable()
    {
        var journal = TestJournal.Open(_directory["journal"]);
        var waiting = journal.Journal.WaitForCommitAsync(5, TestContext.Current.CancellationToken).AsTask();
        var news = journal.Journal.WaitForCommitAfterAsync(5, TestContext.Current.CancellationToken).AsTask();
        await journal.DisposeAsync();
        Assert.False(await waiting);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => news);
        Assert.Equal(
            AppendResult.Stopping,
            journal.Journal.TryAppend(TestJournal.RecordOf("{}"), new EventIds(TimeProvider.System).Next(), out _)
        );
        Assert.Equal(JournalState.Stopped, journal.Journal.State);
    }

    private static async Task<List<long>> ReadAsync(TestJournal journal, int count)
    {
        using var reader = journal.Journal.OpenReader(default);
        var batch = new RecordBatch();
        var sequences = new List<long>();
        while (sequences.Count < count)
        {
            if (reader.Read(batch, 64, 8_192) == 0)
            {
                await reader.WaitAsync(TestContext.Current.CancellationToken);
                continue;
            }
            Assert.Equal(0, batch.Missing);
            for (var i = 0; i < batch.Count; i++)
            {
                sequences.Add(batch[i].Sequence);
            }
        }
        return sequences;
    }

    private static void InterlockedMax(ref long target, long value)
    {
        for (var seen = Volatile.Read(ref target); value > seen;)
        {
            seen = Interlocked.CompareExchange(ref target, value, seen) is var now && now == seen ? value : now;
        }
    }
}
