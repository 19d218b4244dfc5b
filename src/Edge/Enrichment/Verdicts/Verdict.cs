namespace Edge.Enrichment.Verdicts;

/// <summary>
/// The judgement on automation: who or what sent a request (spec 8.1). Only <see cref="Human"/> and <see cref="Proxy"/>
/// start trials.
/// </summary>
internal enum Verdict
{
    /// <summary>
    /// The rules could not be evaluated; the event has no verdict and counts like <see cref="Unknown"/>.
    /// </summary>
    Unjudged,

    /// <summary>No sign of automation.</summary>
    Human,

    /// <summary>A mail provider's image proxy: a person's mail client, seen through the provider.</summary>
    Proxy,

    /// <summary>A speculative load.</summary>
    Prefetch,

    /// <summary>A scanner of links or of the whole internet.</summary>
    Scanner,

    /// <summary>A crawler, a link preview, a tool.</summary>
    Bot,

    /// <summary>Too little information.</summary>
    Unknown,
}

/// <summary>The names of verdicts in events, rules and metrics.</summary>
internal static class VerdictNames
{
    /// <summary>The name; empty for <see cref="Verdict.Unjudged"/>.</summary>
    public static string Of(Verdict verdict) =>
        verdict switch
        {
            Verdict.Human => "human",
            Verdict.Proxy => "proxy",
            Verdict.Prefetch => "prefetch",
            Verdict.Scanner => "scanner",
            Verdict.Bot => "bot",
            Verdict.Unknown => "unknown",
            _ => "",
        };
}

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
}
