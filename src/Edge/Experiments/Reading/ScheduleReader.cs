using System.Text.Json;
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

        if (recurrence.IsOfVisitor)
        {
            RequireWallClock(members, "startAt");
            RequireWallClock(members, "endAt");
        }

        return schedule;
    }

    /// <summary>An offset would say that another clock is meant than the visitor's.</summary>
    private static void RequireWallClock(JsonFields members, string name)
    {
        if (
            members.TryGet(name, out var value)
            && value.ValueKind == JsonValueKind.String
            && !value.GetString()!.EndsWith('Z')
        )
        {
            members.Violate(
                name,
                "must end with Z when the timezone is visitor: it is a time on the visitor's own clock",
                ViolationCodes.InvalidFormat
            );
        }
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
        var zone = ReadZone(members, "timezone") ?? Recurrence.Default.Timezone;
        var fallback = ReadZone(members, "fallbackTimezone");
        if (fallback is not null && zone != Recurrence.OfVisitor)
        {
            members.Violate("fallbackTimezone", "is for the timezone visitor alone", ViolationCodes.InvalidValue);
        }

        return new Recurrence
        {
            Type = type,
            CronExpression = cron,
            Timezone = zone,
            FallbackTimezone = fallback,
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

    private static string? ReadZone(JsonFields members, string name)
    {
        if (members.Text(name, null, ExperimentRules.ReferenceCharsMax) is not { } zone)
        {
            return null;
        }

        var mayBeVisitor = name == "timezone";
        if (!(mayBeVisitor && zone == Recurrence.OfVisitor) && !TimeZones.TryFind(zone, out _))
        {
            members.Violate(
                name,
                "must be the IANA name of a time zone, such as Europe/Berlin"
                    + (mayBeVisitor ? $", or {Recurrence.OfVisitor} for that of each visitor" : ""),
                ViolationCodes.InvalidValue
            );
        }

        return zone;
    }
}
