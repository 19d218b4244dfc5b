using Edge.Events;

namespace Edge.Enrichment.Verdicts;

/// <summary>What was requested; a rule applies to one of these or to all.</summary>
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

/// <summary>The verdict on one request, and the rules behind it.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Rule">The enforced rule that gave it; null when none matched.</param>
/// <param name="Shadow">The first rule in shadow that would have preceded it; null when there is none.</param>
internal readonly record struct Judgement(Verdict Verdict, VerdictRule? Rule, VerdictRule? Shadow)
{
    /// <summary>Id of the rule; empty when none matched.</summary>
    public string Reason => Rule?.Id ?? "";

    /// <summary>
    /// Whether a browser says that it loads ahead of a visit which may or may not follow. A crawler that does the same
    /// is a crawler.
    /// </summary>
    public bool IsSpeculation => Rule is { Verdict: Verdict.Prefetch, Header.Length: > 0 };
}
