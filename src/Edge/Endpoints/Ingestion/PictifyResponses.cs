using System.Text.Json;
using Edge.Requests.Ingestion;

namespace Edge.Endpoints.Ingestion;

/// <summary>The answer of Pictify's events (spec 4.3); its errors are <see cref="Problem"/>.</summary>
internal static class PictifyResponses
{
    /// <summary>200 with how many events were taken; errors and warning only when there is something to say.</summary>
    public static void Processed(HttpContext context, int processed, List<EventError> errors, bool isKeyRecommended) =>
        Replies.WriteJson(
            context,
            (processed, errors, isKeyRecommended),
            static (json, state) =>
            {
                json.WriteBoolean("ok", true);
                json.WriteNumber("processed", state.processed);
                WriteErrors(json, "errors", state.errors);
                if (state.isKeyRecommended)
                {
                    json.WriteString("warning", "write_key_recommended");
                }
            }
        );

    /// <summary>
    /// What is wrong with single events of a batch, as both batch APIs word it; nothing when there is nothing to say.
    /// </summary>
    public static void WriteErrors(Utf8JsonWriter json, string name, IReadOnlyList<EventError> errors)
    {
        if (errors.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var error in errors)
        {
            json.WriteStartObject();
            json.WriteNumber("index", error.Index);
            json.WriteString("error", error.Error);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
