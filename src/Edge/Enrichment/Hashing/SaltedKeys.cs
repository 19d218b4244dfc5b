using System.Globalization;
using System.Text;

namespace Edge.Enrichment.Hashing;

/// <summary>
/// The published formula (spec 6.6): the key of a day is the salt followed by the date of receipt. Anyone with the salt
/// can recompute the key of any day. Thread safe; allocates once per day.
/// </summary>
internal sealed class SaltedKeys(string salt) : IDayKeySource
{
    private const string UnitDomain = "unit:";

    /// <summary>In the place of a date.</summary>
    private const string StableUnits = UnitDomain + "stable";

    private volatile DayKeys? _today;
    private volatile DayKeys? _yesterday;

    public bool AreKept => true;

    /// <summary>The key of units that keep their hash, which no day ends.</summary>
    public static KeyedHash StableUnitKey(string salt) => new(Encoding.UTF8.GetBytes(salt + StableUnits));

    public DayKeys Of(DateOnly day) => _today is { } keys && keys.Day == day ? keys : _today = Make(day);

    public DayKeys Before(DateOnly day)
    {
        var before = day.AddDays(-1);
        return _yesterday is { } keys && keys.Day == before ? keys : _yesterday = Make(before);
    }

    private DayKeys Make(DateOnly day) => new(day, KeyOf("", day), KeyOf(UnitDomain, day));

    private KeyedHash KeyOf(string domain, DateOnly day) =>
        new(Encoding.UTF8.GetBytes(salt + domain + day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)));
}
