using System.Collections.Frozen;
using System.Text;

namespace Edge.Enrichment.Geo;

/// <summary>A time zone that a visitor may be in; one object for each, compared by reference. Immutable.</summary>
/// <param name="name">IANA name.</param>
internal sealed class VisitorZone(string name)
{
    /// <summary>IANA name.</summary>
    public string Name => name;
}

/// <summary>
/// The time zones of the machine's database, by name and by country: <c>zone.tab</c> lists them all, so a name from
/// outside is looked for in memory and never becomes a path. Read with the first use, for the life of the process; without
/// the file there is UTC alone. Thread safe; looking up allocates nothing.
/// </summary>
internal static class VisitorZones
{
    /// <summary>Longest name.</summary>
    public const int NameBytesMax = 64;

    /// <summary>Most lines that are read; the list has some 450.</summary>
    private const int CountMax = 2_000;

    private static readonly Lazy<Table> Zones = new(Read);

    /// <summary>The zone with exactly this name; null when there is none.</summary>
    public static VisitorZone? Find(ReadOnlySpan<char> name) =>
        Zones.Value.ByName.TryGetValue(name, out var zone) ? zone : null;

    /// <inheritdoc cref="Find(ReadOnlySpan{char})"/>
    public static VisitorZone? Find(ReadOnlySpan<byte> name)
    {
        Span<char> text = stackalloc char[NameBytesMax];
        return name.Length is > 0 and <= NameBytesMax && Ascii.IsValid(name)
            ? Find(text[..Encoding.ASCII.GetChars(name, text)])
            : null;
    }

    /// <summary>The zone of a country that has but one; null for others.</summary>
    /// <param name="country">ISO 3166-1 alpha-2, upper case.</param>
    public static VisitorZone? OfCountry(ReadOnlySpan<char> country) =>
        Zones.Value.OnlyOne.TryGetValue(country, out var zone) ? zone : null;

    private static Table Read()
    {
        var byName = new Dictionary<string, VisitorZone>(StringComparer.Ordinal) { ["UTC"] = new VisitorZone("UTC") };
        var ofCountry = new Dictionary<string, VisitorZone?>(StringComparer.Ordinal);
        foreach (var line in Lines())
        {
            // Country, coordinates, name, comment.
            if (line.Split('\t') is [{ Length: 2 } country, _, { Length: > 0 and <= NameBytesMax } name, ..] && line[0] != '#')
            {
                var zone = new VisitorZone(name);
                byName[name] = zone;
                ofCountry[country] = ofCountry.ContainsKey(country) ? null : zone;
            }
        }

        var onlyOne = ofCountry.Where(static pair => pair.Value is not null);
        return new Table(
            byName.ToFrozenDictionary(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>(),
            onlyOne
                .ToFrozenDictionary(static pair => pair.Key, static pair => pair.Value!, StringComparer.Ordinal)
                .GetAlternateLookup<ReadOnlySpan<char>>()
        );
    }

    private static IEnumerable<string> Lines()
    {
        // Where the platform looks for its database.
        var directory = Environment.GetEnvironmentVariable("TZDIR") is { Length: > 0 } named
            ? named
            : "/usr/share/zoneinfo";
        try
        {
            return [.. File.ReadLines(Path.Combine(directory, "zone.tab")).Take(CountMax)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private sealed record Table(
        FrozenDictionary<string, VisitorZone>.AlternateLookup<ReadOnlySpan<char>> ByName,
        FrozenDictionary<string, VisitorZone>.AlternateLookup<ReadOnlySpan<char>> OnlyOne
    );
}
