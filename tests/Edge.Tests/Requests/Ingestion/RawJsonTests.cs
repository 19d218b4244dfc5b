using System.Text;
using System.Text.Json;
using Edge.Formats;
using Edge.Requests.Ingestion;
using Xunit;

namespace Edge.Tests.Requests.Ingestion;

public class RawJsonTests
{
    [Fact]
    public void Measures_OfRandomJson_AreThoseItWasWrittenWith()
    {
        for (var seed = 0; seed < 3_000; seed++)
        {
            var random = new RandomJson(seed);
            var json = Json.Utf8(random.Object(seed % 6).Take()).Span;

            Assert.True(
                random.StringifiedBytes == RawJson.StringifiedBytes(json),
                $"seed {seed}: {Encoding.UTF8.GetString(json)}"
            );
            Assert.True(random.Depth == RawJson.Depth(json), $"seed {seed}: {Encoding.UTF8.GetString(json)}");
            Assert.True(RawJson.StringifiedBytes(json) <= json.Length, $"seed {seed}: longer than it was sent");
        }
    }

    [Theory]
    [InlineData("1", 1, 0)]
    [InlineData(" -1.5e3 ", 6, 0)]
    [InlineData("\"\"", 2, 0)]
    [InlineData("\"\\\\\"", 4, 0)]
    [InlineData("\"\\\\\\\"\"", 6, 0)]
    [InlineData("[ ]", 2, 1)]
    [InlineData("\"\\ud800\"", 8, 0)]
    [InlineData("\"\\ud800\\u0041\"", 9, 0)]
    [InlineData("\"\\ud800\\ud800\\udc00\"", 12, 0)]
    [InlineData("\"\\u0000\"", 8, 0)]
    public void Measures_OfAValue_AreKnown(string json, int stringifiedBytes, int depth)
    {
        Assert.Equal(stringifiedBytes, RawJson.StringifiedBytes(Json.Utf8(json).Span));
        Assert.Equal(depth, RawJson.Depth(Json.Utf8(json).Span));
    }

    [Fact]
    public void Unescape_EveryCodeUnit_IsWhatThePlatformReads()
    {
        Span<byte> text = stackalloc byte[16];
        for (var unit = 0; unit <= 0xFFFF; unit++)
        {
            var isCharacter = unit != 0 && !char.IsSurrogate((char)unit);
            var escaped = Encoding.ASCII.GetBytes($"x\\u{unit:x4}\\u{unit:X4}y");

            Assert.Equal(isCharacter, JsonEscapes.TryUnescape(escaped, text, out var written));
            Assert.Equal(char.IsSurrogate((char)unit), JsonEscapes.HasLoneSurrogate(escaped));
            if (isCharacter)
            {
                Assert.Equal($"x{(char)unit}{(char)unit}y", Encoding.UTF8.GetString(text[..written]));
            }
        }
    }

    [Fact]
    public void Unescape_RandomText_IsWhatThePlatformReads()
    {
        for (var seed = 0; seed < 3_000; seed++)
        {
            var random = new RandomJson(seed);
            var expected = random.String();
            var json = Json.Utf8(random.Take());
            var text = new byte[json.Length];

            Assert.True(JsonEscapes.TryUnescape(json.Span[1..^1], text, out var written));
            Assert.Equal(expected, Encoding.UTF8.GetString(text, 0, written));
            using var platform = JsonDocument.Parse(json);
            Assert.Equal(platform.RootElement.GetString(), expected);
        }
    }
}
