using System.Buffers;

namespace Edge.Experiments.Schedules;

/// <summary>
/// Time zones by IANA name, from the machine's database. Thread safe; the platform caches zones for the life of the
/// process, so an updated database takes effect after a restart. On a machine without a database only UTC resolves.
/// </summary>
internal static class TimeZones
{
    private const int NameCharsMax = 64;

    private static readonly SearchValues<char> NameChars = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-"
    );

    /// <summary>Whether the machine has a time zone database; checked at start, to fail with a clear message.</summary>
    public static bool HasDatabase => TimeZoneInfo.TryFindSystemTimeZoneById("Europe/Berlin", out _);

    /// <summary>Finds a zone by name. The names of UTC resolve on every machine.</summary>
    public static bool TryFind(string name, out TimeZoneInfo zone)
    {
        zone = TimeZoneInfo.Utc;
        if (name is "UTC" or "Etc/UTC" or "GMT" or "Etc/GMT" or "Z" or "utc")
        {
            return true;
        }
        // The name becomes part of a path below the database directory and must not escape from it.
        if (
            name.Length is 0 or > NameCharsMax
            || !char.IsAsciiLetter(name[0])
            || name.AsSpan().IndexOfAnyExcept(NameChars) >= 0
            || !TimeZoneInfo.TryFindSystemTimeZoneById(name, out var found)
        )
        {
            return false;
        }
        zone = found;
        return true;
    }
}
