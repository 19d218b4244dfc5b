using Edge.Requests.Ingestion;
using Microsoft.AspNetCore.Http;

namespace Edge.Endpoints.Ingestion;

/// <summary>The answer of Pictify's events (spec 4.3); its errors are <see cref="Problem"/>.</summary>
internal static class PictifyAnswers
{
    /// <summary>200 with how many events were taken; errors and warning only when there is something to say.</summary>
    public static void Processed(HttpContext context, int processed, List<EventError> errors, bool isKeyRecommended) =>
        Replies.WriteJson(context, (processed, errors, isKeyRecommended), static (json, state) =>
        {
            json.WriteBoolean("ok", true);
            json.WriteNumber("processed", state.processed);
            if (state.errors.Count > 0)
            {
                json.WriteStartArray("errors");
                foreach (var error in state.errors)
                {
                    json.WriteStartObject();
                    json.WriteNumber("index", error.Index);
                    json.WriteString("error", error.Error);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            if (state.isKeyRecommended) json.WriteString("warning", "write_key_recommended");
        });
}
