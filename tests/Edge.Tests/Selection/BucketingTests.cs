using System.Text;
using Edge.Selection;
using Xunit;

namespace Edge.Tests.Selection;

public class BucketingTests
{
    private const string Chrome =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        + "Chrome/126.0.0.0 Safari/537.36";

    [Theory]
    [InlineData("203.0.113.7", Chrome, "b35b0be5636c4858")]
    [InlineData("198.51.100.20", "Mozilla/5.0", "cbdd4005ad805fed")]
    [InlineData("", "", "e3b0c44298fc1c14")]
    public void ViewerKey_KnownVisitors_HaveThePublishedKey(string address, string userAgent, string expected) =>
        Assert.Equal(expected, KeyOf(address, userAgent));

    [Fact]
    public void ViewerKey_HeaderLongerThanTheStack_IsHashedWhole()
    {
        var prefix = new string('x', 5000);

        Assert.NotEqual(KeyOf("192.0.2.1", prefix + "a"), KeyOf("192.0.2.1", prefix + "b"));
        Assert.Equal(KeyOf("192.0.2.1", prefix), KeyOf("192.0.2.1" + prefix, ""));
    }

    [Theory]
    [InlineData("exp_abc123", "b35b0be5636c4858", 3621)]
    [InlineData("exp_test1", "b35b0be5636c4858", 3860)]
    [InlineData("exp_abc123", "cbdd4005ad805fed", 8897)]
    public void Bucket_KnownUnits_HaveThePublishedBucket(string uid, string unit, int expected) =>
        Assert.Equal(expected, Bucketing.Bucket(Encoding.UTF8.GetBytes(uid), Encoding.UTF8.GetBytes(unit)));

    [Fact]
    public void Bucket_LongestInput_Fits()
    {
        var bucket = Bucketing.Bucket(new byte[Bucketing.UidBytesMax], new byte[Bucketing.UnitBytesMax]);

        Assert.InRange(bucket, 0, 9999);
    }

    [Fact]
    public void Bucket_AnyInput_EqualsThePlatformsMd5()
    {
        var random = new Random(11);
        for (var i = 0; i < 10_000; i++)
        {
            var uid = new byte[random.Next(Bucketing.UidBytesMax + 1)];
            var unit = new byte[random.Next(Bucketing.UnitBytesMax + 1)];
            random.NextBytes(uid);
            random.NextBytes(unit);
            byte[] input = [.. uid, (byte)':', .. unit];
            var digits = Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(input))[..8];

            Assert.Equal((int)(Convert.ToUInt32(digits, 16) % 10_000), Bucketing.Bucket(uid, unit));
        }
    }

    [Fact]
    public void KeyAndBucket_AllocateNothing()
    {
        var address = "203.0.113.7"u8.ToArray();
        var userAgent = Encoding.UTF8.GetBytes(Chrome);
        Span<byte> key = stackalloc byte[ViewerKey.Bytes];
        var sum = 0;
        long before = 0;
        for (var i = 0; i < 1010; i++)
        {
            before = i == 10 ? GC.GetAllocatedBytesForCurrentThread() : before;
            ViewerKey.Compute(address, userAgent, key);
            sum += Bucketing.Bucket("exp_abc123"u8, key);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1010 * 3621, sum);
    }

    private static string KeyOf(string address, string userAgent)
    {
        Span<byte> key = stackalloc byte[ViewerKey.Bytes];
        ViewerKey.Compute(Encoding.UTF8.GetBytes(address), Encoding.UTF8.GetBytes(userAgent), key);
        return Encoding.ASCII.GetString(key);
    }
}
