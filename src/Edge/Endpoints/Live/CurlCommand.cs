using System.Net;
using System.Text;
using System.Text.Json;
using Edge.Formats;
using Edge.Requests.Ingestion;

namespace Edge.Endpoints.Live;

/// <summary>
/// A curl command that repeats a request. What is named like a key or an address, or is an address, stands in it as
/// REDACTED; of the headers it has none but those that decide how the body is read and that there was a key. Pure.
/// </summary>
internal static class CurlCommand
{
    private const string Redacted = "REDACTED";

    private static readonly string[] KeyHeaders = ["Authorization", "X-Write-Key", "X-Api-Key"];

    /// <summary>Writes the command.</summary>
    /// <param name="request">The request.</param>
    /// <param name="body">What was taken of its body; null when that was too long to repeat.</param>
    public static string Of(HttpRequest request, ReadOnlyMemory<byte>? body)
    {
        var text = new StringBuilder("curl -X ").Append(request.Method);
        text.Append(' ').Append(Quote($"http://{request.Host}{request.Path}{QueryOf(request)}"));
        foreach (var name in KeyHeaders)
        {
            if (request.Headers.ContainsKey(name))
            {
                var scheme = name == "Authorization" ? "Bearer " : "";
                text.Append(" -H ").Append(Quote($"{name}: {scheme}{Redacted}"));
            }
        }

        if (request.ContentType is { } type)
        {
            text.Append(" -H ").Append(Quote($"Content-Type: {type}"));
        }

        if (BodyOf(request, body) is { } content)
        {
            text.Append(" -d ").Append(content);
        }

        return text.ToString();
    }

    /// <summary>The body in quotes; a file to put it into when it cannot be shown, null without one.</summary>
    private static string? BodyOf(HttpRequest request, ReadOnlyMemory<byte>? body)
    {
        if (body is { Length: 0 })
        {
            return request.ContentLength > 0 ? "@body" : null;
        }

        // What is no JSON cannot be searched for secrets.
        using var document = body is { } bytes ? JsonSyntax.Parse(bytes, out _) : null;
        if (document is null)
        {
            return "@body";
        }

        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Replies.JsonOptions))
        {
            Write(json, document.RootElement);
        }

        return Quote(Encoding.UTF8.GetString(text.ToArray()));
    }

    private static string QueryOf(HttpRequest request)
    {
        var text = new StringBuilder();
        foreach (var (name, values) in request.Query)
        {
            foreach (var value in values)
            {
                text.Append(text.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(name)).Append('=');
                text.Append(name == "key" || IsSecret(name) ? Redacted : Uri.EscapeDataString(Clean(value ?? "")));
            }
        }

        return text.ToString();
    }

    private static void Write(Utf8JsonWriter json, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    json.WritePropertyName(member.Name);
                    if (IsSecret(member.Name))
                    {
                        json.WriteStringValue(Redacted);
                    }
                    else
                    {
                        Write(json, member.Value);
                    }
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(json, item);
                }

                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                json.WriteStringValue(Clean(value.GetString()!));
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }

    /// <summary>Without an address, and without the query of a URL, in which anything may stand.</summary>
    private static string Clean(string text)
    {
        if (IPAddress.TryParse(text.Trim(), out _) && text.AsSpan().ContainsAny('.', ':'))
        {
            return Redacted;
        }

        var query = text.IndexOf('?', StringComparison.Ordinal);
        return query > 0 && text.Contains("://", StringComparison.Ordinal) ? $"{text[..query]}?{Redacted}" : text;
    }

    private static bool IsSecret(string name) => IgnoredMembers.IsSecret(Encoding.UTF8.GetBytes(name));

    /// <summary>In single quotes, between which a shell takes everything as it is.</summary>
    private static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
