using Edge.Tests.BlackBox.Fleets;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>The page of an origin shows the edges that follow it.</summary>
public sealed class PageFleetTests
{
    private const string NewestEdition = "main .card:has([aria-label='Fleet test-fleet']) .small.soft";
    private const string EditionOfAnEdge = "[aria-label='Fleet test-fleet'] tbody tr:first-child td:nth-child(3)";

    [Fact]
    public async Task Fleet_OnTheOriginsHealthView_ShowsEachEdgeItsEditionAndWhatIsWrong()
    {
        await using var chromium = new Chromium();
        await chromium.InitializeAsync();
        await using var fleet = await TestFleet.StartAsync();
        await using var view = await View.OpenAsync(chromium, fleet.OriginAddress, "ui/");
        await view.SignInAsync(fleet.Key);
        await view.GoAsync("#/health");
        await view.SeeAsync("No edge has asked for the catalog yet.");

        await fleet.StartEdgeAsync("edge-a");
        await fleet.StartEdgeAsync("edge-b", ("EDGE__PRIVACY__ADDRESSSALT", "c6d1f04a9be2473581f60b7dde39a82e"));
        await view.SeeAsync("edge-a");
        await view.SeeAsync("edge-b");
        await view.SeeAsync("It hashes visitors with another salt than the origin.");
        await view.SeeAsync("connected");

        var edition = await view.ReadAsync(NewestEdition);
        await fleet.StartExperimentAsync("spring");
        await view.MissAsync(edition);
        await view.SeeAsync(EditionOfAnEdge, "newest");
        await view.ExpectSoundAsync("fleet");
        await view.ShowAsAsync(Look.Phone);
        await view.ExpectSoundAsync("fleet on a phone");
    }
}
