using Edge.Events;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Tests.Support;
using Xunit;
using EventId = Edge.Events.EventId;

namespace Edge.Tests.Journal;

/// <summary>Single records of a real journal, by number and by id, among thousands.</summary>
public sealed class RecordFinderTests : IDisposable
{
    private static readonly DateTimeOffset Begin = new(2026, 5, 16, 0, 0, 0, TimeSpan.Zero);

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Find_OfEveryRecord_IsThatRecord(int seed)
    {
        var ids = await WriteAsync(seed);
        using var view = JournalView.Open(TestJournal.SmallOptions(_directory.Path));

        for (var i = 0; i < ids.Count; i += 7)
        {
            Assert.Equal(FindResult.Found, view.Finder.Find(ids[i], out var byId));
            Assert.Equal((i + 1L, ids[i]), (byId.Envelope.Sequence, byId.Envelope.Id));
            Assert.Equal(FindResult.Found, view.Finder.Find(i + 1L, out var byNumber));
            Assert.Equal((i + 1L, ids[i]), (byNumber.Envelope.Sequence, byNumber.Envelope.Id));
            Assert.Equal(TestJournal.PayloadOf(i + 1), System.Text.Encoding.UTF8.GetString(byNumber.Payload));
        }
    }

    [Fact]
    public async Task Find_OfWhatIsNotThere_IsAbsent()
    {
        var ids = await WriteAsync(3);
        using var view = JournalView.Open(TestJournal.SmallOptions(_directory.Path));
        var others = new EventIds(TimeProvider.System);

        foreach (var minutes in new[] { -1_000, 0, 0.5, 2.5, 5, 1_000 })
        {
            Assert.Equal(FindResult.Absent, view.Finder.Find(others.Next(Begin.AddMinutes(minutes)), out _));
        }
        Assert.Equal(FindResult.Absent, view.Finder.Find(0, out _));
        Assert.Equal(FindResult.Absent, view.Finder.Find(ids.Count + 1, out _));
        Assert.Equal(FindResult.Absent, view.Finder.Find(long.MaxValue, out _));
    }

    [Fact]
    public async Task Find_WhilePagesAreDamaged_FindsTheOthersAndNamesTheDamage()
    {
        var ids = await WriteAsync(4);
        var options = TestJournal.SmallOptions(_directory.Path);
        var lost = new HashSet<int>();
        using (var before = JournalView.Open(options))
        {
            var walker = before.Walk();
            for (var i = 0; walker.Step() != WalkStep.End; i++)
            {
                // Every fifth page, and three in a row.
                var page = walker.Address / options.PageBytes;
                if (page % 5 == 3 || page is 21 or 22)
                {
                    lost.Add(i);
                }
            }
        }
        foreach (var file in Directory.GetFiles(_directory.Path, "segment-*"))
        {
            await using var segment = File.Open(file, FileMode.Open);
            var first = int.Parse(Path.GetFileName(file)[8..], System.Globalization.CultureInfo.InvariantCulture) * (options.SegmentBytes / options.PageBytes);
            for (var page = 0; page < options.SegmentBytes / options.PageBytes; page++)
            {
                if ((first + page) % 5 == 3 || first + page is 21 or 22)
                {
                    segment.Position = page * options.PageBytes;
                    segment.Write(new byte[options.PageBytes]);
                }
            }
        }

        using var view = JournalView.Open(options);
        Assert.NotEmpty(lost);
        for (var i = 0; i < ids.Count; i += 3)
        {
            var expected = lost.Contains(i) ? FindResult.Damaged : FindResult.Found;
            Assert.Equal(expected, view.Finder.Find(i + 1L, out var byNumber));
            Assert.Equal(expected, view.Finder.Find(ids[i], out var byId));
            if (expected == FindResult.Found)
            {
                Assert.Equal(i + 1L, byNumber.Envelope.Sequence);
                Assert.Equal(i + 1L, byId.Envelope.Sequence);
            }
        }
    }

    /// <summary>
    /// Five minutes of records in some fifty pages, now and then one that waited or whose clock was ahead.
    /// </summary>
    private async Task<List<EventId>> WriteAsync(int seed)
    {
        var random = new Random(seed);
        var made = new EventIds(TimeProvider.System);
        var ids = new List<EventId>();
        await using var journal = TestJournal.Open(_directory.Path);
        for (var i = 0; i < 3_000; i++)
        {
            var late = random.Next(20) == 0 ? random.Next(0, 2_900) : random.Next(60) == 0 ? -900 : 0;
            var id = made.Next(Begin.AddMilliseconds((i * 100) - late));
            while (true)
            {
                var result = journal.Journal.TryAppend(TestJournal.RecordOf(TestJournal.PayloadOf(i + 1)), id, out _);
                if (result == AppendResult.Appended)
                {
                    break;
                }
                Assert.Equal(AppendResult.Busy, result);
                Thread.Yield();
            }
            ids.Add(id);
        }
        await journal.Journal.CommitAsync();
        return ids;
    }
}
