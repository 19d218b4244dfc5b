using System.Text;
using CsCheck;
using Edge.Formats;
using Xunit;

namespace Edge.Tests.Formats;

/// <summary>Headers whose bytes are not ASCII.</summary>
public class HeaderBytesTests
{
    [Theory]
    [InlineData("plain", "68747470", "http")]
    [InlineData("UTF-8", "c3a9e282ac", "é€")]
    [InlineData("UTF-8 with a cut end", "c3a9e282", "é")]
    [InlineData("not UTF-8 is Latin-1", "636166e9ff", "caféÿ")]
    [InlineData("a last byte that could begin a character", "636166e9", "café")]
    [InlineData("a cut sequence alone is Latin-1", "e282", "â\u0082")]
    [InlineData("surrogate bytes are Latin-1", "eda080", "í\u00a0\u0080")]
    [InlineData("line separators", "e280a8", "\u2028")]
    public void Decode_Bytes_IsTheirText(string row, string hex, string expected)
    {
        var header = Encoding.Latin1.GetString(Convert.FromHexString(hex));

        Assert.True(HeaderBytes.Decode(header).SequenceEqual(expected), row);
    }

    [Fact]
    public void Cut_AnyBytes_IsTheLongestBeginningThatFits() =>
        Gen.Select(Gen.Byte.Array[1, 60], Gen.Int[0, 70])
            .Sample(
                (bytes, room) =>
                {
                    var text = HeaderBytes.Decode(Encoding.Latin1.GetString(bytes));
                    var whole = Encoding.UTF8.GetBytes(text.ToString());
                    var cut = Utf8Text.Cut(text, new byte[room]);

                    Assert.True(whole.AsSpan().StartsWith(cut));
                    Assert.Equal(cut.ToArray(), Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(cut)));
                    Assert.InRange(whole.Length - cut.Length, 0, Math.Max(0, whole.Length - room) + 3);
                },
                iter: 2_000,
                threads: 1
            );
}
