using System.Numerics;
using System.Text;
using Edge.Storage;
using Xunit;

namespace Edge.Tests.Storage;

public sealed class Crc32CTests
{
    [Theory]
    [InlineData("", 0x0000_0000u)]
    [InlineData("123456789", 0xE306_9283u)]
    [InlineData("a", 0xC1D0_4330u)]
    public void Compute_KnownInput_GivesPublishedValue(string text, uint expected) =>
        Assert.Equal(expected, Crc32C.Compute(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Compute_ThirtyTwoZeros_GivesTheValueOfRfc3720() =>
        Assert.Equal(0x8A91_36AAu, Crc32C.Compute(new byte[32]));

    [Fact]
    public void Compute_EveryLength_AgreesWithTheBitwiseDefinition()
    {
        // Beyond two blocks of what is worked on side by side.
        var bytes = new byte[500];
        new Random(1).NextBytes(bytes);
        for (var length = 0; length <= bytes.Length; length++)
        {
            Assert.Equal(Bitwise(bytes.AsSpan(0, length)), Crc32C.Compute(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Append_InTwoParts_GivesTheValueOfTheWhole()
    {
        var bytes = new byte[461];
        new Random(2).NextBytes(bytes);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.Equal(Crc32C.Compute(bytes), Crc32C.Append(Crc32C.Compute(bytes.AsSpan(0, cut)), bytes.AsSpan(cut)));
        }
    }

    [Fact]
    public void RuntimeStep_OfOneByte_AgreesWithTheStepOfEight()
    {
        const ulong Eight = 0x0102_0304_0506_0708;
        var crc = 0xFFFF_FFFFu;
        foreach (var b in BitConverter.GetBytes(Eight))
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        Assert.Equal(BitOperations.Crc32C(0xFFFF_FFFF, Eight), crc);
    }

    private static uint Bitwise(ReadOnlySpan<byte> bytes)
    {
        const uint ReversedPolynomial = 0x82F6_3B78;
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ ReversedPolynomial : crc >> 1;
            }
        }
        return ~crc;
    }
}
