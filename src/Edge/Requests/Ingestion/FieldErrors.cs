using System.Text.Json;

namespace Edge.Requests.Ingestion;

/// <summary>
/// Collects what is wrong with the members of a Millimetric event, in the words of Zod 3, which its senders compare.
/// Nothing is allocated while nothing is wrong. One reader at a time.
/// </summary>
internal struct FieldErrors
{
    public const string Required = "Required";
    public const string InvalidJson = "Invalid JSON";
    public const string InvalidUrl = "Invalid url";
    public const string InvalidDatetime = "Invalid datetime";

    private List<KeyValuePair<string, IReadOnlyList<string>>>? _fields;

    public readonly bool IsEmpty => _fields is null;

    public readonly IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> List => _fields is null ? [] : _fields;

    public void Add(string field, params string[] messages) => (_fields ??= []).Add(new(field, messages));

    /// <summary>The message for text that breaks a rule of length or is no text.</summary>
    public static string Describe(TextProblem problem, RawValue value, int charsMax) =>
        problem switch
        {
            TextProblem.Absent when value.Kind == JsonTokenType.None => Required,
            TextProblem.Absent or TextProblem.NotText => WrongType("string", value.Kind),
            TextProblem.Empty => "String must contain at least 1 character(s)",
            TextProblem.TooLong => $"String must contain at most {charsMax} character(s)",
            TextProblem.NotInstant => InvalidDatetime,
            _ => $"String {MemberText.NotUnicode}",
        };

    public static string WrongType(string expected, JsonTokenType received) =>
        $"Expected {expected}, received {NameOf(received)}";

    private static string NameOf(JsonTokenType kind) =>
        kind switch
        {
            JsonTokenType.StartObject => "object",
            JsonTokenType.StartArray => "array",
            JsonTokenType.String => "string",
            JsonTokenType.Number => "number",
            JsonTokenType.True or JsonTokenType.False => "boolean",
            _ => "null",
        };
}
