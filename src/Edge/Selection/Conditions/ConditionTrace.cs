using System.Text.Json.Serialization;
using Edge.Formats;

namespace Edge.Selection.Conditions;

/// <summary>
/// What became of one node of a condition tree. Wire: <c>not_evaluated</c>, <c>false</c>, <c>true</c>.
/// </summary>
[JsonConverter(typeof(WireNameConverter<ConditionOutcome>))]
internal enum ConditionOutcome
{
    /// <summary>Another node had decided before.</summary>
    NotEvaluated,

    /// <summary>It was false.</summary>
    False,

    /// <summary>It was true.</summary>
    True,
}

/// <summary>
/// Takes down which conditions one choice evaluated and how they came out. Used by one thread, for one choice.
/// </summary>
/// <param name="variants">How many variants the experiment has.</param>
internal sealed class ConditionTrace(int variants)
{
    private readonly ConditionOutcome[]?[] _outcomes = new ConditionOutcome[variants][];

    /// <summary>Room for the outcomes of a program that is about to be evaluated.</summary>
    public Span<ConditionOutcome> Begin(int variant, ConditionProgram program) =>
        _outcomes[variant] = new ConditionOutcome[program.RuleCount];

    /// <summary>The outcomes of the rules of a variant in order; empty when its turn never came.</summary>
    public ReadOnlySpan<ConditionOutcome> Of(int variant) => _outcomes[variant];
}
