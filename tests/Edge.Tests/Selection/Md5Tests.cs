using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Edge.Selection;
using Xunit;

namespace Edge.Tests.Selection;

public class Md5Tests
{
    /// <summary>RFC 1321 appendix A.5.</summary>
    [Theory]
    [InlineData("", 0xd41d8cd9)]
    [InlineData("a", 0x0cc175b9)]
    [InlineData("abc", 0x90015098)]
    [InlineData("message digest", 0xf96b697d)]
    [InlineData("abcdefghijklmnopqrstuvwxyz", 0xc3fcd3d7)]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 0xd174ab98)]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345678901234567890", 0x57edf4a2)]
    public void FirstWord_PublishedVectors_Hold(string text, uint expected) =>
        Assert.Equal(expected, Md5.FirstWord(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void FirstWord_EveryLengthUpToFiveBlocks_EqualsThePlatforms()
    {
        var random = new Random(1);
        for (var length = 0; length <= 320; length++)
        {
            var input = new byte[length];
            random.NextBytes(input);

            Assert.Equal(BinaryPrimitives.ReadUInt32BigEndian(MD5.HashData(input)), Md5.FirstWord(input));
        }
    }
}
