using System.Text.Json;
using Edge.Access;
using Edge.Storage;

namespace Edge.Postgres;

/// <summary>An experiment as the store has it.</summary>
/// <param name="Uid">Its uid.</param>
/// <param name="Revision">Grows by one with each change.</param>
/// <param name="Definition">The definition, as it was written.</param>
internal sealed record StoredDefinition(string Uid, long Revision, string Definition);

/// <summary>What the store had when the copy was made.</summary>
/// <param name="StoreId">Identity of the database.</param>
/// <param name="Definitions">All experiments.</param>
/// <param name="Keys">All keys.</param>
internal sealed record StoreContent(
    string StoreId,
    IReadOnlyList<StoredDefinition> Definitions,
    IReadOnlyList<ApiKey> Keys
);

/// <summary>
/// The file <c>DATA/store/copy</c>: the last good state of the store, with which a node starts when PostgreSQL is away.
/// A <see cref="SummedFile"/> of JSON. For its owner alone: it has the hashes of the keys.
/// </summary>
/// <param name="directory">Where it lies.</param>
internal sealed class StoreCopy(string directory)
{
    public const string FileName = "copy";

    /// <summary>Largest file that is read, bytes.</summary>
    private const long BytesMax = 512L << 20;

    private static readonly byte[] Magic = [.. "EDS1"u8];

    public string FilePath => Path.Combine(directory, FileName);

    /// <summary>
    /// The content; null when there is none. Throws <see cref="IOException"/> with one line when the file is damaged or cannot be read.
    /// </summary>
    public StoreContent? Read()
    {
        byte[] bytes;
        try
        {
            bytes = DiskFile.ReadWhole(FilePath, BytesMax);
        }
        catch (FileNotFoundException)
        {
            return null;
        }

        if (SummedFile.ContentOf(bytes, Magic) is not { } content)
        {
            throw new IOException($"{FilePath} is damaged: it does not have its checksum");
        }

        try
        {
            using var document = JsonDocument.Parse(content);
            var root = document.RootElement;
            return new StoreContent(
                root.GetProperty("store").GetString()!,
                [
                    .. root.GetProperty("experiments")
                        .EnumerateArray()
                        .Select(static one => new StoredDefinition(
                            one.GetProperty("uid").GetString()!,
                            one.GetProperty("revision").GetInt64(),
                            one.GetProperty("definition").GetString()!
                        )),
                ],
                root.GetProperty("keys").Deserialize(KeyJson.Default.KeyList)!.Keys
            );
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new IOException($"{FilePath} is of another version of the program", e);
        }
    }

    /// <summary>Replaces the file; durable when it returns. Throws <see cref="IOException"/>.</summary>
    public void Write(StoreContent content)
    {
        using var stream = new MemoryStream();
        stream.Write(stackalloc byte[SummedFile.HeaderBytes]);
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("store", content.StoreId);
            json.WriteStartArray("experiments");
            foreach (var definition in content.Definitions)
            {
                json.WriteStartObject();
                json.WriteString("uid", definition.Uid);
                json.WriteNumber("revision", definition.Revision);
                json.WriteString("definition", definition.Definition);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WritePropertyName("keys");
            JsonSerializer.Serialize(json, new KeyList(content.Keys), KeyJson.Default.KeyList);
            json.WriteEndObject();
        }

        SummedFile.Write(directory, FileName, Magic, stream);
    }
}
