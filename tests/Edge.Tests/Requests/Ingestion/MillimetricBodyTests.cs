using System.Text;
using Edge.Events;
using Edge.Formats;
using Edge.Requests.Ingestion;
using Xunit;

namespace Edge.Tests.Requests.Ingestion;

public class MillimetricBodyTests
{
    private const string Unicode = "String must not contain U+0000 or half of a surrogate pair";

    [Fact]
    public void Read_PublishedExample_IsTheEvent()
    {
        var e = Valid(
            """
            {
              "event": "signup",
              "event_id": "evt_abc123",
              "timestamp": "2026-05-16T19:00:00.000Z",
              "anonymous_id": "u_abc",
              "user_id": "user_42",
              "session_id": "sess_xyz",

              "url": "https://yoursite.com/?utm_source=facebook&utm_medium=cpc&fbclid=abc",
              "path": "/",
              "referrer": "https://l.facebook.com/",

              "properties": { "plan": "free", "team_size": 4 }
            }
            """
        );

        Assert.Equal("track", e.Type);
        Assert.Equal("signup", Json.Text(e.Event));
        Assert.Equal("evt_abc123", Json.Text(e.SenderId));
        Assert.Equal("2026-05-16T19:00:00.000Z", Timestamp.Format(e.Timestamp!.Value));
        Assert.Equal("u_abc", Json.Text(e.AnonymousId));
        Assert.Equal("user_42", Json.Text(e.UserId));
        Assert.Equal("sess_xyz", Json.Text(e.SessionId));
        Assert.Equal("https://yoursite.com/?utm_source=facebook&utm_medium=cpc&fbclid=abc", Json.Text(e.Url));
        Assert.Equal("/", Json.Text(e.Path));
        Assert.Equal("https://l.facebook.com/", Json.Text(e.Referrer));
        Assert.Equal("""{ "plan": "free", "team_size": 4 }""", Json.Text(e.Properties));
        Assert.True(e.Extra.IsEmpty);
    }

    [Theory]
    [InlineData("event alone", """{"event":"a"}""")]
    [InlineData("a system event", """{"event":"$pageview"}""")]
    [InlineData("a blank name is a name", """{"event":" "}""")]
    [InlineData(
        "null means absent",
        """{"event":"a","event_id":null,"timestamp":null,"anonymous_id":null,"user_id":null,"session_id":null,"url":null,"path":null,"referrer":null,"properties":null}"""
    )]
    [InlineData("empty path and referrer", """{"event":"a","path":"","referrer":""}""")]
    [InlineData(
        "what the server enriches is ignored",
        """{"event":"a","source":1,"medium":[],"campaign":{},"country":null,"ip_hash":"x","device_type":"x","browser":"x","os":"x"}"""
    )]
    [InlineData("unknown members are ignored", """{"event":"a","context":{"ip":"203.0.113.7"},"\ud800":1}""")]
    public void Read_ValidBody_SaysNothingMore(string rule, string json)
    {
        Assert.NotEmpty(rule);
        var e = Valid(json);

        Assert.Null(e.Timestamp);
        Assert.All(
            [e.SenderId, e.AnonymousId, e.UserId, e.SessionId, e.Url, e.Path, e.Referrer, e.Properties, e.Extra],
            member => Assert.True(member.IsEmpty)
        );
    }

    [Theory]
    [InlineData("event missing", "{}", "event", "Required")]
    [InlineData("event null", """{"event":null}""", "event", "Expected string, received null")]
    [InlineData("event number", """{"event":1}""", "event", "Expected string, received number")]
    [InlineData("event boolean", """{"event":true}""", "event", "Expected string, received boolean")]
    [InlineData("event array", """{"event":[]}""", "event", "Expected string, received array")]
    [InlineData("event object", """{"event":{}}""", "event", "Expected string, received object")]
    [InlineData("event empty", """{"event":""}""", "event", "String must contain at least 1 character(s)")]
    [InlineData("event NUL", """{"event":"\u0000"}""", "event", Unicode)]
    [InlineData("event surrogate", """{"event":"\udfff"}""", "event", Unicode)]
    [InlineData("event in another case", """{"EVENT":"a"}""", "event", "Required")]
    [InlineData(
        "event_id empty",
        """{"event":"a","event_id":""}""",
        "event_id",
        "String must contain at least 1 character(s)"
    )]
    [InlineData("event_id number", """{"event":"a","event_id":7}""", "event_id", "Expected string, received number")]
    [InlineData("timestamp text", """{"event":"a","timestamp":"yesterday"}""", "timestamp", "Invalid datetime")]
    [InlineData("timestamp empty", """{"event":"a","timestamp":""}""", "timestamp", "Invalid datetime")]
    [InlineData(
        "timestamp without offset",
        """{"event":"a","timestamp":"2026-05-16T19:00:00"}""",
        "timestamp",
        "Invalid datetime"
    )]
    [InlineData(
        "timestamp number",
        """{"event":"a","timestamp":1778958000}""",
        "timestamp",
        "Expected string, received number"
    )]
    [InlineData(
        "anonymous_id empty",
        """{"event":"a","anonymous_id":""}""",
        "anonymous_id",
        "String must contain at least 1 character(s)"
    )]
    [InlineData(
        "anonymous_id number",
        """{"event":"a","anonymous_id":5}""",
        "anonymous_id",
        "Expected string, received number"
    )]
    [InlineData(
        "user_id empty",
        """{"event":"a","user_id":""}""",
        "user_id",
        "String must contain at least 1 character(s)"
    )]
    [InlineData("user_id number", """{"event":"a","user_id":42}""", "user_id", "Expected string, received number")]
    [InlineData(
        "session_id empty",
        """{"event":"a","session_id":""}""",
        "session_id",
        "String must contain at least 1 character(s)"
    )]
    [InlineData(
        "session_id boolean",
        """{"event":"a","session_id":false}""",
        "session_id",
        "Expected string, received boolean"
    )]
    [InlineData("url relative", """{"event":"a","url":"/pricing"}""", "url", "Invalid url")]
    [InlineData("url empty", """{"event":"a","url":""}""", "url", "Invalid url")]
    [InlineData("url number", """{"event":"a","url":1}""", "url", "Expected string, received number")]
    [InlineData("url NUL", """{"event":"a","url":"https://a.example/\u0000"}""", "url", Unicode)]
    [InlineData("path number", """{"event":"a","path":1}""", "path", "Expected string, received number")]
    [InlineData("referrer array", """{"event":"a","referrer":[]}""", "referrer", "Expected string, received array")]
    [InlineData(
        "properties array",
        """{"event":"a","properties":[]}""",
        "properties",
        "Expected object, received array"
    )]
    [InlineData(
        "properties text",
        """{"event":"a","properties":"{}"}""",
        "properties",
        "Expected object, received string"
    )]
    [InlineData(
        "properties number",
        """{"event":"a","properties":1e400}""",
        "properties",
        "Expected object, received number"
    )]
    [InlineData(
        "event twice, the last is wrong",
        """{"event":"a","event":1}""",
        "event",
        "Expected string, received number"
    )]
    public void Read_MemberBreakingARule_IsNamed(string rule, string json, string field, string message)
    {
        Assert.NotEmpty(rule);
        var reading = Read(json);

        Assert.Null(reading.Event);
        Assert.Empty(reading.FormErrors);
        var error = Assert.Single(reading.FieldErrors);
        Assert.Equal(field, error.Key);
        Assert.Equal([message], error.Value);
    }

    [Theory]
    [InlineData("nothing", "", "Invalid JSON")]
    [InlineData("truncated", "{\"event\":\"a\"", "Invalid JSON")]
    [InlineData("two objects", "{\"event\":\"a\"}{\"event\":\"a\"}", "Invalid JSON")]
    [InlineData("two lines", "{\"event\":\"a\"}\n1", "Invalid JSON")]
    [InlineData("single quotes", "{'event':'a'}", "Invalid JSON")]
    [InlineData("trailing comma", "{\"event\":\"a\",}", "Invalid JSON")]
    [InlineData("array", "[{\"event\":\"a\"}]", "Expected object, received array")]
    [InlineData("text", "\"event\"", "Expected object, received string")]
    [InlineData("number", "1", "Expected object, received number")]
    [InlineData("boolean", "true", "Expected object, received boolean")]
    [InlineData("null", "null", "Expected object, received null")]
    [InlineData("an array that is none", "[", "Invalid JSON")]
    [InlineData("null and more", "null null", "Invalid JSON")]
    [InlineData("two marks", "\uFEFF\uFEFF{}", "Invalid JSON")]
    public void Read_BodyThatIsNoObject_IsAFormError(string rule, string json, string message)
    {
        Assert.NotEmpty(rule);
        var reading = Read(json);

        Assert.Null(reading.Event);
        Assert.Empty(reading.FieldErrors);
        Assert.Equal([message], reading.FormErrors);
    }

    [Fact]
    public void Read_InvalidUtf8_IsAFormError() =>
        Assert.Equal(
            ["Invalid JSON"],
            MillimetricBody.Read((byte[])[.. "{\"event\":\""u8, 0xFF, .. "\"}"u8]).FormErrors
        );

    [Fact]
    public void Read_SeveralWrongMembers_AreAllNamedInTheOrderOfTheFields()
    {
        var reading = Read("""{"properties":1,"url":"x","user_id":"","timestamp":"x","event_id":{}}""");

        Assert.Equal(
            ["event", "event_id", "timestamp", "user_id", "url", "properties"],
            reading.FieldErrors.Select(error => error.Key)
        );
    }

    [Theory]
    [InlineData("event", 128)]
    [InlineData("event_id", 128)]
    [InlineData("anonymous_id", 128)]
    [InlineData("user_id", 256)]
    [InlineData("session_id", 128)]
    [InlineData("path", 2048)]
    [InlineData("referrer", 2048)]
    public void Read_TextMember_IsLimitedInUtf16Units(string field, int charsMax)
    {
        foreach (
            var write in (Func<int, string>[])
                [
                    Json.Chars,
                    count => new string('x', count),
                    count => string.Concat(Enumerable.Repeat("\\u00e9", count)),
                ]
        )
        {
            Assert.NotNull(Read(With(field, write(1))).Event);
            Assert.NotNull(Read(With(field, write(charsMax - 1))).Event);
            Assert.NotNull(Read(With(field, write(charsMax))).Event);
            var error = Assert.Single(Read(With(field, write(charsMax + 1))).FieldErrors);
            Assert.Equal(field, error.Key);
            Assert.Equal([$"String must contain at most {charsMax} character(s)"], error.Value);
        }
    }

    [Fact]
    public void Read_Url_IsLimitedInUtf16Units()
    {
        const string Start = "https://a.example/";
        Assert.NotNull(Read(With("url", Start + Json.Chars(2047 - Start.Length))).Event);
        Assert.NotNull(Read(With("url", Start + Json.Chars(2048 - Start.Length))).Event);
        Assert.Equal(
            ["String must contain at most 2048 character(s)"],
            Assert.Single(Read(With("url", Start + Json.Chars(2049 - Start.Length))).FieldErrors).Value
        );
        Assert.Equal(
            ["Invalid url", "String must contain at most 2048 character(s)"],
            Assert.Single(Read(With("url", Json.Chars(2049))).FieldErrors).Value
        );
    }

    [Theory]
    [InlineData("ASCII", "x", 1)]
    [InlineData("two bytes, not escaped", "é", 2)]
    [InlineData("four bytes, not escaped", "😀", 4)]
    [InlineData("escaped though it need not be", "\\u0041", 1)]
    [InlineData("escaped slash", "\\/", 1)]
    [InlineData("escaped pair", "\\ud83d\\ude00", 4)]
    [InlineData("short escape", "\\n", 2)]
    [InlineData("short escape sent long", "\\u000a", 2)]
    [InlineData("long escape", "\\u0001", 6)]
    [InlineData("quote", "\\\"", 2)]
    [InlineData("lone surrogate", "\\udc00", 6)]
    [InlineData("line separator, not escaped", "\\u2028", 3)]
    public void Read_Properties_AreMeasuredAsStringifyWritesThem(string rule, string text, int bytesOfText)
    {
        Assert.NotEmpty(rule);
        foreach (var (bytes, isValid) in new[] { (8191, true), (8192, true), (8193, false) })
        {
            // {"p":"..."} has 8 bytes besides the text; the rest of what does not divide evenly is filled with x.
            var count = (bytes - 8) / bytesOfText;
            var filled = string.Concat(Enumerable.Repeat(text, count)) + new string('x', (bytes - 8) % bytesOfText);
            foreach (
                var properties in (string[])
                    [$$"""{"p":"{{filled}}"}""", $"{{ \"p\"\t:\r\n \"{filled}\" {new string(' ', 5_000)}}}"]
            )
            {
                var reading = Read($$"""{"event":"a","properties":{{properties}}}""");

                if (isValid)
                {
                    Assert.Equal(properties, Json.Text(reading.Event!.Properties));
                }
                else
                {
                    Assert.Equal(["properties must be at most 8192 bytes"], Assert.Single(reading.FieldErrors).Value);
                }
            }
        }
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Read_Nesting_IsLimited(int depth, bool isValid)
    {
        var reading = Read($$"""{"event":"a","properties":{"p":{{Json.Nested(depth - 2)}} } }""");

        Assert.Equal(isValid, reading.Event is not null);
        Assert.Equal(isValid ? [] : ["Invalid JSON"], reading.FormErrors);
    }

    [Fact]
    public void Read_Properties_StayByteForByte()
    {
        const string Properties =
            """{"n":12345678901234567890,"e":1e400,"d":1.10,"s":"\ud800\u0000\u0041","a":1,"a":2}""";

        Assert.Equal(Properties, Json.Text(Valid($$"""{"event":"a","properties":{{Properties}}}""").Properties));
    }

    [Fact]
    public void Read_ByteOrderMark_IsSkipped() =>
        Assert.Equal("é", Json.Text(Valid("\uFEFF{\"event\":\"\\u00e9\"}").Event));

    [Fact]
    public void Read_KnownMemberTwice_LastWins() =>
        Assert.Equal("b", Json.Text(Valid("""{"event":1,"url":"x","event":"b","\u0075rl":null}""").Event));

    [Fact]
    public void Read_TypicalBody_AllocatesLittle()
    {
        var body = Json.Utf8(
            """{"event":"purchase","event_id":"evt_1","anonymous_id":"u_abc","url":"https://a.example/?utm_source=x","properties":{"amount_cents":4900}}"""
        );
        MillimetricBody.Read(body);
        var before = GC.GetAllocatedBytesForCurrentThread();
        MillimetricBody.Read(body);

        // The event and its reading, nothing else.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 512);
    }

    private static string With(string field, string text) =>
        field == "event" ? $$"""{"event":"{{text}}"}""" : $$"""{"event":"a","{{field}}":"{{text}}"}""";

    private static MillimetricReading Read(string json) => MillimetricBody.Read(Encoding.UTF8.GetBytes(json));

    private static ReceivedEvent Valid(string json)
    {
        var reading = Read(json);
        Assert.Empty(reading.FormErrors);
        Assert.Empty(reading.FieldErrors);
        return reading.Event!;
    }
}
