using System.Globalization;
using System.Text;
using Edge.Duplicates;
using Edge.Enrichment.Hashing;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Duplicates;

/// <summary>Which ids are recognised, for how long, and what that costs.</summary>
public class DuplicateWindowTests
{
    private readonly TestClock _clock = new(new DateTimeOffset(2026, 5, 16, 19, 0, 0, TimeSpan.Zero));

    /// <summary>
    /// The first vectors published with the reference implementation: key 00 to 0f, message 00, 01 and so on.
    /// </summary>
    [Theory]
    [InlineData(0, "a3817f04ba25a8e66df67214c7550293")]
    [InlineData(1, "da87c1d86b99af44347659119b22fc45")]
    public void SipHash_OfTheReferenceMessages_IsTheReference(int length, string expected)
    {
        var hash = new SipHash128(0x0706050403020100, 0x0f0e0d0c0b0a0908);

        var value = hash.Compute(Enumerable.Range(0, length).Select(i => (byte)i).ToArray());

        var bytes = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(bytes, value);
        Assert.Equal(expected, Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void Claim_OfAKnownId_NamesTheEventItBelongsTo()
    {
        var window = new DuplicateWindow(DuplicateWindow.BytesMin, _clock);
        var scope = DuplicateScope.Of(window.Hash, "artie", "p", null);
        Assert.True(window.TryClaim(scope.HashOf("a"u8), out _));
        window.Settle(scope.HashOf("a"u8), 7);

        Assert.False(window.TryClaim(scope.HashOf("a"u8), out var sequence));

        Assert.Equal(7, sequence);
        Assert.True(window.TryClaim(scope.HashOf("b"u8), out _));
        Assert.Equal(2, window.Count);
    }

    [Fact]
    public void Claim_OfAForgottenId_IsNewAgain()
    {
        var window = new DuplicateWindow(DuplicateWindow.BytesMin, _clock);
        var id = DuplicateScope.Of(window.Hash, "artie", "p", null).HashOf("a"u8);
        window.TryClaim(id, out _);

        window.Forget(id);

        Assert.Equal(0, window.Count);
        Assert.True(window.TryClaim(id, out _));
    }

    [Theory]
    [InlineData("another API", "traffical", "p", "test")]
    [InlineData("another project", "artie", "q", "test")]
    [InlineData("another environment", "artie", "p", "live")]
    [InlineData("no environment", "artie", "p", null)]
    [InlineData("the border moved", "artie", "pt", "est")]
    public void Claim_InAnotherScope_IsNew(string row, string api, string project, string? environment)
    {
        var window = new DuplicateWindow(DuplicateWindow.BytesMin, _clock);
        var id = DuplicateScope.Of(window.Hash, "artie", "p", "test").HashOf("a"u8);
        Assert.True(window.TryClaim(id, out _));

        Assert.True(
            window.TryClaim(DuplicateScope.Of(window.Hash, api, project, environment).HashOf("a"u8), out _),
            row
        );
    }

    [Fact]
    public async Task Claim_FromManyThreads_GivesEachIdToOne()
    {
        var window = new DuplicateWindow(1 << 24, _clock);
        var scope = DuplicateScope.Of(window.Hash, "artie", "p", null);
        var sequence = 0L;
        var claimed = 0;
        var tasks = Enumerable
            .Range(0, 4)
            .Select(_ =>
                Task.Run(() =>
                {
                    for (var i = 0; i < 20_000; i++)
                    {
                        var id = scope.HashOf(Encoding.ASCII.GetBytes(i.ToString(CultureInfo.InvariantCulture)));
                        if (window.TryClaim(id, out var known))
                        {
                            Interlocked.Increment(ref claimed);
                            window.Settle(id, Interlocked.Increment(ref sequence));
                        }
                        else
                        {
                            Assert.InRange(known, 1, 20_000);
                        }
                    }
                })
            );

        await Task.WhenAll(tasks);

        Assert.Equal(20_000, claimed);
        Assert.Equal(20_000, window.Count);
    }

    [Fact]
    public void Window_Grows_ToItsMemoryAndThenForgetsTheOldest()
    {
        var window = new DuplicateWindow(8 * DuplicateWindow.BytesMin, _clock);
        var scope = DuplicateScope.Of(window.Hash, "artie", "p", null);
        var last = (int)window.EntriesMax * 2;

        for (var i = 1; i <= last; i++)
        {
            Claim(window, scope, i);
        }

        Assert.Equal(8 * 32_768, window.EntriesMax);
        // Of the newest seven tenths of what fits one in a thousand may be gone; of the older half of all, little is
        // there.
        var newest = (int)(window.EntriesMax * 0.7);
        Assert.InRange(Missing(window, scope, last - newest, last), 0, newest / 1_000);
        Assert.InRange(Missing(window, scope, 1, last / 2), last / 2 * 0.9, last / 2);
    }

    [Fact]
    public void Window_HoldsADay_InTheMemoryItNeeds()
    {
        var window = new DuplicateWindow(1L << 30, _clock);
        var scope = DuplicateScope.Of(window.Hash, "artie", "p", null);
        var each = 5_000;
        for (var hour = 0; hour < 72; hour++)
        {
            for (var i = 0; i < each; i++)
            {
                Claim(window, scope, (hour * each) + i + 1);
            }

            _clock.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(0, Missing(window, scope, 48 * each, 72 * each));
        // Three days came by; it grew for one.
        Assert.InRange(window.Count, 24 * each, 60 * each);
    }

    private static void Claim(DuplicateWindow window, DuplicateScope scope, int number)
    {
        var id = IdOf(scope, number);
        if (window.TryClaim(id, out _))
        {
            window.Settle(id, number);
        }
    }

    private static int Missing(DuplicateWindow window, DuplicateScope scope, int from, int to)
    {
        var missing = 0;
        for (var i = from; i < to; i++)
        {
            if (!window.TryClaim(IdOf(scope, Math.Max(1, i)), out _))
            {
                continue;
            }

            missing++;
            window.Forget(IdOf(scope, Math.Max(1, i)));
        }
        return missing;
    }

    private static UInt128 IdOf(DuplicateScope scope, int number) => scope.HashOf(BitConverter.GetBytes(number));
}
