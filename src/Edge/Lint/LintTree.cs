using System.Globalization;
using System.Text.Json;
using Edge.Experiments;
using Edge.Experiments.Conditions;

namespace Edge.Lint;

/// <summary>The condition tree of one variant, with what <see cref="ConditionLint"/> finds out about it.</summary>
internal sealed class LintTree(int variant, ConditionNode root)
{
    /// <summary>Index of the variant.</summary>
    public int Variant { get; } = variant;

    /// <summary>The root node.</summary>
    public LintNode Root { get; } = LintNode.Of(root, ExperimentLint.PathOf(variant, "conditions"));

    /// <summary>The variants that were chosen in combinations in which this tree was true.</summary>
    public SortedSet<int> ChosenVariants { get; } = [];

    /// <summary>Whether it has been evaluated.</summary>
    public bool IsEvaluated => Root.IsEverTrue || Root.IsEverFalse;

    /// <summary>All rules of the tree.</summary>
    public IEnumerable<ConditionRule> Rules => Root.Rules;

    /// <summary>Evaluates all nodes; returns whether the tree is true.</summary>
    public bool Evaluate(RuleOutcomes outcomes)
    {
        if (!Root.Evaluate(outcomes))
        {
            return false;
        }
        Root.MarkTrueTogether();
        return true;
    }
}

/// <summary>One node of a <see cref="LintTree"/>.</summary>
internal sealed class LintNode
{
    private readonly ConditionRule? _rule;
    private readonly bool _isAnd;
    private readonly LintNode[] _children;
    private int _number;
    private bool _isTrue;
    private bool _isEverTrueTogether;

    private LintNode(string path, ConditionRule? rule, bool isAnd, LintNode[] children)
    {
        Path = path;
        _rule = rule;
        _isAnd = isAnd;
        _children = children;
    }

    /// <summary>Dotted path in the definition.</summary>
    public string Path { get; }

    /// <summary>Whether it was true in any combination.</summary>
    public bool IsEverTrue { get; private set; }

    /// <summary>Whether it was false in any combination.</summary>
    public bool IsEverFalse { get; private set; }

    /// <summary>The rules in this subtree.</summary>
    public IEnumerable<ConditionRule> Rules => _rule is not null ? [_rule] : _children.SelectMany(child => child.Rules);

    /// <summary>Builds the nodes of a subtree.</summary>
    public static LintNode Of(ConditionNode node, string path)
    {
        if (node is ConditionRule rule)
        {
            return new LintNode(path, rule, isAnd: false, []);
        }
        var group = (ConditionGroup)node;
        var children = group.Children.Select(
            (child, i) => Of(child, string.Create(CultureInfo.InvariantCulture, $"{path}.children[{i}]"))
        );
        return new LintNode(path, null, group.Operator == GroupOperator.And, [.. children]);
    }

    /// <summary>Looks up the index of each rule's outcome.</summary>
    public void Number(RuleOutcomes outcomes)
    {
        _number = _rule is null ? 0 : outcomes.NumberOf(_rule);
        foreach (var child in _children)
        {
            child.Number(outcomes);
        }
    }

    /// <summary>Evaluates the whole subtree, without short-circuiting.</summary>
    public bool Evaluate(RuleOutcomes outcomes)
    {
        _isTrue = _rule is null ? _isAnd : outcomes[_number];
        foreach (var child in _children)
        {
            var isTrue = child.Evaluate(outcomes);
            _isTrue = _isAnd ? _isTrue && isTrue : _isTrue || isTrue;
        }
        IsEverTrue |= _isTrue;
        IsEverFalse |= !_isTrue;
        return _isTrue;
    }

    /// <summary>Marks the nodes that are true while the whole tree is true.</summary>
    public void MarkTrueTogether()
    {
        _isEverTrueTogether |= _isTrue;
        foreach (var child in _children)
        {
            child.MarkTrueTogether();
        }
    }

    /// <summary>
    /// Reports nodes that can never be true, but only the cause when one follows from another. Also reports branches
    /// that can be true, but never together with the whole tree.
    /// </summary>
    public void Report(List<Finding> findings, string consequence)
    {
        if (!IsEverTrue && !Array.Exists(_children, child => !child.IsEverTrue))
        {
            var why = _rule is null ? "its conditions exclude one another" : Describe(_rule);
            findings.Add(new Finding(Severity.Warning, "never_true", Path, $"can never be true: {why}{consequence}"));
        }
        else if (IsEverTrue && !_isEverTrueTogether && consequence.Length == 0)
        {
            findings.Add(
                new Finding(
                    Severity.Warning,
                    "unreachable",
                    Path,
                    "has no effect: the conditions around it are false whenever it is true"
                )
            );
        }
        else
        {
            foreach (var child in _children)
            {
                child.Report(findings, consequence);
            }
        }
    }

    private static string Describe(ConditionRule rule)
    {
        _ = ConditionProperty.TryParse(rule.Property, rule.ParamName, out var property);
        var values = property.Source switch
        {
            PropertySource.Hour => " (it is 0 to 23)",
            PropertySource.DayOfWeek => " (it is 0 for Sunday to 6)",
            PropertySource.Country => " (it is two letters, such as DE)",
            PropertySource.Continent => $" (it is one of {string.Join(", ", PlaceNames.Continents)})",
            PropertySource.DeviceType => $" (it is one of {string.Join(", ", RuleOutcomes.DeviceTypes)})",
            PropertySource.DeviceOs => $" (it is one of {string.Join(", ", RuleOutcomes.Systems)})",
            _ => "",
        };
        var value = rule.Value.ValueKind == JsonValueKind.String ? rule.Value.GetString()! : rule.Value.GetRawText();
        return $"no {property.PublishedName} {Words(rule.RuleOperator)} {(value.Length > 64 ? value[..64] + "..." : value)}{values}";
    }

    private static string Words(RuleOperator comparison) =>
        comparison switch
        {
            RuleOperator.Equals => "is",
            RuleOperator.NotEquals => "is other than",
            RuleOperator.In => "is one of",
            RuleOperator.NotIn => "is none of",
            RuleOperator.Gt => "is above",
            RuleOperator.Gte => "is at least",
            RuleOperator.Lt => "is below",
            RuleOperator.Lte => "is at most",
            RuleOperator.Contains => "contains",
            RuleOperator.NotContains => "is without",
            RuleOperator.StartsWith => "starts with",
            _ => "ends with",
        };
}
