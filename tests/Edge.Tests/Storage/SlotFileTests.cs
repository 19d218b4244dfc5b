using Edge.Storage;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Storage;

public sealed class SlotFileTests : IDisposable
{
    private static readonly byte[] First = [1, 2, 3];
    private static readonly byte[] Second = [4, 5, 6, 7];
    private readonly TempDirectory _directory = new();

    private string FilePath => _directory["slots"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Create_ThenOpen_GivesTheValueWithBothSlotsIntact()
    {
        SlotFile.Create(FilePath, SlotKind.Cursor, First);
        using var slots = SlotFile.Open(FilePath, SlotKind.Cursor);
        Assert.Equal(First, slots.Payload);
        Assert.Equal(0, slots.DamagedSlots);
        Assert.Equal(2 * SlotFile.SlotBytes, new FileInfo(FilePath).Length);
    }

    [Fact]
    public void Write_ManyTimes_TheNewestValueSurvivesReopening()
    {
        SlotFile.Create(FilePath, SlotKind.Cursor, First);
        for (byte i = 0; i < 7; i++)
        {
            using var slots = SlotFile.Open(FilePath, SlotKind.Cursor);
            slots.Write([i]);
            slots.Write([i, i]);
            using var reopened = SlotFile.Open(FilePath, SlotKind.Cursor);
            Assert.Equal([i, i], reopened.Payload);
        }
    }

    [Fact]
    public void Open_AsAnotherKind_FindsNoIntactSlot()
    {
        SlotFile.Create(FilePath, SlotKind.Cursor, First);
        using var slots = SlotFile.Open(FilePath, SlotKind.Commit);
        Assert.Equal(2, slots.DamagedSlots);
    }

    [Fact]
    public void Open_EveryBitOfBothSlotsFlipped_GivesOneOfTheTwoValuesAndSaysSo()
    {
        var original = TwoValues();
        for (var at = 0; at < original.Length; at++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                if (!IsUsed(at) && bit != at % 8)
                {
                    continue;
                }

                AssertFallsBack(original, at, (byte)(1 << bit));
            }
        }
    }

    [Fact]
    public void Open_CutAtEveryByte_GivesAnIntactValueOrNone()
    {
        var original = TwoValues();
        for (var length = 0; length < original.Length; length += length < 64 ? 1 : 61)
        {
            File.WriteAllBytes(FilePath, original.AsSpan(0, length));
            using var slots = SlotFile.Open(FilePath, SlotKind.Cursor);
            Assert.Equal(length >= SlotFile.SlotBytes ? 1 : 2, slots.DamagedSlots);
            Assert.Equal(length >= SlotFile.SlotBytes ? Second : [], slots.Payload);
        }
    }

    [Fact]
    public void Write_AfterTheNewerSlotWasDamaged_IsTheNewestAgain()
    {
        var original = TwoValues();
        original[100] ^= 1;
        File.WriteAllBytes(FilePath, original);
        using (var slots = SlotFile.Open(FilePath, SlotKind.Cursor))
        {
            Assert.Equal(First, slots.Payload);
            slots.Write([9]);
        }
        using var reopened = SlotFile.Open(FilePath, SlotKind.Cursor);
        Assert.Equal([9], reopened.Payload);
        Assert.Equal(0, reopened.DamagedSlots);
    }

    /// <summary>The first slot holds the newer value, the second the older.</summary>
    private byte[] TwoValues()
    {
        SlotFile.Create(FilePath, SlotKind.Cursor, First);
        using (var slots = SlotFile.Open(FilePath, SlotKind.Cursor))
        {
            slots.Write(Second);
        }

        return File.ReadAllBytes(FilePath);
    }

    private void AssertFallsBack(byte[] original, int at, byte mask)
    {
        using (var handle = File.OpenHandle(FilePath, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(handle, [(byte)(original[at] ^ mask)], at);
        }

        using (var slots = SlotFile.Open(FilePath, SlotKind.Cursor))
        {
            Assert.Equal(1, slots.DamagedSlots);
            Assert.Equal(at < SlotFile.SlotBytes ? First : Second, slots.Payload);
        }
        using (var handle = File.OpenHandle(FilePath, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(handle, [original[at]], at);
        }
    }

    /// <summary>Header, payload and checksum get every bit, the zeros between them one bit a byte.</summary>
    private static bool IsUsed(int at) => at % SlotFile.SlotBytes is < 40 or >= SlotFile.SlotBytes - 4;
}
