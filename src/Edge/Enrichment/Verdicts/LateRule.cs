using Edge.Events;

namespace Edge.Enrichment.Verdicts;

/// <summary>What the clicks have in common that a late rule looks at together.</summary>
internal enum LateScope
{
    /// <summary>The message: signed links of one send to one unit.</summary>
    Message,

    /// <summary>The address and the kind of browser, for clicks without a signed link.</summary>
    Address,

    /// <summary>The sender of an event that a page or a server reports; such a rule gives clicks back.</summary>
    Visit,
}

/// <summary>
/// One rule that judges clicks by what else happened around them, as defined under <c>late</c> in <c>rules.json</c> or
/// in the operator's file. <c>docs/enrichment.md</c> explains the members. Immutable.
/// </summary>
internal sealed record LateRule
{
    /// <summary>Most rules, built-in and own together.</summary>
    public const int CountMax = 32;

    /// <summary>Longest time a rule may span, milliseconds.</summary>
    public const int WithinMsMax = 3_600_000;

    /// <summary>Most links a rule may ask for.</summary>
    public const int LinksMax = 100;

    /// <summary>Longest time after the send, seconds: a day, because the hash of a message ends with its day.</summary>
    public const int SentSecondsMax = 86_400;

    /// <summary>Name of the rule: lower-case letters, digits and underscores.</summary>
    public required string Id { get; init; }

    /// <summary>What the clicks become; human for a rule that gives them back.</summary>
    public required Verdict Verdict { get; init; }

    public required LateScope Scope { get; init; }

    /// <summary>
    /// Whether a match is certain, and no later visit gives the clicks back; otherwise it is probable.
    /// </summary>
    public required bool IsCertain { get; init; }

    /// <summary>Whether it is enforced; matches of a rule in shadow are only recorded.</summary>
    public required bool IsEnforced { get; init; }

    /// <summary>Setting that enforces it although it is in shadow; empty for none.</summary>
    public string EnforcedBy { get; init; } = "";

    /// <summary>Whether it asks for a decoy, instead of a number of links.</summary>
    public bool IsDecoy { get; init; }

    /// <summary>Least number of different links.</summary>
    public int Links { get; init; }

    /// <summary>
    /// The span of time in which they are followed, to either side of a decoy, or between the last click and a visit
    /// that gives back; milliseconds.
    /// </summary>
    public int WithinMs { get; init; }

    /// <summary>Whether each of the links must have been followed once.</summary>
    public bool IsOnce { get; init; }

    /// <summary>When after the send the first of them must come, milliseconds; null for any time.</summary>
    public (long From, long To)? SentMs { get; init; }

    /// <summary>
    /// Ids of rules of requests, in shadow or not, one of which must have matched one of the clicks; empty for none.
    /// </summary>
    public IReadOnlyList<string> AfterRules { get; init; } = [];

    /// <summary>Whether the rule is built in.</summary>
    public bool IsBuiltIn { get; init; }

    public string CertaintyText => IsCertain ? "certain" : "probable";

    /// <summary>How a match in shadow is recorded: the verdict and the rule's id.</summary>
    public string ShadowText => VerdictNames.Of(Verdict) + ":" + Id;
}
