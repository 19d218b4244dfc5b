using Edge.Enrichment.Verdicts;

namespace Edge.Tests.Support;

/// <summary>Judges with the built-in rules, for tests about something else.</summary>
internal static class BuiltInRules
{
    public static VerdictJudge Judge(EnrichmentFaults? faults = null) =>
        new(VerdictRules.Load(VerdictRuleOptions.Default).Table, 0, faults ?? new EnrichmentFaults());
}
