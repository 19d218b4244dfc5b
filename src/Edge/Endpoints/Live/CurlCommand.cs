using System.Text;
using System.Text.Json;
using Edge.Access;
using Edge.Formats;

namespace Edge.Endpoints.Live;

/// <summary>
/// A curl command with the shape of a request: names, and the kinds of their values. Anything may stand anywhere in what
/// somebody sends, so it has no value but the plain words that say which event of which experiment it was, no name that
/// is not plain either, no host, and of the headers none but the type of the body and that there was a key. Pure.
/// </summary>
internal static class CurlCommand
{
    /// <summary>Stands for what is not shown.</summary>
    public const string Hidden = "...";

    /// <summary>Longest word, characters: shorter than any secret is.</summary>
    private const int WordCharsMax = 31;

    /// <summary>Most digits of a word: with more it may be a number of a person or an address.</summary>
    private const int WordDigitsMax = 4;

    private static readonly string[] KeyHeaders = ["Authorization", "X-Write-Key", "X-Api-Key"];

    private static readonly string[] MediaTypes =
    [
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ];

    /// <summary>Members and parameters of which a plain word is shown.</summary>
    private static readonly string[] Telling = ["event", "type", "experiment", "slug", "variant"];

    /// <summary>Writes the command.</summary>
    /// <param name="request">The request, whose path is one of the service's own.</param>
    /// <param name="body">What was taken of its body; null when that was too long to repeat.</param>
    public static string Of(HttpRequest request, ReadOnlyMemory<byte>? body)
    {
        var text = new StringBuilder("curl -X ").Append(Word(request.Method));
        text.Append(' ').Append(Quote($"http://HOST{request.Path}{QueryOf(request)}"));
        foreach (var name in KeyHeaders)
        {
            if (request.Headers.ContainsKey(name))
            {
                var scheme = name == "Authorization" ? "Bearer " : "";
                text.Append(" -H ").Append(Quote($"{name}: {scheme}{Hidden}"));
            }
        }

        if (request.ContentType?.Split(';')[0].Trim().ToLowerInvariant() is { } type)
        {
            text.Append(" -H ").Append(Quote($"Content-Type: {(MediaTypes.Contains(type) ? type : Hidden)}"));
        }

        if (BodyOf(request, body) is { } content)
        {
            text.Append(" -d ").Append(content);
        }

        return text.ToString();
    }

    /// <summary>The text when it is a plain word, which cannot be a key, an address or the name of a person's account.</summary>
    public static string Word(string text)
    {
        var isPlain =
            text.Length is > 0 and <= WordCharsMax
            && char.IsAsciiLetter(text[0])
            && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            && text.Count(char.IsAsciiDigit) <= WordDigitsMax
            && !KeySecret.Occurs(text);
        return isPlain ? text : Hidden;
    }

    /// <summary>The body in quotes; a file to put it into when it cannot be shown, null without one.</summary>
    private static string? BodyOf(HttpRequest request, ReadOnlyMemory<byte>? body)
    {
        if (body is { Length: 0 })
        {
            return request.ContentLength > 0 ? "@body" : null;
        }

        // What is no JSON has no names to show.
        using var document = body is { } bytes ? JsonSyntax.Parse(bytes, out _) : null;
        if (document is null)
        {
            return "@body";
        }

        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Replies.JsonOptions))
        {
            Write(json, document.RootElement, isEvent: true);
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
                text.Append(text.Length == 0 ? '?' : '&').Append(Word(name)).Append('=');
                text.Append(Telling.Contains(name) ? Word(value ?? "") : Hidden);
            }
        }

        return text.ToString();
    }

    /// <summary>Writes a value's kind, and the names in it.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="value">The value.</param>
    /// <param name="isEvent">Whether it is an event or a list of such, and not what a sender put into one.</param>
    private static void Write(Utf8JsonWriter json, JsonElement value, bool isEvent)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    json.WritePropertyName(Word(member.Name));
                    if (isEvent && Telling.Contains(member.Name) && member.Value.ValueKind == JsonValueKind.String)
                    {
                        json.WriteStringValue(Word(member.Value.GetString()!));
                    }
                    else
                    {
                        Write(json, member.Value, isEvent && member.Value.ValueKind == JsonValueKind.Array);
                    }
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(json, item, isEvent);
                }

                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                json.WriteStringValue(Hidden);
                break;
            case JsonValueKind.Number:
                json.WriteNumberValue(0);
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }

    /// <summary>In single quotes, between which a shell takes everything as it is.</summary>
    private static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
