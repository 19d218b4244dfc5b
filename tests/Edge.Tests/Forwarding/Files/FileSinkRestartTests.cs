using Edge.Forwarding.Files;
using Edge.Journal.Records;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.Files;

/// <summary>
/// Stops a sink without a flush, as a kill does (what it wrote is in the page cache and stays), damages what a crash
/// can damage, and lets a second sink take the same records again from the durable cursor.
/// </summary>
public class FileSinkRestartTests
{
    private const int Epoch = 7;

    private readonly TestClock _clock = new(new DateTimeOffset(2026, 11, 21, 9, 59, 0, TimeSpan.Zero));

    [Fact]
    public async Task Resume_AfterKill_RepeatedRecordsStandOnce()
    {
        using var directory = new TempDirectory();
        await RunAndKillAsync(directory.Path, flushed: 5, delivered: 8);

        using var sink = await ResumeAsync(directory.Path, 5);
        await DeliverAsync(sink, 6, 20);

        Assert.Equal(Batches.Lines(1, 20), SinkFiles.Lines(directory.Path));
        Assert.Single(SinkFiles.Names(directory.Path));
    }

    [Fact]
    public async Task Resume_KilledBeforeTheFirstFlush_RepeatedRecordsStandOnce()
    {
        using var directory = new TempDirectory();
        await RunAndKillAsync(directory.Path, flushed: 0, delivered: 8);

        using var sink = await ResumeAsync(directory.Path, 0);
        await DeliverAsync(sink, 1, 9);

        Assert.Equal(Batches.Lines(1, 9), SinkFiles.Lines(directory.Path));
    }

    [Fact]
    public async Task Resume_AfterKill_NeverShortensAFileSomebodyFollows()
    {
        using var directory = new TempDirectory();
        await RunAndKillAsync(directory.Path, flushed: 5, delivered: 8);
        var before = SinkFiles.Text(directory.Path);

        using var sink = await ResumeAsync(directory.Path, 5);
        var resumed = SinkFiles.Text(directory.Path);
        await DeliverAsync(sink, 6, 6);

        Assert.Equal(before, resumed);
        Assert.Equal(before, SinkFiles.Text(directory.Path));
    }

    [Theory]
    [InlineData("torn in the last line", 5, null)]
    [InlineData("all but the flushed lines gone", int.MaxValue, null)]
    [InlineData("zeros instead of the last bytes", 5, "\0\0\0\0\0")]
    [InlineData("other bytes instead of the last ones", 90, "garbage that a power cut left")]
    public async Task Resume_TailOfCrash_EndsInExactlyTheRecords(string row, int lostBytes, string? instead)
    {
        using var directory = new TempDirectory();
        await RunAndKillAsync(directory.Path, flushed: 5, delivered: 8);
        var file = directory[SinkFiles.Names(directory.Path)[0]];
        var flushed = string.Join('\n', Batches.Lines(1, 5)).Length + 1;
        var text = File.ReadAllText(file);
        File.WriteAllText(file, text[..Math.Max(flushed, (int)(text.Length - (long)lostBytes))] + instead);

        using var sink = await ResumeAsync(directory.Path, 5);
        await DeliverAsync(sink, 6, 20);

        Assert.True(Batches.Lines(1, 20).SequenceEqual(SinkFiles.Lines(directory.Path)), row);
    }

    [Fact]
    public async Task Resume_TornAtEveryByte_EndsInExactlyTheRecords()
    {
        using var directory = new TempDirectory();
        await RunAndKillAsync(directory.Path, flushed: 2, delivered: 4);
        var file = directory[SinkFiles.Names(directory.Path)[0]];
        var whole = File.ReadAllBytes(file);
        var flushed = string.Join('\n', Batches.Lines(1, 2)).Length + 1;

        for (var length = flushed; length <= whole.Length; length++)
        {
            File.WriteAllBytes(file, whole[..length]);
            using var sink = await ResumeAsync(directory.Path, 2);
            await DeliverAsync(sink, 3, 4);

            Assert.Equal(whole, File.ReadAllBytes(file));
        }
    }

    [Fact]
    public async Task Resume_KilledAfterRotations_TakesTheLaterFilesUp()
    {
        using var directory = new TempDirectory();
        await RunAndKillAsync(directory.Path, flushed: 5, delivered: 40, maxFileBytes: 600);
        var names = SinkFiles.Names(directory.Path);
        Assert.True(names.Length > 3);

        using var sink = await ResumeAsync(directory.Path, 5, maxFileBytes: 600);
        await DeliverAsync(sink, 6, 17);
        await DeliverAsync(sink, 18, 60);

        Assert.Equal(Batches.Lines(1, 60), SinkFiles.Lines(directory.Path));
        Assert.Equal(names, SinkFiles.Names(directory.Path).Take(names.Length));
    }

    [Fact]
    public async Task Resume_KilledAfterHourChanged_TakesTheLaterFileUp()
    {
        using var directory = new TempDirectory();
        using (var killed = await ResumeAsync(directory.Path, 0))
        {
            await DeliverAsync(killed, 1, 3);
            await FlushAsync(killed, 3);
            await DeliverAsync(killed, 4, 5);
            _clock.Advance(TimeSpan.FromHours(1));
            await DeliverAsync(killed, 6, 8);
        }

        using var sink = await ResumeAsync(directory.Path, 3);
        await DeliverAsync(sink, 4, 10);

        Assert.Equal(Batches.Lines(1, 10), SinkFiles.Lines(directory.Path));
        Assert.Equal(2, SinkFiles.Names(directory.Path).Length);
    }

    [Fact]
    public async Task Resume_KilledBetweenFlushAndCursor_RepeatedRecordsStandOnce()
    {
        using var directory = new TempDirectory();
        using (var killed = await ResumeAsync(directory.Path, 0))
        {
            await DeliverAsync(killed, 1, 3);
            await FlushAsync(killed, 3);
            await DeliverAsync(killed, 4, 6);
            await FlushAsync(killed, 6);
        }

        using var sink = await ResumeAsync(directory.Path, 3);
        await DeliverAsync(sink, 4, 8);

        Assert.Equal(Batches.Lines(1, 8), SinkFiles.Lines(directory.Path));
    }

    [Fact]
    public async Task Resume_PositionLost_DuplicatesCarryTheSameId()
    {
        using var directory = new TempDirectory();
        await RunAndKillAsync(directory.Path, flushed: 5, delivered: 8);
        File.Delete(directory[".position"]);

        using var sink = await ResumeAsync(directory.Path, 5);
        await DeliverAsync(sink, 6, 10);

        Assert.Equal([.. Batches.Lines(1, 8), .. Batches.Lines(6, 10)], SinkFiles.Lines(directory.Path));
        Assert.Equal(2, SinkFiles.Names(directory.Path).Length);
    }

    [Fact]
    public async Task Resume_PositionLostAndLineTorn_CutsOnlyTheTornLine()
    {
        using var directory = new TempDirectory();
        await RunAndKillAsync(directory.Path, flushed: 5, delivered: 8);
        File.Delete(directory[".position"]);
        var file = directory[SinkFiles.Names(directory.Path)[0]];
        File.WriteAllText(file, File.ReadAllText(file)[..^3]);

        using var sink = await ResumeAsync(directory.Path, 5);
        await DeliverAsync(sink, 6, 10);

        Assert.Equal([.. Batches.Lines(1, 7), .. Batches.Lines(6, 10)], SinkFiles.Lines(directory.Path));
    }

    [Theory]
    [InlineData("first slot", 0, false)]
    [InlineData("second slot", 4096, false)]
    [InlineData("both slots", 0, true)]
    public async Task Resume_PositionDamaged_LosesNothing(string row, int offset, bool both)
    {
        using var directory = new TempDirectory();
        await RunAndKillAsync(directory.Path, flushed: 5, delivered: 8);
        var position = File.ReadAllBytes(directory[".position"]);
        position[offset + 30] ^= 1;
        position[4096 + 30] ^= (byte)(both ? 1 : 0);
        File.WriteAllBytes(directory[".position"], position);

        using var sink = await ResumeAsync(directory.Path, 5);
        await DeliverAsync(sink, 6, 10);

        var lines = SinkFiles.Lines(directory.Path);
        Assert.True(Batches.Lines(1, 10).All(lines.Contains), row);
        Assert.All(lines, line => Assert.Contains(line, Batches.Lines(1, 10)));
    }

    [Fact]
    public async Task Resume_OtherJournal_KeepsTheOldFilesAndBeginsANewOne()
    {
        using var directory = new TempDirectory();
        await RunAndKillAsync(directory.Path, flushed: 5, delivered: 5);

        using var sink = new FileSink(Options(directory.Path), _clock);
        Assert.True((await sink.ResumeAsync(Epoch + 1, Batches.CursorAt(5))).IsDelivered);
        await DeliverAsync(sink, 6, 7);

        Assert.Equal(Batches.Lines(1, 7), SinkFiles.Lines(directory.Path));
        Assert.Equal(2, SinkFiles.Names(directory.Path).Length);
    }

    [Fact]
    public async Task Resume_FileTakenAwayByItsReader_BeginsTheNext()
    {
        using var directory = new TempDirectory();
        await RunAndKillAsync(directory.Path, flushed: 5, delivered: 5);
        File.Delete(directory[SinkFiles.Names(directory.Path)[0]]);

        using var sink = await ResumeAsync(directory.Path, 5);
        await DeliverAsync(sink, 6, 7);
        await FlushAsync(sink, 7);

        Assert.Equal(["events-2026112109-000002.ndjson"], SinkFiles.Names(directory.Path));
        Assert.Equal(Batches.Lines(6, 7), SinkFiles.Lines(directory.Path));
    }

    private static FileSinkOptions Options(string directory, long maxFileBytes = 64 << 20) =>
        new() { Directory = directory, MaxFileBytes = maxFileBytes };

    private static async Task DeliverAsync(FileSink sink, long first, long last) =>
        Assert.Null((await sink.DeliverAsync(Batches.Of(first, last), CancellationToken.None)).Reason);

    private static async Task FlushAsync(FileSink sink, long upTo) =>
        Assert.Null((await sink.FlushAsync(CursorAt(upTo))).Reason);

    private static JournalCursor CursorAt(long sequence) => sequence == 0 ? default : Batches.CursorAt(sequence);

    private async Task RunAndKillAsync(string directory, long flushed, long delivered, long maxFileBytes = 64 << 20)
    {
        using var sink = await ResumeAsync(directory, 0, maxFileBytes);
        if (flushed > 0)
        {
            await DeliverAsync(sink, 1, flushed);
            await FlushAsync(sink, flushed);
        }

        if (delivered > flushed)
        {
            await DeliverAsync(sink, flushed + 1, delivered);
        }
    }

    private async Task<FileSink> ResumeAsync(string directory, long sequence, long maxFileBytes = 64 << 20)
    {
        var sink = new FileSink(Options(directory, maxFileBytes), _clock);
        Assert.Null((await sink.ResumeAsync(Epoch, CursorAt(sequence))).Reason);
        return sink;
    }
}
