using Edge.Forwarding.Files;

namespace Edge.Tests.Forwarding;

/// <summary>What a person finds in the directory of the file sink.</summary>
internal static class SinkFiles
{
    public static string[] Names(string directory) =>
        [
            .. Directory
                .EnumerateFiles(directory, "*.ndjson")
                .Select(path => Path.GetFileName(path)!)
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>All bytes of all files in the order of their names.</summary>
    public static string Text(string directory) =>
        string.Concat(Names(directory).Select(name => File.ReadAllText(Path.Combine(directory, name))));

    /// <summary>All lines; fails when the last one is not complete.</summary>
    public static string[] Lines(string directory)
    {
        var text = Text(directory);
        if (text.Length == 0)
        {
            return [];
        }

        Xunit.Assert.EndsWith("\n", text, StringComparison.Ordinal);
        return text[..^1].Split('\n');
    }

    public static ForwardedFileName[] Parsed(string directory) =>
        [.. Names(directory).Select(name => ForwardedFileName.TryParse(name, out var parsed) ? parsed : default)];
}
