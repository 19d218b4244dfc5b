using System.Text;
using System.Text.Json;
using Edge.Events;

namespace Edge.Requests.Ingestion;

/// <summary>
/// One event of Traffical (spec 5.4). Which members are required depends on its type; a known member has the same form
/// in events of every type, and null counts as absent. Members that an event has no property for are kept as they were
/// sent. Pure.
/// </summary>
internal static class TrafficalEvent
{
    /// <summary>Longest id of a unit, user, visitor, session, decision or the event itself.</summary>
    public const int IdCharsMax = 1_024;

    // Members that an event has a property for come first; all others are kept beside it.
    private const int Type = 0;
    private const int Id = 1;
    private const int UnitKey = 2;
    private const int Timestamp = 3;
    private const int ProjectId = 4;
    private const int UserId = 5;
    private const int AnonymousId = 6;
    private const int SessionId = 7;
    private const int DecisionId = 8;
    private const int Layers = 9;
    private const int Event = 10;
    private const int Properties = 11;
    private const int OrgId = 12;
    private const int Env = 13;
    private const int RequestId = 14;
    private const int SdkName = 15;
    private const int SdkVersion = 16;

    /// <summary>Where facts of the visitor may be.</summary>
    public const int Context = 17;

    private const int Attribution = 18;
    private const int Value = 19;
    private const int Values = 20;
    private const int EventTimestamp = 21;
    private const int LatencyMs = 22;

    /// <summary>How many members are known; the last two are of the published schema and not looked at.</summary>
    public const int Members = 25;

    /// <summary>How many of them an event has a property for.</summary>
    public const int Placed = OrgId;

    private static readonly string[] Fields =
    [
        "type",
        "id",
        "unitKey",
        "timestamp",
        "projectId",
        "userId",
        "anonymousId",
        "sessionId",
        "decisionId",
        "layers",
        "event",
        "properties",
        "orgId",
        "env",
        "requestId",
        "sdkName",
        "sdkVersion",
        "context",
        "attribution",
        "value",
        "values",
        "eventTimestamp",
        "latencyMs",
        "assignments",
        "requestedParameters",
    ];

    /// <summary>The known members.</summary>
    public static readonly MemberNames Names = new(Fields);

    /// <summary>
    /// Reads the current event; returns what is wrong with it, or null.
    /// </summary>
    public static string? Read(ref BodyReader reader, TrafficalScope scope, out ReceivedEvent? e)
    {
        e = null;
        if (reader.Token != JsonTokenType.StartObject)
        {
            reader.ReadValue();
            return "an event must be an object";
        }
        reader.ReadObject();
        if (reader.Object.Length > ReceivedEvent.BytesMax)
        {
            return BodyProblem.EventTooLarge;
        }

        string? error = null;
        var type = ReadType(reader, ref error);
        var unitKey = ReadText(reader, UnitKey, ref error, isRequired: true);
        var timestamp = ReadInstant(reader, Timestamp, ref error, isRequired: true);
        var isTrack = type == "track";
        RequireScope(reader, OrgId, scope.Organization, isTrack, ref error);
        RequireScope(reader, ProjectId, scope.Project, isTrack, ref error);
        RequireScope(reader, Env, scope.Environment, isTrack, ref error);
        var name = ReadText(reader, Event, ref error, isTrack, MemberText.Unlimited);
        CheckLayers(reader, scope.BucketCount, isRequired: !isTrack, ref error);
        var id = ReadText(reader, Id, ref error);
        var userId = ReadText(reader, UserId, ref error);
        var anonymousId = ReadText(reader, AnonymousId, ref error);
        var sessionId = ReadText(reader, SessionId, ref error);
        var decisionId = ReadText(reader, DecisionId, ref error);
        ReadText(reader, RequestId, ref error);
        ReadText(reader, SdkName, ref error);
        ReadText(reader, SdkVersion, ref error);
        RequireObject(reader, Properties, ref error);
        RequireObject(reader, Context, ref error);
        ReadInstant(reader, EventTimestamp, ref error, isRequired: false);
        error ??= TrafficalParts.ProblemOfNumber(
            reader.Raw(reader[LatencyMs]),
            reader[LatencyMs],
            Fields[LatencyMs],
            min: 0
        );
        error ??= TrafficalParts.ProblemOfNumber(reader.Raw(reader[Value]), reader[Value], Fields[Value]);
        error ??= TrafficalParts.ProblemOfValues(reader.Raw(reader[Values]), reader[Values]);
        error ??= TrafficalParts.ProblemOfAttribution(reader.Raw(reader[Attribution]), reader[Attribution]);
        var facts = scope.StatesFacts ? VisitorFacts.Read(reader.Raw(reader[Context])) : default;
        error ??= facts.Problem;
        if (error is not null)
        {
            return error;
        }

        e = new ReceivedEvent
        {
            Type = type,
            Event = name,
            SenderId = id,
            Timestamp = timestamp,
            UnitKey = unitKey,
            AnonymousId = anonymousId,
            UserId = userId,
            SessionId = sessionId,
            DecisionId = decisionId,
            Layers = reader.Raw(reader[Layers]),
            Properties = reader.Raw(reader[Properties]),
            VisitorAddress = facts.Address,
            VisitorAgent = facts.UserAgent,
            Extra = reader.Others(),
        };
        return null;
    }

    private static string ReadType(in BodyReader reader, ref string? error)
    {
        reader.ReadText(reader[Type], IdCharsMax, out var text);
        var type = text.Span switch
        {
            var t when t.SequenceEqual("exposure"u8) => "exposure",
            var t when t.SequenceEqual("track"u8) => "track",
            var t when t.SequenceEqual("decision"u8) => "decision",
            _ => "",
        };
        if (type.Length == 0)
        {
            error ??= "type must be exposure, track or decision";
        }

        return type;
    }

    private static ReadOnlyMemory<byte> ReadText(
        in BodyReader reader,
        int member,
        ref string? error,
        bool isRequired = false,
        int charsMax = IdCharsMax
    )
    {
        var problem = reader.ReadText(reader[member], charsMax, out var text);
        if (problem != TextProblem.None && (isRequired || !MemberText.IsOptional(problem)))
        {
            error ??= $"{Fields[member]} {MemberText.Describe(problem, charsMax)}";
        }

        return text;
    }

    private static DateTimeOffset? ReadInstant(in BodyReader reader, int member, ref string? error, bool isRequired)
    {
        var problem = reader.ReadInstant(reader[member], out var instant);
        if (problem != TextProblem.None && (isRequired || problem != TextProblem.Absent))
        {
            error ??= $"{Fields[member]} {MemberText.Describe(problem, MemberText.Unlimited)}";
        }

        return instant;
    }

    /// <summary>
    /// An event may leave out what its key says, a tracked one may not; it may never say something else.
    /// </summary>
    private static void RequireScope(
        in BodyReader reader,
        int member,
        string? expected,
        bool isRequired,
        ref string? error
    )
    {
        var text = ReadText(reader, member, ref error, isRequired);
        if (reader[member].IsAbsent || error is not null || expected is null)
        {
            return;
        }
        // UTF-8 takes at most three bytes for a UTF-16 unit; what is longer than any id names another scope.
        Span<byte> name = stackalloc byte[3 * IdCharsMax];
        if (!Encoding.UTF8.TryGetBytes(expected, name, out var written) || !text.Span.SequenceEqual(name[..written]))
        {
            error = $"{Fields[member]} does not match API key";
        }
    }

    private static void RequireObject(in BodyReader reader, int member, ref string? error)
    {
        if (!reader[member].IsAbsent && !reader[member].IsObject)
        {
            error ??= $"{Fields[member]} must be an object";
        }
    }

    private static void CheckLayers(in BodyReader reader, int bucketCount, bool isRequired, ref string? error)
    {
        var layers = reader[Layers];
        if (!layers.IsAbsent)
        {
            error ??= TrafficalParts.ProblemOfLayers(reader.Raw(layers), layers, bucketCount);
        }
        else if (isRequired)
        {
            error ??= "layers is required";
        }
    }
}
