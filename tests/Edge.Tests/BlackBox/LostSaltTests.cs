using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>A salt that is gone from beside the events that were hashed with it.</summary>
public class LostSaltTests
{
    private const string Replaced = "\"eventId\":412";
    private const string Means = "signed links that were made before do not hold";

    [Fact]
    public async Task Salt_GoneBesideEvents_IsSaidByCheckLinkAndStart()
    {
        using var data = new TempDirectory();
        await using (var first = await EdgeProcess.StartAsync(data.Path))
        {
            using var pixel = await first.Client.GetAsync("/s/demo-ab/pixel.gif");
            await first.UntilForwardedAsync();
            Assert.Equal(0, await first.StopAsync());
            Assert.DoesNotContain(Replaced, await first.Error, StringComparison.Ordinal);
        }

        string[] link = ["link", "demo-ab", "--data-dir", data.Path];
        Assert.Equal("", (await EdgeProcess.RunAsync(link, input: "reader\n")).Error);
        File.Delete(data["keys", "address-salt"]);
        var check = await EdgeProcess.RunAsync(["check", "--data-dir", data.Path]);
        await using (var second = await EdgeProcess.StartAsync(data.Path))
        {
            Assert.Equal(0, await second.StopAsync());
            Assert.Contains(Replaced, await second.Error, StringComparison.Ordinal);
        }

        File.Delete(data["keys", "address-salt"]);
        var linked = await EdgeProcess.RunAsync(link, input: "reader\n");

        Assert.Equal((0, 0), (check.ExitCode, linked.ExitCode));
        Assert.Contains($"warning: {data["keys", "address-salt"]}: is gone", check.Output, StringComparison.Ordinal);
        Assert.Contains(Means, check.Output, StringComparison.Ordinal);
        Assert.Contains(Means, linked.Error, StringComparison.Ordinal);
    }
}
