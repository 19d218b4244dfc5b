using System.Text;

namespace Edge.Events;

/// <summary>
/// Who or what sent a request (spec 8.1). Only <see cref="Human"/> and <see cref="Proxy"/> are learned from.
/// </summary>
internal enum Verdict
{
    /// <summary>
    /// The rules could not be loaded or failed; the event has no verdict and counts like <see cref="Unknown"/>.
    /// </summary>
    Unjudged,

    /// <summary>No rule for machines matched.</summary>
    Human,

    /// <summary>A mail provider's image proxy: a person's mail client, seen through the provider.</summary>
    Proxy,

    /// <summary>A browser that loads ahead of the user.</summary>
    Prefetch,

    /// <summary>A scanner of links or of the whole internet.</summary>
    Scanner,

    /// <summary>A crawler, a link preview, a tool.</summary>
    Bot,

    /// <summary>There was nothing to judge by.</summary>
    Unknown,
}

/// <summary>
/// The words verdicts are written as, in events, rules and metrics, and what verdicts have in common.
/// </summary>
internal static class VerdictNames
{
    /// <summary>The words, in the order of the values from <see cref="Verdict.Human"/> on.</summary>
    public static readonly string[] All = ["human", "proxy", "prefetch", "scanner", "bot", "unknown"];

    /// <summary>The word; empty for <see cref="Verdict.Unjudged"/>.</summary>
    public static string Of(Verdict verdict) => verdict == Verdict.Unjudged ? "" : All[(int)verdict - 1];

    /// <summary>The verdict of a word; <see cref="Verdict.Unjudged"/> when it is none.</summary>
    public static Verdict Find(string word) => (Verdict)(Array.IndexOf(All, word) + 1);

    /// <summary>The verdict of a word in UTF-8; <see cref="Verdict.Unjudged"/> when it is none.</summary>
    public static Verdict Find(ReadOnlySpan<byte> word)
    {
        for (var i = 0; i < All.Length; i++)
        {
            if (Ascii.Equals(word, All[i]))
            {
                return (Verdict)(i + 1);
            }
        }

        return Verdict.Unjudged;
    }

    /// <summary>
    /// Whether the sender is a machine that acts for nobody, which is not assigned a variant and does not count.
    /// </summary>
    public static bool IsMachine(this Verdict verdict) =>
        verdict is Verdict.Bot or Verdict.Scanner or Verdict.Prefetch;

    /// <summary>Whether experiments learn from the sender.</summary>
    public static bool IsPerson(this Verdict verdict) => verdict is Verdict.Human or Verdict.Proxy;
}
