using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Access;
using Edge.Catalog;
using Edge.Enrichment.Verdicts;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Formats;

namespace Edge.Fleet;

/// <summary>
/// Between the things that a fleet has alike and the lines of a document: <c>{"name":NAME,"value":VALUE}</c>. Reading is
/// strict: what this program does not know would be served otherwise than the origin means it. Thread safe.
/// </summary>
internal static class ItemCodec
{
    public const string NameMember = "name";
    public const string RemovedMember = "removed";
    public const string ExperimentPrefix = "experiment/";
    public const string KeyPrefix = "key/";
    public const string VerdictsName = "verdicts";

    /// <summary>The item is there only when there is such a link, for edges that do not know it.</summary>
    public const string ExhaustedName = "exhausted";

    private const string ValueMember = "value";
    private const string RulesMember = "rules";
    private const string ExcludeToolsMember = "excludeTools";
    private const string ExcludeApplePrivacyMember = "excludeApplePrivacy";

    /// <summary>The member is there only when it is true, for edges that do not know it.</summary>
    private const string ExcludeBurstsMember = "excludeBursts";

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly KeyJson StrictKeys = new(
        new JsonSerializerOptions(KeyJson.Default.Options)
        {
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        }
    );

    public static CatalogItem Of(Experiment experiment) =>
        Encode(ExperimentPrefix + experiment.Uid, json => ExperimentWriter.WriteStored(json, experiment));

    public static CatalogItem Of(ApiKey key) =>
        Encode(KeyPrefix + key.Id, json => JsonSerializer.Serialize(json, key, KeyJson.Default.ApiKey));

    /// <summary>The rules of the verdict, whose file has been read.</summary>
    public static CatalogItem Of(in VerdictRuleOptions rules)
    {
        var (own, tools, apple, bursts) = (
            rules.Content,
            rules.ExcludesTools,
            rules.ExcludesApplePrivacy,
            rules.ExcludesBursts
        );
        return Encode(
            VerdictsName,
            json =>
            {
                json.WriteStartObject();
                json.WriteString(RulesMember, own.Span);
                json.WriteBoolean(ExcludeToolsMember, tools);
                json.WriteBoolean(ExcludeApplePrivacyMember, apple);
                if (bursts)
                {
                    json.WriteBoolean(ExcludeBurstsMember, true);
                }

                json.WriteEndObject();
            }
        );
    }

    /// <summary>Uids of the experiments whose links have taken all their clicks.</summary>
    public static CatalogItem Of(IReadOnlyList<string> exhausted) =>
        Encode(
            ExhaustedName,
            json =>
            {
                json.WriteStartArray();
                foreach (var uid in exhausted)
                {
                    json.WriteStringValue(uid);
                }

                json.WriteEndArray();
            }
        );

    /// <summary>
    /// The name of a line's item, and whether the line says that it is gone. Throws <see cref="EditionException"/>.
    /// </summary>
    public static string NameOf(ReadOnlySpan<byte> line, out bool isRemoval)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            if (
                reader.Read()
                && reader.TokenType == JsonTokenType.StartObject
                && reader.Read()
                && reader.ValueTextEquals(NameMember)
                && reader.Read()
                && reader.TokenType == JsonTokenType.String
                && reader.GetString() is { Length: > 0 } name
                && reader.Read()
                && reader.TokenType == JsonTokenType.PropertyName
            )
            {
                isRemoval = reader.ValueTextEquals(RemovedMember);
                if (isRemoval || reader.ValueTextEquals(ValueMember))
                {
                    return name;
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Said below.
        }

        throw new EditionException(EditionFault.Damaged, "has a line that is no item");
    }

    /// <summary>The definition of an item. Throws <see cref="EditionException"/> when it is not understood.</summary>
    public static Experiment ReadExperiment(CatalogItem item)
    {
        var reading = ExperimentReader.ReadStored(ValueOf(item), ExperimentWriter.Loosest, default);
        if (reading is not { Experiment: { } experiment, LosesMembers: false })
        {
            throw NotUnderstood(item, reading.Violations.Concat(reading.Unknown).Select(Text));
        }

        return ExperimentPrefix + experiment.Uid == item.Name
            ? experiment
            : throw NotUnderstood(item, [$"its uid is {experiment.Uid}"]);

        static string Text(Violation violation) => $"{violation.Field} {violation.Message}".TrimStart();
    }

    /// <summary>
    /// The experiment of an item that this program has read before, compiled when it is asked for. Throws
    /// <see cref="EditionException"/>, then or now, when it is not understood.
    /// </summary>
    public static LazyEntry ReadLater(CatalogItem item) =>
        ExperimentGlance.NamesIn(item) is { } names
            ? new LazyEntry(names, () => new CatalogEntry(ReadExperiment(item)))
            : new LazyEntry(new CatalogEntry(ReadExperiment(item)));

    /// <summary>The key of an item. Throws <see cref="EditionException"/> when it is not understood.</summary>
    public static ApiKey ReadKey(CatalogItem item)
    {
        try
        {
            Span<byte> hash = stackalloc byte[KeySecret.HashBytes];
            var key = JsonSerializer.Deserialize(ValueOf(item).Span, StrictKeys.ApiKey);
            return
                key is null ? throw NotUnderstood(item, ["it is null"])
                : KeyPrefix + key.Id != item.Name ? throw NotUnderstood(item, [$"its id is {key.Id}"])
                : KeySecret.TryReadHash(key.Hash, hash) ? key
                : throw NotUnderstood(item, ["its hash is none"]);
        }
        catch (JsonException e)
        {
            throw NotUnderstood(item, [e.Message]);
        }
    }

    /// <summary>The table of the verdict's rules of an item, likewise.</summary>
    public static VerdictTable ReadVerdicts(CatalogItem item)
    {
        var options = VerdictRuleOptions.Default;
        try
        {
            using var document = JsonDocument.Parse(ValueOf(item));
            foreach (var member in document.RootElement.EnumerateObject())
            {
                options = member.Name switch
                {
                    RulesMember => options with
                    {
                        File = "automation.rulesFile",
                        Content = Encoding.UTF8.GetBytes(member.Value.GetString()!),
                    },
                    ExcludeToolsMember => options with { ExcludesTools = member.Value.GetBoolean() },
                    ExcludeApplePrivacyMember => options with { ExcludesApplePrivacy = member.Value.GetBoolean() },
                    ExcludeBurstsMember => options with { ExcludesBursts = member.Value.GetBoolean() },
                    _ => throw NotUnderstood(item, [$"{member.Name} is not known"]),
                };
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw NotUnderstood(item, [e.Message]);
        }

        if (options.Content.IsEmpty)
        {
            options = options with { File = "" };
        }

        var (table, problems) = VerdictRules.Load(options);
        return table is not null && problems.Count == 0 ? table : throw NotUnderstood(item, problems);
    }

    /// <summary>The uids of an item, likewise.</summary>
    public static HashSet<string> ReadExhausted(CatalogItem item)
    {
        try
        {
            using var document = JsonDocument.Parse(ValueOf(item));
            return document.RootElement.EnumerateArray().Select(static uid => uid.GetString()!).ToHashSet(StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw NotUnderstood(item, [e.Message]);
        }
    }

    private static EditionException NotUnderstood(CatalogItem item, IEnumerable<string> reasons) =>
        new(EditionFault.NotUnderstood, $"has {item.Name}, which this version does not understand: {string.Join("; ", reasons.Take(3))}");

    private static CatalogItem Encode(string name, Action<Utf8JsonWriter> writeValue)
    {
        var line = new ArrayBufferWriter<byte>(1_024);
        using (var json = new Utf8JsonWriter(line, Plain))
        {
            json.WriteStartObject();
            json.WriteString(NameMember, name);
            json.WritePropertyName(ValueMember);
            writeValue(json);
            json.WriteEndObject();
        }

        return new CatalogItem(name, line.WrittenSpan.ToArray());
    }

    /// <summary>The bytes of the value: what stands between its colon and the last brace.</summary>
    private static ReadOnlyMemory<byte> ValueOf(CatalogItem item)
    {
        try
        {
            var reader = new Utf8JsonReader(item.Line.Span);
            while (reader.Read() && !(reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(ValueMember)))
            {
                // To the value: the members before it are texts.
            }

            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var end = (int)reader.BytesConsumed;
            return reader.Read() && reader.TokenType == JsonTokenType.EndObject && !reader.Read()
                ? item.Line[start..end]
                : throw NotUnderstood(item, ["it has members behind its value"]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw NotUnderstood(item, [e.Message]);
        }
    }
}
