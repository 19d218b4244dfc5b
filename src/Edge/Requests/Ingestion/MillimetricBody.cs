using System.Text.Json;
using Edge.Events;
using Edge.Formats;

namespace Edge.Requests.Ingestion;

/// <summary>
/// Reads the body of Millimetric (spec 6.3): one object with a required <c>event</c>. Null counts as absent for
/// optional members; members that are not published are ignored, what the server enriches among them. Pure; never
/// throws for input.
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
    private const int Members = 10;

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
    ];

    private static readonly MemberNames Names = new(Fields);

    public static MillimetricReading Read(ReadOnlyMemory<byte> body)
    {
        if (!BodyReader.TryTrim(ref body))
        {
            return Refuse(FieldErrors.InvalidJson);
        }

        try
        {
            var reader = new BodyReader(body, Names, stackalloc RawValue[Members]);
            reader.Next();
            if (reader.Token != JsonTokenType.StartObject)
            {
                var kind = reader.ReadValue().Kind;
                reader.ReadEnd();
                return Refuse(FieldErrors.WrongType("object", kind));
            }
            reader.ReadObject();
            reader.ReadEnd();
            return ReadEvent(reader);
        }
        catch (JsonException)
        {
            return Refuse(FieldErrors.InvalidJson);
        }
    }

    private static MillimetricReading ReadEvent(in BodyReader reader)
    {
        // The order is that of the published fields.
        var errors = new FieldErrors();
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
        };
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
