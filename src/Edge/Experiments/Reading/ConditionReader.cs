using System.Text.Json;
using Edge.Experiments.Conditions;
using Edge.Formats;

namespace Edge.Experiments.Reading;

/// <summary>
/// Reads condition trees and reports an invalid node by its path (<c>variants[0].conditions.children[1].value</c>).
/// Besides the published spelling it accepts the spellings used by published examples and the dashboard:
/// <c>operator</c> on a rule, <c>eq</c>, <c>neq</c>, <c>in</c> and <c>not_in</c>. An unknown property is refused,
/// because the worst outcome is a condition that never matches because of a typo. Pure.
/// </summary>
internal static class ConditionReader
{
    /// <summary>Reads the tree from a member; null when it is missing or invalid.</summary>
    public static ConditionNode? Read(JsonFields fields, string name)
    {
        if (!fields.TryGet(name, out _))
        {
            return null;
        }
        if (!fields.TryObject(name, out var root))
        {
            return null;
        }
        var nodes = 0;
        var node = ReadNode(root, groupDepth: 0, ref nodes);
        if (nodes > ExperimentRules.ConditionNodesMax)
        {
            fields.Violate(
                name,
                $"must have at most {ExperimentRules.ConditionNodesMax} nodes",
                ViolationCodes.OutOfRange
            );
        }
        return node;
    }

    private static ConditionNode? ReadNode(JsonFields fields, int groupDepth, ref int nodes)
    {
        if (++nodes > ExperimentRules.ConditionNodesMax)
        {
            return null;
        }
        if (!fields.TryGet("type", out var type))
        {
            fields.Violate("type", "is required: group or rule", ViolationCodes.Required);
            return null;
        }
        if (type.ValueKind != JsonValueKind.String)
        {
            fields.Violate("type", "must be a string", ViolationCodes.InvalidType);
            return null;
        }
        switch (type.GetString())
        {
            case "group":
                KnownMembers.Check(fields, KnownMembers.OfGroup);
                return ReadGroup(fields, groupDepth + 1, ref nodes);
            case "rule":
                KnownMembers.Check(fields, KnownMembers.OfRule);
                return ReadRule(fields);
            default:
                fields.Violate("type", "must be one of group, rule", ViolationCodes.InvalidValue);
                return null;
        }
    }

    private static ConditionGroup? ReadGroup(JsonFields fields, int groupDepth, ref int nodes)
    {
        if (groupDepth > ExperimentRules.ConditionGroupDepthMax)
        {
            fields.Violate(
                "type",
                $"must not nest groups deeper than {ExperimentRules.ConditionGroupDepthMax}",
                ViolationCodes.OutOfRange
            );
            return null;
        }
        if (!fields.TryGet("operator", out _))
        {
            fields.Violate("operator", "is required for a group: AND or OR", ViolationCodes.Required);
        }
        var groupOperator = fields.Choice("operator", WireNames<GroupOperator>.Upper);
        if (!fields.TryGet("children", out _))
        {
            fields.Violate("children", "is required for a group", ViolationCodes.Required);
            return null;
        }
        if (!fields.TryArray("children", out var array))
        {
            return null;
        }
        if (array.GetArrayLength() == 0)
        {
            fields.Violate("children", "must have at least one node", ViolationCodes.OutOfRange);
            return null;
        }
        var children = new List<ConditionNode>();
        var index = 0;
        foreach (var element in array.EnumerateArray())
        {
            var path = $"{fields.PathOf("children")}[{index++}]";
            if (element.ValueKind != JsonValueKind.Object)
            {
                fields.Violations.Add(path, "must be an object", ViolationCodes.InvalidType);
            }
            else if (ReadNode(new JsonFields(element, path, fields.Violations), groupDepth, ref nodes) is { } child)
            {
                children.Add(child);
            }
            if (nodes > ExperimentRules.ConditionNodesMax)
            {
                return null;
            }
        }
        return groupOperator is { } chosen ? new ConditionGroup(chosen, children) : null;
    }

    private static ConditionRule? ReadRule(JsonFields fields)
    {
        var property = fields.RequiredText("property", null, ExperimentRules.ConditionTextCharsMax);
        var paramName = ReadParameterName(fields, property);
        var ruleOperator = ReadOperator(fields);
        if (!fields.TryGet("value", out var value))
        {
            fields.Violate("value", "is required", ViolationCodes.Required);
            return null;
        }
        if (ruleOperator is not { } chosen || !IsValue(fields, chosen, value))
        {
            return null;
        }
        CheckValues(fields, property, chosen, value);
        return new ConditionRule(property, paramName, chosen, value.Clone());
    }

    private static string? ReadParameterName(JsonFields fields, string property)
    {
        if (property.Length == 0)
        {
            return null;
        }
        if (property == ConditionProperty.UrlParam)
        {
            return fields.RequiredText("paramName", null, ConditionProperty.ParameterCharsMax);
        }
        if (!ConditionProperty.TryParse(property, null, out _))
        {
            fields.Violate("property", ConditionProperty.ProblemOf(property), ViolationCodes.InvalidValue);
        }
        return null;
    }

    private static RuleOperator? ReadOperator(JsonFields fields)
    {
        var hasPublished = fields.TryGet("ruleOperator", out _);
        var hasShort = fields.TryGet("operator", out _);
        if (!hasPublished && !hasShort)
        {
            fields.Violate("ruleOperator", "is required for a rule", ViolationCodes.Required);
            return null;
        }
        var published = hasPublished ? ReadOperator(fields, "ruleOperator") : null;
        var shorter = hasShort ? ReadOperator(fields, "operator") : null;
        if (published is not null && shorter is not null && published != shorter)
        {
            fields.Violate("ruleOperator", "differs from operator; give one of them", ViolationCodes.InvalidValue);
            return null;
        }
        return published ?? shorter;
    }

    private static RuleOperator? ReadOperator(JsonFields fields, string name)
    {
        fields.TryGet(name, out var value);
        if (value.ValueKind == JsonValueKind.String)
        {
            switch (value.GetString())
            {
                case "eq":
                    return RuleOperator.Equals;
                case "neq":
                    return RuleOperator.NotEquals;
            }
        }
        return fields.Choice(name, WireNames<RuleOperator>.Lower);
    }

    private static bool IsValue(JsonFields fields, RuleOperator ruleOperator, JsonElement value)
    {
        if (ruleOperator is not (RuleOperator.In or RuleOperator.NotIn))
        {
            return IsScalar(fields, "value", ruleOperator, value);
        }
        if (value.ValueKind != JsonValueKind.Array)
        {
            fields.Violate("value", "must be an array for in and not_in", ViolationCodes.InvalidType);
            return false;
        }
        var count = value.GetArrayLength();
        if (count is 0 or > ExperimentRules.ConditionValuesMax)
        {
            fields.Violate(
                "value",
                $"must have 1 to {ExperimentRules.ConditionValuesMax} values",
                ViolationCodes.OutOfRange
            );
            return false;
        }
        var isValid = true;
        var index = 0;
        foreach (var element in value.EnumerateArray())
        {
            isValid &= IsScalar(fields, $"value[{index++}]", ruleOperator, element);
        }
        return isValid;
    }

    /// <summary>
    /// Notes values that no visitor can have. A stored file may have them, so that one that was accepted once is still
    /// served.
    /// </summary>
    private static void CheckValues(JsonFields fields, string name, RuleOperator ruleOperator, JsonElement value)
    {
        if (!ConditionProperty.TryParse(name, null, out var property))
        {
            return;
        }
        var isList = value.ValueKind == JsonValueKind.Array;
        for (var i = 0; i < (isList ? value.GetArrayLength() : 1); i++)
        {
            if (ConditionValues.ProblemOf(property.Source, ruleOperator, isList ? value[i] : value) is { } problem)
            {
                fields.NoteUnknownValue(isList ? $"value[{i}]" : "value", problem);
            }
        }
    }

    private static bool IsScalar(JsonFields fields, string name, RuleOperator ruleOperator, JsonElement value)
    {
        var isOrder = ruleOperator is RuleOperator.Gt or RuleOperator.Lt or RuleOperator.Gte or RuleOperator.Lte;
        switch (value.ValueKind)
        {
            case JsonValueKind.Number when IsFinite(value.GetRawText()):
                return true;
            case JsonValueKind.Number:
                fields.Violate(name, "is too large a number", ViolationCodes.OutOfRange);
                return false;
            case JsonValueKind.True or JsonValueKind.False when !isOrder:
                return true;
            case JsonValueKind.String:
                return IsText(fields, name, ruleOperator, isOrder, value.GetString()!);
            case JsonValueKind.Array:
                fields.Violate(name, "must be a single value; use in or not_in for a list", ViolationCodes.InvalidType);
                return false;
            default:
                fields.Violate(
                    name,
                    isOrder ? "must be a number" : "must be a string, number or boolean",
                    ViolationCodes.InvalidType
                );
                return false;
        }
    }

    private static bool IsText(JsonFields fields, string name, RuleOperator ruleOperator, bool isOrder, string text)
    {
        if (text.Length > ExperimentRules.ConditionTextCharsMax)
        {
            fields.Violate(
                name,
                $"must be at most {ExperimentRules.ConditionTextCharsMax} characters long",
                ViolationCodes.TooLong
            );
            return false;
        }
        if (isOrder && !IsFinite(text))
        {
            fields.Violate(name, "must be a number for gt, lt, gte and lte", ViolationCodes.InvalidFormat);
            return false;
        }
        // Every text contains the empty string: such a rule would always be true, which nobody intends.
        if (
            text.Length == 0
            && ruleOperator
                is (
                    RuleOperator.Contains
                    or RuleOperator.NotContains
                    or RuleOperator.StartsWith
                    or RuleOperator.EndsWith
                )
        )
        {
            fields.Violate(name, "must not be empty", ViolationCodes.Required);
            return false;
        }
        return true;
    }

    private static bool IsFinite(string text) => ConditionNumber.TryParse(text, out _);
}
