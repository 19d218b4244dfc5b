using System.Net;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Pixel and click of experiments in every state, and the listener's other protocol, with the native binary (spec 4.1,
/// 4.2).
/// </summary>
public class ExperimentStateTests(ExperimentStateTests.States served) : IClassFixture<ExperimentStateTests.States>
{
    [Theory]
    [InlineData("running", HttpStatusCode.Found, true)]
    [InlineData("paused", HttpStatusCode.Found, false)]
    [InlineData("completed", HttpStatusCode.Found, false)]
    [InlineData("draft", HttpStatusCode.NotFound, false)]
    [InlineData("archived", HttpStatusCode.NotFound, false)]
    [InlineData("no-destination", HttpStatusCode.NotFound, false)]
    public async Task Click_InEachState_AnswersAndCountsAsSpecified(string slug, HttpStatusCode status, bool isCounted)
    {
        using var answer = await served.Edge.Client.GetAsync($"/s/state-{slug}/click");

        Assert.Equal(status, answer.StatusCode);
        if (status == HttpStatusCode.Found)
        {
            Assert.Equal("https://xn--mnchen-3ya.example/a%20b?x=%C3%A9", answer.Headers.Location?.OriginalString);
        }
        else
        {
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.ToString());
        }

        await AssertCountedAsync($"state-{slug}", "click", isCounted);
    }

    [Theory]
    [InlineData("running", true)]
    [InlineData("paused", false)]
    [InlineData("completed", false)]
    [InlineData("draft", false)]
    [InlineData("archived", false)]
    [InlineData("no-destination", true)]
    public async Task Pixel_InEachState_AnswersAndCountsAsSpecified(string slug, bool isCounted)
    {
        using var answer = await served.Edge.Client.GetAsync($"/s/state-{slug}/pixel.gif");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(43, (await answer.Content.ReadAsByteArrayAsync()).Length);
        await AssertCountedAsync($"state-{slug}", "impression", isCounted);
    }

    [Fact]
    public async Task Http2_WithPriorKnowledge_ServesWhenConfigured()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            environment: [("EDGE__HTTP__PROTOCOL", "http2")],
            version: HttpVersion.Version20
        );

        using var answer = await edge.Client.GetAsync("/s/demo-ab/pixel.gif");

        Assert.Equal(HttpVersion.Version20, answer.Version);
        Assert.Equal(43, (await answer.Content.ReadAsByteArrayAsync()).Length);
        await edge.StopAsync();
        Assert.Single(Forwarded.Lines(data.Path));
    }

    /// <summary>What was not counted is only known once something sent afterwards has arrived.</summary>
    private async Task AssertCountedAsync(string slug, string type, bool isCounted)
    {
        var marker = Guid.NewGuid().ToString("N");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/s/state-running/pixel.gif");
        request.Headers.TryAddWithoutValidation("Referer", $"https://{marker}.example/");
        using var answer = await served.Edge.Client.SendAsync(request);
        await Forwarded.WaitForAsync(served.DataDir, e => e.Text("referrer") == $"https://{marker}.example/");

        var isFound = Forwarded
            .Lines(served.DataDir)
            .Any(line =>
                line.Contains($"\"experiment\":\"{slug}\"", StringComparison.Ordinal)
                && line.Contains($"\"type\":\"{type}\"", StringComparison.Ordinal)
            );
        Assert.Equal(isCounted, isFound);
    }

    /// <summary>A service whose experiments stand in every state, written by hand as an operator would.</summary>
    public sealed class States : IAsyncLifetime
    {
        private readonly TempDirectory _data = new();

        internal EdgeProcess Edge { get; private set; } = null!;

        internal string DataDir => _data.Path;

        public async ValueTask InitializeAsync()
        {
            Directory.CreateDirectory(_data["experiments"]);
            const string Goal = """{"type":"click_through","destinationUrl":"https://münchen.example/a b?x=é"}""";
            foreach (var status in new[] { "running", "paused", "completed", "draft", "archived" })
            {
                Write(status, status, Goal);
            }

            Write("no-destination", "running", """{"type":"impressions_only"}""");
            Edge = await EdgeProcess.StartAsync(_data.Path, []);
        }

        public async ValueTask DisposeAsync()
        {
            await Edge.DisposeAsync();
            _data.Dispose();
        }

        private void Write(string slug, string status, string goal)
        {
            var winner =
                status == "completed" ? ""","winnerVariantId":"a","winnerDeclaredAt":"2026-05-16T00:00:00Z" """ : "";
            File.WriteAllText(
                _data["experiments", $"{slug}.json"],
                $$"""
                {"uid":"exp_state_{{slug.Replace(
                    '-',
                    '_'
                )}}","slug":"state-{{slug}}","type":"ab_test","name":"{{slug}}","status":"{{status}}",
                 "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],"goalConfig":{{goal}}{{winner}}}
                """
            );
        }
    }
}
