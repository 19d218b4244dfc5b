using System.Globalization;
using System.Text;
using System.Text.Json;
using Edge.Storage;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.DeadLetters;

/// <summary>One event a sink refused.</summary>
/// <param name="Id">Identity of the event.</param>
/// <param name="At">When it was refused, as written in the file.</param>
/// <param name="Answer">What the destination said.</param>
/// <param name="Event">The event as the journal holds it.</param>
internal sealed record DeadLetter(EventId Id, string At, string Answer, byte[] Event);

/// <summary>
/// The files that <see cref="DeadLetterBox"/> writes, for the commands that list and empty them, also while a service
/// is writing. Failures are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
/// </summary>
internal static class DeadLetterFiles
{
    private const long ContainsBytesMax = 64L << 20;

    /// <summary>The sinks that have dead letters, sorted by name.</summary>
    /// <param name="root"><c>DATA/dead-letters</c>.</param>
    public static IReadOnlyList<string> Sinks(string root) =>
        Directory.Exists(root)
            ?
            [
                .. Directory
                    .GetDirectories(root)
                    .Where(static path => Files(path).Length > 0)
                    .Select(static path => Path.GetFileName(path))
                    .Order(StringComparer.Ordinal),
            ]
            : [];

    /// <summary>The dead letters of one sink, oldest first. Other lines are skipped.</summary>
    public static IEnumerable<DeadLetter> Read(string directory)
    {
        foreach (var file in Files(directory))
        {
            foreach (var line in File.ReadLines(file, Encoding.UTF8))
            {
                if (TryParse(line, out var letter))
                {
                    yield return letter;
                }
            }
        }
    }

    /// <summary>
    /// Whether an event is among the dead letters of a sink; null when there are more than are read, 64 MiB, and it was
    /// not in those. It is in no file of a day before its own.
    /// </summary>
    public static bool? Contains(string directory, EventId id)
    {
        var first = id.CreatedAt.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture) + DeadLetterBox.Suffix;
        var (mark, left) = (Encoding.ASCII.GetBytes($"{{\"id\":\"{id}\""), ContainsBytesMax);
        foreach (var path in Files(directory))
        {
            if (string.CompareOrdinal(Path.GetFileName(path), first) < 0)
            {
                continue;
            }
            try
            {
                var length = new FileInfo(path).Length;
                if (length > left)
                {
                    return null;
                }
                left -= length;
                if (DiskFile.ReadWhole(path, ContainsBytesMax).AsSpan().IndexOf(mark) >= 0)
                {
                    return true;
                }
            }
            catch (FileNotFoundException)
            {
                // Emptied in between: its events were taken after all.
            }
        }
        return false;
    }

    /// <summary>How many there are of one sink; null when they may not be read.</summary>
    public static long? Count(string directory)
    {
        try
        {
            return Read(directory).LongCount();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Removes these events; everything else in the files stays. Durable on return.</summary>
    /// <param name="directory">The sink's directory.</param>
    /// <param name="taken">Their identities as text.</param>
    public static void Remove(string directory, IReadOnlySet<string> taken)
    {
        using var hold = DeadLetterLock.Take(directory);
        foreach (var file in Files(directory))
        {
            var lines = File.ReadAllLines(file, Encoding.UTF8);
            var left = Array.FindAll(
                lines,
                line => !TryParse(line, out var letter) || !taken.Contains(letter.Id.ToString())
            );
            if (left.Length == 0)
            {
                DiskDirectory.Remove(file);
                DiskDirectory.Sync(directory);
            }
            else if (left.Length < lines.Length)
            {
                AtomicFile.Write(
                    directory,
                    Path.GetFileName(file),
                    Encoding.UTF8.GetBytes(string.Join('\n', left) + "\n")
                );
            }
        }
    }

    /// <summary>Reads the text form of an identity.</summary>
    public static bool TryParseId(string text, out EventId id)
    {
        Span<byte> bytes = stackalloc byte[EventId.Bytes];
        id = default;
        if (!Guid.TryParseExact(text, "D", out var guid) || !guid.TryWriteBytes(bytes, bigEndian: true, out _))
        {
            return false;
        }

        id = EventId.ReadBytes(bytes);
        return true;
    }

    private static string[] Files(string directory) =>
        Directory.Exists(directory)
            ? [.. Directory.GetFiles(directory, "*" + DeadLetterBox.Suffix).Order(StringComparer.Ordinal)]
            : [];

    private static bool TryParse(string line, out DeadLetter letter)
    {
        letter = null!;
        var bytes = Encoding.UTF8.GetBytes(line);
        string? id = null,
            at = null,
            answer = null;
        byte[]? json = null;
        try
        {
            var reader = new Utf8JsonReader(bytes);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString();
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                switch (name)
                {
                    case "id":
                        id = reader.GetString();
                        break;
                    case "at":
                        at = reader.GetString();
                        break;
                    case "answer":
                        answer = reader.GetString();
                        break;
                    case "event":
                        // A slice: the bytes the sink gets must be those of the journal.
                        json = bytes[start..(int)reader.BytesConsumed];
                        break;
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }

        if (id is null || json is null || !TryParseId(id, out var identity))
        {
            return false;
        }

        letter = new DeadLetter(identity, at ?? "", answer ?? "", json);
        return true;
    }
}
