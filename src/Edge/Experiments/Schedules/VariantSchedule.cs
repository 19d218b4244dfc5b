using System.Text.Json.Serialization;

namespace Edge.Experiments.Schedules;

/// <summary>
/// When a scheduled experiment serves a variant. What the members mean together: <c>Selection.Schedules.Schedule</c>.
/// </summary>
internal sealed record VariantSchedule
{
    /// <summary>Start of the first occurrence.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>End of the first occurrence, or of the whole series when it is longer than one period.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? EndAt { get; init; }

    /// <summary>How it repeats.</summary>
    public Recurrence Recurrence { get; init; } = Recurrence.Default;
}

/// <summary>How a schedule repeats, on the clock of one time zone.</summary>
internal sealed record Recurrence
{
    /// <summary>Once, in UTC.</summary>
    public static readonly Recurrence Default = new();

    /// <summary>The kind of repetition.</summary>
    public RecurrenceType Type { get; init; }

    /// <summary>Five fields or a macro; has an effect only when the type is cron.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CronExpression { get; init; }

    /// <summary>IANA name of the zone whose wall clock counts.</summary>
    public string Timezone { get; init; } = "UTC";
}
