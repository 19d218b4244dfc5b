using System.Text.Json;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;
using Edge.Statistics.Counting;
using Edge.Statistics.Results;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>GET /experiments/api/summaries</c>: what a list of the team's experiments shows of each, archived ones never.
/// Results are computed for the experiments of one page alone.
/// </summary>
internal sealed class SummarizeExperiments(CatalogHolder catalog, ITally tally, TimeProvider time)
{
    /// <summary>What may be asked for.</summary>
    public static readonly string[] Parameters = ["q", "type", "status", "sort", "page", "limit"];

    private const int DefaultLimit = 20;
    private const int LimitMax = 100;
    private const int TextCharsMax = 255;
    private const int Hours = 24;
    private const int Days = 14;

    // The latest change first; the newest first; by name, whatever its case; running ones first; by type; the most visited
    // first.
    private const string Updated = "updated";
    private const string Created = "created";
    private const string Name = "name";
    private const string Status = "status";
    private const string Type = "type";
    private const string Visits = "visits";

    private static readonly string[] Orders = [Updated, Created, Name, Status, Type, Visits];

    private static readonly ExperimentStatus[] StatusOrder =
    [
        ExperimentStatus.Running,
        ExperimentStatus.Draft,
        ExperimentStatus.Paused,
        ExperimentStatus.Completed,
    ];

    public Task HandleAsync(ManagedRequest request)
    {
        var violations = new Violations();
        var query = new QueryFields(request.Context.Request.Query, violations);
        var text = query.Text("q", TextCharsMax)?.Trim();
        var type = query.Choice<ExperimentType>("type");
        var status = query.Choice("status", ExperimentStatus.Archived);
        var order = query.Text("sort", int.MaxValue) ?? Updated;
        var page = query.Number("page", 1, int.MaxValue);
        var limit = query.Number("limit", DefaultLimit, LimitMax);
        if (Array.IndexOf(Orders, order) < 0)
        {
            violations.Add("sort", $"must be one of {string.Join(", ", Orders)}", ViolationCodes.InvalidValue);
        }

        if (violations.Count > 0)
        {
            return Problem.ValidationAsync(request.Context, violations.List);
        }

        var owned = catalog.Current.Entries.Where(request.Owns).Select(entry => entry.Experiment).ToList();
        var found = owned.Where(experiment =>
            (type is null || experiment.Type == type)
            && (status is null || experiment.Status == status)
            && (text is null || Mentions(experiment, text))
        );
        var sorted = Sort(found, order).ToList();
        var skipped = (int)Math.Min(int.MaxValue, (page - 1L) * limit);
        var now = time.GetUtcNow();
        return request.WriteAsync(json =>
        {
            json.WriteStartArray("experiments");
            foreach (var experiment in sorted.Skip(skipped).Take(limit))
            {
                Write(json, experiment, now);
            }

            json.WriteEndArray();
            json.WriteNumber("total", sorted.Count);
            json.WriteNumber("page", page);
            json.WriteNumber("limit", limit);
            json.WriteStartObject("statuses");
            foreach (var one in StatusOrder)
            {
                json.WriteNumber(
                    WireNames<ExperimentStatus>.Lower.Text(one),
                    owned.Count(experiment => experiment.Status == one)
                );
            }

            json.WriteEndObject();
        });
    }

    private static bool Mentions(Experiment experiment, string text) =>
        experiment.Name.Contains(text, StringComparison.OrdinalIgnoreCase)
        || experiment.Slug.Contains(text, StringComparison.OrdinalIgnoreCase)
        || experiment.Uid == text;

    private IEnumerable<Experiment> Sort(IEnumerable<Experiment> experiments, string order)
    {
        var sorted = order switch
        {
            Created => experiments.OrderByDescending(static one => one.CreatedAt),
            Name => experiments.OrderBy(static one => one.Name, StringComparer.OrdinalIgnoreCase),
            Status => experiments.OrderBy(static one => Array.IndexOf(StatusOrder, one.Status)),
            Type => experiments.OrderBy(static one => one.Type),
            Visits => experiments.OrderByDescending(VisitsOf),
            _ => experiments.OrderByDescending(static one => one.UpdatedAt),
        };
        return sorted.ThenByDescending(static one => one.UpdatedAt).ThenBy(static one => one.Uid, StringComparer.Ordinal);
    }

    private long VisitsOf(Experiment experiment) =>
        tally.CountsOf(experiment.Uid).Sum(static counts => counts.Impressions + counts.Clicks);

    private void Write(Utf8JsonWriter json, Experiment experiment, DateTimeOffset now)
    {
        var counted = tally.Find(experiment.Uid);
        var age = tally.AgeOf(experiment.Uid);
        var results = ExperimentTally.ResultsOf(experiment, counted, age, now);
        json.WriteStartObject();
        json.WriteString("uid", experiment.Uid);
        json.WriteString("slug", experiment.Slug);
        json.WriteString("name", experiment.Name);
        json.WriteString("type", WireNames<ExperimentType>.Lower.Text(experiment.Type));
        json.WriteString("status", WireNames<ExperimentStatus>.Lower.Text(experiment.Status));
        json.WriteString("createdAt", Timestamp.Format(experiment.CreatedAt));
        json.WriteString("updatedAt", Timestamp.Format(experiment.UpdatedAt));
        json.WriteNumber("daysRun", results.DaysRun);
        json.WriteNumber("variants", experiment.Variants.Count);
        json.WriteString(
            "recommendation",
            age.At is null ? GetResults.NoCounts(age) : results.Recommendation
        );
        WriteLeader(json, results);
        json.WriteString("winnerVariantId", experiment.WinnerVariantId);
        json.WriteBoolean("sampleRatioMismatch", results.SampleRatioMismatch.IsMismatch);
        json.WriteStartObject("visits");
        json.WriteNumber("total", results.Totals.Impressions + results.Totals.Clicks);
        WriteSeries(json, "hours", counted?.Hourly, now, TimeSpan.FromHours(1), Hours);
        WriteSeries(json, "days", counted?.Daily, now, TimeSpan.FromDays(1), Days);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteLeader(Utf8JsonWriter json, ExperimentResults results)
    {
        if (results.Variants.FirstOrDefault(variant => variant.Id == results.Leader) is not { } leader)
        {
            json.WriteNull("leader");
            return;
        }

        json.WriteStartObject("leader");
        json.WriteString("id", leader.Id);
        json.WriteString("name", leader.Name);
        if (leader.ProbabilityToBeBest is { } probability)
        {
            json.WriteNumber("probabilityToBeBest", probability);
        }

        json.WriteEndObject();
    }

    /// <summary>Visits of the newest periods, the current one last.</summary>
    private static void WriteSeries(
        Utf8JsonWriter json,
        string name,
        IReadOnlyList<SeriesPoint>? points,
        DateTimeOffset now,
        TimeSpan period,
        int count
    )
    {
        Span<long> visits = stackalloc long[count];
        var last = now.UtcTicks / period.Ticks;
        for (var i = (points?.Count ?? 0) - 1; i >= 0; i--)
        {
            var age = last - points![i].Time.UtcTicks / period.Ticks;
            if (age >= count)
            {
                break;
            }

            if (age >= 0)
            {
                visits[count - 1 - (int)age] += points[i].Variants.Sum(static one => one.Impressions + one.Clicks);
            }
        }

        json.WriteStartArray(name);
        foreach (var one in visits)
        {
            json.WriteNumberValue(one);
        }

        json.WriteEndArray();
    }
}
