using System.Globalization;
using System.Text;
using System.Text.Json;
using Edge.Events;
using Edge.Formats;

namespace Edge.Requests.Ingestion;

/// <summary>
/// What a Millimetric body says, or everything that is wrong with it in the flattened form its senders know from Zod.
/// </summary>
/// <param name="Event">The event; null when something is wrong.</param>
/// <param name="FormErrors">What is wrong with the body as a whole.</param>
/// <param name="FieldErrors">What is wrong with its members, in the order of the published fields, at least one message
/// each.</param>
internal sealed record MillimetricReading(
    ReceivedEvent? Event,
    IReadOnlyList<string> FormErrors,
    IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> FieldErrors
);

/// <summary>
/// Reads the body of Millimetric (spec 6.3): one object with a required <c>event</c>. Null counts as absent for
/// optional members; members that are not published are ignored, what the server enriches among them, but for the
/// visitor's facts in <c>context</c>. Pure; never throws for input.
/// </summary>
internal static class MillimetricBody
{
    /// <summary>Longest <c>event</c>, <c>event_id</c>, <c>anonymous_id</c> and <c>session_id</c>.</summary>
    public const int NameCharsMax = 128;

    public const int UserIdCharsMax = 256;

    /// <summary>Longest <c>url</c>, <c>path</c> and <c>referrer</c>.</summary>
    public const int LocationCharsMax = 2_048;

    /// <summary>Most bytes of <c>properties</c> as <c>JSON.stringify</c> would write them: 8 KB.</summary>
    public const int PropertiesBytesMax = 8_192;

    private const int Event = 0;
    private const int EventId = 1;
    private const int Timestamp = 2;
    private const int AnonymousId = 3;
    private const int UserId = 4;
    private const int SessionId = 5;
    private const int Url = 6;
    private const int Path = 7;
    private const int Referrer = 8;
    private const int Properties = 9;
    private const int Context = 10;
    private const int Members = 11;

    private static readonly string[] Fields =
    [
        "event",
        "event_id",
        "timestamp",
        "anonymous_id",
        "user_id",
        "session_id",
        "url",
        "path",
        "referrer",
        "properties",
        "context",
    ];

    /// <summary>The known members.</summary>
    public static readonly MemberNames Names = new(Fields);

    /// <param name="body">The body.</param>
    /// <param name="ignored">Where members are noted that the API does not know.</param>
    /// <param name="statesFacts">Whether its key may state facts of the visitor.</param>
    public static MillimetricReading Read(
        ReadOnlyMemory<byte> body,
        IgnoredMembers? ignored = null,
        bool statesFacts = false
    )
    {
        if (!BodyReader.TryTrim(ref body))
        {
            return Refuse(FieldErrors.InvalidJson);
        }

        try
        {
            var reader = new BodyReader(body, Names, stackalloc RawValue[Members], others: null, ignored);
            reader.Next();
            if (reader.Token != JsonTokenType.StartObject)
            {
                var kind = reader.ReadValue().Kind;
                reader.ReadEnd();
                return Refuse(FieldErrors.WrongType("object", kind));
            }
            reader.ReadObject();
            reader.ReadEnd();
            return ReadEvent(reader, statesFacts);
        }
        catch (JsonException)
        {
            return Refuse(FieldErrors.InvalidJson);
        }
    }

    private static MillimetricReading ReadEvent(in BodyReader reader, bool statesFacts)
    {
        // The order is that of the published fields.
        var errors = new FieldErrors();
        var facts = statesFacts ? VisitorFacts.Read(reader.Raw(reader[Context])) : default;
        var e = new ReceivedEvent
        {
            Type = "track",
            Event = ReadText(reader, Event, NameCharsMax, ref errors),
            SenderId = ReadText(reader, EventId, NameCharsMax, ref errors),
            Timestamp = ReadTimestamp(reader, ref errors),
            AnonymousId = ReadText(reader, AnonymousId, NameCharsMax, ref errors),
            UserId = ReadText(reader, UserId, UserIdCharsMax, ref errors),
            SessionId = ReadText(reader, SessionId, NameCharsMax, ref errors),
            Url = ReadUrl(reader, ref errors),
            Path = ReadText(reader, Path, LocationCharsMax, ref errors, mayBeEmpty: true),
            Referrer = ReadText(reader, Referrer, LocationCharsMax, ref errors, mayBeEmpty: true),
            Properties = ReadProperties(reader, ref errors),
            VisitorAddress = facts.Address,
            VisitorAgent = facts.UserAgent,
        };
        foreach (var (path, problem, value) in facts.Problems)
        {
            errors.Add(path, FieldErrors.Describe(problem, value, VisitorFacts.CharsMax));
        }

        return errors.IsEmpty ? new MillimetricReading(e, [], []) : new MillimetricReading(null, [], errors.List);
    }

    private static ReadOnlyMemory<byte> ReadText(
        in BodyReader reader,
        int member,
        int charsMax,
        ref FieldErrors errors,
        bool mayBeEmpty = false
    )
    {
        var problem = reader.ReadText(reader[member], charsMax, out var text);
        var isFine =
            problem == TextProblem.None
            || problem == TextProblem.Absent && member != Event
            || problem == TextProblem.Empty && mayBeEmpty;
        if (!isFine)
        {
            errors.Add(Fields[member], FieldErrors.Describe(problem, reader[member], charsMax));
        }

        return text;
    }

    private static DateTimeOffset? ReadTimestamp(in BodyReader reader, ref FieldErrors errors)
    {
        var problem = reader.ReadInstant(reader[Timestamp], out var instant);
        if (problem is not (TextProblem.None or TextProblem.Absent))
        {
            errors.Add(Fields[Timestamp], FieldErrors.Describe(problem, reader[Timestamp], MemberText.Unlimited));
        }

        return instant;
    }

    private static ReadOnlyMemory<byte> ReadUrl(in BodyReader reader, ref FieldErrors errors)
    {
        var problem = reader.ReadText(reader[Url], MemberText.Unlimited, out var url);
        if (problem == TextProblem.Absent)
        {
            return default;
        }

        if (problem is not (TextProblem.None or TextProblem.Empty))
        {
            errors.Add(Fields[Url], FieldErrors.Describe(problem, reader[Url], LocationCharsMax));
            return default;
        }
        var isUrl = UrlSyntax.IsAbsolute(url.Span);
        var isLong = MemberText.IsLongerThan(url.Span, LocationCharsMax);
        if (isUrl && !isLong)
        {
            return url;
        }

        string[] messages =
        [
            FieldErrors.InvalidUrl,
            FieldErrors.Describe(TextProblem.TooLong, reader[Url], LocationCharsMax),
        ];
        errors.Add(Fields[Url], messages[(isUrl ? 1 : 0)..(isLong ? 2 : 1)]);
        return default;
    }

    private static ReadOnlyMemory<byte> ReadProperties(in BodyReader reader, ref FieldErrors errors)
    {
        var value = reader[Properties];
        if (value.IsAbsent)
        {
            return default;
        }

        var raw = reader.Raw(value);
        if (!value.IsObject)
        {
            errors.Add(Fields[Properties], FieldErrors.WrongType("object", value.Kind));
        }
        // Whitespace does not count, so what is sent may be longer; it is never shorter.
        else if (raw.Length > PropertiesBytesMax && RawJson.StringifiedBytes(raw.Span) > PropertiesBytesMax)
        {
            errors.Add(Fields[Properties], $"properties must be at most {PropertiesBytesMax} bytes");
        }
        return raw;
    }

    private static MillimetricReading Refuse(string formError) => new(null, [formError], []);
}

/// <summary>
/// What Millimetric's server adds where a sender leaves it out (spec 6.3): time, anonymous id, session and path.
/// </summary>
internal static class MillimetricDefaults
{
    private const int SessionSeconds = 30 * 60;

    public static ReceivedEvent Complete(ReceivedEvent e, DateTimeOffset now)
    {
        var timestamp = e.Timestamp ?? now;
        var anonymousId = e.AnonymousId.IsEmpty ? EventIds.NewRandomText() : e.AnonymousId;
        return e with
        {
            Timestamp = timestamp,
            AnonymousId = anonymousId,
            SessionId = e.SessionId.IsEmpty ? SessionOf(anonymousId.Span, timestamp) : e.SessionId,
            Path = e.Path.IsEmpty ? PathOf(e.Url) : e.Path,
        };
    }

    /// <summary>By the time of the event, so that events sent later belong to the same session.</summary>
    private static byte[] SessionOf(ReadOnlySpan<byte> anonymousId, DateTimeOffset timestamp)
    {
        var seconds = timestamp.ToUnixTimeSeconds();
        var bucket = (seconds - (((seconds % SessionSeconds) + SessionSeconds) % SessionSeconds)) / SessionSeconds;
        return [.. anonymousId, (byte)'-', .. Encoding.ASCII.GetBytes(bucket.ToString(CultureInfo.InvariantCulture))];
    }

    /// <summary>The path of a URL that was checked to be one; a slash when it has none.</summary>
    private static ReadOnlyMemory<byte> PathOf(ReadOnlyMemory<byte> url)
    {
        var scheme = url.Span.IndexOf("://"u8);
        if (scheme < 0)
        {
            return default;
        }

        var rest = url[(scheme + 3)..];
        var end = rest.Span.IndexOfAny("/?#"u8);
        if (end < 0 || rest.Span[end] != (byte)'/')
        {
            return "/"u8.ToArray();
        }

        rest = rest[end..];
        end = rest.Span.IndexOfAny("?#"u8);
        return end < 0 ? rest : rest[..end];
    }
}

/// <summary>
/// Collects what is wrong with the members of a Millimetric event, in the words of Zod 3, which its senders compare.
/// Nothing is allocated while nothing is wrong. One reader at a time.
/// </summary>
internal struct FieldErrors
{
    public const string Required = "Required";
    public const string InvalidJson = "Invalid JSON";
    public const string InvalidUrl = "Invalid url";
    public const string InvalidDatetime = "Invalid datetime";

    private List<KeyValuePair<string, IReadOnlyList<string>>>? _fields;

    public readonly bool IsEmpty => _fields is null;

    public readonly IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> List => _fields is null ? [] : _fields;

    public void Add(string field, params string[] messages) => (_fields ??= []).Add(new(field, messages));

    /// <summary>The message for text that breaks a rule of length or is no text.</summary>
    public static string Describe(TextProblem problem, RawValue value, int charsMax) =>
        problem switch
        {
            TextProblem.Absent when value.Kind == JsonTokenType.None => Required,
            TextProblem.Absent or TextProblem.NotText => WrongType("string", value.Kind),
            TextProblem.Empty => "String must contain at least 1 character(s)",
            TextProblem.TooLong => $"String must contain at most {charsMax} character(s)",
            TextProblem.NotInstant => InvalidDatetime,
            TextProblem.NotAddress => "Invalid ip",
            _ => $"String {MemberText.NotUnicode}",
        };

    public static string WrongType(string expected, JsonTokenType received) =>
        $"Expected {expected}, received {NameOf(received)}";

    private static string NameOf(JsonTokenType kind) =>
        kind switch
        {
            JsonTokenType.StartObject => "object",
            JsonTokenType.StartArray => "array",
            JsonTokenType.String => "string",
            JsonTokenType.Number => "number",
            JsonTokenType.True or JsonTokenType.False => "boolean",
            _ => "null",
        };
}
