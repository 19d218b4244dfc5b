using System.Text.Json;
using System.Text.RegularExpressions;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>
/// Compares JSON with a pattern: equal member by member and element by element. In a pattern the text <c>*</c> is any
/// text that is not empty, <c>*uuid</c> a lower-case UUID of version 4, <c>*time</c> an instant in UTC with
/// milliseconds, <c>*hash</c> 32 hexadecimal digits, <c>!</c> an absent member, and <c>~regex</c> a text that matches;
/// an object with the member <c>...</c> may have more members.
/// </summary>
internal static partial class JsonPattern
{
    private const string More = "...";

    /// <summary>What differs first, or null.</summary>
    public static string? Difference(string pattern, string actual)
    {
        JsonDocument parsed;
        try
        {
            parsed = JsonDocument.Parse(actual);
        }
        catch (JsonException)
        {
            return "it is not JSON";
        }
        using (parsed)
        using (var expected = JsonDocument.Parse(pattern))
        {
            return Difference(expected.RootElement, parsed.RootElement, "$");
        }
    }

    private static string? Difference(JsonElement pattern, JsonElement actual, string place)
    {
        if (pattern.ValueKind == JsonValueKind.String && IsMatch(pattern.GetString()!, actual) is { } isMatch)
        {
            return isMatch ? null : $"{place} is {actual.GetRawText()}, not {pattern.GetRawText()}";
        }

        if (pattern.ValueKind != actual.ValueKind)
        {
            return $"{place} is {actual.GetRawText()}, not {pattern.GetRawText()}";
        }

        return pattern.ValueKind switch
        {
            JsonValueKind.Object => ObjectDifference(pattern, actual, place),
            JsonValueKind.Array when pattern.GetArrayLength() != actual.GetArrayLength() =>
                $"{place} has {actual.GetArrayLength()} elements, not {pattern.GetArrayLength()}",
            JsonValueKind.Array => pattern
                .EnumerateArray()
                .Zip(actual.EnumerateArray())
                .Select((pair, index) => Difference(pair.First, pair.Second, $"{place}[{index}]"))
                .FirstOrDefault(difference => difference is not null),
            JsonValueKind.String => pattern.GetString() == actual.GetString()
                ? null
                : $"{place} is {actual.GetRawText()}, not {pattern.GetRawText()}",
            // Numbers as they were written: none may pass through a double.
            _ => pattern.GetRawText() == actual.GetRawText()
                ? null
                : $"{place} is {actual.GetRawText()}, not {pattern.GetRawText()}",
        };
    }

    private static string? ObjectDifference(JsonElement pattern, JsonElement actual, string place)
    {
        var expected = pattern.EnumerateObject().Where(member => member.Name != More).ToArray();
        foreach (var member in expected)
        {
            var isPresent = actual.TryGetProperty(member.Name, out var value);
            if (member.Value.ValueKind == JsonValueKind.String && member.Value.GetString() == "!")
            {
                if (isPresent)
                {
                    return $"{place}.{member.Name} is {value.GetRawText()}, and should not be there";
                }

                continue;
            }
            if (!isPresent)
            {
                return $"{place}.{member.Name} is missing";
            }

            if (Difference(member.Value, value, $"{place}.{member.Name}") is { } difference)
            {
                return difference;
            }
        }
        if (pattern.TryGetProperty(More, out _))
        {
            return null;
        }

        var names = expected.Select(member => member.Name).ToHashSet();
        var unexpected = actual.EnumerateObject().FirstOrDefault(member => !names.Contains(member.Name));
        return unexpected.Value.ValueKind == JsonValueKind.Undefined
            ? null
            : $"{place}.{unexpected.Name} was not expected";
    }

    /// <summary>Null when the text of the pattern is no wildcard.</summary>
    private static bool? IsMatch(string pattern, JsonElement actual)
    {
        var text = actual.ValueKind == JsonValueKind.String ? actual.GetString()! : null;
        return pattern switch
        {
            "*" => text?.Length > 0,
            "*uuid" => text is not null && Uuid().IsMatch(text),
            "*time" => text is not null && Time().IsMatch(text),
            "*hash" => text is not null && Hash().IsMatch(text),
            _ when pattern.StartsWith('~') => text is not null && Regex.IsMatch(text, pattern[1..]),
            _ => null,
        };
    }

    [GeneratedRegex("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
    private static partial Regex Time();

    [GeneratedRegex("^[0-9a-f]{32}$")]
    private static partial Regex Hash();
}
