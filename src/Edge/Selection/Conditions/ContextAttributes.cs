using System.Text.Json;
using Edge.Experiments.Conditions;

namespace Edge.Selection.Conditions;

/// <summary>
/// The attributes of an evaluation context as conditions see them: the text of each string, number and boolean by its
/// path, which is the names of nested objects with a dot between each two. Lists and nulls are no attributes. Numbers
/// keep their digits; of two attributes with the same path the last one counts. Immutable.
/// </summary>
internal sealed class ContextAttributes
{
    /// <summary>Most attributes of one context, which bounds the work for it.</summary>
    public const int CountMax = 256;

    /// <summary>Deepest nesting, the context itself included.</summary>
    public const int DepthMax = 8;

    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    private ContextAttributes() { }

    /// <summary>Reads a context, a JSON object; null when it is beyond the limits.</summary>
    /// <param name="context">The object.</param>
    /// <param name="problem">What is wrong; null when nothing is.</param>
    public static ContextAttributes? Read(JsonElement context, out string? problem)
    {
        var attributes = new ContextAttributes();
        problem = attributes.Add(context, "", depth: 1);
        return problem is null ? attributes : null;
    }

    /// <summary>A context with one attribute.</summary>
    public static ContextAttributes Of(string path, string text)
    {
        var attributes = new ContextAttributes();
        attributes._texts[path] = text;
        return attributes;
    }

    /// <summary>The text of an attribute; false when the context does not have it.</summary>
    public bool TryFind(string path, out ReadOnlySpan<char> text)
    {
        var isFound = _texts.TryGetValue(path, out var found);
        text = found;
        return isFound;
    }

    private string? Add(JsonElement parent, string prefix, int depth)
    {
        if (depth > DepthMax)
        {
            return $"must not be nested deeper than {DepthMax} levels";
        }

        foreach (var member in parent.EnumerateObject())
        {
            var path = prefix + member.Name;
            var text = member.Value.ValueKind switch
            {
                JsonValueKind.String => member.Value.GetString(),
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => member.Value.GetRawText(),
                _ => null,
            };
            if (member.Value.ValueKind == JsonValueKind.Object)
            {
                if (Add(member.Value, path + ConditionProperty.PathSeparator, depth + 1) is { } problem)
                {
                    return problem;
                }
            }
            else if (text is null)
            {
                _texts.Remove(path);
            }
            // What no condition can name is not kept.
            else if (path.Length <= ConditionProperty.AttributeCharsMax)
            {
                _texts[path] = text;
            }

            if (_texts.Count > CountMax)
            {
                return $"must have at most {CountMax} attributes";
            }
        }

        return null;
    }
}
