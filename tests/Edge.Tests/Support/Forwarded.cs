using System.Text.Json;

namespace Edge.Tests.Support;

/// <summary>Reads what the file sink has written.</summary>
internal static class Forwarded
{
    /// <summary>Every complete line of every forwarded file, in order.</summary>
    public static string[] Lines(string dataDir) => [.. Read(dataDir)];

    /// <summary>The same one file at a time, for more events than fit into memory.</summary>
    public static IEnumerable<string> Read(string dataDir)
    {
        var directory = Path.Combine(dataDir, "forwarded");
        if (!Directory.Exists(directory))
        {
            return [];
        }

        return Directory.GetFiles(directory, "*.ndjson").Order(StringComparer.Ordinal).SelectMany(ReadCompleteLines);
    }

    /// <summary>Waits until a forwarded event satisfies the condition and returns it.</summary>
    public static async Task<JsonElement> WaitForAsync(string dataDir, Predicate<JsonElement> condition)
    {
        var found = await Wait.ForAsync(
            () => Task.FromResult(Find(dataDir, condition)),
            element => element is not null,
            _ => $"{Lines(dataDir).Length} other lines"
        );
        return found!.Value;
    }

    /// <summary>The text of a member, or "" when it is absent.</summary>
    public static string Text(this JsonElement element, string member) =>
        element.TryGetProperty(member, out var value) ? value.ToString() : "";

    /// <summary>The lines of a file that somebody may be writing, without one that is not whole yet.</summary>
    public static IEnumerable<string> ReadCompleteLines(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var text = new StreamReader(stream).ReadToEnd();
        var end = text.LastIndexOf('\n');
        return end < 0 ? [] : text[..end].Split('\n');
    }

    private static JsonElement? Find(string dataDir, Predicate<JsonElement> condition)
    {
        foreach (var line in Lines(dataDir))
        {
            var element = JsonDocument.Parse(line).RootElement;
            if (condition(element))
            {
                return element;
            }
        }

        return null;
    }
}
