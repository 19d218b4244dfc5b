using Edge.Events;

namespace Edge.Enrichment.Verdicts;

/// <summary>
/// One rule of the verdict, as it stands in <c>rules.json</c> or in the operator's file. Every condition it has must
/// hold; within a list one is enough. Immutable. What the members mean: <c>docs/enrichment.md</c>.
/// </summary>
internal sealed record VerdictRule
{
    /// <summary>Longest id; it is the event's <c>verdict_reason</c> and a label of metrics.</summary>
    public const int IdCharsMax = 64;

    /// <summary>Name of the rule: small letters, digits and underscores.</summary>
    public required string Id { get; init; }

    public required Verdict Verdict { get; init; }

    public required VerdictScope Scopes { get; init; }

    /// <summary>Whether the sign leaves no doubt; else it is probable.</summary>
    public required bool IsCertain { get; init; }

    /// <summary>Whether it decides; a rule in shadow is only recorded.</summary>
    public required bool IsEnforced { get; init; }

    /// <summary>Setting that enforces it while it is in shadow; empty for none.</summary>
    public string EnforcedBy { get; init; } = "";

    /// <summary>User agents as a whole, in their case; an empty one is a missing header.</summary>
    public IReadOnlyList<string> AgentIs { get; init; } = [];

    /// <summary>
    /// What stands anywhere in the user agent, in any case; ASCII, at least <see cref="AgentTokens.TokenCharsMin"/>
    /// characters.
    /// </summary>
    public IReadOnlyList<string> AgentContains { get; init; } = [];

    /// <summary>What a word of the user agent ends in: no letter follows.</summary>
    public IReadOnlyList<string> AgentWordEnds { get; init; } = [];

    /// <summary>
    /// Words that end like <see cref="AgentContains"/> or <see cref="AgentWordEnds"/> and are something else.
    /// </summary>
    public IReadOnlyList<string> AgentExcept { get; init; } = [];

    public IReadOnlyList<VerdictNetwork> Networks { get; init; } = [];

    /// <summary>Name of a header; empty when the rule looks at none.</summary>
    public string Header { get; init; } = "";

    /// <summary>What stands in that header, in any case.</summary>
    public IReadOnlyList<string> HeaderContains { get; init; } = [];

    /// <summary>Whether the rule came with the program.</summary>
    public bool IsBuiltIn { get; init; }

    public bool LooksAtAgent => AgentIs.Count + AgentContains.Count + AgentWordEnds.Count > 0;

    /// <summary>How a match in shadow is written: what it would have been, and by which rule.</summary>
    public string ShadowText { get; private init; } = "";

    public string CertaintyText => IsCertain ? "certain" : "probable";

    /// <summary>Index in the table.</summary>
    public int Index { get; private init; }

    /// <summary>The rule at its index in a table, with what is derived from it.</summary>
    public VerdictRule At(int index) => this with { Index = index, ShadowText = VerdictNames.Of(Verdict) + ":" + Id };
}

/// <summary>A network, the first and the last address of it as bits.</summary>
internal readonly record struct VerdictNetwork(bool IsV4, UInt128 First, UInt128 Last);
