using Edge.Experiments;

namespace Edge.Lint;

/// <summary>
/// Finds conditions that can never be true and variants that are always shadowed by earlier ones. Visitors differ only
/// in the outcomes of the rules, so the trees are evaluated for every combination of outcomes that a visitor can cause
/// (<see cref="RuleOutcomes"/>); what happens in none of them never happens. Where the outcomes cannot be enumerated
/// exactly, a superset is used: a finding may be missed, but none is wrong.
/// </summary>
internal sealed class ConditionLint
{
    /// <summary>
    /// Maximum number of combinations; beyond it, each tree is checked on its own, or not at all if it alone has too
    /// many.
    /// </summary>
    private const int CombinationsMax = 20_000;

    private readonly Experiment _experiment;
    private readonly List<LintTree> _trees = [];

    private ConditionLint(Experiment experiment)
    {
        _experiment = experiment;
        for (var i = 0; i < experiment.Variants.Count; i++)
        {
            if (experiment.Variants[i] is { IsDefault: false, Conditions: { } conditions })
            {
                _trees.Add(new LintTree(i, conditions));
            }
        }
    }

    /// <summary>Adds the findings in the trees of a smart link.</summary>
    public static void Check(Experiment experiment, List<Finding> findings)
    {
        var lint = new ConditionLint(experiment);
        var isWhole = EvaluateAll(lint._trees);
        if (!isWhole)
        {
            foreach (var tree in lint._trees)
            {
                EvaluateAll([tree]);
            }
        }
        for (var i = 0; i < lint._trees.Count; i++)
        {
            lint.Report(i, isWhole, findings);
        }
    }

    /// <summary>Evaluates trees in every combination; false when there are too many.</summary>
    private static bool EvaluateAll(List<LintTree> trees)
    {
        var rules = new RuleOutcomes(trees.SelectMany(tree => tree.Rules));
        if (rules.Combinations is not (> 0 and <= CombinationsMax))
        {
            return false;
        }
        trees.ForEach(tree => tree.Root.Number(rules));
        for (var combination = 0L; combination < rules.Combinations; combination++)
        {
            rules.Select(combination);
            LintTree? chosen = null;
            foreach (var tree in trees)
            {
                if (tree.Evaluate(rules))
                {
                    chosen ??= tree;
                    tree.ChosenVariants.Add(chosen.Variant);
                }
            }
        }
        return true;
    }

    private void Report(int index, bool isWhole, List<Finding> findings)
    {
        var tree = _trees[index];
        if (!tree.IsEvaluated)
        {
            return;
        }
        var name = _experiment.Variants[tree.Variant].Id;
        tree.Root.Report(findings, tree.Root.IsEverTrue ? "" : $", so '{name}' is never served");
        if (!tree.Root.IsEverTrue)
        {
            return;
        }
        if (!tree.Root.IsEverFalse)
        {
            findings.Add(
                new Finding(
                    Severity.Warning,
                    "always_true",
                    tree.Root.Path,
                    "is true for every visitor, so neither the variants after it nor the default are ever served"
                )
            );
        }
        if (isWhole && !tree.ChosenVariants.Contains(tree.Variant))
        {
            var others = string.Join(", ", tree.ChosenVariants.Select(variant => $"'{_experiment.Variants[variant].Id}'"));
            findings.Add(
                new Finding(
                    Severity.Warning,
                    "shadowed",
                    ExperimentLint.PathOf(tree.Variant),
                    $"is never served: whenever its conditions are true, so are those of {others} before it"
                )
            );
        }
    }
}
