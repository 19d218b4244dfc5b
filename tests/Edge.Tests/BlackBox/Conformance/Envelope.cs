using System.Globalization;
using System.Text.Json;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>
/// What every answer of an API has to be, whatever the row: its content type, its family's form of an error (spec 1.2),
/// and the headers that belong to a status (spec 1.3, 1.4, 1.9).
/// </summary>
internal static class Envelope
{
    private const string ProblemType = "https://docs.pictify.io/errors/";

    public static IEnumerable<string> Problems(Row row, Answer answer)
    {
        var isArtie =
            row.Path.StartsWith("/v1/bulk-track", StringComparison.Ordinal)
            || row.Key.StartsWith("artie", StringComparison.Ordinal) && row.Path == "/v1/track";
        // An unknown path belongs to nobody.
        var isPictify = !row.Path.StartsWith("/v1/", StringComparison.Ordinal) || answer.Status == 404;
        if (answer.Status == 401 && answer.Header("WWW-Authenticate") != "Bearer")
        {
            yield return "401 without WWW-Authenticate: Bearer";
        }

        if (answer.Status == 405 && answer.Header("Allow").Length == 0)
        {
            yield return "405 without Allow";
        }

        if (
            answer.Status == 429
            && !(
                int.TryParse(answer.Header("Retry-After"), CultureInfo.InvariantCulture, out var seconds)
                && seconds >= 1
            )
        )
        {
            yield return "429 without Retry-After";
        }

        if (answer.Status is 204 or 302 || row.Method == "HEAD" || answer.Body.Length == 0 && row.Method == "OPTIONS")
        {
            if (answer.Body.Length > 0)
            {
                yield return "a body where none belongs";
            }

            yield break;
        }
        var type = answer.Status >= 400 && isPictify ? "application/problem+json" : "application/json";
        var actual = answer.Header("Content-Type");
        if (actual != type && actual != type + "; charset=utf-8")
        {
            yield return $"content type {actual}, not {type}";
        }

        if (answer.Status < 400)
        {
            yield break;
        }

        var pattern =
            isPictify
                ? $$"""{"type":"~^{{ProblemType}}[a-z-]+$","title":"*","status":{{answer.Status}},"detail":"*","instance":"{{row.Path.Split('?')[0]}}","...":0}"""
            : isArtie ? """{"error":"~^[A-Z].*\\.?$","...":0}"""
            : row.Path.StartsWith("/v1/events", StringComparison.Ordinal)
                ? """{"error":"~^[A-Z][A-Za-z -]+$","message":"~^[A-Za-z].+"}"""
            : """{"error":"~^[a-z_]+$","...":0}""";
        if (JsonPattern.Difference(pattern, answer.Body) is { } difference)
        {
            yield return "envelope: " + difference;
        }
    }

    /// <summary>The pattern of a problem of one type.</summary>
    public static string Problem(string name, int status) =>
        $$"""{"type":{{JsonSerializer.Serialize(ProblemType + name)}},"status":{{status}},"...":0}""";

    /// <summary>The pattern of a refusal that names one field.</summary>
    public static string Violation(string field, string code = "*") =>
        $$"""{"type":"{{ProblemType}}validation-error","status":400,"errors":[{"field":"{{field}}","message":"*","code":"{{code}}"}],"...":0}""";
}
