using Edge.FaultTests.Disk;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// The power fails under traffic: everything that was not synced to the disk is gone, names of files included.
/// </summary>
internal static class PowerCutScenario
{
    private const int DiskMebibytes = 192;
    private const int TrafficMaxMs = 400;
    private const int BootCutPercent = 15;
    private const int BootMaxMs = 80;
    private const int LastWordsMaxMs = 100;

    /// <summary>A round on a disk of its own.</summary>
    public static Rounds.Round On(string binary, params (string Name, string Value)[] settings) =>
        async (random, cycles) =>
        {
            using var disk = LoopDisk.CreateOrSkip(DiskMebibytes);
            var site = new Site(Path.Combine(disk.Path, "data"), binary, random, settings);
            for (var i = 0; i < cycles && site.IsClean; i++)
            {
                await CycleAsync(site, disk);
            }

            return (site, await site.CheckAsync());
        };

    private static async Task CycleAsync(Site site, LoopDisk disk)
    {
        site.Cycles++;
        if (site.Random.Next(100) < BootCutPercent)
        {
            await using (site.Launch())
            {
                await Task.Delay(site.Random.Next(BootMaxMs));
            }
        }
        else if (await site.StartAsync() is { } edge)
        {
            await using (edge)
            {
                var crowd = site.SendCrowd(edge);
                await Task.Delay(site.Random.Next(TrafficMaxMs));
                // Either the process dies with the disk, or it lives a moment longer and sees every access fail; it
                // must not promise anything then.
                if (site.Random.Next(2) == 0)
                {
                    await edge.KillAsync();
                }
                else
                {
                    disk.CutPower();
                    await Task.Delay(site.Random.Next(LastWordsMaxMs));
                    await edge.KillAsync();
                }
                await site.EndAsync(crowd);
            }
        }
        disk.CutPower();
        disk.PowerOn();
    }
}
