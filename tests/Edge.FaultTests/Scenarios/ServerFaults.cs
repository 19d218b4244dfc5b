using Edge.FaultTests.Oracle;
using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// Traffic into a service whose one sink is a real server behind a proxy; every cycle one fault of the server, the
/// connection or the service, half of them with a kill -9 of the service in the middle. A repeated or missing row is a
/// finding, and so is a dead letter.
/// </summary>
internal abstract class ServerFaults(Site site)
{
    /// <summary>Name of the sink.</summary>
    protected const string Sink = "warehouse";

    /// <summary>The fault that is only the kill of the service.</summary>
    protected const string KillEdge = "kill edge";

    protected const int OutageMaxMs = 600;

    private const int OutageMinMs = 50;
    private const int TrafficMinMs = 100;
    private const int TrafficMaxMs = 400;

    protected Site Site => site;

    /// <summary>Makes the table, goes through the cycles and judges.</summary>
    /// <param name="dataDir">The service's directory.</param>
    /// <param name="settings">The sink as <c>edge sink init</c> reaches it, without the proxy.</param>
    /// <param name="faults">What can happen.</param>
    /// <param name="cycles">How often.</param>
    protected async Task<(Site Site, DeliveryCheck Check)> RunAsync(
        string dataDir,
        (string Name, string Value)[] settings,
        string[] faults,
        int cycles
    )
    {
        var (exitCode, _, error) = await EdgeProcess.RunAsync(["sink", "init", Sink], settings);
        if (exitCode != 0)
        {
            site.Add($"sink init: {error}");
        }

        for (var i = 0; i < cycles && site.IsClean; i++)
        {
            await CycleAsync(faults[site.Random.Next(faults.Length)]);
        }

        var check = await site.CheckAsync();
        if (check.Duplicates > 0)
        {
            site.Add($"{check.Duplicates} rows stand there twice");
        }

        if (Directory.Exists(Path.Combine(dataDir, "dead-letters", Sink)))
        {
            site.Add("good events were set aside as dead letters");
        }

        return (site, check);
    }

    /// <summary>The fault, the service's end in the middle of it if so chosen, and the end of the fault.</summary>
    protected abstract Task StrikeAsync(string fault, Func<Task> meanwhile);

    protected async Task OutageAsync(Func<Task> meanwhile)
    {
        var outageMs = site.Random.Next(OutageMinMs, OutageMaxMs);
        await Task.Delay(outageMs / 2);
        await meanwhile();
        await Task.Delay(outageMs / 2);
    }

    private async Task CycleAsync(string fault)
    {
        site.Cycles++;
        if (await site.StartAsync() is not { } edge)
        {
            return;
        }

        await using (edge)
        {
            var crowd = site.SendCrowd(edge);
            await Task.Delay(site.Random.Next(TrafficMinMs, TrafficMaxMs));
            var killsEdge = fault == KillEdge || site.Random.Next(2) == 0;
            await StrikeAsync(fault, killsEdge ? edge.KillAsync : () => Task.CompletedTask);
            if (!killsEdge)
            {
                await Task.Delay(site.Random.Next(TrafficMaxMs));
            }

            await edge.KillAsync();
            await site.EndAsync(crowd);
        }
    }
}
