using System.Text.Json.Serialization;
using Edge.Formats;

namespace Edge.Access;

/// <summary>The generated JSON serializers of the files of keys and shares.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    // A damaged file must fail where it is read, not as a null somewhere later.
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    Converters = [typeof(TimestampConverter)]
)]
[JsonSerializable(typeof(KeyList))]
[JsonSerializable(typeof(ShareList))]
internal sealed partial class KeyJson : JsonSerializerContext
{
    /// <summary>
    /// Indented, with non-ASCII letters unescaped, for files that people edit. Not safe for embedding in HTML.
    /// </summary>
    public static KeyJson Readable => ReadableContext.Instance;

    /// <summary>
    /// A separate type because the order of static initialisers across the generated files is undefined.
    /// </summary>
    private static class ReadableContext
    {
        internal static readonly KeyJson Instance = new(ReadableJson.From(Default.Options));
    }
}
