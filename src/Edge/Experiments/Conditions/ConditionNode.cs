using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Experiments.Conditions;

/// <summary>A node of the condition tree of a smart link: a group of nodes or one rule. Immutable.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(ConditionGroup), "group")]
[JsonDerivedType(typeof(ConditionRule), "rule")]
internal abstract record ConditionNode;

/// <summary>A group of one or more nodes, combined by AND or OR.</summary>
/// <param name="Operator">How the children combine.</param>
/// <param name="Children">At least one.</param>
internal sealed record ConditionGroup(GroupOperator Operator, IReadOnlyList<ConditionNode> Children) : ConditionNode;

/// <summary>A comparison of one property of the request with a stored value.</summary>
/// <param name="Property">A name known to <see cref="ConditionProperty"/>, as written in the definition.</param>
/// <param name="ParamName">Name of the query parameter when the property is <c>url.param</c>, else null.</param>
/// <param name="RuleOperator">How to compare.</param>
/// <param name="Value">A string, number or boolean; for the set operators an array of these.</param>
internal sealed record ConditionRule(
    string Property,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ParamName,
    RuleOperator RuleOperator,
    JsonElement Value
) : ConditionNode;
