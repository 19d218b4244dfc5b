using System.Globalization;
using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// A backlog that no longer fits into memory is forwarded from the disk, and now and then the disk fails a read. It
/// works when asked again, so every event must arrive.
/// </summary>
internal static class ReadErrorScenario
{
    /// <summary>Four times what the journal keeps in memory.</summary>
    private const int BacklogPages = 32;

    private const int PageBytes = 65_536;

    /// <summary>
    /// The start reads the backlog once to check it, and what fits into memory once more; after about that many reads
    /// it is the sink's turn.
    /// </summary>
    private const int FirstErrorMin = BacklogPages + 12;

    private const int FirstErrorRange = 12;

    private const int ErrorEvery = 7;

    /// <summary>
    /// A page is tried three times before it is given up, so with two errors none is, wherever they fall.
    /// </summary>
    private const int Errors = 2;
    private static readonly TimeSpan ForwardingTime = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan ReadyWithin = Wait.Limit;

    public static async Task RunAsync(Site site, int cycles)
    {
        for (var i = 0; i < cycles && site.IsClean; i++)
        {
            site.Cycles++;
            await site.FillBacklogAsync(BacklogPages * PageBytes);
            await using var edge = site.Launch(
                ("EDGE_FAULT_PLAN", Plan(FirstErrorMin + site.Random.Next(FirstErrorRange)))
            );

            // A refused start is right when it is the recovery that cannot read.
            if (!await edge.IsReadyWithinAsync(ReadyWithin))
            {
                continue;
            }

            await Task.Delay(ForwardingTime);

            // In order, so that the cursor is saved: after a kill everything would be read once more, without errors.
            await edge.StopAsync();
        }
    }

    private static string Plan(int first) =>
        string.Join(
            ',',
            Enumerable
                .Range(0, Errors)
                .Select(i =>
                    string.Create(CultureInfo.InvariantCulture, $"read@segment:{first + (i * ErrorEvery)}:EIO")
                )
        );
}
