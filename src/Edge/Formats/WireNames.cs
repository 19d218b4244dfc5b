using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Formats;

/// <summary>
/// The text of each member of an enumeration in JSON, derived from the member's name in one place so that reading,
/// writing and error messages cannot disagree. Immutable.
/// </summary>
internal sealed class WireNames<T>
    where T : struct, Enum
{
    /// <summary><c>snake_case</c>, what all but one of the published enumerations use.</summary>
    public static readonly WireNames<T> Lower = new(JsonNamingPolicy.SnakeCaseLower);

    /// <summary><c>SNAKE_CASE</c>, for the operators of condition groups.</summary>
    public static readonly WireNames<T> Upper = new(JsonNamingPolicy.SnakeCaseUpper);

    /// <summary><c>kebab-case</c>, for names on the command line.</summary>
    public static readonly WireNames<T> Kebab = new(JsonNamingPolicy.KebabCaseLower);

    private readonly FrozenDictionary<string, T> _values;
    private readonly FrozenDictionary<T, string> _texts;

    private WireNames(JsonNamingPolicy policy)
    {
        _texts = Enum.GetValues<T>().ToFrozenDictionary(value => value, value => policy.ConvertName(value.ToString()));
        _values = _texts.ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
        Choices = string.Join(", ", Enum.GetValues<T>().Select(value => _texts[value]));
    }

    /// <summary>All texts in order, for messages.</summary>
    public string Choices { get; }

    /// <summary>The text of a member.</summary>
    public string Text(T value) => _texts[value];

    /// <summary>The member with exactly this text.</summary>
    public bool TryParse(string text, out T value) => _values.TryGetValue(text, out value);
}

/// <summary>Lets the JSON serializer write an enumeration by its <see cref="WireNames{T}"/>.</summary>
internal class WireNameConverter<T> : JsonConverter<T>
    where T : struct, Enum
{
    private readonly WireNames<T> _names;

    public WireNameConverter()
        : this(WireNames<T>.Lower) { }

    protected WireNameConverter(WireNames<T> names) => _names = names;

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && _names.TryParse(reader.GetString()!, out var value)
            ? value
            : throw new JsonException($"must be one of {_names.Choices}");

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteStringValue(_names.Text(value));
}

/// <summary>The same for names in capitals.</summary>
internal sealed class UpperWireNameConverter<T>() : WireNameConverter<T>(WireNames<T>.Upper)
    where T : struct, Enum;

/// <summary>The same for names with hyphens.</summary>
internal sealed class KebabWireNameConverter<T>() : WireNameConverter<T>(WireNames<T>.Kebab)
    where T : struct, Enum;
