using System.Text;
using Edge.Requests.Ingestion;
using Xunit;

namespace Edge.Tests.Requests.Ingestion;

public class PictifyBodyTests
{
    private const string Unicode = "must not contain U+0000 or half of a surrogate pair";
    private const string EventWords = "must be one of impression, view, click, conversion";
    private const string ChannelWords = "must be one of web, email, ad, in-app, social, other";

    [Fact]
    public void Read_EveryMember_HasItsPlace()
    {
        var item = One(
            """
            {"event":"click","experiment":"homepage-hero-test","variantId":"variant-a","channel":"in-app","device":"tablet","referrer":"https://a.example/",
             "metadata":{ "a" : [1, {}] },"source":"sdk","writeKey":"wk_1","other":{"ip":"203.0.113.7"}}
            """
        );

        var e = item.Event!;
        Assert.Equal(("click", "in-app", "tablet"), (e.Type, e.Channel, e.DeviceType));
        Assert.Equal(
            ["homepage-hero-test", "variant-a", "https://a.example/", """{ "a" : [1, {}] }""", """{"source":"sdk"}"""],
            new[] { e.Experiment, e.Variant, e.Referrer, e.Properties, e.Extra }.Select(Json.Text)
        );
        Assert.True(e.Event.IsEmpty);
        Assert.Null(e.Timestamp);
        Assert.Equal((0, "wk_1", true, null), (item.Index, item.WriteKey, item.IsFromSdk, item.Error));
    }

    [Theory]
    [InlineData("required members alone", "")]
    [InlineData(
        "null means absent",
        ""","variantId":null,"channel":null,"device":null,"referrer":null,"metadata":null,"source":null,"writeKey":null"""
    )]
    [InlineData("empty text that says nothing", ""","referrer":"","writeKey":"" """)]
    [InlineData("unknown members", ""","ip":"203.0.113.7","timestamp":1,"\ud800":1""")]
    public void Read_EventThatSaysLittle_IsValid(string rule, string members)
    {
        Assert.NotEmpty(rule);
        var item = One($$"""{"event":"view","experiment":"a"{{members}}}""");

        var e = item.Event!;
        Assert.All([e.Variant, e.Referrer, e.Properties, e.Extra], member => Assert.True(member.IsEmpty));
        Assert.Equal(("", "", null, false), (e.Channel, e.DeviceType, item.WriteKey, item.IsFromSdk));
    }

    [Theory]
    [InlineData("event missing", """{"experiment":"a"}""", "event", "is required", "required")]
    [InlineData("event null", """{"event":null,"experiment":"a"}""", "event", "is required", "required")]
    [InlineData("event number", """{"event":1,"experiment":"a"}""", "event", "must be a string", "invalid_type")]
    [InlineData("event empty", """{"event":"","experiment":"a"}""", "event", EventWords, "invalid_value")]
    [InlineData(
        "event of the dashboard",
        """{"event":"purchase","experiment":"a"}""",
        "event",
        EventWords,
        "invalid_value"
    )]
    [InlineData(
        "event in another case",
        """{"event":"Click","experiment":"a"}""",
        "event",
        EventWords,
        "invalid_value"
    )]
    [InlineData("event not ASCII", """{"event":"clíck","experiment":"a"}""", "event", EventWords, "invalid_value")]
    [InlineData("event NUL", """{"event":"click\u0000","experiment":"a"}""", "event", EventWords, "invalid_value")]
    [InlineData("experiment missing", """{"event":"view"}""", "experiment", "is required", "required")]
    [InlineData("experiment null", """{"event":"view","experiment":null}""", "experiment", "is required", "required")]
    [InlineData(
        "experiment empty",
        """{"event":"view","experiment":""}""",
        "experiment",
        "must not be empty",
        "required"
    )]
    [InlineData(
        "experiment number",
        """{"event":"view","experiment":1}""",
        "experiment",
        "must be a string",
        "invalid_type"
    )]
    [InlineData(
        "experiment surrogate",
        """{"event":"view","experiment":"\udc00"}""",
        "experiment",
        Unicode,
        "invalid_format"
    )]
    [InlineData(
        "variantId empty",
        """{"event":"view","experiment":"a","variantId":""}""",
        "variantId",
        "must not be empty",
        "required"
    )]
    [InlineData(
        "variantId number",
        """{"event":"view","experiment":"a","variantId":1}""",
        "variantId",
        "must be a string",
        "invalid_type"
    )]
    [InlineData(
        "channel unknown",
        """{"event":"view","experiment":"a","channel":"radio"}""",
        "channel",
        ChannelWords,
        "invalid_value"
    )]
    [InlineData(
        "channel empty",
        """{"event":"view","experiment":"a","channel":""}""",
        "channel",
        ChannelWords,
        "invalid_value"
    )]
    [InlineData(
        "channel array",
        """{"event":"view","experiment":"a","channel":["web"]}""",
        "channel",
        "must be a string",
        "invalid_type"
    )]
    [InlineData(
        "device unknown",
        """{"event":"view","experiment":"a","device":"watch"}""",
        "device",
        "must be one of mobile, desktop, tablet",
        "invalid_value"
    )]
    [InlineData(
        "referrer number",
        """{"event":"view","experiment":"a","referrer":1}""",
        "referrer",
        "must be a string",
        "invalid_type"
    )]
    [InlineData(
        "referrer NUL",
        """{"event":"view","experiment":"a","referrer":"\u0000"}""",
        "referrer",
        Unicode,
        "invalid_format"
    )]
    [InlineData(
        "metadata array",
        """{"event":"view","experiment":"a","metadata":[]}""",
        "metadata",
        "must be an object",
        "invalid_type"
    )]
    [InlineData(
        "metadata text",
        """{"event":"view","experiment":"a","metadata":"{}"}""",
        "metadata",
        "must be an object",
        "invalid_type"
    )]
    [InlineData(
        "source unknown",
        """{"event":"view","experiment":"a","source":"SDK"}""",
        "source",
        "must be one of sdk, api",
        "invalid_value"
    )]
    [InlineData(
        "source boolean",
        """{"event":"view","experiment":"a","source":true}""",
        "source",
        "must be a string",
        "invalid_type"
    )]
    [InlineData(
        "writeKey number",
        """{"event":"view","experiment":"a","writeKey":1}""",
        "writeKey",
        "must be a string",
        "invalid_type"
    )]
    [InlineData("text", "\"view\"", "", "must be an object", "invalid_type")]
    [InlineData("number", "1", "", "must be an object", "invalid_type")]
    [InlineData("null", "null", "", "must be an object", "invalid_type")]
    [InlineData(
        "the last of two wins",
        """{"event":"view","event":1,"experiment":"a"}""",
        "event",
        "must be a string",
        "invalid_type"
    )]
    public void Read_EventBreakingARule_RefusesAnObjectAndIsAnErrorInAnArray(
        string rule,
        string json,
        string field,
        string message,
        string code
    )
    {
        Assert.NotEmpty(rule);
        var single = Read(json);
        Assert.False(single.IsArray);
        Assert.Empty(single.Items);
        Assert.Equal([new(field, message, code)], single.Problems);

        var array = Read($$"""[{"event":"view","experiment":"a"},{{json}},{"event":"click","experiment":"b"}]""");
        Assert.True(array.IsArray);
        Assert.Empty(array.Problems);
        Assert.Equal([0, 1, 2], array.Items.Select(item => item.Index));
        Assert.Equal(
            [null, $"{(field.Length == 0 ? "event" : field)} {message}", null],
            array.Items.Select(item => item.Error)
        );
        Assert.Equal(["view", null, "click"], array.Items.Select(item => item.Event?.Type));
    }

    [Theory]
    [InlineData("nothing", "", false, "must be one JSON value, nested at most 64 levels deep", "invalid_format")]
    [InlineData(
        "truncated",
        """{"event":"view","experiment":"a" """,
        false,
        "must be one JSON value, nested at most 64 levels deep",
        "invalid_format"
    )]
    [InlineData(
        "truncated array",
        """[{"event":"view","experiment":"a"}""",
        false,
        "must be one JSON value, nested at most 64 levels deep",
        "invalid_format"
    )]
    [InlineData(
        "two objects",
        """{"event":"view","experiment":"a"}{}""",
        false,
        "must be one JSON value, nested at most 64 levels deep",
        "invalid_format"
    )]
    [InlineData(
        "a form",
        "event=view&experiment=a",
        false,
        "must be one JSON value, nested at most 64 levels deep",
        "invalid_format"
    )]
    [InlineData("empty array", "[]", true, "must hold at least one event", "required")]
    public void Read_BodyThatHoldsNoEvent_IsRefused(string rule, string json, bool isArray, string message, string code)
    {
        Assert.NotEmpty(rule);
        var reading = Read(json);

        Assert.Equal(isArray, reading.IsArray);
        Assert.Empty(reading.Items);
        Assert.Equal([new("", message, code)], reading.Problems);
    }

    [Fact]
    public void Read_InvalidUtf8_IsRefused() =>
        Assert.Equal(
            [new("", "must be valid UTF-8", "invalid_format")],
            PictifyBody.Read((byte[])[.. "{\"event\":\""u8, 0xFF, .. "\"}"u8]).Problems
        );

    [Fact]
    public void Read_ObjectBreakingSeveralRules_NamesThemAll()
    {
        var reading = Read(
            """{"source":1,"metadata":1,"referrer":1,"device":1,"channel":1,"variantId":1,"event":1,"writeKey":1}"""
        );

        Assert.Equal(
            ["event", "experiment", "variantId", "channel", "device", "referrer", "metadata", "source", "writeKey"],
            reading.Problems.Select(problem => problem.Field)
        );
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(99, true)]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public void Read_Array_IsLimited(int count, bool isRead)
    {
        var reading = Read($"[{string.Join(',', Enumerable.Repeat("""{"event":"view","experiment":"a"}""", count))}]");

        Assert.Equal(isRead ? [] : [new("", "must hold at most 100 events", "out_of_range")], reading.Problems);
        Assert.Equal(isRead ? count : 0, reading.Items.Count);
    }

    [Theory]
    [InlineData("experiment", 60)]
    [InlineData("variantId", 255)]
    [InlineData("referrer", 2048)]
    [InlineData("writeKey", 256)]
    public void Read_TextMember_IsLimitedInUtf16Units(string field, int charsMax)
    {
        Assert.Empty(Read(With(field, Json.Chars(charsMax - 1))).Problems);
        Assert.Empty(Read(With(field, Json.Chars(charsMax))).Problems);
        Assert.Equal(
            [new(field, $"must be at most {charsMax} characters", "too_long")],
            Read(With(field, Json.Chars(charsMax + 1))).Problems
        );
    }

    [Theory]
    [InlineData(10239, true)]
    [InlineData(10240, true)]
    [InlineData(10241, false)]
    public void Read_Metadata_IsLimitedAsStringifyWritesIt(int bytes, bool isValid)
    {
        // {"m":"é..."} has 8 bytes besides the text.
        var text = string.Concat(Enumerable.Repeat("\\u00e9", (bytes - 8) / 2)) + new string('x', bytes % 2);
        var reading = Read($$"""{"event":"view","experiment":"a","metadata":{ "m" : "{{text}}" } }""");

        Assert.Equal(isValid ? [] : [new("metadata", "must be at most 10240 bytes", "too_long")], reading.Problems);
    }

    [Theory]
    [InlineData("itself", "{}", true)]
    [InlineData("two", """{"a":{}}""", true)]
    [InlineData("three", """{"a":{"b":[]}}""", true)]
    [InlineData("four objects", """{"a":{"b":{"c":{}}}}""", false)]
    [InlineData("four, arrays too", """{"a":[[[]]]}""", false)]
    [InlineData("four in the last member", """{"a":1,"b":[{"c":2},{"c":{}}]}""", false)]
    [InlineData("brackets in text", """{"a":"[[[[\"{{{{"}""", true)]
    [InlineData("brackets in a name", """{"[[[[\\":{"{{{{":[]}}""", true)]
    [InlineData("many beside one another", """{"a":[],"b":[],"c":[],"d":[],"e":{}}""", true)]
    public void Read_Metadata_IsLimitedInDepth(string rule, string metadata, bool isValid)
    {
        Assert.NotEmpty(rule);
        var reading = Read($$"""{"event":"view","experiment":"a","metadata":{{metadata}} }""");

        Assert.Equal(
            isValid ? [] : [new("metadata", "must be at most 3 levels deep", "out_of_range")],
            reading.Problems
        );
        if (isValid)
        {
            Assert.Equal(metadata, Json.Text(Assert.Single(reading.Items).Event!.Properties));
        }
    }

    [Theory]
    [InlineData("impression")]
    [InlineData("view")]
    [InlineData("click")]
    [InlineData("conversion")]
    public void Read_Event_IsOneOfFour(string type) =>
        Assert.Equal(type, One($$"""{"event":"{{type}}","experiment":"a"}""").Event!.Type);

    [Theory]
    [InlineData("web")]
    [InlineData("email")]
    [InlineData("ad")]
    [InlineData("in-app")]
    [InlineData("social")]
    [InlineData("other")]
    public void Read_Channel_IsOneOfSix(string channel) =>
        Assert.Equal(channel, One(With("channel", channel)).Event!.Channel);

    [Theory]
    [InlineData("mobile")]
    [InlineData("desktop")]
    [InlineData("tablet")]
    public void Read_Device_IsOneOfThree(string device) =>
        Assert.Equal(device, One(With("device", device)).Event!.DeviceType);

    [Fact]
    public void Read_SourceApi_IsKeptAndNoSdk()
    {
        var item = One(With("source", "api"));

        Assert.Equal("""{"source":"api"}""", Json.Text(item.Event!.Extra));
        Assert.False(item.IsFromSdk);
    }

    [Fact]
    public void Read_WriteKeyOfAnInvalidEvent_ReachesNoMessage()
    {
        var reading = Read("""[{"event":"x","experiment":"a","writeKey":"wk_secret"}]""");

        Assert.DoesNotContain("wk_secret", Assert.Single(reading.Items).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Read_Nesting_IsLimited(int depth, bool isValid)
    {
        var json = $$"""{"event":"view","experiment":"a","other":{{Json.Nested(depth - 1)}}}""";

        Assert.Equal(isValid, Read(json).Problems.Count == 0);
    }

    [Fact]
    public void Read_ByteOrderMark_IsSkipped() =>
        Assert.Equal("view", One("\uFEFF{\"\\u0065vent\":\"v\\u0069ew\",\"experiment\":\"a\"}").Event!.Type);

    private static string With(string field, string text) =>
        field == "experiment"
            ? $$"""{"event":"view","experiment":"{{text}}"}"""
            : $$"""{"event":"view","experiment":"a","{{field}}":"{{text}}"}""";

    private static PictifyReading Read(string json) => PictifyBody.Read(Encoding.UTF8.GetBytes(json));

    private static PictifyItem One(string json)
    {
        var reading = Read(json);
        Assert.Empty(reading.Problems);
        return Assert.Single(reading.Items);
    }
}
