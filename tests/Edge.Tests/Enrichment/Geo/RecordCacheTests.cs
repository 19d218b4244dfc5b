using System.Text;
using Edge.Enrichment.Geo;
using Xunit;

namespace Edge.Tests.Enrichment.Geo;

public class RecordCacheTests
{
    private static readonly byte[] Data = Encoding.ASCII.GetBytes(
        new string('-', 100) + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + new string('-', 900)
    );

    [Fact]
    public void Record_NeverSeen_IsNotRecalled()
    {
        var cache = new RecordCache(Data.Length);

        for (var record = 0; record < 100_000; record++)
        {
            Assert.False(cache.TryRecall(record, out _));
            Assert.False(cache.TryRecall(record, Data, out _));
        }
    }

    [Fact]
    public void Record_CountryRemembered_IsRecalledWithoutItsPlace()
    {
        var cache = new RecordCache(Data.Length);

        cache.Remember(0, CountryCode.Parse("DE"u8));

        Assert.True(cache.TryRecall(0, out var country));
        Assert.Equal("DE", country.Text);
        Assert.False(cache.TryRecall(0, Data, out _));
    }

    [Fact]
    public void Records_ManyMoreThanPlaces_AreRecalledRightOrNotAtAll()
    {
        var cache = new RecordCache(Data.Length);
        var recalled = 0;
        var random = new Random(3);
        for (var i = 0; i < 200_000; i++)
        {
            var record = random.Next(2) == 0 ? random.Next(200) : random.Next(1 << 30);
            if (cache.TryRecall(record, Data, out var place))
            {
                recalled++;
                Assert.Equal(Expected(record), Support.Geo.Text(place));
            }
            if (cache.TryRecall(record, out var country))
            {
                Assert.Equal(Expected(record)[..2], country.Text);
            }

            Remember(cache, record);
        }

        Assert.InRange(recalled, 1_000, 150_000);
    }

    [Fact]
    public async Task Records_FromManyThreads_AreNeverMixed()
    {
        var cache = new RecordCache(Data.Length);

        await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(seed =>
                    Task.Run(() =>
                    {
                        var random = new Random(seed);
                        for (var i = 0; i < 200_000; i++)
                        {
                            var record = random.Next(400);
                            if (cache.TryRecall(record, Data, out var place))
                            {
                                Assert.Equal(Expected(record), Support.Geo.Text(place));
                            }

                            Remember(cache, record);
                        }
                    })
                )
        );
    }

    private static void Remember(RecordCache cache, int record)
    {
        var place = new GeoPlace
        {
            Country = CountryCode.FromNumber(1 + record % 600),
            Region = Data.AsSpan(100 + record % 13, record % 4),
            City = Data.AsSpan(100 + record % 7, 1 + record % 9),
            TimeZone = record % 3 == 0 ? default : Data.AsSpan(101, record % 5),
        };
        cache.Remember(record, Data, place);
    }

    private static string Expected(int record)
    {
        var text = Encoding.ASCII.GetString(Data, 100, 26);
        return string.Join(
            '|',
            CountryCode.FromNumber(1 + record % 600).Text,
            text.Substring(record % 13, record % 4),
            text.Substring(record % 7, 1 + record % 9),
            record % 3 == 0 ? "" : text.Substring(1, record % 5)
        );
    }
}
