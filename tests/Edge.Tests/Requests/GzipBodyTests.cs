using System.IO.Compression;
using System.Text;
using Edge.Requests.Bodies;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Requests;

/// <summary>What a gzip body may be and what not.</summary>
public class GzipBodyTests
{
    private const int BytesMax = 10 << 20;

    public static TheoryData<string, byte[], string> Readable() =>
        new()
        {
            { "one member", Gzip("hello"), "hello" },
            { "empty text", Gzip(""), "" },
            { "two members", [.. Gzip("hel"), .. Gzip("lo")], "hello" },
            { "empty members around", [.. Gzip(""), .. Gzip("hello"), .. Gzip("")], "hello" },
            { "zeros", Gzip(new string('\0', 1_000)), new string('\0', 1_000) },
            { "stored", Gzip("hello", CompressionLevel.NoCompression), "hello" },
            { "with a name, comment, extra and header checksum", WithEveryField("hello"), "hello" },
            {
                "a long text of one letter",
                Gzip(new string('a', GzipBody.FreeBytes)),
                new string('a', GzipBody.FreeBytes)
            },
        };

    public static TheoryData<string, byte[], string> Refused()
    {
        var flipped = Gzip("hello, hello, hello");
        flipped[^6] ^= 1;
        return new()
        {
            { "nothing", [], nameof(BodyFault.Incomplete) },
            { "not gzip", Encoding.ASCII.GetBytes("{\"event\":\"x\"}"), nameof(BodyFault.Incomplete) },
            { "cut in the header", Gzip("hello")[..7], nameof(BodyFault.Incomplete) },
            { "cut in the data", Gzip(Random(10_000))[..5_000], nameof(BodyFault.Incomplete) },
            { "cut in the trailer", Gzip("hello")[..^3], nameof(BodyFault.Incomplete) },
            { "without a trailer", Gzip("hello")[..^8], nameof(BodyFault.Incomplete) },
            { "wrong checksum", flipped, nameof(BodyFault.Incomplete) },
            { "something behind", [.. Gzip("hello"), 1], nameof(BodyFault.Incomplete) },
            { "zeros behind", [.. Gzip("hello"), .. new byte[512]], nameof(BodyFault.Incomplete) },
            { "half a member behind", [.. Gzip("hello"), .. Gzip("hello")[..9]], nameof(BodyFault.Incomplete) },
            { "more than the limit", Gzip(Random(BytesMax + 1)), nameof(BodyFault.TooLarge) },
            { "a bomb", Gzip(new string('\0', 9 << 20), CompressionLevel.Optimal), nameof(BodyFault.TooLarge) },
            {
                "a bomb in many members",
                [.. Enumerable.Repeat(Gzip(new string('\0', 1 << 20)), 200).SelectMany(member => member)],
                nameof(BodyFault.TooLarge)
            },
            {
                "a bomb with noise behind",
                Gzip(new string('\0', 9 << 20) + Random(200_000), CompressionLevel.Optimal),
                nameof(BodyFault.TooLarge)
            },
            {
                "many members",
                [.. Enumerable.Repeat(Gzip("a"), GzipBody.MembersMax + 1).SelectMany(member => member)],
                nameof(BodyFault.Incomplete)
            },
        };
    }

    [Theory]
    [MemberData(nameof(Readable))]
    public void Body_InGzip_IsInflated(string row, byte[] sent, string expected)
    {
        using var inflated = new PooledBytes(null);

        Assert.Equal(BodyFault.None, GzipBody.Inflate(sent, BytesMax, inflated));

        Assert.True(Encoding.UTF8.GetString(inflated.Written.Span) == expected, row);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Body_OutOfBounds_IsRefused(string row, byte[] sent, string problem)
    {
        using var inflated = new PooledBytes(null);

        var actual = GzipBody.Inflate(sent, BytesMax, inflated);

        Assert.True(actual.ToString() == problem, $"{row}: {actual}");
        Assert.InRange(inflated.Written.Length, 0, BytesMax + (1 << 20));
    }

    [Fact]
    public void Body_ExactlyAtTheLimit_IsInflated()
    {
        using var inflated = new PooledBytes(null);

        Assert.Equal(BodyFault.None, GzipBody.Inflate(Gzip(Random(BytesMax)), BytesMax, inflated));

        Assert.Equal(BytesMax, inflated.Length);
    }

    [Fact]
    public void Body_AnyBytes_NeverThrowsAndStaysWithinTheLimit()
    {
        var random = new Random(5);
        var whole = Gzip(Random(3_000));
        for (var i = 0; i < 3_000; i++)
        {
            var bytes = whole.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            using var inflated = new PooledBytes(null);

            GzipBody.Inflate(bytes, 10_000, inflated);

            Assert.InRange(inflated.Length, 0, 10_000 + (64 << 10));
        }
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1_000, false)]
    [InlineData(1_001, true)]
    [InlineData(100_000, false)] // more than 250 times what was sent: refused at its beginning, so not long
    public void StatedLength_OfOneMember_IsHeldAgainstTheRatio(int length, bool isLonger)
    {
        Assert.Equal(isLonger, GzipBody.IsStatedLonger(Gzip(new string('a', length), CompressionLevel.Optimal), 1_000));
    }

    [Fact]
    public void StatedLength_OfMoreThanThatAsSent_IsLonger()
    {
        Assert.True(GzipBody.IsStatedLonger(new byte[1_001], 1_000));
        Assert.False(GzipBody.IsStatedLonger([1, 2, 3], 1_000));
    }

    [Fact]
    public void Bomb_OfOneMember_IsFoundWhereTheRatioBeginsToMatter()
    {
        using var inflated = new PooledBytes(null);

        Assert.Equal(
            BodyFault.TooLarge,
            GzipBody.Inflate(Gzip(new string('a', 10 << 20), CompressionLevel.Optimal), 10 << 20, inflated)
        );

        Assert.InRange(inflated.Length, GzipBody.FreeBytes, 3 * GzipBody.FreeBytes);
    }

    [Fact]
    public void Bytes_OverTheBudget_AreRefusedAndGivenBack()
    {
        var budget = new ByteBudget(100_000);
        using (var first = new PooledBytes(budget))
        {
            Assert.True(first.TryAppend(new byte[60_000]));
            using var second = new PooledBytes(budget);
            Assert.False(second.TryAppend(new byte[60_000]));
            using var inflated = new PooledBytes(budget);
            Assert.Equal(BodyFault.Busy, GzipBody.Inflate(Gzip(Random(60_000)), BytesMax, inflated));
        }

        Assert.Equal(0, budget.Taken);
    }

    [Theory]
    [InlineData("", 0u)]
    [InlineData("123456789", 0xCBF43926u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x414FA339u)]
    public void Member_OfKnownText_IsHeldAgainstThePublishedChecksum(string text, uint checksum)
    {
        Assert.Equal(BodyFault.None, Inflate(Member(checksum)));
        Assert.Equal(BodyFault.Incomplete, Inflate(Member(checksum ^ 1)));

        // The text stored in one block, as RFC 1951 and 1952 have it, with a trailer written here.
        byte[] Member(uint trailer)
        {
            byte[] header = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
            byte[] block = [1, (byte)text.Length, 0, (byte)~text.Length, 0xFF, .. Encoding.ASCII.GetBytes(text)];
            return [.. header, .. block, .. BitConverter.GetBytes(trailer), .. BitConverter.GetBytes(text.Length)];
        }

        static BodyFault Inflate(byte[] sent)
        {
            using var inflated = new PooledBytes(null);
            return GzipBody.Inflate(sent, BytesMax, inflated);
        }
    }

    private static string Random(int length)
    {
        var random = new Random(length);
        return string.Create(
            length,
            random,
            static (text, random) =>
            {
                for (var i = 0; i < text.Length; i++)
                {
                    text[i] = (char)random.Next('0', 'z');
                }
            }
        );
    }

    private static byte[] Gzip(string text, CompressionLevel level = CompressionLevel.Fastest)
    {
        // The framework writes nothing at all for an empty text.
        if (text.Length == 0)
        {
            return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        }

        return Packing.Gzip(Encoding.UTF8.GetBytes(text), level);
    }

    private static byte[] WithEveryField(string text)
    {
        var plain = Gzip(text);
        byte[] header =
        [
            .. plain[..3],
            2 | 4 | 8 | 16,
            .. plain[4..10],
            3,
            0,
            1,
            2,
            3,
            .. "name\0"u8,
            .. "comment\0"u8,
            9,
            9,
        ];
        return [.. header, .. plain[10..]];
    }
}
