using System.Globalization;
using Xunit;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>Rate limits (spec 1.9): what is counted by whom, and how the one too many is answered.</summary>
public class RateLimitTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    private const string View = """{"event":"view","experiment":"demo-ab","variantId":"a"}""";
    private const int EventsPerMinute = 1_000;
    private const int TrackBurst = 200;

    [Fact]
    public async Task Track_BeyondItsBurst_IsRefusedWithTheTimeToWait()
    {
        // More than the burst and what flows back meanwhile, however slow this machine is.
        var answers = await RefusedAmongAsync(
            TrackBurst * 4,
            i => edge.PostAsync("/v1/track", "sk", """{"event":"e"}""")
        );

        var refused = answers.First(answer => answer.Status == 429);
        Assert.True(answers.Count(answer => answer.Status == 202) >= TrackBurst);
        var seconds = int.Parse(refused.Header("Retry-After"), CultureInfo.InvariantCulture);
        Assert.True(seconds >= 1);
        Assert.Equal($$"""{"error":"rate_limited","retry_after_s":{{seconds}}}""", refused.Body);
        Assert.All(answers, answer => Assert.True(answer.Status is 202 or 429, answer.ToString()));
        // Keys of another project and the other APIs are not affected; a key of the same project is; a bad key is still
        // a bad key.
        Assert.Equal(202, (await edge.PostAsync("/v1/track", "sk-other", """{"event":"e"}""")).Status);
        Assert.Equal(401, (await edge.PostAsync("/v1/track", "sk-wrong", """{"event":"e"}""")).Status);
        Assert.Equal(403, (await edge.PostAsync("/v1/track", "rk", """{"event":"e"}""")).Status);
    }

    [Fact]
    public async Task Track_OverTheLimit_IsRefusedBeforeItsBody()
    {
        var answers = await RefusedAmongAsync(TrackBurst * 4, i => edge.PostAsync("/v1/track", "sk-third", "{"));

        Assert.All(answers, answer => Assert.True(answer.Status is 400 or 429, answer.ToString()));
        Assert.Contains(answers, answer => answer.Status == 429);
    }

    [Theory]
    [InlineData("an IPv4 address", "198.18.1.1", "198.18.1.1", "198.18.1.2")]
    [InlineData("an IPv6 network of 64 bits", "2001:db8:1:1::1", "2001:db8:1:1:ffff::2", "2001:db8:1:2::1")]
    [InlineData("an IPv4 address mapped into IPv6", "::ffff:198.18.1.3", "198.18.1.3", "198.18.1.4")]
    public async Task Events_BeyondTheLimitOfAnAddress_AreRefused(string rule, string first, string same, string other)
    {
        var answers = await RefusedAmongAsync(
            EventsPerMinute * 2 + 50,
            i => edge.PostAsync("/s/events", "", View, $"X-Forwarded-For: {(i % 2 == 0 ? first : same)}")
        );

        var refused = answers.FirstOrDefault(answer => answer.Status == 429);
        Assert.True(refused is not null, rule);
        Assert.True(answers.Count(answer => answer.Status == 200) >= EventsPerMinute, rule);
        Assert.Null(JsonPattern.Difference(Envelope.Problem("rate-limit-exceeded", 429), refused.Body));
        Assert.Equal("application/problem+json", refused.Header("Content-Type"));
        Assert.InRange(int.Parse(refused.Header("Retry-After"), CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal(200, (await edge.PostAsync("/s/events", "", View, $"X-Forwarded-For: {other}")).Status);
        // Pixel and click never are, from whatever address.
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal(
                200,
                (await edge.SendAsync("GET", "/s/demo-ab/pixel.gif", "", [], "", $"X-Forwarded-For: {same}")).Status
            );
            Assert.Equal(
                302,
                (await edge.SendAsync("GET", "/s/demo-ab/click", "", [], "", $"X-Forwarded-For: {same}")).Status
            );
        }
    }

    [Theory]
    [InlineData(
        "7.6 artie",
        "/v1/bulk-track",
        "artie",
        """[{"event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}]"""
    )]
    [InlineData(
        "1.9 traffical",
        "/v1/events",
        "traffical",
        """{"events":[{"type":"decision","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","layers":[]}]}"""
    )]
    public async Task OtherApis_ByDefault_HaveNoLimit(string rule, string path, string key, string body)
    {
        var answers = await RefusedAmongAsync(1_500, _ => edge.PostAsync(path, key, body));

        Assert.All(answers, answer => Assert.Equal((rule, 200), (rule, answer.Status)));
    }

    /// <summary>All answers of so many requests, 16 at a time; fewer as soon as twenty were refused.</summary>
    private static async Task<List<Answer>> RefusedAmongAsync(int count, Func<int, Task<Answer>> send)
    {
        var answers = new List<Answer>();
        for (var sent = 0; sent < count && answers.Count(answer => answer.Status == 429) < 20; sent += 16)
        {
            answers.AddRange(await Task.WhenAll(Enumerable.Range(sent, 16).Select(send)));
        }

        return answers;
    }
}
