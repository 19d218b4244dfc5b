using System.Text;
using Edge.Events;
using Edge.Journal;
using Edge.Telemetry;
using Edge.Tests.Support;
using Xunit;
using EventId = Edge.Events.EventId;

namespace Edge.Tests.Journal;

/// <summary>Why events were not stored, for those whose they were.</summary>
public sealed class RecentDropsTests : IDisposable
{
    private const string Event = """{"v":1,"id":"x","api":"pictify","project":"shop","type":"impression"}""";

    private readonly TempDirectory _directory = new();
    private readonly EventIds _ids = new(TimeProvider.System);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Drop_OfAFullJournal_IsKnownToItsProjectAlone()
    {
        var options = TestJournal.SmallOptions(_directory.Path) with { MaxBytes = 256 << 10 };
        await using var journal = TestJournal.Open(options);
        EventId stored = default;
        EventId id;
        AppendResult result;
        while (true)
        {
            id = _ids.Next();
            result = journal.Journal.TryAppend(TestJournal.RecordOf(Event), id, out _);
            if (result == AppendResult.Full)
            {
                break;
            }
            stored = result == AppendResult.Appended ? id : stored;
            Thread.Yield();
        }

        Assert.Equal(DropReason.JournalFull, journal.Journal.DropOf(id, "shop"u8));
        Assert.Null(journal.Journal.DropOf(id, "other"u8));
        Assert.Null(journal.Journal.DropOf(stored, "shop"u8));
    }

    [Fact]
    public void Drops_BeyondTheMaximum_ForgetTheOldest()
    {
        var drops = new RecentDrops();
        var ids = Enumerable.Range(0, RecentDrops.Max + 10).Select(_ => _ids.Next()).ToArray();
        foreach (var id in ids)
        {
            drops.Add(id, Encoding.UTF8.GetBytes(Event), DropReason.JournalBusy);
        }

        Assert.Null(drops.Find(ids[9], "shop"u8));
        Assert.Equal(DropReason.JournalBusy, drops.Find(ids[10], "shop"u8));
        Assert.Equal(DropReason.JournalBusy, drops.Find(ids[^1], "shop"u8));
    }

}
