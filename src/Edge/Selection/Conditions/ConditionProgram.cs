using Edge.Experiments;
using Edge.Experiments.Conditions;

namespace Edge.Selection.Conditions;

/// <summary>
/// A condition tree compiled into its rules in order, each of which knows where to go on when it is true and when it
/// is false. Groups are gone: AND and OR have become jumps, so evaluation is one loop that stops at the first rule
/// that decides, without recursion, a stack or an allocation. Immutable.
/// </summary>
internal sealed class ConditionProgram
{
    private const int True = -1;
    private const int False = -2;

    private readonly CompiledRule[] _rules;

    /// <summary>Compiles a tree that has passed its reader.</summary>
    public ConditionProgram(ConditionNode root)
    {
        var rules = new List<CompiledRule>();
        Append(rules, root, True, False);
        _rules = [.. rules];
    }

    /// <summary>How many rules there are, in the order of the tree.</summary>
    public int RuleCount => _rules.Length;

    /// <summary>Whether the tree is true of a request.</summary>
    /// <param name="visitor">The request.</param>
    /// <param name="outcomes">
    /// Empty, or room for <see cref="RuleCount"/> outcomes: those of the rules that were evaluated are noted, so that
    /// an explanation shows this very evaluation. </param>
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

    /// <summary>Appends the rules of a subtree that goes on at one of two places.</summary>
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
            // A child that does not decide leads to the next one, which begins right behind it.
            var next = rules.Count + CountRules(group.Children[i]);
            var isLast = i == group.Children.Count - 1;
            Append(rules, group.Children[i], isAnd && !isLast ? next : ifTrue, isAnd || isLast ? ifFalse : next);
        }
    }

    private static int CountRules(ConditionNode node) =>
        node is ConditionGroup group ? group.Children.Sum(CountRules) : 1;
}
