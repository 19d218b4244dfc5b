using System.Globalization;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Budgets;

/// <summary>Bytes: of the program, of what it keeps for a visit, and of the memory in which it waits for one.</summary>
public class SizeTests(ITestOutputHelper output)
{
    /// <summary>Measured with late verdicts, receipts and unique visitors, and 1 % more.</summary>
    private const long BinaryBytesMax = 26_800_000;

    /// <summary>A tenth more than was measured. The readiness that a test waits for is a request of its own.</summary>
    private const int ResidentKibibytesMax = 37 << 10;

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
    public async Task Service_ThatWaits_HoldsNoMoreThanItsBudget()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path);

        // What starting needed is given back once the service is ready.
        var kibibytes = await Wait.ForAsync(
            () => Task.FromResult(ResidentKibibytes(edge.Pid)),
            resident => resident <= ResidentKibibytesMax
        );

        output.WriteLine($"{kibibytes} KiB");
        Assert.InRange(kibibytes, 1_000, ResidentKibibytesMax);
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

    private static int ResidentKibibytes(int process)
    {
        const string Field = "VmRSS:";
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(Field, StringComparison.Ordinal));
        return int.Parse(line.AsSpan(Field.Length, line.IndexOf("kB", StringComparison.Ordinal) - Field.Length), CultureInfo.InvariantCulture);
    }
}
