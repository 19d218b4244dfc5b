using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// The disk refuses to make a forwarded file durable, once. The kernel may have dropped the pages it could not write
/// and says so only this one time, so the sink may not ask again: it begins a new file at its durable cursor. The
/// service goes on, and everything arrives.
/// </summary>
internal static class FailedSyncScenario
{
    private const int SyncsBeforeMax = 4;
    private static readonly TimeSpan VisitTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReadyWithin = Wait.Limit;

    public static async Task RunAsync(Site site, int cycles)
    {
        for (var i = 0; i < cycles && site.IsClean; i++)
        {
            site.Cycles++;
            await using var edge = site.Launch(
                ("EDGE_FAULT_PLAN", $"fdatasync@events-:{1 + site.Random.Next(SyncsBeforeMax)}:EIO")
            );
            if (!await edge.IsReadyWithinAsync(ReadyWithin))
            {
                site.Add("not ready, though only a forwarded file fails");
                return;
            }
            await site.VisitAsync(edge, VisitTime);
            var metrics = await edge.Client.GetStringAsync("/metrics");
            if (!HasFailed(metrics))
            {
                site.Add("the failed fdatasync of the forwarded file is not counted as an error of the sink");
            }

            if (await edge.StopAsync() != 0)
            {
                site.Add($"did not survive a forwarded file that cannot be synced: {(await edge.Error).Trim()}");
            }
        }
    }

    private static bool HasFailed(string metrics) =>
        metrics
            .Split('\n')
            .Any(line =>
                line.StartsWith("edge_sink_errors_total{sink=\"file\"}", StringComparison.Ordinal)
                && !line.EndsWith(" 0", StringComparison.Ordinal)
            );
}
