using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// The process ends in the middle of writing a commit slot: half of the new slot stands beside half of the old one.
/// Before that the journal has removed segments, so that a slot from its youth is no way back.
/// </summary>
internal static class TornSlotScenario
{
    private const int PassageMax = 30;

    /// <summary>128 and SIGKILL.</summary>
    private const int KilledExitCode = 137;
    private static readonly TimeSpan Patience = Wait.Limit;
    private static readonly TimeSpan TornWithin = TimeSpan.FromSeconds(3);

    public static async Task RunAsync(Site site, int cycles)
    {
        if (!await AgeAsync(site))
        {
            return;
        }

        for (var i = 0; i < cycles && site.IsClean; i++)
        {
            site.Cycles++;
            var passage = site.Random.Next(3, PassageMax);
            var plan = $"write@commit:{passage}:short,write@commit:{passage + 1}:kill";
            await using var edge = site.Launch(("EDGE_FAULT_PLAN", plan));
            // With events pending it may come to that write before anybody has seen it ready.
            if (!await edge.IsReadyWithinAsync(Patience))
            {
                var exitCode = await edge.ExitCodeWithinAsync(TornWithin);
                if (exitCode != KilledExitCode)
                {
                    site.Add(
                        $"not ready, and not killed as planned but ended with {exitCode?.ToString() ?? "nothing"}"
                    );
                }

                continue;
            }
            await site.CheckCountersAsync(edge);
            var crowd = site.SendCrowd(edge);
            await edge.ExitCodeWithinAsync(TornWithin);
            await edge.KillAsync();
            await site.EndAsync(crowd);
        }
    }

    /// <summary>Traffic until the first segment is gone.</summary>
    private static async Task<bool> AgeAsync(Site site)
    {
        if (await site.StartAsync() is not { } edge)
        {
            return false;
        }

        await using (edge)
        {
            var crowd = site.SendCrowd(edge);
            var beganAt = System.Diagnostics.Stopwatch.GetTimestamp();
            var first = Path.Combine(site.DataDir, "journal", "segment-0000000000");
            while (File.Exists(first) && System.Diagnostics.Stopwatch.GetElapsedTime(beganAt) < Patience)
            {
                await Task.Delay(20);
            }

            await site.EndAsync(crowd);
            if (File.Exists(first))
            {
                site.Add($"{first} is still there after {Patience.TotalSeconds} s of traffic");
            }
        }
        return site.IsClean;
    }
}
