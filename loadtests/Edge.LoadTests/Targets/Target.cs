using Edge.LoadTests.Scenarios;

namespace Edge.LoadTests.Targets;

/// <summary>The service that a run is meant for.</summary>
internal sealed record Target
{
    public required Uri Address { get; init; }

    /// <summary>Where metrics and ledger are.</summary>
    public required Uri Admin { get; init; }

    public required Traffic Traffic { get; init; }

    /// <summary>Whether nobody but this run sends anything, so that its ledger must agree to the event.</summary>
    public bool IsPrivate { get; init; }

    /// <summary>Directory or file of what the file sink has written; null when it is not readable.</summary>
    public string? Forwarded { get; init; }

    /// <summary>Commands that switch the sink off and on; null when there are none.</summary>
    public (string Off, string On)? SinkSwitch { get; init; }

    /// <summary>The process, where it is this run's own.</summary>
    public int? ProcessId { get; init; }
}
