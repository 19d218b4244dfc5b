using System.Text;
using System.Text.Json;
using Edge.Events;
using Edge.Formats;
using Edge.Requests.Ingestion;
using Xunit;

namespace Edge.Tests.Requests.Ingestion;

/// <summary>
/// What no body may do: make a reader throw, or make it say something else than the platform's own document does.
/// </summary>
public class HostileBodyTests
{
    private const int Bodies = 20_000;
    private const int BytesMax = 200;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = BodyReader.DepthMax };

    [Fact]
    public void Readers_RandomBytes_AreRefused()
    {
        var random = new Random(1);
        for (var i = 0; i < Bodies; i++)
        {
            var body = new byte[random.Next(BytesMax)];
            // Mostly characters of JSON, else nothing gets past the first byte.
            for (var at = 0; at < body.Length; at++)
            {
                body[at] = i % 4 == 0 ? (byte)random.Next(256) : "{}[]:,\"\\ue0 1-.ntf"u8[random.Next(18)];
            }

            Assert.NotNull(ArtieBody.Read(body).ProblemDetail);
            Assert.NotNull(ArtieBody.ReadSingle(body).ProblemDetail);
            Assert.Null(MillimetricBody.Read(body).Event);
            Assert.Empty(TrafficalBody.Read(body, SampleBodies.Scope).Events);
            Assert.DoesNotContain(PictifyBody.Read(body).Items, item => item.Event is not null && item.Error is null);
        }
    }

    [Fact]
    public void Artie_DamagedBodies_AreReadAsThePlatformReadsThem()
    {
        var accepted = 0;
        Each(
            2,
            SampleBodies.Artie,
            body =>
            {
                var reading = ArtieBody.Read(body);
                if (reading.ProblemDetail is not null)
                {
                    Assert.Empty(reading.Events);
                    return;
                }
                accepted++;
                using var document = Document(body)!;
                Assert.Equal(document.RootElement.GetArrayLength(), reading.Events.Count);
                foreach (var (e, element) in reading.Events.Zip(document.RootElement.EnumerateArray()))
                {
                    AssertText(element, "event", e.Event);
                    AssertText(element, "messageId", e.SenderId);
                    AssertRaw(element, "properties", e.Properties);
                    AssertOthers(element, ["event", "messageId", "properties", "timestamp"], e.Extra);
                }
            }
        );
        Assert.InRange(accepted, Bodies / 50, Bodies);
    }

    [Fact]
    public void ArtieSingle_DamagedBodies_AreReadAsThePlatformReadsThem() =>
        Each(
            3,
            SampleBodies.ArtieSingle,
            body =>
            {
                var reading = ArtieBody.ReadSingle(body);
                if (reading.ProblemDetail is not null)
                {
                    return;
                }

                using var document = Document(body)!;
                AssertText(document.RootElement, "event", Assert.Single(reading.Events).Event);
            }
        );

    [Fact]
    public void Millimetric_DamagedBodies_AreReadAsThePlatformReadsThem()
    {
        var accepted = 0;
        Each(
            4,
            SampleBodies.Millimetric,
            body =>
            {
                var reading = MillimetricBody.Read(body);
                using var document = Document(body);
                Assert.Equal(document is null, reading.FormErrors is ["Invalid JSON"]);
                Assert.NotEqual(reading.Event is null, reading.FormErrors.Count == 0 && reading.FieldErrors.Count == 0);
                if (reading.Event is not { } e)
                {
                    return;
                }

                accepted++;
                var root = document!.RootElement;
                AssertText(root, "event", e.Event);
                AssertText(root, "event_id", e.SenderId);
                AssertText(root, "anonymous_id", e.AnonymousId);
                AssertText(root, "user_id", e.UserId);
                AssertText(root, "session_id", e.SessionId);
                AssertText(root, "url", e.Url);
                AssertText(root, "path", e.Path);
                AssertText(root, "referrer", e.Referrer);
                AssertRaw(root, "properties", e.Properties);
            }
        );
        Assert.InRange(accepted, Bodies / 50, Bodies);
    }

    [Fact]
    public void Traffical_DamagedBodies_AreReadAsThePlatformReadsThem()
    {
        var accepted = 0;
        Each(
            5,
            SampleBodies.Traffical,
            body =>
            {
                var reading = TrafficalBody.Read(body, SampleBodies.Scope);
                using var document = Document(body);
                Assert.Equal(document is null, reading.Refusal == TrafficalBody.InvalidJson);
                if (reading.Refusal is not null)
                {
                    return;
                }

                var events = document!.RootElement.GetProperty("events");
                Assert.Equal(events.GetArrayLength(), reading.Events.Count + reading.Errors.Count);
                var valid = events
                    .EnumerateArray()
                    .Where((_, index) => reading.Errors.All(error => error.Index != index));
                foreach (var (e, element) in reading.Events.Zip(valid))
                {
                    accepted++;
                    AssertText(element, "type", Encoding.UTF8.GetBytes(e.Type));
                    AssertText(element, "unitKey", e.UnitKey);
                    AssertText(element, "event", e.Event);
                    AssertRaw(element, "layers", e.Layers);
                    AssertRaw(element, "properties", e.Properties);
                }
            }
        );
        Assert.InRange(accepted, Bodies / 50, 2 * Bodies);
    }

    [Fact]
    public void Pictify_DamagedBodies_AreReadAsThePlatformReadsThem()
    {
        var accepted = 0;
        Each(
            6,
            SampleBodies.Pictify,
            body =>
            {
                var reading = PictifyBody.Read(body);
                using var document = Document(body);
                if (document is null)
                {
                    Assert.NotEmpty(reading.Problems);
                }

                Assert.NotEqual(reading.Problems.Count == 0, reading.Items.Count == 0);
                Assert.All(reading.Items, item => Assert.NotEqual(item.Event is null, item.Error is null));
                var elements = reading.IsArray
                    ? document?.RootElement.EnumerateArray().ToArray()
                    : [document?.RootElement ?? default];
                foreach (var item in reading.Items)
                {
                    if (item.Event is not { } e)
                    {
                        continue;
                    }

                    accepted++;
                    AssertText(elements![item.Index], "event", Encoding.UTF8.GetBytes(e.Type));
                    AssertText(elements[item.Index], "experiment", e.Experiment);
                    AssertText(elements[item.Index], "variantId", e.Variant);
                    AssertRaw(elements[item.Index], "metadata", e.Properties);
                }
            }
        );
        Assert.InRange(accepted, Bodies / 50, 2 * Bodies);
    }

    [Fact]
    public void Artie_RandomEvents_AreReadAsTheyWereWritten()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var json = new RandomJson(seed);
            var name = json.String();
            var event_ = json.Take();
            var id = json.String();
            var messageId = json.Take();
            var properties = json.Object(5).Take();
            var other = json.Space().Object(2).Take();
            string[] members =
            [
                $"\"event\":{event_}",
                $"\"\\u006DessageId\" : {messageId}",
                $"\"properties\"\n:{properties}",
                "\"timestamp\":\"2026-01-02T03:04:05.678Z\"",
                $"\"other\":{other}",
            ];
            json.Random.Shuffle(members);
            var text = $"[ {{{string.Join(" ,", members)}}} ]";

            var e = Assert.Single(ArtieBody.Read(Json.Utf8(text)).Events);
            AssertSame(e);
            // What was read, written again, is read as the same.
            AssertSame(
                Assert.Single(
                    ArtieBody
                        .ReadSingle(
                            Json.Utf8(
                                $$"""{"event":{{JsonSerializer.Serialize(name)}},"messageId":{{JsonSerializer.Serialize(id)}},"properties":{{Json.Text(e.Properties)}},"timestamp":"{{Timestamp.Format(e.Timestamp!.Value)}}",{{Json.Text(e.Extra)[1..]}}"""
                            )
                        )
                        .Events
                )
            );

            void AssertSame(ReceivedEvent read)
            {
                Assert.Equal(
                    (name, id, properties),
                    (Json.Text(read.Event), Json.Text(read.SenderId), Json.Text(read.Properties))
                );
                Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), read.Timestamp);
                Assert.Equal($"{{\"other\":{other}}}", Json.Text(read.Extra));
            }
        }
    }

    private static void Each(int seed, byte[][] bodies, Action<byte[]> read)
    {
        var mutator = new BodyMutator(seed, bodies);
        for (var i = 0; i < Bodies; i++)
        {
            var body = mutator.Next();
            try
            {
                read(body);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, body {i}: {Convert.ToBase64String(body)}", e);
            }
        }
    }

    /// <summary>The body as the platform reads it; null when it is not JSON.</summary>
    private static JsonDocument? Document(ReadOnlyMemory<byte> body)
    {
        if (body.Span.StartsWith("\uFEFF"u8))
        {
            body = body[3..];
        }

        if (!System.Text.Unicode.Utf8.IsValid(body.Span))
        {
            return null;
        }

        try
        {
            return JsonDocument.Parse(body, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void AssertText(JsonElement element, string name, ReadOnlyMemory<byte> read) =>
        Assert.Equal(
            Member(element, name) is { ValueKind: JsonValueKind.String } member ? member.GetString() : "",
            Json.Text(read)
        );

    private static void AssertRaw(JsonElement element, string name, ReadOnlyMemory<byte> read) =>
        Assert.Equal(
            Member(element, name) is { ValueKind: not JsonValueKind.Null } member ? member.GetRawText() : "",
            Json.Text(read)
        );

    private static void AssertOthers(JsonElement element, string[] known, ReadOnlyMemory<byte> read)
    {
        var expected = element
            .EnumerateObject()
            .Where(member => !known.Contains(NameOf(member)))
            .Select(member => member.Value.GetRawText());
        using var others = read.IsEmpty ? null : JsonDocument.Parse(read);
        Assert.Equal(
            expected,
            others is null ? [] : others.RootElement.EnumerateObject().Select(member => member.Value.GetRawText())
        );
    }

    private static JsonElement? Member(JsonElement element, string name) =>
        element
            .EnumerateObject()
            .Where(member => NameOf(member) == name)
            .Select(member => (JsonElement?)member.Value)
            .LastOrDefault();

    /// <summary>The platform refuses to name a member with half of a surrogate pair; no known one has it.</summary>
    private static string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD";
        }
    }
}
