using System.Collections.Concurrent;
using Edge.Enrichment.Geo;
using Edge.Experiments;

namespace Edge.Selection.Schedules;

/// <summary>
/// Finds the active variant of a scheduled experiment: the one whose current occurrence began latest; if two began
/// together, the first in the list. The result is cached with the interval in which it is valid, so a request compares
/// two numbers, and only the first request after a change computes. Thread safe: several threads may compute the same
/// result, and any of them may be cached; a thread that sees an outdated result notices that it is not valid and
/// computes. On visitors' clocks there is a table for each zone that visitors came from, made with the first of them; zones
/// are those of the machine's database, so there are no more than some hundreds.
/// </summary>
internal sealed class ScheduleTable
{
    /// <summary>No variant is active.</summary>
    public const int None = -1;

    private readonly Schedule?[] _schedules;
    private readonly IReadOnlyList<Variant> _variants;
    private readonly ConcurrentDictionary<VisitorZone, ScheduleTable>? _byZone;
    private volatile Answer _answer = new(0, 0, None);

    /// <summary>Compiles the schedules of a valid experiment, for visitors whose zone is not known.</summary>
    public ScheduleTable(IReadOnlyList<Variant> variants)
        : this(variants, null) =>
        _byZone = variants.Any(static v => v.Schedule is { Recurrence.IsOfVisitor: true }) ? [] : null;

    private ScheduleTable(IReadOnlyList<Variant> variants, string? visitorZone)
    {
        _variants = variants;
        _schedules =
        [
            .. variants.Select(v => v.Schedule is { } schedule ? Schedule.Compile(schedule, visitorZone) : null),
        ];
    }

    /// <summary>Whether a schedule runs on visitors' clocks.</summary>
    public bool IsOfVisitor => _byZone is not null;

    /// <summary>The table for a visitor.</summary>
    /// <param name="zone">Where the visitor is; null when that is not known, or of no matter.</param>
    public ScheduleTable For(VisitorZone? zone) =>
        _byZone is not { } byZone || zone is null ? this
        : byZone.TryGetValue(zone, out var table) ? table
        : byZone.GetOrAdd(zone, static (of, variants) => new ScheduleTable(variants, of.Name), _variants);

    /// <summary>Index of the active variant at an instant, or <see cref="None"/>.</summary>
    public int ActiveAt(DateTimeOffset instant)
    {
        var ticks = TicksOf(instant);
        var answer = _answer;
        if (ticks < answer.From || ticks >= answer.Until)
        {
            _answer = answer = Compute(ticks);
        }
        return answer.Variant;
    }

    /// <summary>
    /// The first later instant at which another variant may be active; <see cref="DateTimeOffset.MaxValue"/> when there
    /// is none.
    /// </summary>
    public DateTimeOffset NextChange(DateTimeOffset instant)
    {
        var until = Compute(TicksOf(instant)).Until;
        return until > DateTime.MaxValue.Ticks ? DateTimeOffset.MaxValue : new DateTimeOffset(until, TimeSpan.Zero);
    }

    /// <summary>
    /// The state of one variant's schedule at an instant, for explanations; null when it has no schedule.
    /// </summary>
    public ScheduleState? StateOf(int variant, DateTimeOffset instant) => _schedules[variant]?.At(TicksOf(instant));

    /// <summary>Near the ends of the calendar no arithmetic with dates is safe.</summary>
    private static long TicksOf(DateTimeOffset instant) =>
        Math.Clamp(instant.UtcTicks, ZoneClock.FirstTicks, ZoneClock.LastTicks);

    private Answer Compute(long utcTicks)
    {
        var active = None;
        var latestStart = long.MinValue;
        var until = ScheduleState.Never;
        for (var i = 0; i < _schedules.Length; i++)
        {
            if (_schedules[i] is not { } schedule)
            {
                continue;
            }
            var state = schedule.At(utcTicks);
            until = Math.Min(until, state.Until);
            if (state.IsActive && state.Start > latestStart)
            {
                (active, latestStart) = (i, state.Start);
            }
        }
        return new Answer(utcTicks, until, active);
    }

    private sealed record Answer(long From, long Until, int Variant);
}
