using System.Text.Json.Serialization;

namespace Edge.Experiments.Schedules;

/// <summary>
/// When a scheduled experiment serves a variant. <c>Selection.Schedules.Schedule</c> says how the members combine.
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

/// <summary>How a schedule repeats, on the wall clock of one time zone.</summary>
internal sealed record Recurrence
{
    /// <summary>Once, in UTC.</summary>
    public static readonly Recurrence Default = new();

    /// <summary>The kind of repetition.</summary>
    public RecurrenceType Type { get; init; }

    /// <summary>Five fields or a macro; ignored unless the type is cron.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CronExpression { get; init; }

    /// <summary>IANA name of the zone whose wall clock applies.</summary>
    public string Timezone { get; init; } = "UTC";
}
