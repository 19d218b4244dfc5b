using Edge.Hosting;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Telemetry;
using Edge.Tests.Support;
using Xunit;
using EventId = Edge.Events.EventId;

namespace Edge.Tests.Hosting;

public sealed class FullJournalReportTests : IDisposable
{
    private const int Begins = 301;
    private const int Ends = 302;

    private readonly TempDirectory _directory = new();
    private readonly LogLines _log = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task FullJournal_RefusingAHundredEvents_IsSaidOnceWhenItBeginsAndOnceWhenItEnds()
    {
        await using var journal = TestJournal.Open(
            TestJournal.SmallOptions(_directory["journal"]) with
            {
                MaxBytes = 256 << 10,
            }
        );
        using var report = new FullJournalReport(journal.Journal, journal.Ledger, TimeProvider.System, _log);
        var record = TestJournal.RecordOf(TestJournal.PayloadOf(9));
        for (var refused = 0; refused < 100;)
        {
            refused +=
                journal.Journal.TryAppend(record, new EventId(1, 2), out _) == AppendResult.Full ? 1 : 0;
            await Task.Yield();
        }

        await Wait.UntilAsync(() => _log.Ids.Contains(Begins), () => string.Join(',', _log.Ids));
        await journal.Journal.CommitAsync();
        var status = journal.Journal.Status;
        journal.Journal.Release(new JournalCursor(status.CommittedAddress, status.CommittedSequence));
        await Wait.UntilAsync(() => _log.Ids.Contains(Ends), () => string.Join(',', _log.Ids));

        Assert.Equal([Begins, Ends], _log.Ids);
        Assert.Contains("it refused 100 events", _log.All[1].Text, StringComparison.Ordinal);
    }

    /// <summary>A journal that is full and has room again between two looks has refused events all the same.</summary>
    [Fact]
    public async Task FullJournal_BetweenTwoLooks_IsSaidToo()
    {
        await using var journal = TestJournal.Open(TestJournal.SmallOptions(_directory["journal"]));
        var clock = new TestClock(DateTimeOffset.UnixEpoch);
        using var report = new FullJournalReport(journal.Journal, journal.Ledger, clock, _log);
        clock.Advance(TimeSpan.FromSeconds(1));

        for (var i = 0; i < 3; i++)
        {
            journal.Ledger.Drop(DropReason.JournalFull);
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([Begins], _log.Ids);
        clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal([Begins, Ends], _log.Ids);
        Assert.Contains("it refused 3 events", _log.All[1].Text, StringComparison.Ordinal);
    }
}
