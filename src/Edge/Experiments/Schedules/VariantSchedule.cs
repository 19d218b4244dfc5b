using System.Text.Json.Serialization;

namespace Edge.Experiments.Schedules;

/// <summary>
/// When a scheduled experiment serves a variant. <c>Selection.Schedules.Schedule</c> says how the members combine.
/// </summary>
internal sealed record VariantSchedule
{
    /// <summary>
    /// Start of the first occurrence. On visitors' clocks it is a time of the wall clock, written as if it were UTC; so is the
    /// end.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>End of the first occurrence, or of the whole series when it is longer than one period.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? EndAt { get; init; }

    /// <summary>How it repeats.</summary>
    public Recurrence Recurrence { get; init; } = Recurrence.Default;
}

/// <summary>How a schedule repeats, on the wall clock of one time zone or of each visitor's.</summary>
internal sealed record Recurrence
{
    /// <summary>Stands for the zone of each visitor.</summary>
    public const string OfVisitor = "visitor";

    private const string Utc = "UTC";

    /// <summary>Once, in UTC.</summary>
    public static readonly Recurrence Default = new();

    /// <summary>The kind of repetition.</summary>
    public RecurrenceType Type { get; init; }

    /// <summary>Five fields or a macro; ignored unless the type is cron.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CronExpression { get; init; }

    /// <summary>
    /// IANA name of the zone whose wall clock applies; <see cref="OfVisitor"/> for that of each visitor.
    /// </summary>
    public string Timezone { get; init; } = Utc;

    /// <summary>On visitors' clocks, the zone of those of whom none is known; null means UTC.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FallbackTimezone { get; init; }

    /// <summary>Whether the clock is that of each visitor.</summary>
    [JsonIgnore]
    public bool IsOfVisitor => Timezone == OfVisitor;

    /// <summary>IANA name of the zone whose wall clock applies to a visitor.</summary>
    /// <param name="visitorZone">The visitor's zone; null when it is not known.</param>
    public string TimezoneFor(string? visitorZone) =>
        IsOfVisitor ? visitorZone ?? FallbackTimezone ?? Utc : Timezone;
}
