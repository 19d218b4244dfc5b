using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>A byte of the journal that is not what was written, in events that a sink has not taken yet.</summary>
public class DamagedJournalTests
{
    private const int Events = 5;
    private const string PageDamaged = "\"eventId\":304";

    [Fact]
    public async Task Journal_WithADamagedByteInWhatIsPending_IsSaidInTheLogOnceAndByStatus()
    {
        using var data = new TempDirectory();
        Assert.Equal(0, (await EdgeProcess.RunAsync(["sink", "pause", "file", "--data-dir", data.Path])).ExitCode);
        await using (var first = await EdgeProcess.StartAsync(data.Path))
        {
            for (var i = 0; i < Events; i++)
            {
                using var pixel = await first.Client.GetAsync("/s/demo-ab/pixel.gif");
            }

            await UntilPendingAsync(first, Events);
            Assert.Equal(0, await first.StopAsync());
        }

        Damage(data["journal", "segment-0000000000"]);
        Assert.Equal(0, (await EdgeProcess.RunAsync(["sink", "resume", "file", "--data-dir", data.Path])).ExitCode);
        await using var second = await EdgeProcess.StartAsync(data.Path);
        await UntilPendingAsync(second, 0);
        var status = await EdgeProcess.RunAsync(
            ["sink", "status", "--data-dir", data.Path],
            [("EDGE__URLS", second.Address.GetLeftPart(UriPartial.Authority))]
        );
        Assert.Equal(0, await second.StopAsync());

        Assert.Contains("has all but 1 ", status.Output, StringComparison.Ordinal);
        Assert.Equal(2, (await second.Error).Split(PageDamaged).Length);
        Assert.Contains(data["journal", "quarantine"], await second.Error, StringComparison.Ordinal);
    }

    private static Task<string> UntilPendingAsync(EdgeProcess edge, int events) =>
        Wait.ForAsync(
            () => edge.Client.GetStringAsync("/metrics"),
            page => page.Contains($"edge_sink_pending{{sink=\"file\"}} {events}\n", StringComparison.Ordinal)
        );

    /// <summary>Changes one letter in the second event.</summary>
    private static void Damage(string segment)
    {
        var bytes = File.ReadAllBytes(segment);
        var first = bytes.AsSpan().IndexOf("{\"v\":"u8);
        var second = first + 1 + bytes.AsSpan(first + 1).IndexOf("{\"v\":"u8);
        bytes[second + 20] ^= 1;
        File.WriteAllBytes(segment, bytes);
    }
}
