using System.Diagnostics;
using System.Net;
using Edge.FaultTests.Disk;
using Edge.FaultTests.Oracle;
using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// The disk fills up under traffic and is freed again: visitors go on getting their pixels and redirects, what cannot
/// be kept is counted, and the service recovers without a restart.
/// </summary>
internal static class DiskFullScenario
{
    private const int DiskMebibytes = 64;
    private const int FullMs = 300;
    private static readonly TimeSpan Patience = Wait.Limit;
    private static readonly TimeSpan RecoveryDeadline = Wait.Limit;
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(20);

    public static Rounds.Round On(string binary) =>
        async (random, cycles) =>
        {
            using var disk = LoopDisk.CreateOrSkip(DiskMebibytes);
            var site = new Site(Path.Combine(disk.Path, "data"), binary, random);
            if (await site.StartAsync() is { } edge)
            {
                await using (edge)
                {
                    for (var i = 0; i < cycles && site.IsClean; i++)
                    {
                        await CycleAsync(site, disk, edge);
                    }

                    await edge.StopAsync();
                }
            }
            return (site, await site.CheckAsync());
        };

    private static async Task CycleAsync(Site site, LoopDisk disk, EdgeProcess edge)
    {
        site.Cycles++;
        var crowd = site.SendCrowd(edge);
        var notKept = site.Ledger.Count(Promise.NotKept);
        var isFull = await ComesAsync(
            Patience,
            async () =>
            {
                // Again and again: the sink and the removal of segments give blocks back.
                disk.FillUp();
                return site.Ledger.Count(Promise.NotKept) > notKept
                    && await ReadyAsync(edge) == HttpStatusCode.ServiceUnavailable;
            }
        );
        if (!isFull)
        {
            site.Add("the disk is full, and still events are kept or /readyz wants more");
        }

        await Task.Delay(FullMs);

        disk.MakeRoom();
        var acknowledged = site.Ledger.Count(Promise.Disk);
        var isBack = await ComesAsync(
            RecoveryDeadline,
            async () => site.Ledger.Count(Promise.Disk) > acknowledged && await ReadyAsync(edge) == HttpStatusCode.OK
        );
        if (!isBack)
        {
            site.Add($"not ready, or nothing acknowledged, {RecoveryDeadline.TotalSeconds} s after space returned");
        }

        await site.EndAsync(crowd);

        // Nobody was killed, so every answer came and the service has counted as the visitors have.
        if (edge.HasExited)
        {
            site.Add($"the process ended: {await edge.Error}");
        }
        else if (
            await site.CheckCountersAsync(edge) is { } counters
            && counters.Dropped != site.Ledger.Count(Promise.NotKept)
        )
        {
            site.Add(
                $"{site.Ledger.Count(Promise.NotKept)} events were answered as not kept and {counters.Dropped} are counted as dropped"
            );
        }

        site.ShipForwardedFiles();
    }

    /// <summary>Whether it becomes true in time.</summary>
    private static async Task<bool> ComesAsync(TimeSpan within, Func<Task<bool>> condition)
    {
        var beganAt = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(beganAt) > within)
            {
                return false;
            }

            await Task.Delay(PollPause);
        }
        return true;
    }

    private static async Task<HttpStatusCode> ReadyAsync(EdgeProcess edge)
    {
        using var answer = await edge.Client.GetAsync("/readyz");
        return answer.StatusCode;
    }
}
