using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Edge.Tests.OpenApi;

/// <summary>
/// Validates JSON against the part of JSON Schema 2020-12 that the description of the API uses. A keyword it does not
/// know is a problem of its own, so nothing is passed over unseen. Stricter than the standard in one thing: an object
/// that lists its members has no others unless the schema says that it may.
/// </summary>
internal sealed class JsonSchema(JsonElement document)
{
    /// <summary>Keywords that say something and check nothing.</summary>
    private static readonly string[] Annotations = ["description", "default", "example", "examples", "readOnly"];

    /// <summary>The problems of a value, each with its place; empty when it is valid.</summary>
    public IReadOnlyList<string> Problems(JsonElement schema, JsonElement value)
    {
        var problems = new List<string>();
        Check(schema, value, "$", problems);
        return problems;
    }

    /// <summary>
    /// The schema, response or other component a reference names; what is no reference is returned as it is.
    /// </summary>
    public JsonElement Resolve(JsonElement element)
    {
        while (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("$ref", out var reference))
        {
            var path = reference.GetString()!.Split('/');
            if (path[0] != "#")
            {
                throw new InvalidOperationException($"a reference to another document: {reference}");
            }

            element = document;
            foreach (var part in path[1..])
            {
                element = element.GetProperty(part);
            }
        }
        return element;
    }

    /// <summary>
    /// The members that an object of the schema may have, those of the schemas that it adds to included; empty when it
    /// lists none.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement> Members(JsonElement schema) =>
        Parts(Resolve(schema))
            .Where(part => part.TryGetProperty("properties", out _))
            .SelectMany(part => part.GetProperty("properties").EnumerateObject())
            .ToDictionary(member => member.Name, member => member.Value);

    private void Check(JsonElement schema, JsonElement value, string at, List<string> problems)
    {
        schema = Resolve(schema);
        foreach (var keyword in schema.EnumerateObject())
        {
            switch (keyword.Name)
            {
                case "type":
                    if (!Names(keyword.Value).Any(type => Is(value, type)))
                    {
                        problems.Add($"{at} must be {keyword.Value}, is {Short(value)}");
                    }

                    break;
                case "enum":
                    if (!keyword.Value.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)))
                    {
                        problems.Add($"{at} must be one of {keyword.Value}, is {Short(value)}");
                    }

                    break;
                case "const":
                    if (!JsonElement.DeepEquals(keyword.Value, value))
                    {
                        problems.Add($"{at} must be {keyword.Value}, is {Short(value)}");
                    }

                    break;
                case "oneOf":
                case "anyOf":
                    CheckChoice(keyword, value, at, problems);
                    break;
                case "allOf":
                case "properties":
                case "required":
                case "additionalProperties":
                    break;
                case "items":
                case "minItems":
                case "maxItems":
                    if (value.ValueKind == JsonValueKind.Array)
                    {
                        CheckArray(keyword, value, at, problems);
                    }

                    break;
                case "pattern":
                case "format":
                case "minLength":
                case "maxLength":
                    if (value.ValueKind == JsonValueKind.String)
                    {
                        CheckText(keyword, value.GetString()!, at, problems);
                    }

                    break;
                case "minimum":
                case "maximum":
                case "exclusiveMinimum":
                case "exclusiveMaximum":
                    if (value.ValueKind == JsonValueKind.Number)
                    {
                        CheckNumber(keyword, value.GetDouble(), at, problems);
                    }

                    break;
                default:
                    if (!Annotations.Contains(keyword.Name))
                    {
                        problems.Add($"{at}: keyword {keyword.Name} is unknown");
                    }

                    break;
            }
        }
        if (value.ValueKind == JsonValueKind.Object)
        {
            CheckObject(schema, value, at, problems);
        }
    }

    private IEnumerable<JsonElement> Parts(JsonElement schema) =>
        schema.TryGetProperty("allOf", out var parts)
            ? [schema, .. parts.EnumerateArray().SelectMany(part => Parts(Resolve(part)))]
            : [schema];

    private void CheckObject(JsonElement schema, JsonElement value, string at, List<string> problems)
    {
        var members = Members(schema);
        var hasOthers = schema.TryGetProperty("additionalProperties", out var others);
        foreach (var part in Parts(schema).Where(part => part.TryGetProperty("required", out _)))
        {
            problems.AddRange(
                Names(part.GetProperty("required"))
                    .Where(name => !value.TryGetProperty(name, out _))
                    .Select(name => $"{at}.{name} is missing")
            );
        }

        foreach (var member in value.EnumerateObject())
        {
            var place = $"{at}.{member.Name}";
            if (members.TryGetValue(member.Name, out var known))
            {
                Check(known, member.Value, place, problems);
            }
            else if (hasOthers && others.ValueKind == JsonValueKind.Object)
            {
                Check(others, member.Value, place, problems);
            }
            else if (hasOthers ? others.ValueKind == JsonValueKind.False : members.Count > 0)
            {
                problems.Add($"{place} is not described");
            }
        }
    }

    private void CheckChoice(JsonProperty choice, JsonElement value, string at, List<string> problems)
    {
        var failures = choice.Value.EnumerateArray().Select(schema => Problems(schema, value)).ToList();
        var valid = failures.Count(failure => failure.Count == 0);
        if (valid == 1 || (valid > 1 && choice.NameEquals("anyOf")))
        {
            return;
        }

        problems.Add(
            $"{at} is valid as {valid} of {failures.Count}: {string.Join(" | ", failures.Select(failure => string.Join(", ", failure)))}"
        );
    }

    private void CheckArray(JsonProperty keyword, JsonElement value, string at, List<string> problems)
    {
        var length = value.GetArrayLength();
        if (keyword.NameEquals("items"))
        {
            for (var i = 0; i < length; i++)
            {
                Check(keyword.Value, value[i], $"{at}[{i}]", problems);
            }
        }
        else if (keyword.NameEquals("minItems") ? length < keyword.Value.GetInt32() : length > keyword.Value.GetInt32())
        {
            problems.Add($"{at} has {length} items, {keyword.Name} is {keyword.Value}");
        }
    }

    private static void CheckText(JsonProperty keyword, string text, string at, List<string> problems)
    {
        var isValid = keyword.Name switch
        {
            "pattern" => Regex.IsMatch(text, keyword.Value.GetString()!, RegexOptions.ECMAScript),
            "minLength" => text.Length >= keyword.Value.GetInt32(),
            "maxLength" => text.Length <= keyword.Value.GetInt32(),
            _ => keyword.Value.GetString() switch
            {
                "date-time" => text.Contains('T', StringComparison.Ordinal)
                    && DateTimeOffset.TryParse(
                        text,
                        CultureInfo.InvariantCulture,
                        DateTimeStyles.AssumeUniversal,
                        out _
                    ),
                "uri" => Uri.TryCreate(text, UriKind.Absolute, out _),
                _ => false,
            },
        };
        if (!isValid)
        {
            problems.Add($"{at}: \"{text}\" does not satisfy {keyword.Name} {keyword.Value}");
        }
    }

    private static void CheckNumber(JsonProperty keyword, double number, string at, List<string> problems)
    {
        var bound = keyword.Value.GetDouble();
        var isValid = keyword.Name switch
        {
            "minimum" => number >= bound,
            "maximum" => number <= bound,
            "exclusiveMinimum" => number > bound,
            _ => number < bound,
        };
        if (!isValid)
        {
            problems.Add($"{at}: {number} does not satisfy {keyword.Name} {bound}");
        }
    }

    private static IEnumerable<string> Names(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Select(one => one.GetString()!)
            : [value.GetString()!];

    private static bool Is(JsonElement value, string type) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => type == "object",
            JsonValueKind.Array => type == "array",
            JsonValueKind.String => type == "string",
            JsonValueKind.True or JsonValueKind.False => type == "boolean",
            JsonValueKind.Null => type == "null",
            _ => type == "number" || (type == "integer" && value.GetDouble() % 1 == 0),
        };

    private static string Short(JsonElement value) =>
        value.GetRawText() is { Length: > 80 } text ? text[..80] + "..." : value.GetRawText();
}
