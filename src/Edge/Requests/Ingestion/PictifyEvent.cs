using System.Text;
using System.Text.Json;
using Edge.Events;
using Edge.Formats;

namespace Edge.Requests.Ingestion;

/// <summary>
/// One event of Pictify (spec 4.3). Null counts as absent for optional members; unknown members are ignored. Pure.
/// </summary>
internal static class PictifyEvent
{
    /// <summary>Longest slug of an experiment (published schema).</summary>
    public const int ExperimentCharsMax = 60;

    /// <summary>Longest id of a variant that is looked up; those of experiments are shorter.</summary>
    public const int VariantIdCharsMax = 255;

    public const int ReferrerCharsMax = 2_048;

    /// <summary>Most bytes of <c>metadata</c> as <c>JSON.stringify</c> would write them: 10 KB.</summary>
    public const int MetadataBytesMax = 10_240;

    /// <summary>Most objects and arrays inside one another in <c>metadata</c>, itself included.</summary>
    public const int MetadataDepthMax = 3;

    /// <summary>Longest write key that is looked at.</summary>
    public const int WriteKeyCharsMax = 256;

    private const int Event = 0;
    private const int Experiment = 1;
    private const int VariantId = 2;
    private const int Channel = 3;
    private const int Device = 4;
    private const int Referrer = 5;
    private const int Metadata = 6;
    private const int Source = 7;
    private const int WriteKey = 8;
    private const int Context = 9;

    /// <summary>How many members are known.</summary>
    public const int Members = 10;

    private const string Sdk = "sdk";

    private static readonly string[] Fields =
    [
        "event",
        "experiment",
        "variantId",
        "channel",
        "device",
        "referrer",
        "metadata",
        "source",
        "writeKey",
        "context",
    ];

    private static readonly string[] Events = ["impression", "view", "click", "conversion"];
    private static readonly string[] Channels = ["web", "email", "ad", "in-app", "social", "other"];
    private static readonly string[] Devices = ["mobile", "desktop", "tablet"];
    private static readonly string[] Sources = [Sdk, "api"];

    private static readonly byte[] SourceSdk = """{"source":"sdk"}"""u8.ToArray();
    private static readonly byte[] SourceApi = """{"source":"api"}"""u8.ToArray();

    /// <summary>The known members.</summary>
    public static readonly MemberNames Names = new(Fields);

    /// <summary>
    /// Reads the current event; what is wrong with it is added to <paramref name="problems"/>.
    /// </summary>
    /// <param name="reader">Stands before the event.</param>
    /// <param name="index">Its position.</param>
    /// <param name="problems">What is wrong with it.</param>
    /// <param name="statesFacts">Whether the request's key may state facts of the visitor.</param>
    public static PictifyItem Read(ref BodyReader reader, int index, List<Violation> problems, bool statesFacts)
    {
        if (reader.Token != JsonTokenType.StartObject)
        {
            reader.ReadValue();
            problems.Add(new Violation("", "must be an object", ViolationCodes.InvalidType));
            return new PictifyItem(index, null, null, null, false);
        }
        reader.ReadObject();
        if (reader.Object.Length > ReceivedEvent.BytesMax)
        {
            problems.Add(new Violation("", $"must be at most {ReceivedEvent.BytesMax} bytes", ViolationCodes.TooLong));
            return new PictifyItem(index, null, null, null, false);
        }
        var type = ReadWord(reader, Event, Events, problems, isRequired: true);
        var experiment = ReadText(reader, Experiment, ExperimentCharsMax, problems, isRequired: true);
        var variant = ReadText(reader, VariantId, VariantIdCharsMax, problems, mayBeEmpty: false);
        var channel = ReadWord(reader, Channel, Channels, problems);
        var device = ReadWord(reader, Device, Devices, problems);
        var referrer = ReadText(reader, Referrer, ReferrerCharsMax, problems);
        var metadata = ReadMetadata(reader, problems);
        var source = ReadWord(reader, Source, Sources, problems);
        var writeKey = ReadText(reader, WriteKey, WriteKeyCharsMax, problems);
        var facts = statesFacts ? VisitorFacts.Read(reader.Raw(reader[Context])) : default;
        foreach (var (path, problem, _) in facts.Problems)
        {
            problems.Add(new Violation(path, MemberText.Describe(problem, VisitorFacts.CharsMax), CodeOf(problem)));
        }

        var e = new ReceivedEvent
        {
            Type = type,
            Experiment = experiment,
            Variant = variant,
            Channel = channel,
            DeviceType = device,
            Referrer = referrer,
            Properties = metadata,
            VisitorAddress = facts.Address,
            VisitorAgent = facts.UserAgent,
            Extra =
                source.Length == 0 ? default
                : source == Sdk ? SourceSdk
                : SourceApi,
        };
        return new PictifyItem(
            index,
            e,
            null,
            writeKey.IsEmpty ? null : Encoding.UTF8.GetString(writeKey.Span),
            source == Sdk
        );
    }

    private static ReadOnlyMemory<byte> ReadText(
        in BodyReader reader,
        int member,
        int charsMax,
        List<Violation> problems,
        bool isRequired = false,
        bool mayBeEmpty = true
    )
    {
        var problem = reader.ReadText(reader[member], charsMax, out var text);
        var isFine =
            problem == TextProblem.None
            || !isRequired && (problem == TextProblem.Absent || problem == TextProblem.Empty && mayBeEmpty);
        if (!isFine)
        {
            problems.Add(new Violation(Fields[member], MemberText.Describe(problem, charsMax), CodeOf(problem)));
        }

        return text;
    }

    private static string ReadWord(
        in BodyReader reader,
        int member,
        string[] words,
        List<Violation> problems,
        bool isRequired = false
    )
    {
        var problem = reader.ReadText(reader[member], MemberText.Unlimited, out var text);
        if (problem == TextProblem.Absent && !isRequired)
        {
            return "";
        }

        if (problem is TextProblem.Absent or TextProblem.NotText)
        {
            problems.Add(
                new Violation(Fields[member], MemberText.Describe(problem, MemberText.Unlimited), CodeOf(problem))
            );
            return "";
        }
        foreach (var word in words)
        {
            if (Ascii.Equals(text.Span, word))
            {
                return word;
            }
        }
        problems.Add(
            new Violation(Fields[member], $"must be one of {string.Join(", ", words)}", ViolationCodes.InvalidValue)
        );
        return "";
    }

    private static ReadOnlyMemory<byte> ReadMetadata(in BodyReader reader, List<Violation> problems)
    {
        var value = reader[Metadata];
        if (value.IsAbsent)
        {
            return default;
        }

        var raw = reader.Raw(value);
        if (!value.IsObject)
        {
            problems.Add(new Violation(Fields[Metadata], "must be an object", ViolationCodes.InvalidType));
        }
        // Whitespace does not count, so what is sent may be longer; it is never shorter.
        else if (raw.Length > MetadataBytesMax && RawJson.StringifiedBytes(raw.Span) > MetadataBytesMax)
        {
            problems.Add(
                new Violation(Fields[Metadata], $"must be at most {MetadataBytesMax} bytes", ViolationCodes.TooLong)
            );
        }
        else if (RawJson.Depth(raw.Span) > MetadataDepthMax)
        {
            problems.Add(
                new Violation(
                    Fields[Metadata],
                    $"must be at most {MetadataDepthMax} levels deep",
                    ViolationCodes.OutOfRange
                )
            );
        }
        return raw;
    }

    private static string CodeOf(TextProblem problem) =>
        problem switch
        {
            TextProblem.Absent or TextProblem.Empty => ViolationCodes.Required,
            TextProblem.NotText => ViolationCodes.InvalidType,
            TextProblem.TooLong => ViolationCodes.TooLong,
            _ => ViolationCodes.InvalidFormat,
        };
}
