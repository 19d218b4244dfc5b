using System.Text.Json;
using Edge.Catalog;
using Edge.Enrichment.Geo;
using Edge.Experiments;
using Edge.Explanation;
using Edge.Formats;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST /experiments/api/occurrences</c>: which variant a schedule serves when, from now or another moment on, with
/// the findings of <c>edge check</c> and the days on which clocks are set; on visitors' clocks, for those of one time zone. The
/// definition need not be stored.
/// </summary>
internal sealed class ListOccurrences(DefinitionDrafts drafts, TimeProvider time)
{
    private const int DefaultDays = 14;
    private const int DaysMax = 400;
    private const int PeriodsMax = 500;

    public async Task HandleAsync(ManagedRequest request)
    {
        using var question = await DefinitionQuestion.ReadAsync(
            request,
            json => drafts.Read(request, json),
            "from",
            "days",
            "timezone"
        );
        if (question is null)
        {
            return;
        }

        var violations = new Violations();
        var fields = new JsonFields(question.Body, "", violations);
        var from = fields.Instant("from") ?? time.GetUtcNow();
        var days = fields.Integer("days", DefaultDays, DefaultDays, 1, DaysMax);
        var name = fields.Text("timezone", null, ExperimentRules.ReferenceCharsMax);
        var zone = name is null ? null : VisitorZones.Find(name);
        if (name is not null && zone is null)
        {
            violations.Add(
                "timezone",
                "must be the IANA name of a time zone, such as Europe/Berlin",
                ViolationCodes.InvalidValue
            );
        }

        if (question.Experiment.Type != ExperimentType.Scheduled)
        {
            violations.Add("definition.type", "must be scheduled", ViolationCodes.InvalidValue);
        }

        if (from > DateTimeOffset.MaxValue.AddYears(-1))
        {
            violations.Add("from", "is too late", ViolationCodes.OutOfRange);
        }

        await (
            violations.Count > 0
                ? Problem.ValidationAsync(request.Context, violations.List)
                : request.WriteAsync(json => Write(json, question.Experiment, from, from.AddDays(days), zone))
        );
    }

    private void Write(
        Utf8JsonWriter json,
        Experiment experiment,
        DateTimeOffset from,
        DateTimeOffset until,
        VisitorZone? zone
    )
    {
        var entry = new CatalogEntry(experiment);
        var periods = ScheduleOutlook.Periods(experiment, entry.DefaultIndex, from, until, PeriodsMax, zone);
        json.WriteString("from", Timestamp.Format(from));
        json.WriteString("until", Timestamp.Format(periods is [.., { End: { } end }] ? end : until));
        json.WriteStartArray("periods");
        foreach (var period in periods)
        {
            var variant = experiment.Variants[period.Variant];
            json.WriteStartObject();
            json.WriteString("start", Timestamp.Format(period.Start));
            json.WriteString("end", period.End is { } at ? Timestamp.Format(at) : null);
            json.WriteString("variantId", variant.Id);
            json.WriteBoolean("isScheduled", period.IsScheduled);
            json.WriteString("timezone", period.IsScheduled ? variant.Schedule!.Recurrence.TimezoneFor(zone?.Name) : null);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("clockChanges");
        foreach (var change in ScheduleOutlook.ClockChanges(experiment, from, until, zone))
        {
            json.WriteStartObject();
            json.WriteString("timezone", change.Zone);
            json.WriteString("at", Timestamp.Format(change.At));
            json.WriteNumber("offsetMinutesBefore", (int)change.Before.TotalMinutes);
            json.WriteNumber("offsetMinutesAfter", (int)change.After.TotalMinutes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        ValidateDefinition.WriteFindings(json, drafts.Check(experiment));
    }
}
