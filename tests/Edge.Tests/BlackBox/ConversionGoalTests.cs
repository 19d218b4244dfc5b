using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>An experiment whose goal is a conversion of its pages.</summary>
public class ConversionGoalTests(GoalTests.GoalEdge edge) : GoalTests(edge)
{
    [Fact]
    public async Task Conversion_OfAPage_SucceedsForTheUnitThatViewed()
    {
        var (uid, slug) = await StartAsync("""{"type":"conversion"}""");
        for (var i = 0; i < 10; i++)
        {
            await ReportAsync("view", slug, $"?u=reader-{i}");
        }

        await ReportAsync("view", slug, "?u=reader-1");
        await ReportAsync("conversion", slug, "?u=reader-1");
        await ReportAsync("conversion", slug, "?u=reader-2");
        await ReportAsync("conversion", slug, "?u=reader-2");
        await ReportAsync("conversion", slug, "?u=stranger");
        await VisitAsync($"/s/{slug}/click?u=reader-3");
        // A server with a key, whatever its user agent is.
        await SendAsync(
            "/s/events?u=reader-4",
            $$"""{"event":"conversion","experiment":"{{slug}}"}""",
            Edge.Key,
            agent: "curl/8.5.0"
        );

        Assert.Equal((10, 3), await TrialsAsync(uid, 10));
    }
}
