using Edge.Forwarding.Pump;
using Edge.Journal.Records;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.Pump;

public sealed class TruncationGateTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Report_OneSinkBehind_HoldsTheJournal()
    {
        await using var journal = TestJournal.Open(_directory.Path);
        await journal.AppendAsync(2_000);
        var gate = new TruncationGate(journal.Journal);
        gate.Add("fast", default);
        gate.Add("slow", default);

        gate.Report("fast", EndOf(journal));

        Assert.Equal(1, await OldestHeldAsync(journal));
    }

    [Fact]
    public async Task Report_LastSinkArrives_ReleasesUpToTheSmallestCursor()
    {
        await using var journal = TestJournal.Open(_directory.Path);
        await journal.AppendAsync(1_000);
        var middle = EndOf(journal);
        await journal.AppendAsync(1_000);
        var gate = new TruncationGate(journal.Journal);
        gate.Add("fast", default);
        gate.Add("slow", default);
        gate.Report("fast", EndOf(journal));

        gate.Report("slow", middle);

        Assert.InRange(await OldestHeldAsync(journal), 2, 1_001);
    }

    /// <summary>The first record a sink that begins now would get.</summary>
    private static async Task<long> OldestHeldAsync(TestJournal journal)
    {
        await journal.Journal.CommitAsync();
        await journal.Journal.CommitAsync();
        return journal.ReadAll()[0].Sequence;
    }

    private static JournalCursor EndOf(TestJournal journal)
    {
        using var reader = journal.Journal.OpenReader(default);
        var batch = new RecordBatch();
        while (reader.Read(batch, 1_000, 1 << 20) > 0)
        {
            if (batch.End.Sequence == journal.Journal.CommittedSequence)
            {
                break;
            }
        }

        return batch.End;
    }
}
