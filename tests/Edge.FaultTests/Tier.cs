using System.Diagnostics;
using System.Globalization;

namespace Edge.FaultTests;

/// <summary>
/// How much of the fault tests runs. The short tier is part of <c>make test</c>; <c>make test-faults</c> runs the long
/// one. A seed decides every choice the tests make (moments, order, sizes); what the threads and disks make of it
/// differs from run to run.
/// </summary>
internal static class Tier
{
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("EDGE_FAULT_TIER") == "long";

    /// <summary>EDGE_FAULT_SEED repeats the choices of a failed run.</summary>
    public static int Seed { get; } = Number("EDGE_FAULT_SEED") ?? Random.Shared.Next();

    /// <summary>
    /// EDGE_FAULT_MINUTES ends each long test after a whole round, and the report says how many cycles there were.
    /// </summary>
    private static readonly TimeSpan Budget = TimeSpan.FromMinutes(Number("EDGE_FAULT_MINUTES") ?? 24 * 60);

    public static int Cycles(int inShortTier, int inLongTier) => IsLong ? inLongTier : inShortTier;

    /// <summary>
    /// Whether a test that began at this <see cref="Stopwatch"/> timestamp has time for another round.
    /// </summary>
    public static bool HasTime(long beganAt) => Stopwatch.GetElapsedTime(beganAt) < Budget;

    private static int? Number(string variable) =>
        int.TryParse(
            Environment.GetEnvironmentVariable(variable),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var value
        )
            ? value
            : null;
}
