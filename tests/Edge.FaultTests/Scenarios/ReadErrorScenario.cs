using System.Globalization;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// A backlog that no longer fits into memory is forwarded from the disk, and now and then the disk fails a read. It works when asked again,
/// so every event must arrive.
/// </summary>
internal static class ReadErrorScenario
{
    private const int FirstErrorMax = 40;
    private const int ErrorEvery = 3;
    private const int Errors = 30;
    private static readonly TimeSpan Traffic = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan ForwardingTime = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(Site site, int cycles)
    {
        for (var i = 0; i < cycles && site.IsClean; i++)
        {
            site.Cycles++;
            if (await site.StartAsync(("EDGE__SINKS__FILE__ENABLED", "false")) is not { } edge) return;
            await using (edge)
            {
                await site.VisitAsync(edge, Traffic);
                await edge.KillAsync();
            }

            // A refused start is right when it is the recovery that cannot read.
            await using var forwarding = site.Launch(("EDGE_FAULT_PLAN", Plan(site.Random.Next(1, FirstErrorMax))));
            if (!await forwarding.IsReadyWithinAsync(ReadyWithin)) continue;
            await Task.Delay(ForwardingTime);
        }
    }

    private static string Plan(int first) => string.Join(',', Enumerable.Range(0, Errors)
        .Select(i => string.Create(CultureInfo.InvariantCulture, $"read@segment:{first + (i * ErrorEvery)}:EIO")));
}
