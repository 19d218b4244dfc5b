using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Budgets;

/// <summary>Bytes on the disk: of the program, and of what it keeps for a visit.</summary>
public class SizeTests(ITestOutputHelper output)
{
    private const long BinaryBytesMax = 26_000_000;

    /// <summary>A tenth more than was measured, 676 with envelope and the engine's header.</summary>
    private const long PixelBytesMax = 745;

    [Fact]
    public void Binary_AsPublished_IsNoLargerThanItsBudget()
    {
        var bytes = new FileInfo(EdgeBinary.Path).Length;

        output.WriteLine($"{bytes} bytes");
        Assert.InRange(bytes, 1_000_000, BinaryBytesMax);
    }

    [Fact]
    public async Task Pixel_InTheJournal_IsNoLargerThanItsBudget()
    {
        const int Pixels = 1_000;
        await using var site = new LaneSite();
        site.Answer(LaneSite.Request("GET /s/demo-ab/pixel.gif?n=1"));
        var before = site.Journal.Journal.Status.TailAddress;

        for (var i = 0; i < Pixels; i++)
        {
            site.Answer(LaneSite.Request($"GET /s/demo-ab/pixel.gif?n={i}"));
        }

        var each = (site.Journal.Journal.Status.TailAddress - before) / Pixels;
        output.WriteLine($"{each} bytes for an event");
        Assert.InRange(each, 100, PixelBytesMax);
    }
}
