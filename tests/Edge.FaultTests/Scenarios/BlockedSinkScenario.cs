using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// The sink refuses events while they come in, and the process is killed: what the sink has not taken must come again.
/// The directory of the forwarded files is moved away and a file put in its place, which stops root as well.
/// </summary>
internal static class BlockedSinkScenario
{
    private static readonly TimeSpan Traffic = TimeSpan.FromMilliseconds(200);

    /// <summary>The pump gathers for 100 ms; after this it has tried at least once.</summary>
    private static readonly TimeSpan Refusals = TimeSpan.FromMilliseconds(400);

    public static async Task RunAsync(Site site, int cycles)
    {
        var directory = Path.Combine(site.DataDir, "forwarded");
        var away = directory + ".away";
        for (var i = 0; i < cycles && site.IsClean; i++)
        {
            site.Cycles++;
            if (await site.StartAsync() is not { } edge)
            {
                return;
            }

            await using (edge)
            {
                await site.VisitAsync(edge, Traffic);
                while (!Directory.Exists(directory) || Forwarded.Lines(site.DataDir).Length == 0)
                {
                    await Task.Delay(20);
                }

                Directory.Move(directory, away);
                await File.WriteAllTextAsync(directory, "in the way");
                await site.VisitAsync(edge, Traffic);
                await Task.Delay(Refusals);
                await edge.KillAsync();
            }
            File.Delete(directory);
            Directory.Move(away, directory);
        }
    }
}
