using System.Text;
using System.Text.Json;
using Edge.Events;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Events;

public class EventScannerTests
{
    private const int Damaged = 50_000;

    private static readonly byte[][] Events =
    [
        .. Directory
            .GetFiles(Path.Combine(Repository.Root, "tests", "Edge.Tests", "Golden"), "event-v1-*.json")
            .Select(file => Encoding.UTF8.GetBytes(File.ReadAllText(file).TrimEnd('\n'))),
    ];

    [Fact]
    public void Members_OfEveryGoldenEvent_AreThoseOfAGeneralReader()
    {
        Assert.NotEmpty(Events);
        foreach (var json in Events)
        {
            Assert.Equal(General(json), Scanned(json, out var isBroken));
            Assert.False(isBroken);
        }
    }

    [Fact]
    public void Members_OfDamagedEvents_AreThoseOfAGeneralReaderOrNone()
    {
        for (var seed = 0; seed < Damaged; seed++)
        {
            var json = Mutation.Of(Events[seed % Events.Length], seed);
            var scanned = Scanned(json, out var isBroken);
            if (General(json) is { } general && !isBroken)
            {
                // A general reader takes blanks and escapes that the encoder does not write; never the other way round.
                Assert.True(general.SequenceEqual(scanned), $"seed {seed}: {Encoding.Latin1.GetString(json)}");
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"a":1""")]
    [InlineData("""{"a":1}x""")]
    [InlineData("""{"a":1,}""")]
    [InlineData("""{"a":"b\""")]
    [InlineData("""{"a":"b\"}""")]
    [InlineData("""{"a":{"b":1}""")]
    [InlineData("""{"a":,"b":1}""")]
    [InlineData("""{"a" :1}""")]
    [InlineData("""{a:1}""")]
    public void Text_ThatTheEncoderDoesNotWrite_IsBroken(string json)
    {
        Scanned(Encoding.UTF8.GetBytes(json), out var isBroken);

        Assert.True(isBroken);
    }

    private static List<(string Name, string Value, bool IsText)> Scanned(byte[] json, out bool isBroken)
    {
        var members = new List<(string, string, bool)>();
        var scanner = new EventScanner(json);
        while (scanner.Next())
        {
            members.Add((Encoding.UTF8.GetString(scanner.Name), Encoding.UTF8.GetString(scanner.Value), scanner.IsText));
        }

        isBroken = scanner.IsBroken;
        return members;
    }

    /// <summary>Null when it is no object.</summary>
    private static List<(string Name, string Value, bool IsText)>? General(byte[] json)
    {
        try
        {
            var members = new List<(string, string, bool)>();
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = Encoding.UTF8.GetString(reader.ValueSpan);
                reader.Read();
                var isText = reader.TokenType == JsonTokenType.String;
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                var raw = Encoding.UTF8.GetString(json.AsSpan(start..(int)reader.BytesConsumed));
                members.Add((name, isText ? raw[1..^1] : raw, isText));
            }

            return reader.Read() ? null : members;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
