using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>The page while its server is away, and when it is back.</summary>
public sealed class PageAwayTests
{
    [Theory]
    [InlineData("#/health", "As of ")]
    [InlineData("#/", "Edge does not answer")]
    public async Task Page_WhoseServerComesBack_SaysSoAndGoesOnByItself(string place, string away)
    {
        using var data = new TempDirectory();
        var (_, key, _) = await EdgeProcess.RunAsync(["keys", "create", "--kind", "pictify", "--data-dir", data.Path]);
        var address = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}");
        await using var chromium = new Chromium();
        await chromium.InitializeAsync();
        var edge = await EdgeProcess.StartAsync(data.Path, [], [], address: address);
        await using var view = await View.OpenAsync(chromium, address, "ui/");
        await view.SignInAsync(key.Trim());
        await view.GoAsync("#/health");
        await view.SeeAsync("It adds up");

        await edge.StopAsync();
        await edge.DisposeAsync();
        await view.GoAsync(place);
        await view.SeeAsync(away);
        await using var again = await EdgeProcess.StartAsync(data.Path, [], [], address: address);

        // Sessions live as long as the process.
        await view.SeeAsync("The session has ended. Sign in again to go on.");
        await view.SignInAsync(key.Trim());
        await view.MissAsync(away);
    }
}
