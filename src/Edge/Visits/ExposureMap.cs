using Edge.Catalog;

namespace Edge.Visits;

/// <summary>A variant as it was chosen for a unit.</summary>
/// <param name="Variant">Its index in the experiment as it is now.</param>
/// <param name="BasisPoints">Its weight when it was chosen; 0 when no chance was involved.</param>
/// <param name="WeightsVersion">Version of those weights; 0 when no chance was involved.</param>
internal readonly record struct Exposure(int Variant, int BasisPoints, int WeightsVersion)
{
    /// <summary>Whether the unit does not take part: it gets the variant and counts for none.</summary>
    public bool IsUncounted { get; init; }

    /// <summary>Id of the variant that its events name; empty when they name none.</summary>
    public ReadOnlySpan<byte> CountedVariant(CatalogEntry experiment) =>
        Variant < 0 || IsUncounted ? default : experiment.Variants[Variant].IdUtf8;

    /// <summary>A choice of this moment.</summary>
    public static Exposure Of(CatalogEntry experiment, in Choice choice) =>
        choice.IsChance
            ? new Exposure(choice.Variant, experiment.Variants[choice.Variant].Weight, experiment.WeightsVersion)
            : new Exposure(choice.Variant, 0, 0) { IsUncounted = choice.Reason == ChoiceReason.NotParticipating };
}

/// <summary>
/// What units were shown in the last 24 hours, for experiments whose weights move: without it, a unit that was shown
/// one variant and clicks after a change of weights would be credited to another. Bounded: each unit maps
/// to a set of eight entries, and a new entry replaces the oldest of a full set; a unit that was evicted falls back to
/// the current weights. Units are the 64-bit keyed hashes of the day, which differ between experiments.
/// Thread safe; allocates its memory once, with the first entry.
/// </summary>
internal sealed class ExposureMap(int entriesMax = ExposureMap.DefaultEntriesMax)
{
    /// <summary>Entries of the service: 8 MiB.</summary>
    public const int DefaultEntriesMax = 1 << 18;

    /// <summary>How long an entry holds, in seconds.</summary>
    public const int ValidSeconds = 24 * 60 * 60;

    private const int Ways = 8;
    private const int LockCount = 256;

    private readonly int _setMask = entriesMax / Ways - 1;
    private readonly Lock[] _locks = MakeLocks();
    private Entry[]? _entries;

    /// <summary>
    /// A unit is shown a variant: the one it was shown before while that still has traffic, else the new choice, which
    /// is remembered.
    /// </summary>
    public Exposure Show(CatalogEntry experiment, in Choice choice, ulong unit, DateTimeOffset now)
    {
        var entries = _entries ?? Allocate();
        var set = SetOf(unit);
        lock (LockOf(set))
        {
            if (
                TryFind(entries, set, experiment, unit, now, out var shown)
                && experiment.Variants[shown.Variant].Weight > 0
            )
            {
                return shown;
            }
            var chosen = Exposure.Of(experiment, choice);
            entries[IndexFor(entries, set, unit, now)] = new Entry
            {
                Unit = unit,
                VariantId = experiment.Variants[chosen.Variant].Id,
                AtSeconds = now.ToUnixTimeSeconds(),
                WeightsVersion = chosen.WeightsVersion,
                Variant = (ushort)chosen.Variant,
                BasisPoints = (ushort)chosen.BasisPoints,
            };
            return chosen;
        }
    }

    /// <summary>What a unit was shown; false when that is not known, or the variant does not exist any more.</summary>
    public bool TryFind(CatalogEntry experiment, ulong unit, DateTimeOffset now, out Exposure shown)
    {
        if (_entries is not { } entries)
        {
            shown = default;
            return false;
        }
        var set = SetOf(unit);
        lock (LockOf(set))
        {
            return TryFind(entries, set, experiment, unit, now, out shown);
        }
    }

    private static bool TryFind(
        Entry[] entries,
        int set,
        CatalogEntry experiment,
        ulong unit,
        DateTimeOffset now,
        out Exposure shown
    )
    {
        foreach (ref readonly var entry in entries.AsSpan(set * Ways, Ways))
        {
            if (entry.Unit == unit && entry.VariantId is { } id && IsValid(entry, now))
            {
                // The list of variants may have changed since; the id says which one it was.
                var variant =
                    entry.Variant < experiment.Variants.Length && experiment.Variants[entry.Variant].Id == id
                        ? entry.Variant
                        : experiment.IndexOf(id);
                shown = new Exposure(variant, entry.BasisPoints, entry.WeightsVersion);
                return variant >= 0;
            }
        }
        shown = default;
        return false;
    }

    /// <summary>Index of the unit's own entry, else of a free one, else of the oldest.</summary>
    private static int IndexFor(Entry[] entries, int set, ulong unit, DateTimeOffset now)
    {
        var index = -1;
        for (var i = set * Ways; i < (set + 1) * Ways; i++)
        {
            ref readonly var entry = ref entries[i];
            if (entry.VariantId is not null && entry.Unit == unit)
            {
                return i;
            }
            if (index < 0 || AgeOf(entry, now) > AgeOf(entries[index], now))
            {
                index = i;
            }
        }
        return index;
    }

    private static long AgeOf(in Entry entry, DateTimeOffset now) =>
        entry.VariantId is null ? long.MaxValue : now.ToUnixTimeSeconds() - entry.AtSeconds;

    private static bool IsValid(in Entry entry, DateTimeOffset now) =>
        Math.Abs(now.ToUnixTimeSeconds() - entry.AtSeconds) < ValidSeconds;

    private int SetOf(ulong unit) => (int)unit & _setMask;

    private Lock LockOf(int set) => _locks[set % LockCount];

    private Entry[] Allocate()
    {
        Interlocked.CompareExchange(ref _entries, new Entry[(_setMask + 1) * Ways], null);
        return _entries;
    }

    private static Lock[] MakeLocks()
    {
        var locks = new Lock[LockCount];
        for (var i = 0; i < LockCount; i++)
        {
            locks[i] = new Lock();
        }
        return locks;
    }

    private struct Entry
    {
        public ulong Unit;

        /// <summary>Null while the entry is free.</summary>
        public string? VariantId;

        public long AtSeconds;
        public int WeightsVersion;
        public ushort Variant;
        public ushort BasisPoints;
    }
}
