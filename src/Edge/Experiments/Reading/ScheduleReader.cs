using Edge.Experiments.Schedules;
using Edge.Formats;

namespace Edge.Experiments.Reading;

/// <summary>Reads the schedule of a variant and refuses one that could never be active as written. Pure.</summary>
internal static class ScheduleReader
{
    /// <summary>Reads the schedule from a member; null when it is missing or invalid.</summary>
    public static VariantSchedule? Read(JsonFields fields, string name)
    {
        if (!fields.TryObject(name, out var members))
        {
            return null;
        }
        KnownMembers.Check(members, KnownMembers.OfSchedule);
        var before = fields.Violations.Count;
        var recurrence = ReadRecurrence(members);
        var schedule = new VariantSchedule
        {
            StartAt = members.Instant("startAt"),
            EndAt = members.Instant("endAt"),
            Recurrence = recurrence,
        };
        // Compare the bounds only when both were read; otherwise the message would be about a value that nobody wrote.
        if (fields.Violations.Count == before)
        {
            RequireOrder(members, schedule);
        }
        return schedule;
    }

    private static void RequireOrder(JsonFields members, VariantSchedule schedule)
    {
        if (schedule is { StartAt: { } start, EndAt: { } end } && end <= start)
        {
            members.Violate("endAt", "must be after startAt", ViolationCodes.OutOfRange);
        }
        // Every recurrence except cron needs a start.
        if (schedule is { StartAt: null, EndAt: not null, Recurrence.Type: not RecurrenceType.Cron })
        {
            members.Violate("startAt", "is required when there is an endAt", ViolationCodes.Required);
        }
    }

    private static Recurrence ReadRecurrence(JsonFields schedule)
    {
        if (!schedule.TryObject("recurrence", out var members))
        {
            return Recurrence.Default;
        }
        KnownMembers.Check(members, KnownMembers.OfRecurrence);
        var type = members.Choice("type", RecurrenceType.None, RecurrenceType.None, WireNames<RecurrenceType>.Lower);
        var cron = members.Text("cronExpression", null, ExperimentRules.CronCharsMax);
        if (type == RecurrenceType.Cron)
        {
            RequireCron(members, cron);
        }
        return new Recurrence
        {
            Type = type,
            CronExpression = cron,
            Timezone = ReadZone(members),
        };
    }

    private static void RequireCron(JsonFields members, string? cron)
    {
        if (!members.TryGet("cronExpression", out _))
        {
            members.Violate("cronExpression", "is required when the type is cron", ViolationCodes.Required);
        }
        else if (cron is not null && CronExpression.TryParse(cron, out var message) is null)
        {
            members.Violate("cronExpression", message, ViolationCodes.InvalidFormat);
        }
    }

    private static string ReadZone(JsonFields members)
    {
        var zone = members.Text("timezone", Recurrence.Default.Timezone, ExperimentRules.ReferenceCharsMax);
        if (zone is null)
        {
            return Recurrence.Default.Timezone;
        }
        if (!TimeZones.TryFind(zone, out _))
        {
            members.Violate(
                "timezone",
                "must be the IANA name of a time zone, such as Europe/Berlin",
                ViolationCodes.InvalidValue
            );
        }
        return zone;
    }
}
