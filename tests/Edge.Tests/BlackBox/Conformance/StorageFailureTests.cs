using System.Text;
using Xunit;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>
/// A journal that takes nothing more (spec 1.7, 5.5, 7.7): every API says so in its own way, and nothing is
/// acknowledged that is not kept.
/// </summary>
public class StorageFailureTests(FullEdge full) : IClassFixture<FullEdge>
{
    [Theory]
    [InlineData(
        "1.7 traffical",
        "/v1/events",
        "traffical",
        """{"events":[{"type":"decision","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","layers":[]}]}""",
        503,
        """{"error":"Service Unavailable","message":"*"}"""
    )]
    [InlineData(
        "1.7 traffical, alias",
        "/v1/events/batch",
        "traffical",
        """{"events":[{"type":"decision","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","layers":[]}]}""",
        503,
        """{"error":"Service Unavailable","message":"*"}"""
    )]
    [InlineData("1.7 millimetric", "/v1/track", "sk", """{"event":"e"}""", 500, """{"error":"internal_error"}""")]
    [InlineData(
        "7.7 artie",
        "/v1/bulk-track",
        "artie",
        """[{"event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}]""",
        500,
        """{"error":"Internal server error. Please try again later."}"""
    )]
    [InlineData(
        "7.7 artie single",
        "/v1/track",
        "artie",
        """{"event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
        500,
        """{"error":"Internal server error. Please try again later."}"""
    )]
    [InlineData(
        "1.7 pictify",
        "/s/events",
        "",
        """{"event":"view","experiment":"demo-ab","variantId":"a"}""",
        503,
        """{"status":503,"title":"*","type":"*","...":0}"""
    )]
    public async Task Event_ThatCannotBeStored_IsRefusedInTheWayOfItsApi(
        string rule,
        string path,
        string key,
        string body,
        int status,
        string pattern
    )
    {
        await full.FillAsync();

        var answer = await full.PostAsync(path, key, body);

        Assert.True(answer.Status == status, $"{rule}: {answer}");
        Assert.Null(JsonPattern.Difference(pattern, answer.Body));
    }

    [Theory]
    [InlineData("1.7 a bad key is still a bad key", "/v1/track", "sk-wrong", """{"event":"e"}""", 401)]
    [InlineData("1.7 a bad event is still a bad event", "/v1/track", "sk", """{"event":""}""", 400)]
    [InlineData("1.7 a bad batch is still a bad batch", "/v1/events", "traffical", "{}", 400)]
    [InlineData("1.7 a bad bulk is still a bad bulk", "/v1/bulk-track", "artie", "[]", 400)]
    public async Task Refusal_ThatHasNothingToDoWithTheDisk_StaysTheSame(
        string rule,
        string path,
        string key,
        string body,
        int status
    )
    {
        await full.FillAsync();

        Assert.Equal((rule, status), (rule, (await full.PostAsync(path, key, body)).Status));
    }

    [Fact]
    public async Task PixelAndClick_ThatCannotBeStored_AreAnsweredAllTheSame()
    {
        await full.FillAsync();

        var pixel = await full.Edge.Client.GetAsync("/s/demo-ab/pixel.gif");
        var click = await full.Edge.Client.GetAsync("/s/demo-ab/click");

        Assert.Equal(
            (200, "image/gif", 302),
            ((int)pixel.StatusCode, pixel.Content.Headers.ContentType?.ToString(), (int)click.StatusCode)
        );
    }

    [Fact]
    public async Task Ledger_AfterRefusals_IsBalanced()
    {
        await full.FillAsync();
        var stored = (await full.LedgerAsync()).GetProperty("stored").GetInt64();
        await full.PostAsync("/v1/track", "sk", """{"event":"e"}""");

        var ledger = await full.LedgerAsync();

        Assert.True(ledger.GetProperty("dropped_total").GetInt64() > 0);
        Assert.Equal(0, ledger.GetProperty("unaccounted").GetInt64());
        Assert.Equal(stored, ledger.GetProperty("stored").GetInt64());
    }
}

/// <summary>A binary whose journal is as small as it may be and is kept from being emptied.</summary>
public sealed class FullEdge : ConformanceEdge
{
    private const int Attempts = 200;

    private protected override (string Name, string Value)[] Settings =>
        [
            .. base.Settings,
            ("EDGE__JOURNAL__MAXBYTES", "8388608"),
            ("EDGE__JOURNAL__PAGEBYTES", "1048576"),
            ("EDGE__JOURNAL__MEMORYBYTES", "4194304"),
            ("EDGE__JOURNAL__SEGMENTBYTES", "4194304"),
            ("EDGE__JOURNAL__FREERESERVEBYTES", "0"),
            ("EDGE__SINKS__FILE__ENABLED", "false"),
        ];

    /// <summary>Sends until the journal takes no more; at once when it already is full.</summary>
    internal async Task FillAsync()
    {
        var large =
            $$"""[{"event":"fill","properties":{"a":"{{new string('x', 400 * 1024)}}"},"timestamp":"2025-10-29T22:00:00Z"}]""";
        for (var i = 0; i < Attempts; i++)
        {
            if (
                (await PostAsync("/v1/bulk-track", "artie", large)).Status == 500
                && (await PostAsync("/v1/track", "sk-other", """{"event":"probe"}""")).Status == 500
            )
            {
                return;
            }
        }
        Assert.Fail($"the journal took {Attempts} events of {Encoding.UTF8.GetByteCount(large)} bytes");
    }
}
