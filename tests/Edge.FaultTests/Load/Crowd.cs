using Edge.FaultTests.Oracle;

namespace Edge.FaultTests.Load;

/// <summary>Several visitors at once. They go on until told to stop, or until the process they visit is gone.</summary>
internal sealed class Crowd
{
    /// <summary>Connections; enough that a group commit covers several events.</summary>
    private const int Visitors = 10;

    private readonly Task<string[]> _visits;
    private volatile bool _isEnding;

    private Crowd(Uri address, OutsideLedger ledger, Random random, Func<int> nextVisitor, int visitsEach)
    {
        var seeds = Enumerable.Range(0, Visitors).Select(_ => (Visitor: nextVisitor(), Seed: random.Next())).ToArray();
        _visits = Task.Run(async () =>
        {
            var findings = await Task.WhenAll(
                seeds.Select(async seed =>
                {
                    using var visitor = new Visitor(seed.Visitor, address, ledger, new Random(seed.Seed));
                    var left = visitsEach;
                    await visitor.VisitAsync(() => !_isEnding && left-- > 0);
                    return visitor.Finding;
                })
            );
            return findings.OfType<string>().ToArray();
        });
    }

    /// <summary>
    /// Sends visitors to the address; each gets a number of its own from <paramref name="nextVisitor"/>.
    /// </summary>
    public static Crowd Send(
        Uri address,
        OutsideLedger ledger,
        Random random,
        Func<int> nextVisitor,
        int visitsEach = int.MaxValue
    ) => new(address, ledger, random, nextVisitor, visitsEach);

    /// <summary>Lets every visitor finish all visits it was sent for.</summary>
    public Task<string[]> FinishAsync() => _visits;

    /// <summary>Lets every visitor finish the visit it is on; returns what was wrong with the answers.</summary>
    public Task<string[]> EndAsync()
    {
        _isEnding = true;
        return _visits;
    }
}
