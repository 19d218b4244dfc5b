using Edge.Experiments;
using Edge.Experiments.Conditions;

namespace Edge.Selection.Conditions;

/// <summary>
/// A condition tree compiled into a list of rules, each with the rule to evaluate next when it is true and when it is
/// false. AND and OR groups become jumps, so evaluation is one loop that stops as soon as the result is known, without
/// recursion, stack or allocation. Immutable.
/// </summary>
internal sealed class ConditionProgram
{
    private const int True = -1;
    private const int False = -2;

    private readonly CompiledRule[] _rules;

    /// <summary>Compiles a valid tree.</summary>
    public ConditionProgram(ConditionNode root)
    {
        var rules = new List<CompiledRule>();
        Append(rules, root, True, False);
        _rules = [.. rules];
    }

    /// <summary>Number of rules, which are in tree order.</summary>
    public int RuleCount => _rules.Length;

    /// <summary>Whether the tree is true for a request.</summary>
    /// <param name="visitor">The request.</param>
    /// <param name="outcomes">
    /// Empty, or room for <see cref="RuleCount"/> outcomes: receives the outcomes of the rules that were evaluated, so
    /// that an explanation shows this very evaluation.
    /// </param>
    public bool IsTrue(ref VisitorProperties visitor, Span<ConditionOutcome> outcomes = default)
    {
        var at = 0;
        while (at >= 0)
        {
            ref readonly var rule = ref _rules[at];
            var isTrue = rule.IsTrue(ref visitor);
            if (!outcomes.IsEmpty)
            {
                outcomes[at] = isTrue ? ConditionOutcome.True : ConditionOutcome.False;
            }
            at = isTrue ? rule.NextIfTrue : rule.NextIfFalse;
        }
        return at == True;
    }

    /// <summary>
    /// Appends the rules of a subtree, with the targets to jump to when it is true and when it is false.
    /// </summary>
    private static void Append(List<CompiledRule> rules, ConditionNode node, int ifTrue, int ifFalse)
    {
        if (node is ConditionRule rule)
        {
            rules.Add(new CompiledRule(rule) { NextIfTrue = ifTrue, NextIfFalse = ifFalse });
            return;
        }
        var group = (ConditionGroup)node;
        var isAnd = group.Operator == GroupOperator.And;
        for (var i = 0; i < group.Children.Count; i++)
        {
            // A child that does not decide the group leads to the next child, which follows it directly.
            var next = rules.Count + CountRules(group.Children[i]);
            var isLast = i == group.Children.Count - 1;
            Append(rules, group.Children[i], isAnd && !isLast ? next : ifTrue, isAnd || isLast ? ifFalse : next);
        }
    }

    private static int CountRules(ConditionNode node) =>
        node is ConditionGroup group ? group.Children.Sum(CountRules) : 1;
}
