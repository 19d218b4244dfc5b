using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Segments;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Journal.Segments;

/// <summary>What stays after every sink has taken it.</summary>
public class RetentionTests
{
    private const long Mebibyte = 1 << 20;

    [Theory]
    [InlineData("nothing is old or too much", 24, 100, 0, 0)]
    [InlineData("bytes are reached first", 24, 10, 0, 40)]
    [InlineData("hours are reached first", 24, 100, 25, 50)]
    [InlineData("no hours", 0, 100, 0, 50)]
    [InlineData("no bytes", 24, 0, 0, 50)]
    public void Released_Stays_UntilHoursOrBytesAreReached(
        string row,
        int hours,
        long mebibytes,
        int passed,
        long removable
    )
    {
        var clock = new TestClock(DateTimeOffset.UnixEpoch);
        var retention = new Retention(
            new JournalOptions
            {
                Directory = "d",
                RetainHours = hours,
                RetainBytes = mebibytes * Mebibyte,
                MaxBytes = 8L << 30,
            },
            clock
        );
        retention.RemovableUntil(60 * Mebibyte, JournalState.Open);
        retention.Release(50 * Mebibyte);

        clock.Advance(TimeSpan.FromHours(passed));

        var until = retention.RemovableUntil(70 * Mebibyte, JournalState.Open);
        Assert.True(until / Mebibyte == removable, $"{row}: {until / Mebibyte}");
    }

    [Theory]
    [InlineData(JournalState.SoftFull)]
    [InlineData(JournalState.Full)]
    public void Retained_Goes_WhenRoomIsShort(object state)
    {
        var retention = new Retention(
            new JournalOptions
            {
                Directory = "d",
                RetainBytes = 100 * Mebibyte,
                MaxBytes = 8L << 30,
            },
            new TestClock(DateTimeOffset.UnixEpoch)
        );
        retention.Release(50 * Mebibyte);

        Assert.Equal(0, Math.Max(0, retention.RemovableUntil(60 * Mebibyte, JournalState.Open)));
        Assert.Equal(50 * Mebibyte, retention.RemovableUntil(60 * Mebibyte, (JournalState)state));
    }

    [Fact]
    public void Events_YoungerThanTheHours_StayBesideOlderOnes()
    {
        var clock = new TestClock(DateTimeOffset.UnixEpoch);
        var retention = new Retention(
            new JournalOptions
            {
                Directory = "d",
                RetainHours = 10,
                RetainBytes = 4L << 30,
                MaxBytes = 64L << 30,
            },
            clock
        );
        for (var hour = 0; hour <= 20; hour++)
        {
            retention.RemovableUntil(hour * Mebibyte, JournalState.Open);
            retention.Release(hour * Mebibyte);
            clock.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(11 * Mebibyte, retention.RemovableUntil(21 * Mebibyte, JournalState.Open));
    }

    [Fact]
    public async Task Journal_WithRetention_StillHoldsWhatWasReleased()
    {
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(
            TestJournal.SmallOptions(directory.Path) with
            {
                RetainBytes = Mebibyte,
            }
        );
        await journal.AppendAsync(2_000);
        await using var other = TestJournal.Open(TestJournal.SmallOptions(directory["other"]));
        await other.AppendAsync(2_000);

        foreach (var one in new[] { journal, other })
        {
            one.Journal.Release(new JournalCursor(one.Journal.Status.CommittedAddress, 2_000));
            await one.Journal.CommitAsync();
            await one.Journal.CommitAsync();
        }

        Assert.Equal(1, journal.ReadAll()[0].Sequence);
        Assert.True(other.Journal.Status.BeginAddress > EngineRecord.FirstAddress);
    }
}
