using Edge.Forwarding.Files;
using Edge.Journal.Records;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.Files;

/// <summary>Writing and rotating. Restarts and failures have classes of their own.</summary>
public class FileSinkTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 9, 59, 0, TimeSpan.Zero);

    private readonly TestClock _clock = new(Start);

    [Fact]
    public async Task Deliver_SomeBatches_AppendsTheirBytesInOrder()
    {
        using var directory = new TempDirectory();
        using var sink = await OpenAsync(directory.Path);

        Assert.True(await DeliverAsync(sink, 1, 3));
        Assert.True(await DeliverAsync(sink, 4, 5));

        Assert.Equal(["events-2026112109-000001.ndjson"], SinkFiles.Names(directory.Path));
        Assert.Equal(Batches.Lines(1, 5), SinkFiles.Lines(directory.Path));
    }

    [Fact]
    public async Task Resume_NothingDelivered_CreatesNoFile()
    {
        using var directory = new TempDirectory();

        using var sink = await OpenAsync(directory.Path);

        Assert.Empty(SinkFiles.Names(directory.Path));
    }

    [Fact]
    public async Task Deliver_NextHour_BeginsNextFile()
    {
        using var directory = new TempDirectory();
        using var sink = await OpenAsync(directory.Path);
        await DeliverAsync(sink, 1, 1);

        _clock.Advance(TimeSpan.FromMinutes(1));
        await DeliverAsync(sink, 2, 2);

        Assert.Equal(
            ["events-2026112109-000001.ndjson", "events-2026112110-000002.ndjson"],
            SinkFiles.Names(directory.Path)
        );
        Assert.Equal(Batches.Lines(1, 2), SinkFiles.Lines(directory.Path));
    }

    [Fact]
    public async Task Deliver_ClockPutBack_NamesStillSortInOrder()
    {
        using var directory = new TempDirectory();
        using (var sink = await OpenAsync(directory.Path))
        {
            await DeliverAsync(sink, 1, 1);
        }

        var earlier = new TestClock(Start.AddHours(-5));
        using var later = new FileSink(Options(directory.Path, maxFileBytes: 10), earlier);
        await later.ResumeAsync(1, default);
        await later.DeliverAsync(Batches.Of(1, 3), CancellationToken.None);

        Assert.Equal(
            ["events-2026112109-000001.ndjson", "events-2026112109-000002.ndjson", "events-2026112109-000003.ndjson"],
            SinkFiles.Names(directory.Path)
        );
        Assert.Equal(Batches.Lines(1, 3), SinkFiles.Lines(directory.Path));
    }

    [Theory]
    [InlineData("one byte below two lines", -1, 4)]
    [InlineData("exactly two lines", 0, 2)]
    [InlineData("one byte above two lines", 1, 2)]
    public async Task Deliver_SizeReached_BeginsNextFile(string row, int difference, int files)
    {
        using var directory = new TempDirectory();
        var twoLines = 2 * (Batches.Line(1).Length + 1);
        using var sink = await OpenAsync(directory.Path, twoLines + difference);

        await DeliverAsync(sink, 1, 4);

        Assert.True(SinkFiles.Names(directory.Path).Length == files, row);
        Assert.All(
            SinkFiles.Names(directory.Path),
            name => Assert.InRange(new FileInfo(directory[name]).Length, 1, twoLines + difference)
        );
        Assert.Equal(Batches.Lines(1, 4), SinkFiles.Lines(directory.Path));
    }

    [Fact]
    public async Task Deliver_ManyBatchesAcrossManyFiles_LosesAndSplitsNoLine()
    {
        using var directory = new TempDirectory();
        using var sink = await OpenAsync(directory.Path, maxFileBytes: 1_000);

        for (var first = 1; first <= 300; first += 7)
        {
            Assert.True(await DeliverAsync(sink, first, first + 6));
        }

        Assert.Equal(Batches.Lines(1, 301), SinkFiles.Lines(directory.Path));
        Assert.All(
            SinkFiles.Names(directory.Path),
            name => Assert.EndsWith("}\n", File.ReadAllText(directory[name]), StringComparison.Ordinal)
        );
        Assert.Equal(
            Enumerable.Range(1, SinkFiles.Names(directory.Path).Length).Select(number => (long)number),
            SinkFiles.Parsed(directory.Path).Select(name => name.Number)
        );
    }

    [Fact]
    public async Task Deliver_EventLargerThanAFile_StandsAlone()
    {
        using var directory = new TempDirectory();
        using var sink = await OpenAsync(directory.Path, maxFileBytes: 300);
        await DeliverAsync(sink, 1, 1);

        await sink.DeliverAsync(Batches.Of(2, 2, fillerBytes: 1_000), CancellationToken.None);
        await DeliverAsync(sink, 3, 3);

        Assert.Equal([Batches.Line(1), Batches.Line(2, 1_000), Batches.Line(3)], SinkFiles.Lines(directory.Path));
        Assert.Equal(3, SinkFiles.Names(directory.Path).Length);
    }

    [Fact]
    public async Task Deliver_ForeignFilesInTheDirectory_AreLeftAlone()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["events-notes.ndjson"], "torn");
        File.WriteAllText(directory["events-2026112109-000007.ndjson.gz"], "archive");

        using var sink = await OpenAsync(directory.Path);
        await DeliverAsync(sink, 1, 1);

        Assert.Equal("torn", File.ReadAllText(directory["events-notes.ndjson"]));
        Assert.Equal("archive", File.ReadAllText(directory["events-2026112109-000007.ndjson.gz"]));
        Assert.Equal(Batches.Lines(1, 1), File.ReadAllLines(directory["events-2026112109-000001.ndjson"]));
    }

    private static FileSinkOptions Options(string directory, long maxFileBytes) =>
        new() { Directory = directory, MaxFileBytes = maxFileBytes };

    private static async Task<bool> DeliverAsync(FileSink sink, long first, long last) =>
        (await sink.DeliverAsync(Batches.Of(first, last), CancellationToken.None)).IsDelivered;

    private async Task<FileSink> OpenAsync(string directory, long maxFileBytes = 64 << 20)
    {
        var sink = new FileSink(Options(directory, maxFileBytes), _clock);
        Assert.True((await sink.ResumeAsync(1, default(JournalCursor))).IsDelivered);
        return sink;
    }
}
