using System.Globalization;
using System.Text.Json;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>GET /experiments/api</c> (spec 2.4): the team's experiments, newest first, archived ones never.
/// </summary>
internal sealed class ListExperiments(CatalogHolder catalog, ExperimentView view)
{
    /// <summary>What may be asked for.</summary>
    public static readonly string[] Parameters = ["type", "status", "page", "limit"];

    private const int DefaultLimit = 20;
    private const int LimitMax = 100;

    public Task HandleAsync(ManagedRequest request)
    {
        var query = request.Context.Request.Query;
        var violations = new Violations();
        var type = Choice<ExperimentType>(query, "type", violations, []);
        var status = Choice<ExperimentStatus>(query, "status", violations, [ExperimentStatus.Archived]);
        var page = Number(query, "page", 1, int.MaxValue, violations);
        var limit = Number(query, "limit", DefaultLimit, LimitMax, violations);
        if (violations.Count > 0)
        {
            return Problem.ValidationAsync(request.Context, violations.List);
        }

        var found = catalog
            .Current.Entries.Where(entry =>
                request.Owns(entry)
                && (type is null || entry.Type == type)
                && (status is null || entry.Status == status)
            )
            .Select(entry => entry.Experiment)
            .OrderByDescending(experiment => experiment.CreatedAt)
            .ThenBy(experiment => experiment.Uid, StringComparer.Ordinal)
            .ToList();
        var skipped = (int)Math.Min(int.MaxValue, (page - 1L) * limit);
        return request.WriteAsync(json =>
        {
            json.WriteStartArray("experiments");
            foreach (var experiment in found.Skip(skipped).Take(limit))
            {
                JsonSerializer.Serialize(json, view.Of(experiment), ExperimentJson.Default.Experiment);
            }

            json.WriteEndArray();
            json.WriteNumber("total", found.Count);
            json.WriteNumber("page", page);
            json.WriteNumber("limit", limit);
        });
    }

    private static T? Choice<T>(IQueryCollection query, string name, Violations violations, T[] except)
        where T : struct, Enum
    {
        if (Single(query, name, violations) is not { } text)
        {
            return null;
        }

        if (WireNames<T>.Lower.TryParse(text, out var value) && !except.Contains(value))
        {
            return value;
        }

        var choices = Enum.GetValues<T>().Except(except).Select(WireNames<T>.Lower.Text);
        violations.Add(name, $"must be one of {string.Join(", ", choices)}", ViolationCodes.InvalidValue);
        return null;
    }

    private static int Number(IQueryCollection query, string name, int absent, int max, Violations violations)
    {
        if (Single(query, name, violations) is not { } text)
        {
            return absent;
        }

        if (
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value >= 1
            && value <= max
        )
        {
            return value;
        }

        violations.Add(
            name,
            max == int.MaxValue ? "must be a whole number from 1" : $"must be a whole number from 1 to {max}",
            ViolationCodes.OutOfRange
        );
        return absent;
    }

    /// <summary>An empty value is an absent one: forms send it that way.</summary>
    private static string? Single(IQueryCollection query, string name, Violations violations)
    {
        var values = query[name];
        if (values.Count > 1)
        {
            violations.Add(name, "must be given once", ViolationCodes.NotUnique);
        }

        return values.Count == 1 && !string.IsNullOrEmpty(values[0]) ? values[0] : null;
    }
}
