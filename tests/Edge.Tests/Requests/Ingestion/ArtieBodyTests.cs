using System.Globalization;
using System.Text;
using Edge.Events;
using Edge.Formats;
using Edge.Requests.Ingestion;
using Xunit;

namespace Edge.Tests.Requests.Ingestion;

public class ArtieBodyTests
{
    private const string Time = "2025-10-29T22:00:00.778Z";
    private const string NotInstant = "timestamp must be an RFC 3339 date-time with an offset";
    private const string NotJson = "the body is not one JSON value, or is nested deeper than 64 levels";

    [Theory]
    [InlineData("""{"ip":"203.0.113.9","user_agent":"x","page":{"ip":1}}""", """{"page":{"ip":1}}""")]
    [InlineData("""{ "ip" : [1,{"a":2}] }""", "{}")]
    [InlineData("""{"\u0069p":"203.0.113.9","b":1}""", """{"b":1}""")]
    [InlineData("""{"page":1,"library":"ip"}""", """{"page":1,"library":"ip"}""")]
    [InlineData("\"ip\"", "\"ip\"")]
    public void Context_OfTheVisitor_IsKeptWithoutAddressAndAgent(string sent, string kept) =>
        Assert.Equal(
            $$"""{"a":1,"context":{{kept}},"b":2}""",
            Json.Text(
                One($$"""{"event":"a","properties":{},"a":1,"context":{{sent}},"b":2,"timestamp":"{{Time}}"}""").Extra
            )
        );

    [Fact]
    public void Read_PublishedExample_IsTheEvent()
    {
        var reading = Read(
            """
            [{"messageId": "8b0f62f9-1e8e-4f15-8c2a-9d23c9c6c0e2", "event": "signup", "timestamp": "2025-10-29T22:00:00.778Z",
              "properties": {"plan": "basic", "accountType": "email", "freeTrial": true}}]
            """
        );

        Assert.Null(reading.ProblemDetail);
        var e = Assert.Single(reading.Events);
        Assert.Equal("track", e.Type);
        Assert.Equal("signup", Json.Text(e.Event));
        Assert.Equal("8b0f62f9-1e8e-4f15-8c2a-9d23c9c6c0e2", Json.Text(e.SenderId));
        Assert.Equal(DateTimeOffset.Parse(Time, CultureInfo.InvariantCulture), e.Timestamp);
        Assert.Equal("""{"plan": "basic", "accountType": "email", "freeTrial": true}""", Json.Text(e.Properties));
        Assert.True(e.Extra.IsEmpty);
    }

    [Theory]
    [InlineData("empty object", "{}", "event is required")]
    [InlineData(
        "event null",
        """{"event":null,"properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        "event is required"
    )]
    [InlineData(
        "event empty",
        """{"event":"","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        "event must not be empty"
    )]
    [InlineData(
        "event number",
        """{"event":1,"properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        "event must be a string"
    )]
    [InlineData(
        "event object",
        """{"event":{},"properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        "event must be a string"
    )]
    [InlineData(
        "event NUL",
        """{"event":"a\u0000","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        "event must not contain U+0000 or half of a surrogate pair"
    )]
    [InlineData(
        "event high surrogate",
        """{"event":"\ud83d","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        "event must not contain U+0000 or half of a surrogate pair"
    )]
    [InlineData(
        "event low surrogate",
        """{"event":"\ude00x","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        "event must not contain U+0000 or half of a surrogate pair"
    )]
    [InlineData(
        "event two high",
        """{"event":"\ud83d\ud83d","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        "event must not contain U+0000 or half of a surrogate pair"
    )]
    [InlineData(
        "name in another case",
        """{"Event":"a","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        "event is required"
    )]
    [InlineData("properties missing", """{"event":"a","timestamp":"2025-10-29T22:00:00Z"}""", "properties is required")]
    [InlineData(
        "properties null",
        """{"event":"a","properties":null,"timestamp":"2025-10-29T22:00:00Z"}""",
        "properties is required"
    )]
    [InlineData(
        "properties array",
        """{"event":"a","properties":[],"timestamp":"2025-10-29T22:00:00Z"}""",
        "properties must be an object"
    )]
    [InlineData(
        "properties text",
        """{"event":"a","properties":"{}","timestamp":"2025-10-29T22:00:00Z"}""",
        "properties must be an object"
    )]
    [InlineData("timestamp missing", """{"event":"a","properties":{}}""", "timestamp is required")]
    [InlineData("timestamp null", """{"event":"a","properties":{},"timestamp":null}""", "timestamp is required")]
    [InlineData(
        "timestamp number",
        """{"event":"a","properties":{},"timestamp":1761775200778}""",
        "timestamp must be a string"
    )]
    [InlineData("timestamp empty", """{"event":"a","properties":{},"timestamp":""}""", NotInstant)]
    [InlineData(
        "timestamp without offset",
        """{"event":"a","properties":{},"timestamp":"2025-10-29T22:00:00"}""",
        NotInstant
    )]
    [InlineData("timestamp date", """{"event":"a","properties":{},"timestamp":"2025-10-29"}""", NotInstant)]
    [InlineData(
        "messageId number",
        """{"event":"a","properties":{},"timestamp":"2025-10-29T22:00:00Z","messageId":1}""",
        "messageId must be a string"
    )]
    [InlineData(
        "messageId object",
        """{"event":"a","properties":{},"timestamp":"2025-10-29T22:00:00Z","messageId":{}}""",
        "messageId must be a string"
    )]
    [InlineData(
        "messageId NUL",
        """{"event":"a","properties":{},"timestamp":"2025-10-29T22:00:00Z","messageId":"\u0000"}""",
        "messageId must not contain U+0000 or half of a surrogate pair"
    )]
    [InlineData("event that is text", "\"a\"", "an event must be an object")]
    [InlineData("event that is null", "null", "an event must be an object")]
    [InlineData("event that is an array", "[]", "an event must be an object")]
    public void Read_EventBreakingARule_RefusesTheBodyAtItsIndex(string rule, string json, string problem)
    {
        Assert.NotEmpty(rule);
        var reading = Read($"[{Event("first")},{json},{Event("last")}]");

        Assert.Empty(reading.Events);
        Assert.Equal(1, reading.ProblemIndex);
        Assert.Equal(problem, reading.ProblemDetail);

        var single = ArtieBody.ReadSingle(Json.Utf8(json));
        Assert.Empty(single.Events);
        Assert.Null(single.ProblemIndex);
        Assert.Equal(problem, single.ProblemDetail);
    }

    [Theory]
    [InlineData("no body", "", NotJson)]
    [InlineData("whitespace", " \n", NotJson)]
    [InlineData("empty array", "[]", "the body must hold at least one event")]
    [InlineData("object", "{}", "the body must be an array of events")]
    [InlineData("null", "null", "the body must be an array of events")]
    [InlineData("text", "\"[]\"", "the body must be an array of events")]
    [InlineData("truncated", "[", NotJson)]
    [InlineData("truncated member", "[{\"event\":", NotJson)]
    [InlineData("trailing comma", """[{"event":"a","properties":{},"timestamp":"2025-10-29T22:00:00Z"},]""", NotJson)]
    [InlineData("comment", "[/**/]", NotJson)]
    [InlineData("two values", "[] []", NotJson)]
    [InlineData("lines of objects", "{}\n{}", "the body must be an array of events")]
    [InlineData("two marks", "\uFEFF\uFEFF[]", NotJson)]
    [InlineData("control character", "[{\"event\":\"a\u0001\"}]", NotJson)]
    [InlineData("unquoted name", "[{event:1}]", NotJson)]
    [InlineData("not a number", "[{\"a\":NaN}]", NotJson)]
    public void Read_BodyThatIsNoArrayOfEvents_IsRefused(string rule, string json, string problem)
    {
        Assert.NotEmpty(rule);
        var reading = Read(json);

        Assert.Empty(reading.Events);
        Assert.Equal(problem, reading.ProblemDetail);
    }

    [Fact]
    public void Read_SomethingBehindTheArray_IsRefused() =>
        Assert.Equal(NotJson, Read($"[{Event("a")}] x").ProblemDetail);

    [Theory]
    [InlineData("a byte of Latin-1", new byte[] { 0xE9 })]
    [InlineData("an overlong slash", new byte[] { 0xC0, 0xAF })]
    [InlineData("a surrogate", new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData("a cut character", new byte[] { 0xF0, 0x9F, 0x98 })]
    public void Read_InvalidUtf8_IsRefused(string rule, byte[] text)
    {
        Assert.NotEmpty(rule);
        byte[] body =
        [
            .. "[{\"event\":\""u8,
            .. text,
            .. "\",\"properties\":{},\"timestamp\":\"2025-10-29T22:00:00Z\"}]"u8,
        ];

        Assert.Equal("the body is not valid UTF-8", ArtieBody.Read(body).ProblemDetail);
        Assert.Equal("the body is not valid UTF-8", ArtieBody.ReadSingle(body).ProblemDetail);
    }

    [Theory]
    [InlineData("missing", "")]
    [InlineData("null", "\"messageId\":null,")]
    [InlineData("empty", "\"messageId\":\"\",")]
    public void Read_NoMessageId_LeavesItToTheServer(string rule, string member)
    {
        Assert.NotEmpty(rule);
        Assert.True(One($$"""{{{member}}"event":"a","properties":{},"timestamp":"{{Time}}"}""").SenderId.IsEmpty);
    }

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void Read_MessageId_IsLimited(int chars, bool isValid)
    {
        var reading = Read(
            $$"""[{"messageId":"{{Json.Chars(chars)}}","event":"a","properties":{},"timestamp":"{{Time}}"}]"""
        );

        Assert.Equal(isValid ? null : "messageId must be at most 256 characters", reading.ProblemDetail);
    }

    [Theory]
    [InlineData(ReceivedEvent.BytesMax - 1, true)]
    [InlineData(ReceivedEvent.BytesMax, true)]
    [InlineData(ReceivedEvent.BytesMax + 1, false)]
    public void Read_EventAsSent_IsLimited(int bytes, bool isValid)
    {
        var empty = Event("");
        var reading = Read($"[{Event(new string('x', bytes - empty.Length))}]");

        Assert.Equal(isValid ? null : "the event must be at most 524288 bytes", reading.ProblemDetail);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Read_Nesting_IsLimited(int depth, bool isValid)
    {
        // The array, the event and its properties are three of the levels.
        var reading = Read(
            $$"""[{"event":"a","properties":{"p":{{Json.Nested(depth - 3)}}},"timestamp":"{{Time}}"}]"""
        );

        Assert.Equal(isValid ? null : NotJson, reading.ProblemDetail);
    }

    [Theory]
    [InlineData("one", """ "context":{"os":1} """, """{"context":{"os":1}}""")]
    [InlineData("several, in order", """ "b":[1, 2],"a":null """, """{"b":[1, 2],"a":null}""")]
    [InlineData(
        "numbers as sent",
        """ "n":12345678901234567890,"e":1e400,"d":1.10,"z":-0 """,
        """{"n":12345678901234567890,"e":1e400,"d":1.10,"z":-0}"""
    )]
    [InlineData("escapes as sent", """ "\u0061\/":"\u00e9\ud83d\u0000" """, """{"\u0061\/":"\u00e9\ud83d\u0000"}""")]
    [InlineData("a lone surrogate in a name", """ "\udc00":1 """, """{"\udc00":1}""")]
    [InlineData(
        "a name like a long escaped one",
        """ "\u0065\u0076\u0065\u006e\u0074\u0065\u0076\u0065\u006e\u0074":1 """,
        """{"\u0065\u0076\u0065\u006e\u0074\u0065\u0076\u0065\u006e\u0074":1}"""
    )]
    [InlineData("the empty name", """ "":1 """, """{"":1}""")]
    [InlineData("whitespace stays inside", " \"a\" : 1 ", "{\"a\" : 1}")]
    [InlineData("unknown twice", """ "a":1,"a":2 """, """{"a":1,"a":2}""")]
    public void Read_OtherMembers_AreKept(string rule, string members, string extra)
    {
        Assert.NotEmpty(rule);
        Assert.Equal(
            extra,
            Json.Text(One($$"""{"event":"a",{{members}},"properties":{},"timestamp":"{{Time}}"}""").Extra)
        );
        Assert.Equal(
            extra,
            Json.Text(One($$"""{"event":"a","properties":{},"timestamp":"{{Time}}",{{members}}}""").Extra)
        );
    }

    [Fact]
    public void Read_OtherMembers_BelongToTheirEvent()
    {
        var reading = Read(
            $$"""[{"event":"a","properties":{},"timestamp":"{{Time}}","x":1},{{Event("b")}},{"event":"c","properties":{},"timestamp":"{{Time}}","y":2}]"""
        );

        Assert.Equal(["""{"x":1}""", "", """{"y":2}"""], reading.Events.Select(e => Json.Text(e.Extra)));
    }

    [Theory]
    [InlineData("nothing", "{}")]
    [InlineData("numbers", """{"a":12345678901234567890,"b":1e400,"c":0.10}""")]
    [InlineData("escapes", """{"a":"\ud800","\u0000":"\u0000"}""")]
    [InlineData("members twice", """{"a":1,"a":2}""")]
    [InlineData("whitespace", "{ \"a\" :\t1 ,\r\n\"b\": [ ] }")]
    [InlineData("a member called event", """{"event":5,"timestamp":null}""")]
    [InlineData("characters", """{"é":"😀"}""")]
    public void Read_Properties_StayByteForByte(string rule, string properties)
    {
        Assert.NotEmpty(rule);
        Assert.Equal(
            properties,
            Json.Text(One($$"""{"event":"a","properties":{{properties}},"timestamp":"{{Time}}"}""").Properties)
        );
    }

    [Fact]
    public void Read_KnownMemberTwice_LastWins()
    {
        var e = One(
            """
            {"event":1,"properties":[],"timestamp":"x","messageId":{},"event":"b","properties":{"p":2},"timestamp":"2025-10-29T22:00:00Z","messageId":"m"}
            """
        );

        Assert.Equal(("b", """{"p":2}""", "m"), (Json.Text(e.Event), Json.Text(e.Properties), Json.Text(e.SenderId)));
        Assert.Equal(
            "event must be a string",
            Read($$"""[{"event":"a","properties":{},"timestamp":"{{Time}}","event":1}]""").ProblemDetail
        );
    }

    [Theory]
    [InlineData("escaped name", """{"\u0065vent":"a","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""", "a")]
    [InlineData(
        "every escape",
        """{"event":"\"\\\/\b\f\n\r\t\u00e9\u4e2d\ud83d\ude00.","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        "\"\\/\b\f\n\r\té中😀."
    )]
    [InlineData(
        "upper-case digits",
        """{"event":"\uD83D\uDE00\u00C9","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        "😀É"
    )]
    [InlineData("characters", """{"event":"é中😀","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""", "é中😀")]
    [InlineData("escaped timestamp", """{"event":"a","properties":{},"timestamp":"2025\u002d10-29T22:00:00Z"}""", "a")]
    [InlineData(
        "delete and noncharacter",
        "{\"event\":\"\u007f\uffff\",\"properties\":{},\"timestamp\":\"2025-10-29T22:00:00Z\"}",
        "\u007f\uffff"
    )]
    public void Read_Text_IsUnescaped(string rule, string json, string name)
    {
        Assert.NotEmpty(rule);
        Assert.Equal(name, Json.Text(One(json).Event));
        Assert.Equal(name, Json.Text(Assert.Single(ArtieBody.ReadSingle(Json.Utf8(json)).Events).Event));
    }

    [Theory]
    [InlineData("2025-10-29t22:00:00z", "2025-10-29T22:00:00.000Z")]
    [InlineData("2025-10-29T22:00:00.7789999999999999999Z", "2025-10-29T22:00:00.778Z")]
    [InlineData("2025-10-29T22:00:00+02:00", "2025-10-29T20:00:00.000Z")]
    [InlineData("1999-01-01T00:00:00Z", "1999-01-01T00:00:00.000Z")]
    [InlineData("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z")]
    public void Read_Timestamp_IsAnInstant(string sent, string instant) =>
        Assert.Equal(
            instant,
            Timestamp.Format(One($$"""{"event":"a","properties":{},"timestamp":"{{sent}}"}""").Timestamp!.Value)
        );

    [Fact]
    public void Read_ByteOrderMark_IsSkipped()
    {
        var reading = Read($"\uFEFF[{Event("a")}]");

        Assert.Equal("a", Json.Text(Assert.Single(reading.Events).Event));
        Assert.Equal(
            "a",
            Json.Text(Assert.Single(ArtieBody.ReadSingle(Json.Utf8($"\uFEFF{Event("a")}")).Events).Event)
        );
    }

    [Fact]
    public void Read_ManyEvents_KeepsTheirOrder()
    {
        var reading = Read($"[{string.Join(',', Enumerable.Range(0, 5_000).Select(i => Event($"e{i}")))}]");

        Assert.Equal(Enumerable.Range(0, 5_000).Select(i => $"e{i}"), reading.Events.Select(e => Json.Text(e.Event)));
    }

    private static string Event(string name) => $$"""{"event":"{{name}}","properties":{},"timestamp":"{{Time}}"}""";

    private static ArtieReading Read(string json) => ArtieBody.Read(Encoding.UTF8.GetBytes(json));

    private static ReceivedEvent One(string json)
    {
        var reading = Read($"[{json}]");
        Assert.Null(reading.ProblemDetail);
        return Assert.Single(reading.Events);
    }
}
