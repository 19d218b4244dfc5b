using System.Text.Json;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Explanation;
using Edge.Formats;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST /experiments/api/occurrences</c>: which variant a schedule serves when, from now or another moment on, with
/// the findings of <c>edge check</c> and the days on which clocks are set. The definition need not be stored.
/// </summary>
internal sealed class ListOccurrences(DefinitionDrafts drafts, TimeProvider time)
{
    private const int DefaultDays = 14;
    private const int DaysMax = 400;
    private const int PeriodsMax = 500;

    public async Task HandleAsync(ManagedRequest request)
    {
        using var question = await DefinitionQuestion.ReadAsync(request, drafts, "from", "days");
        if (question is null)
        {
            return;
        }

        var violations = new Violations();
        var fields = new JsonFields(question.Body, "", violations);
        var from = fields.Instant("from") ?? time.GetUtcNow();
        var days = fields.Integer("days", DefaultDays, DefaultDays, 1, DaysMax);
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
                : request.WriteAsync(json => Write(json, question.Experiment, from, from.AddDays(days)))
        );
    }

    private void Write(Utf8JsonWriter json, Experiment experiment, DateTimeOffset from, DateTimeOffset until)
    {
        var entry = new CatalogEntry(experiment);
        var periods = ScheduleOutlook.Periods(experiment, entry.DefaultIndex, from, until, PeriodsMax);
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
            json.WriteString("timezone", period.IsScheduled ? variant.Schedule!.Recurrence.Timezone : null);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("clockChanges");
        foreach (var change in ScheduleOutlook.ClockChanges(experiment, from, until))
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
