using Edge.Journal;
using Edge.Journal.Records;
using Edge.Storage;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.Pump;

public sealed class CursorFileTests : IDisposable
{
    private static readonly UInt128 Epoch = new(1, 2);
    private static readonly SinkProgress Older = new(new JournalCursor(64, 1), 1, 0, 0);
    private static readonly SinkProgress Newer = new(new JournalCursor(1_000, 9), 6, 2, 1);
    private readonly TempDirectory _directory = new();

    private string FilePath => _directory["cursors", "files"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Open_NoFile_StartsWithNothingTaken()
    {
        using var cursor = CursorFile.Open(FilePath, Epoch);
        Assert.Equal(default, cursor.Value);
    }

    [Fact]
    public void Write_ThenOpen_GivesTheProgress()
    {
        Write();
        using var cursor = CursorFile.Open(FilePath, Epoch);
        Assert.Equal(Newer, cursor.Value);
    }

    [Fact]
    public void Open_OfAnotherJournal_IsRefused()
    {
        Write();
        var refusal = Assert.Throws<JournalException>(() => CursorFile.Open(FilePath, Epoch + 1));
        Assert.Contains("another journal", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_AnyBitFlipped_GivesOneOfTheTwoLastProgresses()
    {
        Write();
        var original = File.ReadAllBytes(FilePath);

        // The slots' zeros and their single bits are covered by the tests of the slot file itself.
        var used = Enumerable
            .Range(0, original.Length)
            .Where(at => at % SlotFile.SlotBytes is < 88 or >= SlotFile.SlotBytes - 4);
        foreach (var at in used)
        {
            var damaged = (byte[])original.Clone();
            damaged[at] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(FilePath, damaged);
            using var cursor = CursorFile.Open(FilePath, Epoch);
            Assert.Contains(cursor.Value, new[] { Older, Newer });
        }
    }

    [Fact]
    public void Open_BothSlotsDamaged_IsRefusedRatherThanStartedAgain()
    {
        Write();
        var bytes = File.ReadAllBytes(FilePath);
        bytes[30] ^= 1;
        bytes[SlotFile.SlotBytes + 30] ^= 1;
        File.WriteAllBytes(FilePath, bytes);
        var refusal = Assert.Throws<JournalException>(() => CursorFile.Open(FilePath, Epoch));
        Assert.Contains("both slots", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Golden_Version1_IsReadAsItAlwaysWas()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        var slot = Golden.ReadSlot("cursor-slot-v1.hex", SlotFile.SlotBytes);
        File.WriteAllBytes(FilePath, [.. slot, .. slot]);
        using var cursor = CursorFile.Open(FilePath, Epoch);
        Assert.Equal(Newer, cursor.Value);
    }

    private void Write()
    {
        using var cursor = CursorFile.Open(FilePath, Epoch);
        cursor.Write(Older);
        cursor.Write(Newer);
    }
}
