using System.Text.Json.Serialization;
using Edge.Formats;

namespace Edge.Selection.Conditions;

/// <summary>
/// The outcome of one node of a condition tree. Wire: <c>not_evaluated</c>, <c>false</c>, <c>true</c>.
/// </summary>
[JsonConverter(typeof(WireNameConverter<ConditionOutcome>))]
internal enum ConditionOutcome
{
    /// <summary>The result was already known.</summary>
    NotEvaluated,

    /// <summary>It was false.</summary>
    False,

    /// <summary>It was true.</summary>
    True,
}

/// <summary>
/// Records which conditions were evaluated for one choice, and their outcomes. Used by one thread, for one choice.
/// </summary>
/// <param name="variants">Number of variants of the experiment.</param>
internal sealed class ConditionTrace(int variants)
{
    private readonly ConditionOutcome[]?[] _outcomes = new ConditionOutcome[variants][];

    /// <summary>Returns the span that receives the outcomes of a variant's program.</summary>
    public Span<ConditionOutcome> Begin(int variant, ConditionProgram program) =>
        _outcomes[variant] = new ConditionOutcome[program.RuleCount];

    /// <summary>The outcomes of a variant's rules, in order; empty when its program was not evaluated.</summary>
    public ReadOnlySpan<ConditionOutcome> Of(int variant) => _outcomes[variant];
}
