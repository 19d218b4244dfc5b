using System.Text;
using System.Text.Json;
using Edge.Commands.Journals;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Tests.Journal;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Commands;

/// <summary>dump, verify, stat and skip-to on a journal whose service is stopped.</summary>
public sealed class OfflineCommandsTests : IDisposable
{
    private const int Records = 600;
    private readonly TempDirectory _directory = new();

    private JournalOptions Options => TestJournal.SmallOptions(_directory["journal"]);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Dump_OfASoundJournal_IsEveryPayloadInOrder()
    {
        await FillAsync();
        var (code, output, error) = Dump();
        Assert.Equal(0, code);
        Assert.Empty(error);
        Assert.Equal(
            Enumerable.Range(1, Records).Select(n => TestJournal.PayloadOf(n)),
            output.TrimEnd('\n').Split('\n')
        );
    }

    [Fact]
    public async Task Dump_OfADamagedJournal_GivesTheRestAndFails()
    {
        await FillAsync();
        LogDamage.Flip(Options, LogDamage.Locate(Options)[100].Address + EngineRecord.HeaderBytes, 1);
        var (code, output, error) = Dump();
        Assert.Equal(1, code);
        Assert.Contains("passed over", error, StringComparison.Ordinal);
        Assert.StartsWith(TestJournal.PayloadOf(1), output, StringComparison.Ordinal);
        Assert.EndsWith(TestJournal.PayloadOf(Records) + "\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_ThatNeedTheJournalAlone_AreRefusedBesideTheService()
    {
        await using var journal = TestJournal.Open(Options);
        var error = new StringWriter();
        Assert.Equal(1, JournalDump.Run(Options, Stream.Null, error));
        Assert.Equal(1, JournalSkipTo.Run(Options, "files", "end", TextWriter.Null, error));
        var lines = error.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.Contains("in use by process", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task StatAndVerify_WhileTheServiceAppends_ReadWhatIsCommitted()
    {
        await using var journal = TestJournal.Open(Options);
        for (var round = 1; round <= 5; round++)
        {
            for (var n = 1; n <= 100; n++)
            {
                journal.Append(TestJournal.PayloadOf(n));
            }

            await journal.Journal.CommitAsync();
            var output = new StringWriter();
            var stat = new MemoryStream();

            Assert.Equal(0, JournalVerify.Run(Options, output, TextWriter.Null));
            Assert.Equal(0, JournalStat.Run(Options, stat, TextWriter.Null));

            Assert.StartsWith($"{100 * round} records intact, 0 problems", output.ToString(), StringComparison.Ordinal);
            var root = JsonDocument.Parse(stat.ToArray()).RootElement;
            Assert.True(root.GetProperty("in_use").GetBoolean());
            Assert.Equal(100 * round, root.GetProperty("committed_sequence").GetInt64());
        }
    }

    [Fact]
    public void Commands_WithoutAJournal_SayWhere()
    {
        var error = new StringWriter();
        Assert.Equal(1, JournalStat.Run(Options, Stream.Null, error));
        Assert.StartsWith("edge journal stat: there is no journal in", error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Options.Directory));
    }

    [Fact]
    public async Task Verify_OfASoundJournal_CountsItsRecords()
    {
        await FillAsync();
        var (code, output) = Verify();
        Assert.Equal(0, code);
        Assert.StartsWith($"{Records} records intact, 0 problems", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_AnyRecordDamaged_FailsAndNamesItsAddress()
    {
        await FillAsync();
        foreach (var place in LogDamage.Locate(Options).Where(place => place.Sequence % 97 == 0))
        {
            LogDamage.Flip(Options, place.Next - 1, 0x40);
            LogDamage.Flip(Options, place.Address + EngineRecord.HeaderBytes, 0x40);
            var (code, output) = Verify();
            Assert.Equal(1, code);
            Assert.Contains($"address {place.Address}:", output, StringComparison.Ordinal);
            LogDamage.Flip(Options, place.Next - 1, 0x40);
            LogDamage.Flip(Options, place.Address + EngineRecord.HeaderBytes, 0x40);
        }
        Assert.Equal(0, Verify().Code);
    }

    [Fact]
    public async Task Verify_SegmentMissing_NamesItAndTheMissingRecords()
    {
        await FillAsync();
        File.Delete(TestJournal.SegmentPath(Options, 1));
        var (code, output) = Verify();
        Assert.Equal(1, code);
        Assert.Contains("segment-0000000001 is missing", output, StringComparison.Ordinal);
        Assert.Contains("are missing", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stat_WithASink_GivesSizesAndItsProgress()
    {
        await FillAsync();
        WriteCursor(new SinkProgress(new JournalCursor(64, 0), 0, 0, 0));
        var output = new MemoryStream();
        Assert.Equal(0, JournalStat.Run(Options, output, TextWriter.Null));
        using var json = JsonDocument.Parse(output.ToArray());
        var root = json.RootElement;
        Assert.Equal(Records, root.GetProperty("committed_sequence").GetInt64());
        Assert.Equal(64, root.GetProperty("begin_address").GetInt64());
        Assert.Equal(Records, root.GetProperty("sinks").GetProperty("files").GetProperty("pending").GetInt64());
        Assert.Equal(0, root.GetProperty("problems").GetArrayLength());
    }

    [Fact]
    public async Task SkipTo_ASequence_CountsWhatWasGivenUpAndReadingGoesOnBehind()
    {
        await FillAsync();
        WriteCursor(default);
        Assert.Equal(0, SkipTo("250"));

        var progress = ReadCursor();
        Assert.Equal(250, progress.Cursor.Sequence);
        Assert.Equal(250, progress.Skipped);
        await using var journal = TestJournal.Open(Options);
        TestJournal.AssertRecords(journal.ReadAll(progress.Cursor), 251, Records);
    }

    [Fact]
    public async Task SkipTo_Backwards_OrBeyondTheEnd_OrAnotherSink_IsRefused()
    {
        await FillAsync();
        WriteCursor(new SinkProgress(new JournalCursor(64, 0), 0, 0, 0));
        Assert.Equal(0, SkipTo("10"));
        Assert.Equal(1, SkipTo("9"));
        Assert.Equal(2, SkipTo("100000"));
        Assert.Equal(2, SkipTo("x"));
        Assert.Equal(2, JournalSkipTo.Run(Options, "nobody", "end", TextWriter.Null, TextWriter.Null));
        Assert.Equal(10, ReadCursor().Cursor.Sequence);
    }

    [Fact]
    public async Task SkipTo_BehindALostSegment_LetsTheServiceStartAgain()
    {
        await FillAsync();
        WriteCursor(default);
        File.Delete(TestJournal.SegmentPath(Options, 0));
        Assert.Throws<JournalException>(() => TestJournal.Open(Options));

        // The first record behind the lost segment is found although nobody named it.
        Assert.Equal(0, SkipTo("1"));
        var progress = ReadCursor();
        await using var journal = TestJournal.Open(Options);
        TestJournal.AssertRecords(journal.ReadAll(progress.Cursor), progress.Cursor.Sequence + 1, Records);
        Assert.Equal(progress.Cursor.Sequence, progress.Skipped);
    }

    [Fact]
    public async Task SkipTo_EndWithTheLastSegmentLost_GoesOnInANewSegment()
    {
        await FillAsync();
        WriteCursor(default);
        var last = LogDamage.Locate(Options)[^1].Next / Options.SegmentBytes;
        File.Delete(TestJournal.SegmentPath(Options, (int)last));
        Assert.Throws<JournalException>(() => TestJournal.Open(Options));
        Assert.Equal(0, SkipTo("end"));

        var progress = ReadCursor();
        Assert.Equal(Records, progress.Skipped);
        await using var journal = TestJournal.Open(Options);
        await journal.AppendAsync(100);
        TestJournal.AssertRecords(journal.ReadAll(progress.Cursor), Records + 1, Records + 100);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_WithASegmentLostThatEverySinkHasTaken_GoesOnWithoutIt(bool isShort)
    {
        await FillAsync();
        var places = LogDamage.Locate(Options);
        var taken = places.First(place => place.Address >= 2 * Options.SegmentBytes);
        WriteCursor(new SinkProgress(new JournalCursor(taken.Address, taken.Sequence - 1), taken.Sequence - 1, 0, 0));
        using (var behind = OpenCursor("onlooker"))
        {
            behind.Write(new SinkProgress(default, 0, 0, 0));
        }

        Lose(1, isShort);

        await using var journal = TestJournal.Open(Options with { Readers = ["files"], Onlookers = ["onlooker"] });

        var released = Assert.Single(journal.Journal.Status.Findings.Released);
        Assert.StartsWith(TestJournal.SegmentPath(Options, 1), released, StringComparison.Ordinal);
        await journal.AppendAsync(100);
        TestJournal.AssertRecords(
            journal.ReadAll(new JournalCursor(taken.Address, taken.Sequence - 1)),
            taken.Sequence,
            Records + 100
        );
    }

    [Fact]
    public async Task Start_WithTheLastSegmentLostThatEverySinkHasTaken_GoesOnInANewOne()
    {
        await FillAsync();
        var end = LogDamage.Locate(Options)[^1];
        WriteCursor(new SinkProgress(new JournalCursor(end.Next, Records), Records, 0, 0));
        Lose((int)(end.Address / Options.SegmentBytes), isShort: false);

        await using (var journal = TestJournal.Open(Options with { Readers = ["files"] }))
        {
            await journal.AppendAsync(100);
            TestJournal.AssertRecords(journal.ReadAll(new JournalCursor(end.Next, Records)), Records + 1, Records + 100);
        }

        Assert.Equal(0, Verify().Code);
    }

    [Theory]
    [InlineData("a sink that has not taken it", "files")]
    [InlineData("a sink without a cursor", "files", "other")]
    [InlineData("nobody reads")]
    public async Task Start_WithASegmentLostThatIsPending_IsRefused(string row, params string[] readers)
    {
        _ = row;
        await FillAsync();
        var places = LogDamage.Locate(Options);
        var taken = places[row.Contains("not taken", StringComparison.Ordinal) ? 0 : ^1];
        WriteCursor(new SinkProgress(new JournalCursor(taken.Address, taken.Sequence - 1), taken.Sequence - 1, 0, 0));
        Lose(0, isShort: false);

        var refused = Assert.Throws<JournalException>(() => TestJournal.Open(Options with { Readers = readers }));

        Assert.Contains("its events are still held", refused.Message, StringComparison.Ordinal);
        Assert.Equal(places.Count(place => place.Address >= Options.SegmentBytes), LogDamage.Locate(Options).Count);
    }

    [Fact]
    public async Task SkipTo_OfSinksThatHaveEverything_LetsGoOfALostSegment()
    {
        await FillAsync();
        var end = LogDamage.Locate(Options)[^1].Next;
        WriteCursor(new SinkProgress(new JournalCursor(end, Records), Records, 0, 0));
        Lose(0, isShort: false);

        // Without readers nothing is given up by itself.
        Assert.Throws<JournalException>(() => TestJournal.Open(Options));
        Assert.Equal(0, SkipTo("end"));

        await using var journal = TestJournal.Open(Options);
        Assert.Equal(0, ReadCursor().Skipped);
    }

    [Fact]
    public async Task SkipTo_OfASinkWithoutACursor_GivesUpWhatItHasNotTaken()
    {
        await FillAsync();

        Assert.Equal(
            0,
            JournalSkipTo.Run(Options with { Readers = ["files"] }, "files", "end", TextWriter.Null, TextWriter.Null)
        );

        Assert.Equal(Records, ReadCursor().Skipped);
    }

    private void Lose(int segment, bool isShort)
    {
        var path = TestJournal.SegmentPath(Options, segment);
        if (!isShort)
        {
            File.Delete(path);
            return;
        }

        using var file = File.OpenWrite(path);
        file.SetLength(100);
    }

    private async Task FillAsync()
    {
        await using var journal = TestJournal.Open(Options);
        await journal.AppendAsync(Records);
    }

    private (int Code, string Output, string Error) Dump()
    {
        var output = new MemoryStream();
        var error = new StringWriter();
        var code = JournalDump.Run(Options, output, error);
        return (code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    private (int Code, string Output) Verify()
    {
        var output = new StringWriter();
        return (JournalVerify.Run(Options, output, TextWriter.Null), output.ToString());
    }

    private int SkipTo(string target) => JournalSkipTo.Run(Options, "files", target, TextWriter.Null, TextWriter.Null);

    private CursorFile OpenCursor(string name = "files") =>
        CursorFile.Open(
            Path.Combine(Options.CursorDirectory, name),
            JournalManifest.Read(_directory["journal", "manifest"]).EpochId
        );

    private void WriteCursor(SinkProgress progress)
    {
        using var cursor = OpenCursor();
        cursor.Write(progress);
    }

    private SinkProgress ReadCursor()
    {
        using var cursor = OpenCursor();
        return cursor.Value;
    }
}
