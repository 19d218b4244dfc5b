using Edge.LoadTests.Scenarios;
using Edge.LoadTests.Simulations;

namespace Edge.LoadTests.Generation;

/// <summary>Sends the requests of a scenario as a plan says, and records what becomes of them.</summary>
internal interface IGenerator : IDisposable
{
    IReadOnlyList<Recorder> Recorders { get; }

    /// <summary>
    /// Runs the plan to its end, and until every request has its answer or has waited for it long enough. Connections
    /// stay open until the generator is disposed of, so that the server can be looked at with them.
    /// </summary>
    /// <param name="scenario">What is sent.</param>
    /// <param name="plan">When.</param>
    /// <param name="start">When it begins, by <see cref="Clock"/>; may be a little ahead.</param>
    /// <param name="cancellation">Ends it early.</param>
    Task RunAsync(Scenario scenario, LoadPlan plan, long start, CancellationToken cancellation);
}

/// <summary>Where and how requests are sent.</summary>
internal sealed record GeneratorOptions
{
    public required Uri Address { get; init; }

    /// <summary>Connections in all, at most.</summary>
    public int Connections { get; init; } = 256;

    public int Threads { get; init; } = 1;

    /// <summary>How long an answer is awaited from the intended start on.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What begins earlier is not measured.</summary>
    public TimeSpan WarmUp { get; init; }

    public bool IsHttp2 { get; init; }

    /// <summary>Whether certificates are taken as they are.</summary>
    public bool TrustsAnyCertificate { get; init; }

    /// <summary>Requests a second at which copies of closed models are held, by all threads together.</summary>
    public double CopyRateMax { get; init; } = double.PositiveInfinity;

    public int Seed { get; init; } = 1;

    /// <summary>The generator that can do it: our own for plain HTTP/1.1.</summary>
    public IGenerator Create() =>
        IsHttp2 || Address.Scheme == Uri.UriSchemeHttps ? new HttpClientGenerator(this) : new SocketGenerator(this);
}
