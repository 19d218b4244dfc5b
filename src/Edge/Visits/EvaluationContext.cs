using System.Text;
using System.Text.Json;
using Edge.Formats;
using Edge.Selection;
using Edge.Selection.Conditions;

namespace Edge.Visits;

/// <summary>
/// Who an evaluation is for, as a program states it: the unit (<c>targetingKey</c>) and attributes that conditions may
/// look at. Immutable.
/// </summary>
/// <param name="unit">
/// The unit, the one that pixel and click have of the same text in <c>u</c>; empty without one.
/// </param>
/// <param name="attributes">All members, the unit's too.</param>
internal sealed class EvaluationContext(byte[] unit, ContextAttributes attributes)
{
    /// <summary>The member with the sender's own id of the visitor.</summary>
    public const string UnitMember = "targetingKey";

    /// <summary>The context of whoever states none.</summary>
    public static readonly JsonElement Unstated = JsonElement.Parse("{}");

    /// <summary>The unit; empty when the context names none.</summary>
    public ReadOnlySpan<byte> Unit => unit;

    public ContextAttributes Attributes => attributes;

    /// <summary>Reads a context; null when it is not what it must be.</summary>
    /// <param name="context">The value, of a document in which every string is Unicode.</param>
    /// <param name="problem">What is wrong, as the end of a sentence that begins with its name.</param>
    public static EvaluationContext? Read(JsonElement context, out string? problem)
    {
        if (context.ValueKind != JsonValueKind.Object)
        {
            problem = "must be an object";
            return null;
        }

        var id = "";
        if (context.TryGetProperty(UnitMember, out var member) && member.ValueKind != JsonValueKind.Null)
        {
            if (member.ValueKind != JsonValueKind.String)
            {
                problem = $"must have text as {UnitMember}";
                return null;
            }

            id = member.GetString()!;
        }

        var utf8 = Encoding.UTF8.GetBytes(id);
        if (MergeTag.IsIn(utf8))
        {
            problem = "must name a unit, not a merge tag that was not filled";
            return null;
        }

        return Read(utf8, context, out problem);
    }

    /// <summary>The same with a unit that is named elsewhere, and is no merge tag.</summary>
    /// <inheritdoc cref="Read(JsonElement, out string?)"/>
    public static EvaluationContext? Read(ReadOnlySpan<byte> id, JsonElement context, out string? problem)
    {
        Span<byte> room = stackalloc byte[Bucketing.UnitBytesMax];
        return ContextAttributes.Read(context, out problem) is { } attributes
            ? new EvaluationContext(Visit.UnitOf(id, room).ToArray(), attributes)
            : null;
    }
}
