using Edge.Tests.BlackBox.Fleets;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>The list of experiments begins with what somebody should look at.</summary>
public sealed class PageAlertsTests
{
    private const string Alert = "[aria-label='To look at'] a";

    [Fact]
    public async Task Alert_OnTheList_LeadsToItsExperiment()
    {
        using var data = new TempDirectory();
        Directory.CreateDirectory(data["experiments"]);
        await File.WriteAllTextAsync(
            data["experiments/forgotten.json"],
            """
            {"uid": "exp_forgotten1", "slug": "forgotten", "type": "ab_test", "name": "Forgotten banner", "status": "running",
             "runningSince": "2026-01-01T00:00:00.000Z", "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
             "variants": [{"id": "a", "weight": 5000}, {"id": "b", "weight": 5000}]}
            """
        );
        var (_, output, _) = await EdgeProcess.RunAsync(["keys", "create", "--kind", "pictify", "--data-dir", data.Path]);
        var key = output.Trim();
        await using var edge = await EdgeProcess.StartAsync(data.Path);
        await Wait.ForAsync(
            () => TestFleet.AskAsync(edge, "GET", "/experiments/api/alerts", key: key),
            static answer => answer.Json.GetProperty("alerts").GetArrayLength() == 1
        );
        await using var chromium = new Chromium();
        await chromium.InitializeAsync();

        await using var view = await View.OpenAsync(chromium, edge.Address, "ui/");
        await view.SignInAsync(key);
        var text = await view.ReadAsync(Alert);
        await view.ExpectSoundAsync("alerts");
        await view.ReadAsync(Alert, "found.click()");

        Assert.StartsWith("Forgotten ", text, StringComparison.Ordinal);
        await view.SeeAsync("Running for");
        Assert.Equal("#/experiments/forgotten", await view.Page.RunAsync("location.hash"));
    }
}
