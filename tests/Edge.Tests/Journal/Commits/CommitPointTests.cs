using Edge.Journal.Commits;
using Edge.Storage;
using Edge.Telemetry;
using Edge.Tests.Support;
using Xunit;
using FasterLogRecoveryInfo = FASTER.core.FasterLogRecoveryInfo;

namespace Edge.Tests.Journal.Commits;

public sealed class CommitPointTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Golden_Version1_IsReadAsItAlwaysWas()
    {
        var slot = Golden.ReadSlot("commit-slot-v1.hex", SlotFile.SlotBytes);
        File.WriteAllBytes(_directory["commit"], [.. slot, .. slot]);
        using var slots = SlotFile.Open(_directory["commit"], SlotKind.Commit);
        Assert.Equal(0, slots.DamagedSlots);

        var point = CommitPoint.TryDecode(slots.Payload);
        Assert.NotNull(point);
        Assert.Equal(0x1122_3344_5566_7788UL, point.Epoch);
        Assert.Equal(7, point.Run);
        Assert.Equal(17, point.Number);
        Assert.Equal(64, point.Begin);
        Assert.Equal(1_000, point.Until);
        Assert.Equal(9, point.Sequence);
        Assert.Equal(slots.Payload, point.Encode());

        var ledger = new Ledger();
        ledger.Restore(point.Drops, point.Sequence);
        Assert.Equal(5, ledger.Dropped(DropReason.JournalFull));
        Assert.Equal(1, ledger.Dropped(DropReason.TooLarge));
        Assert.Equal(9 + 6, ledger.Received);
    }

    /// <summary>
    /// What the engine wants back is its own format; this fails when another version of it changes that.
    /// </summary>
    [Fact]
    public void Golden_EngineMetadata_IsWhatTheEngineWrites()
    {
        var slot = Golden.ReadSlot("commit-slot-v1.hex", SlotFile.SlotBytes);
        var point = CommitPoint.TryDecode(slot.AsSpan(24, BitConverter.ToInt32(slot, 12)))!;
        var info = new FasterLogRecoveryInfo
        {
            BeginAddress = 64,
            UntilAddress = 1_000,
            CommitNum = 17,
        };
        Assert.Equal(info.ToByteArray(), point.EngineMetadata);
    }

    [Fact]
    public void Decode_OfALaterVersion_IsRefused()
    {
        var slot = Golden.ReadSlot("commit-slot-v1.hex", SlotFile.SlotBytes);
        var payload = slot.AsSpan(24, BitConverter.ToInt32(slot, 12));
        payload[0] = 2;
        Assert.Null(CommitPoint.TryDecode(payload));
    }
}
