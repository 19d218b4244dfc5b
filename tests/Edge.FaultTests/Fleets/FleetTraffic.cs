using System.Collections.Concurrent;
using Edge.FaultTests.Load;
using Edge.FaultTests.Oracle;

namespace Edge.FaultTests.Fleets;

/// <summary>
/// Visitors of every edge of a fleet, who go on until they are told to end. An edge that is open has to answer each of
/// them, and rightly, unless it is killed meanwhile.
/// </summary>
internal sealed class FleetTraffic
{
    private const int VisitorsEach = 3;

    /// <summary>Between two visits of a visitor, and before he looks again for an edge that is not open.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly OutsideLedger _ledger;
    private readonly ConcurrentQueue<string> _findings = [];
    private readonly Task _visits;
    private volatile bool _isEnding;
    private int _visitors;

    public FleetTraffic(OutsideLedger ledger, IReadOnlyList<FleetNode> edges, Random random)
    {
        _ledger = ledger;
        var seeds = edges.SelectMany(edge => Enumerable.Repeat(edge, VisitorsEach).Select(_ => (Edge: edge, Seed: random.Next())));
        _visits = Task.WhenAll(seeds.ToArray().Select(one => Task.Run(() => VisitAsync(one.Edge, new Random(one.Seed)))));
    }

    /// <summary>Lets every visitor finish the visit he is on; returns what was wrong with the answers.</summary>
    public async Task<string[]> EndAsync()
    {
        _isEnding = true;
        await _visits;
        return [.. _findings];
    }

    private async Task VisitAsync(FleetNode edge, Random random)
    {
        while (!_isEnding)
        {
            // Counted before it is seen to be open: it may be killed in between.
            var kills = edge.Kills;
            if (edge.IsOpen)
            {
                await VisitUntilBrokenAsync(edge, kills, random);
            }

            await Task.Delay(Pause);
        }
    }

    private async Task VisitUntilBrokenAsync(FleetNode edge, int kills, Random random)
    {
        using var visitor = new Visitor(Interlocked.Increment(ref _visitors), edge.Address, _ledger, random);
        while (!_isEnding && await visitor.VisitOnceAsync() is not null && visitor.Finding is null)
        {
            await Task.Delay(Pause);
        }

        if (visitor.Finding is { } finding)
        {
            _findings.Enqueue($"{edge.Name}: {finding}");
        }
        else if (!_isEnding && edge.Kills == kills)
        {
            _findings.Enqueue($"{edge.Name} broke a connection although nobody killed it");
        }
    }
}
