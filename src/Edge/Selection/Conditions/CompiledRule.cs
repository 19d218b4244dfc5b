using System.Text.Json;
using Edge.Experiments;
using Edge.Experiments.Conditions;
using Edge.Formats;

namespace Edge.Selection.Conditions;

/// <summary>
/// One rule of a condition tree, compiled for evaluation without allocating. Texts compare ordinally, ignoring case. A
/// rule value that is a JSON number compares as a number, and a property that is not a number makes both <c>equals</c>
/// and <c>not_equals</c> false; ordering operators compare numbers only. An unknown property makes negative operators
/// true and all others false, so negation is exact. Immutable; a value type, so that the rules of a tree are contiguous
/// in memory.
/// </summary>
internal readonly struct CompiledRule
{
    private readonly ConditionProperty _property;
    private readonly RuleOperator _operator;
    private readonly Value _value;
    private readonly Value[]? _values;

    /// <summary>Compiles a valid rule.</summary>
    public CompiledRule(ConditionRule rule)
    {
        _ = ConditionProperty.TryParse(rule.Property, rule.ParamName, out _property);
        _property = _property with { Parameter = SharedText.Of(_property.Parameter) };
        _operator = rule.RuleOperator;
        if (rule.Value.ValueKind != JsonValueKind.Array)
        {
            _value = Compile(rule.Value, _property.Source, _operator);
            return;
        }
        _values = new Value[rule.Value.GetArrayLength()];
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = Compile(rule.Value[i], _property.Source, _operator);
        }
    }

    /// <summary>
    /// Index of the rule to evaluate next when this one is true, or one of the two results of the program.
    /// </summary>
    public required int NextIfTrue { get; init; }

    /// <summary>
    /// Index of the rule to evaluate next when this one is false, or one of the two results of the program.
    /// </summary>
    public required int NextIfFalse { get; init; }

    /// <summary>Whether the rule is true for a request.</summary>
    public bool IsTrue(ref VisitorProperties visitor)
    {
        if (!visitor.TryRead(_property, out var text))
        {
            return _operator is RuleOperator.NotEquals or RuleOperator.NotContains or RuleOperator.NotIn;
        }
        return _operator switch
        {
            RuleOperator.Equals => IsEqual(text, _value),
            RuleOperator.NotEquals => _value.IsNumber
                ? TryCompare(text, _value, out var order) && order != 0
                : !IsEqual(text, _value),
            RuleOperator.Contains => text.Contains(_value.Text, StringComparison.OrdinalIgnoreCase),
            RuleOperator.NotContains => !text.Contains(_value.Text, StringComparison.OrdinalIgnoreCase),
            RuleOperator.StartsWith => text.StartsWith(_value.Text, StringComparison.OrdinalIgnoreCase),
            RuleOperator.EndsWith => text.EndsWith(_value.Text, StringComparison.OrdinalIgnoreCase),
            RuleOperator.In => IsOneOf(text),
            RuleOperator.NotIn => !IsOneOf(text),
            _ => TryCompare(text, _value, out var order) && IsOrdered(order),
        };
    }

    private bool IsOrdered(int order) =>
        _operator switch
        {
            RuleOperator.Gt => order > 0,
            RuleOperator.Lt => order < 0,
            RuleOperator.Gte => order >= 0,
            _ => order <= 0,
        };

    /// <summary>How a text compares as a number; false when it is none.</summary>
    private static bool TryCompare(ReadOnlySpan<char> text, in Value value, out int order)
    {
        if (!ConditionNumber.TryParse(text, out var number))
        {
            order = 0;
            return false;
        }

        order = ConditionNumber.Compare(text, number, value.Text, value.Number);
        return true;
    }

    private bool IsOneOf(ReadOnlySpan<char> text)
    {
        foreach (ref readonly var value in _values.AsSpan())
        {
            if (IsEqual(text, value))
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsEqual(ReadOnlySpan<char> text, in Value value)
    {
        if (value.IsNumber)
        {
            return TryCompare(text, value, out var order) && order == 0;
        }
        // A language range (RFC 4647 section 3.3.1): "en" matches any English, "zh-Hant" that of Taiwan too.
        var isRange = value.IsLanguage && text.Length > value.Length && text[value.Length] == '-';
        var compared = isRange ? text[..value.Length] : text;
        // Case does not change the length; comparing it first avoids reading the text of most values from memory.
        return compared.Length == value.Length && compared.Equals(value.Text, StringComparison.OrdinalIgnoreCase);
    }

    private static Value Compile(JsonElement element, PropertySource source, RuleOperator ruleOperator)
    {
        // The text of a number is its digits as written; that of a boolean is its JSON literal.
        var text = element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText();
        var isEquality =
            ruleOperator is RuleOperator.Equals or RuleOperator.NotEquals or RuleOperator.In or RuleOperator.NotIn;
        if (source == PropertySource.ReferrerDomain)
        {
            // Browsers send punycode, people write names.
            text = HostName.Comparable(isEquality ? UrlText.WithoutWww(text) : text);
        }
        _ = ConditionNumber.TryParse(text, out var number);
        var isLanguage = source == PropertySource.Language;
        text = SharedText.Of(text);
        return new Value(text, number, text.Length, element.ValueKind == JsonValueKind.Number, isLanguage);
    }

    /// <summary>One value to compare with.</summary>
    /// <param name="Text">The value as text.</param>
    /// <param name="Number">The value as a number, if it is one or parses as one.</param>
    /// <param name="Length">Length of the text.</param>
    /// <param name="IsNumber">Whether it was written as a number, and so compares as one.</param>
    /// <param name="IsLanguage">Whether it is a language, which more subtags may follow.</param>
    private readonly record struct Value(string Text, double Number, int Length, bool IsNumber, bool IsLanguage);
}
