using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsCheck;
using Edge.Events;
using Xunit;

namespace Edge.Tests.Events;

public class EventWriterTests
{
    private static readonly JsonWriterOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    [Fact]
    public void Text_OfAnyBytes_IsWhatTheGeneralWriterWrites() =>
        Gen.Byte.Array[0, 40]
            .Sample(
                value => value.Length == 0 || Written(w => w.Write(EventSchema.Url, value)) == General(j => j.WriteString("url", value)),
                iter: 20_000
            );

    [Fact]
    public void Text_OfAnyChars_IsWhatTheGeneralWriterWrites() =>
        Gen.Char.Array[0, 40]
            .Sample(
                value =>
                    value.Length == 0
                    || Written(w => w.Write(EventSchema.Url, value.AsSpan())) == General(j => j.WriteString("url", value.AsSpan())),
                iter: 20_000
            );

    [Fact]
    public void Text_OfEachSingleChar_IsWhatTheGeneralWriterWrites()
    {
        for (var code = 0; code <= char.MaxValue; code++)
        {
            var value = $"a{(char)code}b";
            var expected = General(json => json.WriteString("url", value));
            Assert.Equal(expected, Written(writer => writer.Write(EventSchema.Url, value)));
            if (!char.IsSurrogate((char)code))
            {
                Assert.Equal(expected, Written(writer => writer.Write(EventSchema.Url, Encoding.UTF8.GetBytes(value))));
            }
        }
    }

    [Fact]
    public void Share_OfEveryBasisPoint_IsTheDecimal()
    {
        for (var basisPoints = 1; basisPoints <= 10_000; basisPoints++)
        {
            Assert.Equal(
                General(json => json.WriteNumber("probability", basisPoints / 10_000m)),
                Written(writer => writer.WriteShare(EventSchema.Probability, basisPoints))
            );
        }
    }

    [Fact]
    public void Id_OfAnyBits_IsTheTextOfTheUuid() =>
        Gen.Select(Gen.ULong, Gen.ULong)
            .Sample(
                (high, low) =>
                {
                    var id = new EventId(high, low);
                    return Written(writer => writer.Write(EventSchema.Id, id)) == General(json => json.WriteString("id", id.ToString()));
                },
                iter: 5_000
            );

    [Fact]
    public void Text_Long_GrowsTheBuffer()
    {
        var value = new string('x', 100_000);

        Assert.Equal(General(json => json.WriteString("url", value)), Written(writer => writer.Write(EventSchema.Url, value)));
    }

    /// <summary>One member behind the first.</summary>
    private static string Written(Action<EventWriter> write)
    {
        var writer = new EventWriter();
        writer.Begin(room: 3);
        writer.Write(EventSchema.SchemaVersion, 1);
        write(writer);
        return Encoding.UTF8.GetString(writer.End()[3..]);
    }

    private static string General(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, Relaxed);
        json.WriteStartObject();
        json.WriteNumber("v", 1);
        write(json);
        json.WriteEndObject();
        json.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
