using System.Text.Json;
using Edge.Formats;
using Edge.Storage;

namespace Edge.Fleet.Origin;

/// <summary>What an origin remembers of its editions across a restart.</summary>
/// <param name="Version">Version of the newest edition.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="Rollout">Which edges get it; null when all do.</param>
internal sealed record PublishedState(long Version, string Digest, Rollout? Rollout);

/// <summary>
/// The file <c>DATA/fleet/published</c>: version and digest of the newest edition, and who gets it. It is durable before
/// the edition is shown to anybody, so no version ever names two contents.
/// </summary>
internal sealed class PublishedVersion(string directory)
{
    public const string FileName = "published";

    private const string RolloutMember = "rollout";
    private const int BytesMax = 64 << 10;

    /// <summary>
    /// What was written last; null when there is no file, or it is damaged: the version then goes on from the clock, and
    /// from what edges prove they have.
    /// </summary>
    public PublishedState? Read()
    {
        try
        {
            using var document = JsonDocument.Parse(
                DiskFile.ReadWhole(Path.Combine(directory, FileName), BytesMax)
            );
            var root = document.RootElement;
            var version = root.GetProperty("version").GetInt64();
            return version is > 0 and < EditionTag.VersionMax
                ? new PublishedState(
                    version,
                    root.GetProperty("digest").GetString()!,
                    root.TryGetProperty(RolloutMember, out var rollout) ? RolloutOf(rollout) : null
                )
                : null;
        }
        catch (Exception e)
            when (e is FileNotFoundException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Replaces the file; durable when it returns. Throws <see cref="IOException"/>.</summary>
    public void Write(PublishedState state)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("version", state.Version);
            json.WriteString("digest", state.Digest);
            if (state.Rollout is { } rollout)
            {
                json.WriteStartObject(RolloutMember);
                rollout.WriteTo(json);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        AtomicFile.Write(directory, FileName, bytes.ToArray(), SecretDirectory.OwnerOnly);
    }

    private static Rollout RolloutOf(JsonElement value) =>
        new(
            value.GetProperty(Rollout.ShareMember).GetDouble(),
            [.. value.GetProperty(Rollout.NodesMember).EnumerateArray().Select(static node => node.GetString()!)],
            Timestamp.TryParse(value.GetProperty(Rollout.SinceMember).GetString(), out var since)
                ? since
                : throw new FormatException("since is no time")
        );
}
