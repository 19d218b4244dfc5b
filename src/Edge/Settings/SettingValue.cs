using System.Globalization;
using System.Text;
using Edge.Formats;
using Edge.Storage;

namespace Edge.Settings;

/// <summary>
/// Parses the text of settings. Each method returns null when the text was accepted, else what is wrong with it,
/// without repeating the text, which may be a secret.
/// </summary>
internal static class SettingValue
{
    /// <summary>Separator of the items of a list given as one text.</summary>
    public const char ListSeparator = ',';

    /// <summary>Longest file of lines, bytes.</summary>
    private const int FileBytesMax = 64 << 10;

    private static readonly (string Suffix, long Factor)[] ByteUnits =
    [
        ("KiB", 1L << 10),
        ("MiB", 1L << 20),
        ("GiB", 1L << 30),
        ("TiB", 1L << 40),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("B", 1),
    ];

    private static readonly (string Suffix, long Milliseconds)[] TimeUnits =
    [
        ("ms", 1),
        ("s", 1_000),
        ("min", 60_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];

    public static string? LineProblem(string text) =>
        text.Any(char.IsControl) ? "must not contain control characters" : null;

    public static string? Flag(string text, out bool value)
    {
        value = text.Equals("true", StringComparison.OrdinalIgnoreCase);
        return value || text.Equals("false", StringComparison.OrdinalIgnoreCase) ? null : "must be true or false";
    }

    /// <summary>
    /// Parses a whole number, digits only. If the key's suffix denotes bytes (<c>...Bytes</c>) or time (<c>...Ms</c>,
    /// <c>...Seconds</c>, <c>...Minutes</c>, <c>...Hours</c>, <c>...Days</c>), a unit may follow: <c>64MiB</c>,
    /// <c>250ms</c>.
    /// </summary>
    public static string? Number(string key, string text, long min, long max, out long value)
    {
        var (units, one, examples) = UnitsOf(key);
        return TryCount(text, units, one, out value) && value >= min && value <= max
            ? null
            : $"must be a whole number from {min} to {max}{examples}";
    }

    /// <summary>Whether a number of this key may have a unit.</summary>
    public static bool HasUnit(string key) => UnitsOf(key).Units.Length > 0;

    public static string? Choice<T>(string text, out T value)
        where T : struct, Enum
    {
        // Enum.TryParse is not used: it also accepts numbers, lists of names and white space.
        foreach (var candidate in Enum.GetValues<T>())
        {
            if (text.Equals(candidate.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                value = candidate;
                return null;
            }
        }

        value = default;
        return "must be one of " + string.Join(", ", Words<T>());
    }

    /// <summary>The words of a closed set.</summary>
    public static string[] Words<T>()
        where T : struct, Enum => Array.ConvertAll(Enum.GetNames<T>(), CamelCase);

    public static string[] Items(string text) =>
        text.Split(ListSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Reads a value, one line, from the file that a <c>...File</c> setting names.</summary>
    public static string? OfFile(string path, out string value)
    {
        value = "";
        try
        {
            value = DiskFile.ReadLine(path);
            return value.Length > 0 ? null : "names an empty file";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read: {e.Message.ReplaceLineEndings(" ")}";
        }
    }

    /// <summary>Reads a file of lines, blank ones left out; what is wrong with it, as the rest of a sentence.</summary>
    public static string? LinesOfFile(string path, int linesMax, out string[] lines)
    {
        lines = [];
        try
        {
            lines = Encoding
                .UTF8.GetString(DiskFile.ReadWhole(path, FileBytesMax))
                .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read: {e.Message.ReplaceLineEndings(" ")}";
        }

        return lines.Length == 0 ? "names an empty file"
            : lines.Length > linesMax ? $"names a file with more than {linesMax} lines"
            : null;
    }

    public static string CamelCase(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    /// <summary>What is wrong with a text that must be one of a closed set.</summary>
    public static string? OneOf(IReadOnlyCollection<string> known, string text) =>
        known.Contains(text)
            ? null
            : $"has '{text}', which is none of {string.Join(", ", known)}; did you mean '{NearestName.Of(known, text)}'?";

    /// <summary>
    /// The units that a key accepts, the setting's own unit in terms of the smallest one, and examples.
    /// </summary>
    private static ((string Suffix, long Factor)[] Units, long One, string Examples) UnitsOf(string key)
    {
        const string Times = ", or such as 250ms, 5s, 10min, 24h, 7d";
        return key switch
        {
            _ when key.EndsWith("Bytes", StringComparison.Ordinal) => (ByteUnits, 1, ", or such as 64MiB or 8GB"),
            _ when key.EndsWith("Ms", StringComparison.Ordinal) => (TimeUnits, 1, Times),
            _ when key.EndsWith("Seconds", StringComparison.Ordinal) => (TimeUnits, 1_000, Times),
            _ when key.EndsWith("Minutes", StringComparison.Ordinal) => (TimeUnits, 60_000, Times),
            _ when key.EndsWith("Hours", StringComparison.Ordinal) => (TimeUnits, 3_600_000, Times),
            _ when key.EndsWith("Days", StringComparison.Ordinal) => (TimeUnits, 86_400_000, Times),
            _ => ([], 1, ""),
        };
    }

    private static bool TryCount(string text, (string Suffix, long Factor)[] units, long one, out long value)
    {
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        var factor = one;
        if (digits >= 0)
        {
            var suffix = text[digits..];
            factor = Array.Find(units, unit => unit.Suffix.Equals(suffix, StringComparison.OrdinalIgnoreCase)).Factor;
        }

        var number = digits < 0 ? text : text.AsSpan(..digits);
        if (
            factor == 0
            || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out value)
            || value > long.MaxValue / factor
            // The value must be a whole number of the setting's unit; half an hour is not a whole number of hours.
            || value * factor % one != 0
        )
        {
            value = 0;
            return false;
        }

        value = value * factor / one;
        return true;
    }
}
