using System.Text.Json;
using Edge.Storage;

namespace Edge.Fleet.Origin;

/// <summary>
/// The file <c>DATA/fleet/published</c>: version and digest of the newest edition. It is durable before the edition is
/// shown to anybody, so no version ever names two contents.
/// </summary>
internal sealed class PublishedVersion(string directory)
{
    public const string FileName = "published";

    private const int BytesMax = 1 << 10;

    /// <summary>
    /// Version and digest; null when there is no file, or it is damaged: the version then goes on from the clock, and
    /// from what edges prove they have.
    /// </summary>
    public (long Version, string Digest)? Read()
    {
        try
        {
            using var document = JsonDocument.Parse(
                DiskFile.ReadWhole(Path.Combine(directory, FileName), BytesMax)
            );
            var version = document.RootElement.GetProperty("version").GetInt64();
            return version is > 0 and < EditionTag.VersionMax
                ? (version, document.RootElement.GetProperty("digest").GetString()!)
                : null;
        }
        catch (Exception e)
            when (e is FileNotFoundException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Writes both; durable when it returns. Throws <see cref="IOException"/>.</summary>
    public void Write(long version, string digest)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("version", version);
            json.WriteString("digest", digest);
            json.WriteEndObject();
        }

        AtomicFile.Write(directory, FileName, bytes.ToArray(), SecretDirectory.OwnerOnly);
    }
}
