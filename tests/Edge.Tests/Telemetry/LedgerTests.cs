using Edge.Telemetry;
using Xunit;

namespace Edge.Tests.Telemetry;

public sealed class LedgerTests
{
    /// <summary>The numbers stand in every commit slot ever written. A new reason gets the next free number.</summary>
    [Theory]
    [InlineData(DropReason.JournalFull, 0)]
    [InlineData(DropReason.JournalFault, 1)]
    [InlineData(DropReason.TooLarge, 2)]
    [InlineData(DropReason.Stopping, 3)]
    [InlineData(DropReason.JournalBusy, 4)]
    public void DropReason_Number_IsFrozen(object reason, int number) => Assert.Equal(number, (int)(DropReason)reason);

    [Fact]
    public void DropReasons_All_FitIntoTheSnapshot() =>
        Assert.All(Enum.GetValues<DropReason>(), reason => Assert.InRange((int)reason, 0, Ledger.MaxReasons - 1));

    [Fact]
    public void Restore_OfASnapshot_ContinuesTheCounts()
    {
        var before = new Ledger();
        for (var i = 0; i < 10; i++)
        {
            before.Receive();
        }

        before.Drop(DropReason.JournalFull);
        before.Drop(DropReason.TooLarge);
        before.Drop(DropReason.TooLarge);
        before.CountSynthetic(isStored: true);
        before.CountSynthetic(isStored: true);
        before.CountSynthetic(isStored: false);
        var snapshot = new byte[Ledger.SnapshotBytes];
        before.WriteSnapshot(snapshot);

        var after = new Ledger();
        after.Receive();
        after.Drop(DropReason.Stopping);
        after.Restore(snapshot, stored: 7);
        Assert.Equal(2, after.Dropped(DropReason.TooLarge));
        Assert.Equal(1, after.Dropped(DropReason.JournalFull));
        Assert.Equal(4, after.DroppedTotal);
        Assert.Equal(11, after.Received);
        Assert.Equal((2, 1), (after.SyntheticStored, after.SyntheticDropped));
    }

    [Fact]
    public void Counts_FromManyThreads_AddUp()
    {
        const int Threads = 8;
        const int Each = 10_000;
        var ledger = new Ledger();
        Parallel.For(
            0,
            Threads,
            _ =>
            {
                for (var i = 0; i < Each; i++)
                {
                    ledger.Receive();
                    ledger.Drop(DropReason.JournalBusy);
                }
            }
        );
        Assert.Equal(Threads * Each, ledger.Received);
        Assert.Equal(Threads * Each, ledger.Dropped(DropReason.JournalBusy));
    }
}
