namespace Edge.FaultTests.Fleets;

/// <summary>What fleet a run has, and what can happen to it.</summary>
/// <param name="Edges">How many edges; every third sends its events through the origin, the others write to ClickHouse.</param>
/// <param name="EdgeBinary">Their build.</param>
/// <param name="OriginBinary">The build of the origins.</param>
/// <param name="Faults">Kinds of faults, out of <see cref="FleetFaults.All"/>.</param>
internal sealed record FleetPlan(int Edges, string EdgeBinary, string OriginBinary, IReadOnlyList<string> Faults)
{
    /// <summary>Settings of the edges beside those of every run: a planted bug for instance.</summary>
    public (string Name, string Value)[] EdgeSettings { get; init; } = [];

    /// <summary>Most faults at a time.</summary>
    public int AtATime { get; init; } = 3;
}
