using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>
/// Which variant an event of <c>/s/events</c> is put down to, and what it adds to the figures (spec 4.3, 3.6, 8.1).
/// </summary>
public class PictifyResolutionTests(PictifyEdge edge) : IClassFixture<PictifyEdge>
{
    private const string Desktop =
        "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    private const string Phone =
        "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1";
    private const string Crawler =
        "User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    private const string Origin = "Origin: https://shop.example";

    [Theory]
    [InlineData("4.3 a browser, by its Origin", "", Origin)]
    [InlineData("4.3 the SDK, by its source", ""","source":"sdk" """, "Accept: */*")]
    public async Task Variant_OfAVisitorWhoNamesNone_IsThePixelsAndResolves(string rule, string more, string header)
    {
        var seen = new HashSet<string>();
        for (var visitor = 1; visitor <= 12; visitor++)
        {
            string[] headers = [Desktop, header, $"X-Forwarded-For: 198.18.0.{visitor}"];
            var word = $"resolution{more.Length}v{visitor}x";

            var resolved = await edge.SendAsync("GET", "/s/running/resolve", "", [], "", headers);
            var sent = await edge.PostAsync(
                "/s/events",
                "",
                $$"""{"event":"view","experiment":"running","metadata":{"w":"{{word}}"}{{more}}}""",
                headers
            );

            Assert.True(sent.Status == 200, $"{rule}: {sent}");
            var expected = JsonNode.Parse(resolved.Body)!["variantId"]!.GetValue<string>();
            var stored = JsonNode.Parse(await edge.ForwardedAsync(word))!;
            Assert.Equal((rule, expected), (rule, stored["variant"]?.GetValue<string>()));
            seen.Add(expected);
        }
        Assert.Equal(["a", "b"], seen.Order());
    }

    [Theory]
    [InlineData("3.4 a desktop follows the default", "smart", Desktop, Origin, "desk")]
    [InlineData("3.4 a phone follows its rule", "smart", Phone, Origin, "phone")]
    [InlineData("4.3 a smart link without an Origin is a server's", "smart", Phone, "Accept: */*", null)]
    [InlineData("4.3 a schedule resolves for everybody", "scheduled", Desktop, "Accept: */*", "now")]
    [InlineData("4.3 a schedule resolves for browsers", "scheduled", Desktop, Origin, "now")]
    public async Task Variant_ByTheKindOfExperiment_IsResolved(
        string rule,
        string slug,
        string agent,
        string header,
        string? expected
    )
    {
        var word = "kind" + string.Concat(rule.Where(char.IsAsciiLetter));

        var answer = await edge.PostAsync(
            "/s/events",
            "",
            $$"""{"event":"click","experiment":"{{slug}}","metadata":{"w":"{{word}}"} }""",
            agent,
            header
        );

        Assert.True(answer.Status == 200, $"{rule}: {answer}");
        Assert.Equal(
            (rule, expected),
            (rule, JsonNode.Parse(await edge.ForwardedAsync(word))!["variant"]?.GetValue<string>())
        );
    }

    [Fact]
    public async Task Figures_OfAnExperiment_CountImpressionsAndClicksOfPeople()
    {
        var uid = await edge.CreateExperimentAsync(
            """
            {"name":"Counted","slug":"counted","type":"ab_test","variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],
             "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/"}}
            """
        );
        await SendAsync(7, "impression", "a", Desktop);
        await SendAsync(3, "click", "a", Desktop);
        await SendAsync(2, "impression", "b", Desktop);
        await SendAsync(4, "view", "b", Desktop);
        await SendAsync(5, "conversion", "b", Desktop);
        await SendAsync(6, "impression", "b", Crawler);
        await SendAsync(9, "impression", null, Desktop);
        await SendAsync(1, "click", "b", Desktop);

        JsonNode? a = null,
            b = null;
        await Wait.ForAsync(
            async () =>
            {
                var experiment = JsonNode.Parse(
                    (await edge.SendAsync("GET", $"/experiments/api/{uid}", "pictify", [], "")).Body
                )!["experiment"]!;
                (a, b) = (experiment["variants"]![0]!, experiment["variants"]![1]!);
                return experiment;
            },
            _ => b?["clicks"]?.GetValue<long>() == 1
        );

        Assert.Equal((7, 3), (a!["impressions"]!.GetValue<long>(), a["clicks"]!.GetValue<long>()));
        Assert.Equal((2, 1), (b!["impressions"]!.GetValue<long>(), b["clicks"]!.GetValue<long>()));

        async Task SendAsync(int count, string kind, string? variant, string agent)
        {
            var one =
                $$"""{"event":"{{kind}}","experiment":"counted"{{(variant is null ? "" : $",\"variantId\":\"{variant}\"")}}}""";
            var answer = await edge.PostAsync(
                "/s/events",
                "",
                $"[{string.Join(',', Enumerable.Repeat(one, count))}]",
                agent
            );
            Assert.Equal(count, JsonDocument.Parse(answer.Body).RootElement.GetProperty("processed").GetInt32());
        }
    }
}
