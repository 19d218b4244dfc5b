using System.Diagnostics;
using System.Globalization;
using Edge.FaultTests.Oracle;
using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// One system call of the journal or the sink fails, the n-th of the process, whatever it is. Then the process ends
/// with its own code or goes on serving; it never hangs, and nothing acknowledged is lost.
/// </summary>
internal sealed class CallSweepScenario(string what)
{
    private const int JournalFaultCode = 3;
    private const int SigtermCode = 128 + 15;
    private const int VisitsEach = 6;

    /// <summary>
    /// Journal bytes at which a few visits more need a new segment, while the sink releases the first one.
    /// </summary>
    public const long AgedBytes = (1 << 20) + (450 << 10);

    private static readonly TimeSpan Patience = Wait.Limit;

    private readonly TimeSpan _hang = TimeSpan.FromMilliseconds(
        what.StartsWith("hang=", StringComparison.Ordinal) ? int.Parse(what.AsSpan(5), CultureInfo.InvariantCulture) : 0
    );

    /// <summary>
    /// Traffic on a fresh or an aged directory with the n-th call failing, then the check. False when the process
    /// made fewer calls.
    /// </summary>
    public async Task<(bool WasHit, DeliveryCheck Check)> RunAsync(Site site, int nth)
    {
        var countFile = site.DataDir + ".calls";
        File.Delete(countFile);
        await using (var edge = site.Launch(("EDGE_FAULT_PLAN", $"any:{nth}:{what}"), ("EDGE_FAULT_COUNT", countFile)))
        {
            var isReady = await edge.IsReadyWithinAsync(Patience + _hang);
            if (isReady)
            {
                site.Add(await site.SendCrowd(edge, VisitsEach).FinishAsync());
            }

            await EndAsync(site, edge, isReady);
        }
        var calls = File.Exists(countFile)
            ? long.Parse(await File.ReadAllTextAsync(countFile), CultureInfo.InvariantCulture)
            : long.MaxValue;
        return (calls >= nth, await site.CheckAsync());
    }

    private async Task EndAsync(Site site, EdgeProcess edge, bool isReady)
    {
        if (!isReady && !edge.HasExited)
        {
            site.Add($"neither ready nor ended {(Patience + _hang).TotalSeconds} s after the start");
            return;
        }
        var beganAt = Stopwatch.GetTimestamp();
        var code = await IsAliveAsync(edge) ? await StopAsync(edge) : await edge.ExitCodeWithinAsync(Patience);
        int[] allowed = isReady ? [0, JournalFaultCode] : [1, JournalFaultCode];
        if (code is null)
        {
            site.Add("did not end");
        }
        else if (!allowed.Contains(code.Value) && !await WasOvertakenAsync(edge, code.Value))
        {
            site.Add($"ended with {code}: {(await edge.Error).Trim()}");
        }

        if (Stopwatch.GetElapsedTime(beganAt) > Patience)
        {
            site.Add($"took {Stopwatch.GetElapsedTime(beganAt).TotalSeconds} s to end");
        }
    }

    private static async Task<bool> IsAliveAsync(EdgeProcess edge)
    {
        try
        {
            return !edge.HasExited && (await edge.Client.GetAsync("/healthz")).IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    /// <summary>The exit code after a request to stop; null when it does not follow.</summary>
    private static async Task<int?> StopAsync(EdgeProcess edge)
    {
        try
        {
            return await edge.StopAsync();
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>It was on its way out with a fault when the request to stop came, which then ended it.</summary>
    private static async Task<bool> WasOvertakenAsync(EdgeProcess edge, int code) =>
        code == SigtermCode && (await edge.Error).Contains("\"eventId\":300", StringComparison.Ordinal);
}
