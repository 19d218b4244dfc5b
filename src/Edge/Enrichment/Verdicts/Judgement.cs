using Edge.Events;

namespace Edge.Enrichment.Verdicts;

/// <summary>What was asked for; a rule holds for one of them or for all.</summary>
[Flags]
internal enum VerdictScope
{
    None = 0,

    /// <summary>The pixel, or an image.</summary>
    Pixel = 1,

    /// <summary>The link.</summary>
    Click = 2,

    /// <summary>An ingestion API, or the choice of a variant for a page.</summary>
    Api = 4,

    All = Pixel | Click | Api,
}

/// <summary>What the rules make of one request.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Rule">The enforced rule that gave it; null when none matched.</param>
/// <param name="Shadow">The first rule in shadow that would have come before it; null when there is none.</param>
internal readonly record struct Judgement(Verdict Verdict, VerdictRule? Rule, VerdictRule? Shadow)
{
    /// <summary>Id of the rule; empty when none matched.</summary>
    public string Reason => Rule?.Id ?? "";
}
