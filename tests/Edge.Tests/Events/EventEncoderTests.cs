using System.Text;
using System.Text.Json;
using CsCheck;
using Edge.Events;
using Edge.Formats;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Events;

public class EventEncoderTests
{
    private const int Room = 44;

    /// <summary>
    /// The frozen bytes of schema version 1. When this fails, a consumer's parser may too: a changed name, order or
    /// format is a new schema version with a golden file of its own.
    /// </summary>
    [Theory]
    [InlineData("event-v1-full.json")]
    [InlineData("event-v1-minimal.json")]
    [InlineData("event-v1-ingested.json")]
    [InlineData("event-v1-goals.json")]
    [InlineData("event-v1-tag.json")]
    [InlineData("event-v1-stable.json")]
    [InlineData("event-v1-trace.json")]
    [InlineData("event-v1-test.json")]
    [InlineData("event-v1-link.json")]
    [InlineData("event-v1-verdict.json")]
    public void Event_Version1_IsByteForByteTheGoldenFile(string file)
    {
        var golden = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Edge.Tests", "Golden", file))
            .TrimEnd('\n');
        var tracked = file.Split('-', '.')[2] switch
        {
            "full" => Full(),
            "ingested" => Ingested(),
            "link" => OfASignedLink(),
            "verdict" => OfALateVerdict(),
            "goals" => ReachingGoals(),
            "tag" => WithUnfilledTag(),
            "stable" => OfAStableUnit(),
            "trace" => OfATrace(),
            "test" => OfATest(),
            _ => Minimal(),
        };

        Assert.Equal(golden, Encode(tracked));
    }

    [Fact]
    public void Event_Encoded_LeavesTheRoomInFront()
    {
        var record = EventEncoder.Encode(Minimal(), Room);

        Assert.Equal((byte)'{', record[Room]);
        Assert.Equal((byte)'}', record[^1]);
        Assert.False(record[Room..].Contains((byte)'\n'));
    }

    [Theory]
    [InlineData(
        "numbers",
        "{\"n\": 12345678901234567890, \"e\": -1.50E+07 }",
        "{\"n\":12345678901234567890,\"e\":-1.50E+07}"
    )]
    [InlineData("escapes", "{ \"a\\u0000\\ud800\" : \"\\\" \\\\\" }", "{\"a\\u0000\\ud800\":\"\\\" \\\\\"}")]
    [InlineData("every whitespace", "\n[\r\n\t1 ,\t2 ] \n", "[1,2]")]
    [InlineData("nothing to take out", "{\"a b\":[true,null]}", "{\"a b\":[true,null]}")]
    [InlineData("duplicate members", "{\"a\":1, \"a\":2}", "{\"a\":1,\"a\":2}")]
    public void Event_RawJson_LosesOnlyTheWhitespaceBetweenTokens(string row, string sent, string expected)
    {
        var tracked = Minimal();
        tracked.Properties = Encoding.UTF8.GetBytes(sent);
        tracked.Layers = Encoding.UTF8.GetBytes(sent);

        var json = Encode(tracked);

        Assert.True(json.EndsWith($"\"properties\":{expected}}}", StringComparison.Ordinal), $"{row}: {json}");
        Assert.Contains($"\"layers\":{expected},", json, StringComparison.Ordinal);
        Assert.Equal(Encoding.UTF8.GetByteCount(expected), CompactJson.LengthOf(Encoding.UTF8.GetBytes(sent)));
    }

    [Fact]
    public void Event_OfHalfAMebibyte_IsEncodedWhole()
    {
        var tracked = Minimal();
        var big = Encoding.UTF8.GetBytes("{ \"a\" : \"" + new string('x', 512 * 1024) + "\" }");
        tracked.Properties = big;

        Assert.Equal(
            512 * 1024,
            JsonDocument
                .Parse(Encode(tracked))
                .RootElement.GetProperty("properties")
                .GetProperty("a")
                .GetString()!
                .Length
        );
    }

    [Fact]
    public void CompactJson_OfAnyBytes_StaysWithinBounds() =>
        Gen.String[Gen.Char["\"\\ \n{}a,:1"], 0, 40]
            .Sample(text => CompactJson.Of(Encoding.UTF8.GetBytes(text)).Length <= text.Length, iter: 20_000);

    [Fact]
    public void Event_ModelWithHalfACharacter_IsStillOneValidLine()
    {
        var tracked = Minimal();
        tracked.DeviceModel = "a\ud83d";

        Assert.Equal(
            "a\ufffd",
            JsonDocument.Parse(Encode(tracked)).RootElement.GetProperty("device_model").GetString()
        );
    }

    [Fact]
    public void Event_EncodedAgain_AllocatesNothing()
    {
        var tracked = Full();
        tracked.Properties = "{ \"plan\" : \"free\" }"u8;
        EventEncoder.Encode(tracked, Room);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            EventEncoder.Encode(tracked, Room);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>What a sender states cannot pass for the mark, however it is written.</summary>
    [Fact]
    public void Event_WhateverItsSenderStates_IsATestsOnlyByItsMark()
    {
        string[] texts =
        [
            ",\"synthetic\":\"x\"",
            ",\"type\":\"x\"",
            "\",\"synthetic\":\"",
            "\\\",\"synthetic\":",
            "plain",
        ];
        string[] nested = ["{\"a\":1,\"synthetic\":\"x\",\"type\":2}", "[1,\"synthetic\"]", "{}"];
        Gen.Select(Gen.Int[0, texts.Length - 1], Gen.Int[0, nested.Length - 1], Gen.Bool)
            .Sample(
                (text, raw, isTest) =>
                {
                    var e = Ingested();
                    e.SenderId = e.UserId = e.Event = Encoding.UTF8.GetBytes(texts[text]);
                    e.Project = e.Environment = texts[text];
                    e.Layers = e.Properties = e.Extra = Encoding.UTF8.GetBytes(nested[raw]);
                    e.Synthetic = isTest ? "smoke"u8 : default;
                    return EventSchema.IsSynthetic(Encoding.UTF8.GetBytes(Encode(e))) == isTest;
                },
                iter: 200
            );
    }

    [Fact]
    public void EventIds_FromManyThreads_AreDistinctAndAscendWithinEach()
    {
        var ids = new EventIds(TimeProvider.System);
        var made = new System.Collections.Concurrent.ConcurrentBag<EventId>();
        Parallel.For(
            0,
            4,
            _ =>
            {
                var last = default(EventId);
                for (var i = 0; i < 10_000; i++)
                {
                    var id = ids.Next();
                    Assert.True((id.High, id.Low).CompareTo((last.High, last.Low)) > 0);
                    made.Add(last = id);
                }
            }
        );

        Assert.Equal(40_000, made.Distinct().Count());
    }

    [Fact]
    public void EventId_Text_IsAVersion7UuidOfItsTime()
    {
        var id = new EventIds(TimeProvider.System).Next();
        var uuid = Guid.Parse(id.ToString());

        Assert.Equal(7, uuid.Version);
        Assert.InRange(uuid.Variant, 8, 11);
        var made = DateTimeOffset.FromUnixTimeMilliseconds((long)(id.High >> 16));
        Assert.InRange(made, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    private static string Encode(in TrackedEvent tracked) =>
        Encoding.UTF8.GetString(EventEncoder.Encode(tracked, Room)[Room..]);

    private static TrackedEvent Minimal() =>
        new()
        {
            Id = new EventId(0x0197_0000_0000_7000, 0x8000_0000_0000_0001),
            Node = "n1",
            ReceivedAt = new DateTimeOffset(2026, 5, 16, 19, 0, 0, TimeSpan.Zero),
            Api = "pictify",
            Type = "impression",
            Verdict = "unknown",
        };

    private static TrackedEvent WithUnfilledTag()
    {
        var tracked = Minimal();
        tracked.UnitHash = "0123456789abcdef"u8;
        tracked.UnitIgnored = "merge_tag"u8;
        tracked.Url = "/s/demo-ab/click?utm_source=news"u8;
        return tracked;
    }

    private static TrackedEvent OfASignedLink()
    {
        var tracked = Minimal();
        tracked.SentAt = new DateTimeOffset(2026, 5, 16, 9, 0, 0, TimeSpan.Zero);
        tracked.UnitHash = "0123456789abcdef"u8;
        return tracked;
    }

    private static TrackedEvent OfALateVerdict()
    {
        var tracked = OfASignedLink();
        tracked.Type = "verdict";
        tracked.Corrects = new EventId(0x0197_0000_0000_7000, 0x8000_0000_0000_0009);
        tracked.MessageHash = "fedcba9876543210"u8;
        tracked.VerdictBefore = "human";
        tracked.Verdict = "scanner";
        tracked.VerdictReason = "link_burst";
        tracked.VerdictCertainty = "probable";
        return tracked;
    }

    private static TrackedEvent OfATrace()
    {
        var e = Ingested();
        e.TraceId = "4bf92f3577b34da6a3ce929d0e0e4736"u8;
        return e;
    }

    private static TrackedEvent OfATest()
    {
        var e = Ingested();
        e.Synthetic = "smoke-1"u8;
        return e;
    }

    private static TrackedEvent OfAStableUnit()
    {
        var tracked = Minimal();
        tracked.UnitHash = "0123456789abcdef"u8;
        tracked.UnitHashStable = "fedcba9876543210"u8;
        tracked.Goals = """[{"experiment_uid":"exp_1","unit_hashes":["fedcba9876543210"]}]"""u8;
        return tracked;
    }

    private static TrackedEvent Full() =>
        new()
        {
            Id = new EventId(0x0197_0000_0000_7000, 0x8000_0000_0000_0001),
            Node = "edge-1",
            ReceivedAt = new DateTimeOffset(2026, 5, 16, 21, 0, 0, 7, TimeSpan.FromHours(2)),
            Api = "pictify",
            Project = "default",
            Type = "click",
            Event = "redirect"u8,
            Experiment = "demo-ab"u8,
            ExperimentUid = "exp_abc123"u8,
            Variant = "a"u8,
            ProbabilityBasisPoints = 3_333,
            WeightsVersion = 2,
            UnitHash = "0123456789abcdef"u8,
            UnitHashPrevious = "fedcba9876543210"u8,
            Referrer = "https://example.com/?q=\"é\""u8,
            Source = "newsletter",
            Medium = "email",
            Campaign = "Spring",
            SourceConfidence = "high",
            SourceRuleId = "utm_explicit",
            Country = "FR",
            Region = "OCC"u8,
            City = "Nîmes"u8,
            TimeZone = "Europe/Paris"u8,
            DeviceType = "mobile",
            Browser = "safari",
            BrowserVersion = "17.5",
            Os = "ios",
            OsVersion = "17.5.1",
            DeviceBrand = "Apple",
            DeviceModel = "iPhone",
            AddressHash = "0123456789abcdef0123456789abcdef"u8,
            Verdict = "proxy",
            VerdictReason = "gmail_image_proxy",
            VerdictShadow = "bot:http_tool",
            IsAuthenticated = true,
        };

    /// <summary>What only the ingestion APIs write.</summary>
    private static TrackedEvent Ingested()
    {
        var tracked = Minimal();
        tracked.SenderId = "evt_abc123"u8;
        tracked.Timestamp = new DateTimeOffset(2026, 5, 16, 20, 59, 58, 999, TimeSpan.FromHours(2));
        tracked.Api = "traffical";
        tracked.Project = "proj_marketplace";
        tracked.Environment = "production";
        tracked.Type = "track";
        tracked.Event = "purchase \"é\""u8;
        tracked.Channel = "in-app";
        tracked.UnitKey = "user_789"u8;
        tracked.AnonymousId = "u_abc"u8;
        tracked.UserId = "user_42"u8;
        tracked.SessionId = "u_abc-988310"u8;
        tracked.DecisionId = "dec_abc123"u8;
        tracked.Layers = "[ { \"layerId\" : \"l\", \"bucket\" : 7420 } ]"u8;
        tracked.Url = "https://yoursite.com/?utm_source=facebook"u8;
        tracked.Path = "/"u8;
        tracked.Referrer = "https://l.facebook.com/"u8;
        tracked.IsAuthenticated = true;
        tracked.Properties = "{\n  \"order_total\": 49.990, \"id\": 12345678901234567890\n}"u8;
        tracked.Extra = "{ \"context\" : { } }"u8;
        return tracked;
    }

    private static TrackedEvent ReachingGoals()
    {
        var tracked = Ingested();
        tracked.Goals =
            """[{"experiment_uid":"exp_abc123","unit_hashes":["6c9d1b7e0f4a2835","0123456789abcdef"]}]"""u8;
        return tracked;
    }
}
