using Edge.Access;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Access;

/// <summary>Limits of keys and addresses.</summary>
public class RateLimitTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 16, 19, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Bucket_GivesTheBurst_ThenTheRate()
    {
        var clock = new TestClock(Start);
        var buckets = new TokenBuckets(50, 200, clock);

        for (var i = 0; i < 200; i++)
        {
            Assert.True(buckets.TryTake("p", out _));
        }

        Assert.False(buckets.TryTake("p", out var retryAfter));
        Assert.Equal(1, retryAfter);
        Assert.True(buckets.TryTake("other", out _));
        clock.Advance(TimeSpan.FromMilliseconds(20));
        Assert.True(buckets.TryTake("p", out _));
        Assert.False(buckets.TryTake("p", out _));
        clock.Advance(TimeSpan.FromSeconds(2));
        var taken = Enumerable.Range(0, 200).Count(_ => buckets.TryTake("p", out var _));
        Assert.Equal(100, taken);
    }

    [Fact]
    public void Bucket_OfOneInASecond_SaysWhenToComeBack()
    {
        var clock = new TestClock(Start);
        var buckets = new TokenBuckets(1, 1, clock);
        Assert.True(buckets.TryTake("p", out _));

        Assert.False(buckets.TryTake("p", out var retryAfter));

        Assert.Equal(1, retryAfter);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(buckets.TryTake("p", out _));
    }

    [Fact]
    public void AddressBucket_OfEachAddressAndScope_GivesTheBurstThenTheRate()
    {
        var clock = new TestClock(Start);
        var buckets = new AddressBuckets(50, 200, clock);

        Assert.Equal(200, Taken("p", 7, isV4: true, 300));
        Assert.False(buckets.TryTake("p", 7, true, out var retryAfter));
        Assert.Equal(1, retryAfter);
        Assert.Equal(200, Taken("p", 8, isV4: true, 300));
        Assert.Equal(200, Taken("other", 7, isV4: true, 300));
        clock.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal(1, Taken("p", 7, isV4: true, 300));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(100, Taken("p", 7, isV4: true, 300));
        clock.Advance(TimeSpan.FromDays(400));
        Assert.Equal(200, Taken("p", 7, isV4: true, 300));

        int Taken(string scope, UInt128 address, bool isV4, int tries) =>
            Enumerable.Range(0, tries).Count(_ => buckets.TryTake(scope, address, isV4, out var _));
    }

    [Theory]
    [InlineData(64, 0, 10)]
    [InlineData(56, 64, 40)]
    [InlineData(48, 72, 160)]
    public void AddressBucket_AddressesOfOnePrefix_ShareItsLimit(int bits, int step, int limit)
    {
        var buckets = new AddressBuckets(1, 10, new TestClock(Start));
        var network = (UInt128)0x2001_0db8_1234_0000 << 64;

        // Every request comes from the next prefix of the narrower kind, so that only this limit is met.
        var taken = Enumerable
            .Range(0, 255)
            .Count(i => buckets.TryTake("p", network + ((UInt128)i << step), false, out var _));

        Assert.True(limit == taken, $"/{bits}: {taken}");
    }

    [Fact]
    public void Bucket_OfNoRate_LimitsNothing() =>
        Assert.True(new TokenBuckets(0, 1, new TestClock(Start)).TryTake("p", out _));

    [Fact]
    public void Bucket_UnderManyThreads_GivesNoMoreThanTheBurst()
    {
        var buckets = new TokenBuckets(1, 500, new TestClock(Start));
        var taken = 0;

        Parallel.For(
            0,
            4,
            _ =>
            {
                for (var i = 0; i < 1_000; i++)
                {
                    if (buckets.TryTake("p", out var _))
                    {
                        Interlocked.Increment(ref taken);
                    }
                }
            }
        );

        Assert.Equal(500, taken);
    }

    [Fact]
    public void Address_OverItsLimit_IsRefusedUntilTheNextMinute()
    {
        var clock = new TestClock(Start.AddSeconds(15));
        var window = new AddressWindow(10, clock);

        for (var i = 9; i >= 0; i--)
        {
            var allowed = window.Count(0x7F000001, isV4: true);
            Assert.Equal((true, 10, i, 45), (allowed.IsAllowed, allowed.Limit, allowed.Remaining, allowed.RetryAfter));
        }

        Assert.False(window.Count(0x7F000001, isV4: true).IsAllowed);
        Assert.True(window.Count(0x7F000002, isV4: true).IsAllowed);
        clock.Advance(TimeSpan.FromSeconds(45));
        Assert.True(window.Count(0x7F000001, isV4: true).IsAllowed);
    }

    [Theory]
    [InlineData("one /64", 64, 10)]
    [InlineData("one /56", 72, 40)]
    [InlineData("one /48", 80, 160)]
    public void Address_V6_IsCountedBySubscriber(string row, int shift, int allowed)
    {
        var window = new AddressWindow(10, new TestClock(Start));
        var network = (UInt128)0x2001_0DB8_0001_0000 << 64;
        // The lowest bit of the /64, /56 or /48 that may differ changes with every request.
        var counted = Enumerable
            .Range(0, 1_000)
            .Count(i =>
                window
                    .Count(
                        shift switch
                        {
                            64 => network + (UInt128)(uint)i,
                            72 => network + ((UInt128)(uint)(i % 256) << 64),
                            _ => network + ((UInt128)(uint)(i % 65_536) << 64),
                        },
                        isV4: false
                    )
                    .IsAllowed
            );

        // In a /48 the requests fill its four /56 one after the other.
        Assert.True(counted == allowed, $"{row}: {counted}");
    }

    [Fact]
    public void Addresses_TenMillionOfThem_TakeNoMemory()
    {
        var window = new AddressWindow(1_000, new TestClock(Start));
        var random = new Random(3);
        window.Count(1, isV4: false);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 10_000_000; i++)
        {
            window.Count(new UInt128((ulong)random.NextInt64(), 1), isV4: false);
        }

        // The runtime itself takes a few thousand when it compiles anew what is called so often.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
    }

    [Fact]
    public void Address_ThatSendsALot_IsRememberedThroughAFloodOfOthers()
    {
        var window = new AddressWindow(100, new TestClock(Start));
        for (var i = 0; i < 100; i++)
        {
            window.Count(0x7F000001, isV4: true);
        }

        for (uint i = 0; i < 1_000_000; i++)
        {
            window.Count(0x0A000000 + i, isV4: true);
        }

        Assert.False(window.Count(0x7F000001, isV4: true).IsAllowed);
    }
}
