using Edge.Journal;
using Edge.Journal.Commits;
using Edge.Journal.Recovery;
using Edge.Storage;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Journal.Recovery;

/// <summary>What a start makes of a directory that is not as it was left.</summary>
public sealed class RecoveryGateTests : IDisposable
{
    private const int Records = 600;
    private readonly TempDirectory _directory = new();

    private JournalOptions Options => TestJournal.SmallOptions(_directory["journal"]);

    private string Commit => _directory["journal", "commit"];

    private string Manifest => _directory["journal", "manifest"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Open_BySecondOwner_IsRefusedAndNamesTheFirst()
    {
        await using var journal = TestJournal.Open(Options);
        AssertRefused($"in use by process {Environment.ProcessId}");
    }

    [Fact]
    public async Task Open_OtherPageSize_IsRefused()
    {
        await FillAsync();
        AssertRefused("pages of 16384", Options with { PageBytes = 32 << 10 });
    }

    [Fact]
    public async Task Open_OtherSegmentSize_IsRefused()
    {
        await FillAsync();
        AssertRefused("segments of 65536", Options with { SegmentBytes = 128 << 10 });
    }

    [Fact]
    public async Task Open_NoCommitFile_IsRefused()
    {
        await FillAsync();
        File.Delete(Commit);
        AssertRefused("commit is missing");
    }

    [Fact]
    public async Task Open_NoManifest_IsRefused()
    {
        await FillAsync();
        File.Delete(Manifest);
        AssertRefused("without its manifest");
    }

    [Fact]
    public async Task Open_NeitherManifestNorCommitFile_IsRefused()
    {
        await FillAsync();
        File.Delete(Manifest);
        File.Delete(Commit);
        AssertRefused("segments without manifest");
    }

    [Fact]
    public async Task Open_ManifestOfAnotherJournal_IsRefused()
    {
        await FillAsync();
        var manifest = JournalManifest.Read(Manifest);
        File.Delete(Manifest);
        (manifest with { EpochId = manifest.EpochId + (UInt128.One << 64) }).Write(Manifest);
        AssertRefused("another journal");
    }

    [Fact]
    public async Task Open_EveryBitOfTheManifestFlipped_IsRefused()
    {
        await FillAsync();
        var original = File.ReadAllBytes(Manifest);
        for (var bit = 0; bit < original.Length * 8; bit++)
        {
            var damaged = (byte[])original.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(Manifest, damaged);
            AssertRefused("manifest is damaged");
        }
    }

    [Fact]
    public async Task Open_BothSlotsDamaged_IsRefused()
    {
        await FillAsync();
        Flip(Commit, 50, 1);
        Flip(Commit, SlotFile.SlotBytes + 50, 1);
        AssertRefused("both slots");
    }

    [Fact]
    public async Task Open_CommitSlotsOfALaterVersion_IsRefused()
    {
        await FillAsync();
        File.Delete(Commit);
        SlotFile.Create(Commit, SlotKind.Commit, [2, .. new byte[400]]);
        AssertRefused("later version");
    }

    /// <summary>
    /// A slot that is damaged may be the one that acknowledged the last records: they must be found again without it.
    /// </summary>
    [Fact]
    public async Task Open_OneSlotDamagedAnywhere_LosesNoCommittedRecord()
    {
        await FillAsync();
        TestJournal.CopyTree(_directory["journal"], _directory["original"]);
        var random = new Random(5);
        var places = Enumerable
            .Range(0, 2 * SlotFile.SlotBytes)
            .Where(at => at % SlotFile.SlotBytes is < 80 or >= SlotFile.SlotBytes - 4 || at % 29 == 0);
        foreach (var at in places)
        {
            File.Copy(_directory["original", "commit"], Commit, overwrite: true);
            Flip(Commit, at, (byte)(1 << random.Next(8)));
            using var files = RecoveryGate.Open(Options, TimeProvider.System, new JournalFault());
            Assert.Equal(Records, files.Commits.Current.Sequence);
            Assert.Equal(1, files.Findings.DamagedSlots);
            Assert.Empty(files.Findings.Problems);
        }
    }

    [Fact]
    public async Task Open_OneSlotDamaged_ReadsEverythingAndContinues()
    {
        foreach (var slot in new[] { 0, 1 })
        {
            await FillAsync();
            Flip(Commit, (slot * SlotFile.SlotBytes) + 30, 0x10);
            await using (var journal = TestJournal.Open(Options))
            {
                TestJournal.AssertRecords(journal.ReadAll(), 1, Records);
                await journal.AppendAsync(10);
                TestJournal.AssertRecords(journal.ReadAll(), 1, Records + 10);
            }
            using (var slots = SlotFile.Open(Commit, SlotKind.Commit))
            {
                Assert.Equal(0, slots.DamagedSlots);
            }

            Directory.Delete(_directory["journal"], recursive: true);
        }
    }

    [Fact]
    public async Task Open_SegmentInTheMiddleMissing_IsRefusedAndNamesIt()
    {
        await FillAsync();
        File.Delete(TestJournal.SegmentPath(Options, 1));
        AssertRefused("segment-0000000001 is missing");
    }

    [Fact]
    public async Task Open_TailCutAtAnyByteOfTheLast8KiB_IsRefused()
    {
        await FillAsync();
        var until = Committed().Until;
        var path = TestJournal.SegmentPath(Options, (int)(until / Options.SegmentBytes));
        var end = (int)(until % Options.SegmentBytes);
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            for (var length = end; length >= Math.Max(0, end - 8_192); length--)
            {
                RandomAccess.SetLength(file, length);
                AssertRefused($"has {length} bytes");
            }
        }
    }

    [Fact]
    public async Task Open_SegmentAheadOfTheTailCut_IsMadeAnew()
    {
        await FillAsync();
        var ahead = TestJournal.SegmentPath(Options, (int)(Committed().Until / Options.SegmentBytes) + 1);
        File.WriteAllText(ahead, "short");
        await using var journal = TestJournal.Open(Options);
        await journal.AppendAsync(600);
        TestJournal.AssertRecords(journal.ReadAll(), 1, Records + 600);
    }

    [Fact]
    public void Open_BirthCutShortAtAnyStep_StartsAJournal()
    {
        using (RecoveryGate.Open(Options, TimeProvider.System, new JournalFault()))
        {
            TestJournal.CopyTree(_directory["journal"], _directory["born"]);
        }

        string[] order = ["commit.new", "commit", "segment-0000000000.new", "segment-0000000000", "manifest.new"];
        for (var steps = 0; steps <= order.Length; steps++)
        {
            Directory.Delete(_directory["journal"], recursive: true);
            Directory.CreateDirectory(_directory["journal"]);
            foreach (var name in order.Take(steps))
            {
                File.Delete(_directory["journal", name.Replace(".new", "", StringComparison.Ordinal) + ".new"]);
                File.Copy(
                    _directory["born", name.Replace(".new", "", StringComparison.Ordinal)],
                    _directory["journal", name]
                );
            }
            using var files = RecoveryGate.Open(Options, TimeProvider.System, new JournalFault());
            Assert.Equal(0, files.Commits.Current.Sequence);
        }
    }

    [Fact]
    public async Task Open_RecordOfALaterVersion_IsRefused()
    {
        await FillAsync();
        LogDamage.MakeLaterVersion(Options, LogDamage.Locate(Options)[^1]);
        AssertRefused("run the later version");
    }

    [Fact]
    public void Open_FileInPlaceOfTheDirectory_IsRefusedInOneLine()
    {
        File.WriteAllText(_directory["journal"], "");
        AssertRefused("cannot be opened");
    }

    [Theory]
    [InlineData(5_000, 64 << 10, 16 << 10, "journal.pageBytes")]
    [InlineData(16 << 10, 64 << 10, 16 << 10, "journal.memoryBytes")]
    [InlineData(16 << 10, 16 << 10, 64 << 10, "journal.segmentBytes")]
    public void Open_SizesThatDoNotFit_AreRefusedByName(int page, int segment, int memory, string setting) =>
        AssertRefused(setting, Options with { PageBytes = page, SegmentBytes = segment, MemoryBytes = memory });

    private async Task FillAsync()
    {
        await using var journal = TestJournal.Open(Options);
        await journal.AppendAsync(Records);
    }

    private CommitPoint Committed()
    {
        using var slots = SlotFile.Open(Commit, SlotKind.Commit);
        return CommitPoint.TryDecode(slots.Payload)!;
    }

    private void AssertRefused(string expected, JournalOptions? options = null)
    {
        var refusal = Assert.Throws<JournalException>(() =>
            EventJournal.Open(options ?? Options, TimeProvider.System, new Edge.Telemetry.Ledger())
        );
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    private static void Flip(string path, long at, byte mask)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        var one = new byte[1];
        RandomAccess.Read(file, one, at);
        RandomAccess.Write(file, [(byte)(one[0] ^ mask)], at);
    }
}
