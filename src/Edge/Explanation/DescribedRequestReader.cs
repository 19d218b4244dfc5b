using System.Text;
using System.Text.Json;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Verdicts;
using Edge.Experiments;
using Edge.Formats;
using Edge.Requests;
using Edge.Visits;

namespace Edge.Explanation;

/// <summary>
/// Reads the description of a request and reports all violations at once. Unknown members are refused: with a misspelt
/// one, the explanation would be about a different request than intended. Pure; never throws for input.
/// </summary>
internal static class DescribedRequestReader
{
    private const string TrackingPrefix = "/s/";

    private static readonly string[] Members = ["url", "query", "headers", "ip", "country", "timezone", "context", "kind", "at"];

    /// <summary>Headers that choice and tracking depend on, in addition to those of the verdict rules.</summary>
    private static readonly string[] ChoiceHeaders =
    [
        "User-Agent",
        "Referer",
        "Accept-Language",
        VisitRequest.GlobalPrivacyControl,
        VisitRequest.DoNotTrack,
    ];

    private const string ClickEnding = "/click";

    /// <summary>Reads the description; null when there are <paramref name="violations"/>.</summary>
    /// <param name="utf8">One JSON object.</param>
    /// <param name="slug">Slug of the experiment; a tracking URL must belong to it.</param>
    /// <param name="verdictHeaders">Headers that the verdict rules use.</param>
    /// <param name="violations">Receives the violations.</param>
    public static DescribedRequest? Read(
        ReadOnlyMemory<byte> utf8,
        string slug,
        IEnumerable<string> verdictHeaders,
        Violations violations
    )
    {
        if (utf8.Length > DescribedRequest.BytesMax)
        {
            violations.Add("", $"must be at most {DescribedRequest.BytesMax} bytes", ViolationCodes.TooLong);
            return null;
        }
        using var document = JsonSyntax.ParseObject(utf8, violations);
        if (document is null)
        {
            return null;
        }

        var fields = new JsonFields(document.RootElement, "", violations);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            if (!Members.Contains(member.Name))
            {
                fields.Violate(
                    member.Name,
                    $"is unknown; known are {string.Join(", ", Members)}",
                    ViolationCodes.InvalidValue
                );
            }
        }
        var request = new DescribedRequest
        {
            Query = ReadQuery(fields, slug),
            Headers = ReadHeaders(fields, [.. ChoiceHeaders.Union(verdictHeaders, StringComparer.OrdinalIgnoreCase)]),
            Address = ReadAddress(fields),
            Country = ReadCountry(fields),
            Timezone = ReadZone(fields),
            Context = ReadContext(fields),
            Scope = ReadScope(fields),
            At = fields.Instant("at"),
        };
        return violations.Count == 0 ? request : null;
    }

    private static string ReadQuery(JsonFields fields, string slug)
    {
        var query = ReadTarget(fields, "query");
        if (ReadTarget(fields, "url") is not { } url)
        {
            return query?.TrimStart('?') ?? "";
        }
        if (
            !Uri.TryCreate(url, UriKind.Absolute, out var parsed)
            || (parsed.Scheme != Uri.UriSchemeHttp && parsed.Scheme != Uri.UriSchemeHttps)
        )
        {
            fields.Violate(
                "url",
                "must be an absolute URL that begins with https:// or http://",
                ViolationCodes.InvalidFormat
            );
            return "";
        }
        RequireSlug(fields, parsed.AbsolutePath, slug);
        // Use the text itself, because the platform's URL type may change escaped characters.
        var fragment = url.IndexOf('#', StringComparison.Ordinal);
        var target = fragment < 0 ? url : url[..fragment];
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        if (mark >= 0 && query is not null)
        {
            fields.Violate("query", "must be left out when the url has a query", ViolationCodes.InvalidValue);
        }
        return mark >= 0 ? target[(mark + 1)..] : query?.TrimStart('?') ?? "";
    }

    /// <summary>
    /// Refuses the tracking URL of another experiment, which is a mistake; other URLs have no slug to compare.
    /// </summary>
    private static void RequireSlug(JsonFields fields, string path, string slug)
    {
        if (!path.StartsWith(TrackingPrefix, StringComparison.Ordinal))
        {
            return;
        }
        var named = path[TrackingPrefix.Length..];
        var end = named.AsSpan().IndexOfAny('/', '.');
        named = end < 0 ? named : named[..end];
        if (named != slug)
        {
            fields.Violate(
                "url",
                $"must be a URL of this experiment, {TrackingPrefix}{slug}/..., or of a page",
                ViolationCodes.InvalidValue
            );
        }
    }

    private static string? ReadTarget(JsonFields fields, string name)
    {
        var text = fields.Text(name, null, DescribedRequest.QueryCharsMax);
        if (text is null || text.AsSpan().IndexOfAnyInRange('\0', ' ') < 0)
        {
            return text;
        }
        fields.Violate(name, "must not contain spaces or control characters; write %20", ViolationCodes.InvalidFormat);
        return null;
    }

    private static List<HeaderLine> ReadHeaders(JsonFields fields, string[] headerNames)
    {
        var headers = new List<HeaderLine>();
        if (!fields.TryGet("headers", out var element) || !fields.TryObject("headers", out var members))
        {
            return headers;
        }
        foreach (var member in element.EnumerateObject())
        {
            var known = Array.Find(headerNames, name => name.Equals(member.Name, StringComparison.OrdinalIgnoreCase));
            if (known is null)
            {
                members.Violate(
                    member.Name,
                    $"is not looked at; known are {string.Join(", ", headerNames)}",
                    ViolationCodes.InvalidValue
                );
            }
            else if (headers.Exists(line => line.Is(known)))
            {
                // One in the same case is told already.
                if (!members.Violations.List.Any(one => one.Field == members.PathOf(member.Name)))
                {
                    members.Violate(member.Name, "is given twice", ViolationCodes.NotUnique);
                }
            }
            else if (ReadHeader(members, member) is { } value)
            {
                headers.Add(new HeaderLine(known, value.AsMemory()));
            }
        }
        return headers;
    }

    private static string? ReadHeader(JsonFields members, JsonProperty member)
    {
        if (member.Value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        if (member.Value.ValueKind != JsonValueKind.String)
        {
            members.Violate(member.Name, "must be a string", ViolationCodes.InvalidType);
            return null;
        }
        var bytes = Encoding.UTF8.GetBytes(member.Value.GetString()!);
        if (bytes.Length > DescribedRequest.HeaderBytesMax)
        {
            members.Violate(
                member.Name,
                $"must be at most {DescribedRequest.HeaderBytesMax} bytes long",
                ViolationCodes.TooLong
            );
            return null;
        }
        var text = Encoding.Latin1.GetString(bytes);
        if (text.AsSpan().ContainsAnyInRange('\0', '\u001F') || text.Contains('\u007F', StringComparison.Ordinal))
        {
            members.Violate(member.Name, "must not contain control characters", ViolationCodes.InvalidFormat);
            return null;
        }
        return text.Trim(' ');
    }

    /// <summary>The stated kind, else that of the URL, else the pixel.</summary>
    private static VerdictScope ReadScope(JsonFields fields)
    {
        switch (fields.Text("kind", null, ExperimentRules.ReferenceCharsMax))
        {
            case "pixel":
                return VerdictScope.Pixel;
            case "click":
                return VerdictScope.Click;
            case "api":
                return VerdictScope.Api;
            case not null:
                fields.Violate("kind", "must be one of pixel, click, api", ViolationCodes.InvalidValue);
                return VerdictScope.Pixel;
        }
        return
            fields.TryGet("url", out var url)
            && url.ValueKind == JsonValueKind.String
            && Uri.TryCreate(url.GetString(), UriKind.Absolute, out var parsed)
            && parsed.AbsolutePath.EndsWith(ClickEnding, StringComparison.Ordinal)
            ? VerdictScope.Click
            : VerdictScope.Pixel;
    }

    private static ClientAddress? ReadAddress(JsonFields fields)
    {
        if (fields.Text("ip", null, ClientAddress.TextMaxBytes) is not { } text)
        {
            return null;
        }
        if (ClientAddress.TryParse(text, out var address))
        {
            return address;
        }
        fields.Violate("ip", "must be an IPv4 or IPv6 address", ViolationCodes.InvalidFormat);
        return null;
    }

    private static EvaluationContext? ReadContext(JsonFields fields)
    {
        if (!fields.TryGet("context", out var stated))
        {
            return null;
        }
        var context = EvaluationContext.Read(stated, out var problem);
        if (problem is not null)
        {
            fields.Violate("context", problem, ViolationCodes.InvalidValue);
        }
        return context;
    }

    private static string ReadZone(JsonFields fields)
    {
        if (fields.Text("timezone", null, ExperimentRules.ReferenceCharsMax) is not { } name)
        {
            return "";
        }

        if (VisitorZones.Find(name) is null)
        {
            fields.Violate(
                "timezone",
                "must be the IANA name of a time zone, such as Europe/Berlin",
                ViolationCodes.InvalidValue
            );
        }

        return name;
    }

    private static string ReadCountry(JsonFields fields)
    {
        if (fields.Text("country", null, ExperimentRules.ReferenceCharsMax) is not { } text)
        {
            return "";
        }
        if (text.Length != 2 || !text.All(char.IsAsciiLetter))
        {
            fields.Violate("country", "must be two letters (ISO 3166-1), such as DE", ViolationCodes.InvalidFormat);
        }
        return text.ToUpperInvariant();
    }
}
