using System.Security.Cryptography;
using System.Text;
using Edge.Enrichment.Hashing;
using Xunit;

namespace Edge.Tests.Enrichment.Hashing;

public class KeyedHashTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(200)]
    public void KeyedHash_EveryMessageLength_IsWhatThePlatformSays(int keyLength)
    {
        var key = new string('k', keyLength);
        var hash = new KeyedHash(Encoding.UTF8.GetBytes(key));
        var random = new Random(keyLength);
        for (var length = 0; length <= 300; length++)
        {
            var message = new byte[length];
            random.NextBytes(message);
            var actual = new byte[KeyedHash.Bytes];

            hash.Compute(message, actual);

            Assert.Equal(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), message), actual);
        }
    }

    [Fact]
    public void KeyedHash_PublishedVector_IsMet()
    {
        // RFC 4231, test case 2.
        var actual = new byte[KeyedHash.Bytes];

        new KeyedHash("Jefe"u8).Compute("what do ya want for nothing?"u8, actual);

        Assert.Equal(
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            Convert.ToHexStringLower(actual)
        );
    }
}
