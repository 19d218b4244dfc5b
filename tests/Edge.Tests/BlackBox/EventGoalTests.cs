using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>An experiment whose goal is a named event of any API.</summary>
public class EventGoalTests(GoalTests.GoalEdge edge) : GoalTests(edge)
{
    [Fact]
    public async Task Event_OfAnyApi_SucceedsForTheUnitOfItsSender()
    {
        var (uid, slug) = await StartAsync("""{"type":"event","event":"signup"}""");
        var secret = Edge.Secret;
        for (var i = 1; i <= 4; i++)
        {
            await VisitAsync($"/s/{slug}/pixel.gif?u=reader-{i}");
        }

        await ReportAsync("view", slug, ""); // a page without u: address and browser

        await TrackAsync(secret, """{"event":"signup","user_id":"reader-1"}""");
        await TrackAsync(secret, """{"event":"login","user_id":"reader-2"}""");
        await TrackAsync(secret, """{"event":"signup","anonymous_id":"page"}""", Page);
        await SendAsync(
            "/v1/events",
            """{"events":[{"type":"track","event":"signup","unitKey":"reader-3","orgId":"o","projectId":"default","env":"e","timestamp":"2026-05-16T00:00:00Z"}]}""",
            Edge.Traffical
        );
        // Artie's events name nobody; the address may.
        await SendAsync(
            "/v1/bulk-track?u=reader-4",
            """[{"event":"signup","timestamp":"2026-05-16T00:00:00Z","properties":{}}]""",
            Edge.Artie
        );

        var tracked = await Forwarded.WaitForAsync(
            Edge.DataDir,
            e => e.Text("event") == "signup" && e.Text("user_id") == "reader-1" && e.Text("goals").Contains(uid, StringComparison.Ordinal)
        );
        Assert.Equal(1, tracked.GetProperty("goals").GetArrayLength());
        var (trials, successes) = await TrialsAsync(uid, 5);
        Assert.Equal((5, 4), (trials, successes));
    }
}
