using Edge.Events;

namespace Edge.Enrichment.Verdicts;

/// <summary>
/// One verdict rule, as defined in <c>rules.json</c> or in the operator's file. All of its conditions must be met;
/// within a list, one match is enough. <c>docs/enrichment.md</c> explains the members. Immutable.
/// </summary>
internal sealed record VerdictRule
{
    /// <summary>Longest id, characters; it becomes the event's <c>verdict_reason</c> and a metric label.</summary>
    public const int IdCharsMax = 64;

    /// <summary>Name of the rule: lower-case letters, digits and underscores.</summary>
    public required string Id { get; init; }

    public required Verdict Verdict { get; init; }

    public required VerdictScope Scopes { get; init; }

    /// <summary>Whether a match is certain; otherwise it is probable.</summary>
    public required bool IsCertain { get; init; }

    /// <summary>Whether it is enforced; matches of a rule in shadow are only recorded.</summary>
    public required bool IsEnforced { get; init; }

    /// <summary>Setting that enforces it although it is in shadow; empty for none.</summary>
    public string EnforcedBy { get; init; } = "";

    /// <summary>Complete user agents, case-sensitive; an empty one stands for a missing header.</summary>
    public IReadOnlyList<string> AgentIs { get; init; } = [];

    /// <summary>
    /// Texts that occur anywhere in the user agent, ignoring case; ASCII, at least
    /// <see cref="AgentTokens.TokenCharsMin"/> characters.
    /// </summary>
    public IReadOnlyList<string> AgentContains { get; init; } = [];

    /// <summary>Texts that end a word of the user agent, so that no letter follows.</summary>
    public IReadOnlyList<string> AgentWordEnds { get; init; } = [];

    /// <summary>
    /// Words that end with a text of <see cref="AgentContains"/> or <see cref="AgentWordEnds"/> but must not match.
    /// </summary>
    public IReadOnlyList<string> AgentExcept { get; init; } = [];

    public IReadOnlyList<VerdictNetwork> Networks { get; init; } = [];

    /// <summary>Name of a header; empty when the rule uses none.</summary>
    public string Header { get; init; } = "";

    /// <summary>Texts that occur in that header, ignoring case.</summary>
    public IReadOnlyList<string> HeaderContains { get; init; } = [];

    /// <summary>Whether the rule is built in.</summary>
    public bool IsBuiltIn { get; init; }

    public bool LooksAtAgent => AgentIs.Count + AgentContains.Count + AgentWordEnds.Count > 0;

    /// <summary>How a match in shadow is recorded: the verdict and the rule's id.</summary>
    public string ShadowText { get; private init; } = "";

    public string CertaintyText => IsCertain ? "certain" : "probable";

    /// <summary>Index in the table, from 0.</summary>
    public int Index { get; private init; }

    /// <summary>The rule with its index in the table, and values derived from it.</summary>
    public VerdictRule WithIndex(int index) =>
        this with
        {
            Index = index,
            ShadowText = VerdictNames.Of(Verdict) + ":" + Id,
        };
}

/// <summary>A network, as the first and last address in bits.</summary>
internal readonly record struct VerdictNetwork(bool IsV4, UInt128 First, UInt128 Last);
