using System.Diagnostics;
using Edge.FaultTests.Disk;
using Edge.FaultTests.Oracle;
using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// The disk fills up under traffic and is freed again: visitors go on getting their pixels and redirects, what cannot be kept is counted, and
/// the service recovers without a restart.
/// </summary>
internal static class DiskFullScenario
{
    private const int DiskMebibytes = 64;
    private const int FullMs = 300;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RecoveryDeadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(20);

    public static Rounds.Round On(string binary) => async (random, cycles) =>
    {
        using var disk = LoopDisk.CreateOrSkip(DiskMebibytes);
        var site = new Site(Path.Combine(disk.Path, "data"), binary, random);
        if (await site.StartAsync() is { } edge)
        {
            await using (edge)
            {
                for (var i = 0; i < cycles && site.IsClean; i++) await CycleAsync(site, disk, edge);
                await edge.StopAsync();
            }
        }
        return (site, await site.JudgeAsync());
    };

    private static async Task CycleAsync(Site site, LoopDisk disk, EdgeProcess edge)
    {
        site.Cycles++;
        var crowd = site.SendCrowd(edge);
        if (!await GrowsAsync(site, Promise.NotKept, Patience, disk.FillUp)) site.Add("the disk is full and events are still kept");
        await Task.Delay(FullMs);
        var ready = await edge.Client.GetAsync("/readyz");
        if ((int)ready.StatusCode != 503) site.Add($"the disk is full and /readyz answers {(int)ready.StatusCode}");

        disk.MakeRoom();
        if (!await GrowsAsync(site, Promise.Disk, RecoveryDeadline, static () => { }))
            site.Add($"events are not acknowledged again {RecoveryDeadline.TotalSeconds} s after space returned");
        await site.EndAsync(crowd);

        // Nobody was killed, so every answer came and the service has counted as the visitors have.
        if (edge.HasExited) site.Add($"the process ended: {await edge.Error}");
        else if (await site.CheckCountersAsync(edge) is { } counters && counters.Dropped != site.Ledger.Count(Promise.NotKept))
            site.Add($"{site.Ledger.Count(Promise.NotKept)} events were answered as not kept and {counters.Dropped} are counted as dropped");
        site.ShipForwardedFiles();
    }

    /// <summary>Whether another answer of this kind comes in time.</summary>
    private static async Task<bool> GrowsAsync(Site site, Promise promise, TimeSpan within, Action meanwhile)
    {
        var before = site.Ledger.Count(promise);
        var beganAt = Stopwatch.GetTimestamp();
        while (site.Ledger.Count(promise) == before)
        {
            if (Stopwatch.GetElapsedTime(beganAt) > within) return false;
            // Again and again: the sink and the removal of segments give blocks back.
            meanwhile();
            await Task.Delay(PollPause);
        }
        return true;
    }
}
