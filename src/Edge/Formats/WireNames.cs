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

    // Arrays and not dictionaries, which the native compiler makes anew for every enumeration: 50 KB for a dozen names.
    private readonly T[] _values = Enum.GetValues<T>();
    private readonly string[] _texts;

    private WireNames(JsonNamingPolicy policy)
    {
        _texts = Array.ConvertAll(Enum.GetNames<T>(), policy.ConvertName);
        Choices = string.Join(", ", _texts);
    }

    /// <summary>All texts in order, for messages.</summary>
    public string Choices { get; }

    /// <summary>The text of a member.</summary>
    public string Text(T value)
    {
        for (var i = 0; i < _values.Length; i++)
        {
            if (EqualityComparer<T>.Default.Equals(_values[i], value))
            {
                return _texts[i];
            }
        }

        throw new ArgumentOutOfRangeException(nameof(value), value, $"is no {typeof(T).Name}");
    }

    /// <summary>The member with exactly this text.</summary>
    public bool TryParse(string text, out T value)
    {
        var at = Array.IndexOf(_texts, text);
        value = at < 0 ? default : _values[at];
        return at >= 0;
    }
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
