using System.Collections.Concurrent;
using Edge.LoadTests.Generation;
using Edge.LoadTests.Reports;
using Edge.LoadTests.Scenarios;
using Edge.LoadTests.Simulations;
using Xunit;

namespace Edge.Tests.Load;

/// <summary>
/// A server that does nothing for 100 ms in every second. Whoever asks at a rate sees it in every tenth request; a
/// client that waits for its answer before it asks again sees it once, and reports a server that is always fast.
/// </summary>
public class PausingServerTests
{
    private const int Rate = 1_000;
    private const double Tolerance = 0.05;

    // The reader of an answer may be kept from its processor; a generator that omits latencies does so every time.
    private const int Attempts = 6;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task OpenModel_ServerPauses_ReportsWhatTheServerItselfRecorded()
    {
        var (measured, truth) = (0.0, 0.0);
        for (var attempt = 0; attempt < Attempts && !IsClose(measured, truth); attempt++)
        {
            using var server = new PausingServer();
            var start = Clock.Now + 50_000_000;
            var plan = new LoadPlan([new Inject(Rate, Time)]);
            var results = await RunAsync(server, plan, start);

            // The server's own times of its answers beside the times of the plan: no clock of the generator in it.
            var latencies = plan.Arrivals()
                .Select((intended, index) => (server.AnsweredAt[index + 1] - start - intended) / 1e6)
                .Order()
                .ToArray();
            truth = latencies[(int)Math.Ceiling(latencies.Length * 0.999) - 1];
            measured = Figures.At(results.Latencies(), 99.9);
            Assert.Equal(plan.Arrivals().Count(), results.Totals.Ended);
        }

        Assert.True(truth >= 90, $"the server paused for {truth} ms only");
        Assert.True(IsClose(measured, truth), $"p99.9 is {truth} ms by the server, and {measured} ms were reported");
    }

    [Fact]
    public async Task ClosedModel_ServerPauses_MissesThem()
    {
        using var server = new PausingServer();
        var open = await RunAsync(server, new LoadPlan([new Inject(Rate, Time)]), Clock.Now);
        var closed = await RunAsync(server, new LoadPlan([new KeepConstant(1, Time)]), Clock.Now);

        // A tenth of all times is in pauses, so 3 % of what comes at any time waits for more than 70 ms.
        Assert.InRange(Figures.At(open.Latencies(), 97), 60, 10_000);
        Assert.InRange(Figures.At(closed.Latencies(), 97), 0, 50);
    }

    private static bool IsClose(double measured, double truth) =>
        truth > 0 && Math.Abs(measured - truth) <= Tolerance * truth;

    private static async Task<Results> RunAsync(PausingServer server, LoadPlan plan, long start)
    {
        using var generator = new GeneratorOptions { Address = server.Address }.Create();
        await generator.RunAsync(new CountedScenario(), plan, start, CancellationToken.None);
        return Results.Of(generator.Recorders);
    }

    /// <summary>Requests that tell the server their number.</summary>
    private sealed class CountedScenario : Scenario
    {
        private readonly LoadRequest _request = new()
        {
            Step = "count",
            Target = $"/?n={LoadRequest.Number}",
            Check = Checks.Gif,
        };

        public override string Name => "count";

        public override IReadOnlyList<LoadRequest> Samples => [_request];

        public override LoadRequest Next(Random random, TimeSpan elapsed) => _request;
    }

    private sealed class PausingServer : IDisposable
    {
        private const long Second = 1_000_000_000;
        private const long PauseFrom = 400_000_000;
        private const long PauseUntil = 500_000_000;

        private readonly long _start = Clock.Now;
        private readonly StubServer _server;

        public PausingServer() => _server = new StubServer(AnswerTo);

        public Uri Address => _server.Address;

        /// <summary>When each request was answered, by its number.</summary>
        public ConcurrentDictionary<long, long> AnsweredAt { get; } = [];

        public void Dispose() => _server.Dispose();

        private byte[] AnswerTo(string request)
        {
            while ((Clock.Now - _start) % Second is >= PauseFrom and < PauseUntil and var at)
            {
                Thread.Sleep(TimeSpan.FromTicks((PauseUntil - at) / 100));
            }

            var number = request.AsSpan(request.IndexOf("n=", StringComparison.Ordinal) + 2, LoadRequest.Number.Length);
            AnsweredAt[long.Parse(number)] = Clock.Now;
            return StubServer.Gif;
        }
    }
}
