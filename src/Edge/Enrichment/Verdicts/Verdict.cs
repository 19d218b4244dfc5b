namespace Edge.Enrichment.Verdicts;

/// <summary>
/// Who or what sent a request (spec 8.1). Only <see cref="Human"/> and <see cref="Proxy"/> are learned from.
/// </summary>
internal enum Verdict
{
    /// <summary>
    /// The rules could not be asked; the event goes without a verdict and counts like <see cref="Unknown"/>.
    /// </summary>
    Unjudged,

    /// <summary>Nothing speaks against a person.</summary>
    Human,

    /// <summary>A mail provider's image proxy: a person's mail client, seen through the provider.</summary>
    Proxy,

    /// <summary>A load before anybody asked for it.</summary>
    Prefetch,

    /// <summary>A scanner of links or of the whole internet.</summary>
    Scanner,

    /// <summary>A crawler, a link preview, a tool.</summary>
    Bot,

    /// <summary>Nothing to judge by.</summary>
    Unknown,
}

/// <summary>The words verdicts are written as, in events, rules and metrics.</summary>
internal static class VerdictNames
{
    /// <summary>The word; empty for <see cref="Verdict.Unjudged"/>.</summary>
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
