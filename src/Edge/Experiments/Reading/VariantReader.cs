using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Edge.Formats;

namespace Edge.Experiments.Reading;

/// <summary>Reads the variants of an experiment and checks the rules that apply across them. Pure.</summary>
internal static class VariantReader
{
    private static readonly SearchValues<char> IdentifierChars = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
    );

    /// <summary>Reads the list; returns <paramref name="absent"/> when the member is missing.</summary>
    /// <param name="fields">Members of the experiment.</param>
    /// <param name="rules">Limits.</param>
    /// <param name="absent">The list to use when there is none; null makes the member required.</param>
    /// <param name="isStored">
    /// Whether configured weights are stored beside the served ones; a sender knows only the configured ones.
    /// </param>
    public static IReadOnlyList<Variant> ReadAll(
        JsonFields fields,
        ExperimentRules rules,
        IReadOnlyList<Variant>? absent,
        bool isStored
    )
    {
        if (!fields.Has("variants") && absent is not null)
        {
            return absent;
        }
        if (!fields.TryGet("variants", out _))
        {
            fields.Violate("variants", "is required", ViolationCodes.Required);
            return [];
        }
        if (!fields.TryArray("variants", out var array))
        {
            return [];
        }
        var count = array.GetArrayLength();
        if (count < ExperimentRules.VariantsMin || count > rules.VariantsMax)
        {
            fields.Violate(
                "variants",
                rules.VariantsMax == int.MaxValue
                    ? $"must be {ExperimentRules.VariantsMin} variants or more"
                    : $"must be {ExperimentRules.VariantsMin} to {rules.VariantsMax} variants",
                ViolationCodes.OutOfRange
            );
        }
        var variants = new List<Variant>(Math.Min(count, rules.VariantsMax));
        var areWeightsRead = true;
        foreach (var element in array.EnumerateArray())
        {
            if (variants.Count == rules.VariantsMax)
            {
                return variants;
            }
            var path = $"variants[{variants.Count}]";
            if (element.ValueKind != JsonValueKind.Object)
            {
                fields.Violations.Add(path, "must be an object", ViolationCodes.InvalidType);
                areWeightsRead = false;
                variants.Add(new Variant { Id = "", Weight = 0 });
                continue;
            }
            variants.Add(Read(new JsonFields(element, path, fields.Violations), rules, isStored, ref areWeightsRead));
        }
        RequireUnique(fields, variants);
        if (areWeightsRead && count > 0)
        {
            RequireSum(fields, variants);
        }
        return variants;
    }

    /// <summary>
    /// Whether the text has only letters, digits, underscores and hyphens (published pattern of variant ids).
    /// </summary>
    public static bool IsIdentifier(string text) => text.AsSpan().IndexOfAnyExcept(IdentifierChars) < 0;

    private static Variant Read(JsonFields fields, ExperimentRules rules, bool isStored, ref bool areWeightsRead)
    {
        KnownMembers.Check(fields, KnownMembers.OfVariant);
        var id = fields.RequiredText("id", null, ExperimentRules.VariantIdCharsMax);
        if (!IsIdentifier(id))
        {
            fields.Violate("id", "must be letters, digits, underscores and hyphens", ViolationCodes.InvalidFormat);
        }
        var before = fields.Violations.Count;
        if (!fields.TryGet("weight", out _))
        {
            fields.Violate("weight", "is required", ViolationCodes.Required);
        }
        var weight = fields.Integer("weight", 0, 0, 0, ExperimentRules.WeightsSum);
        var configured = isStored
            ? fields.Integer("configuredWeight", weight, weight, 0, ExperimentRules.WeightsSum)
            : weight;
        areWeightsRead &= fields.Violations.Count == before;
        return new Variant
        {
            Id = id,
            Name = fields.Text("name", null, ExperimentRules.NameCharsMax),
            TemplateUid = fields.Text("templateUid", null, ExperimentRules.ReferenceCharsMax),
            DestinationUrl = ConfigReader.ReadDestination(fields, null, rules),
            Variables = ReadVariables(fields, rules),
            Weight = weight,
            ConfiguredWeight = configured == weight ? null : configured,
            IsDefault = fields.Flag("isDefault", false),
            Conditions = ConditionReader.Read(fields, "conditions"),
            Schedule = ScheduleReader.Read(fields, "schedule"),
        };
    }

    private static JsonElement? ReadVariables(JsonFields fields, ExperimentRules rules)
    {
        if (!fields.TryGet("variables", out var value))
        {
            return null;
        }
        if (value.ValueKind != JsonValueKind.Object)
        {
            fields.Violate("variables", "must be an object", ViolationCodes.InvalidType);
            return null;
        }
        if (JsonMarshal.GetRawUtf8Value(value).Length > ExperimentRules.VariablesBytesMax)
        {
            fields.Violate(
                "variables",
                $"must be at most {ExperimentRules.VariablesBytesMax} bytes of JSON",
                ViolationCodes.TooLong
            );
            return null;
        }
        CheckImage(fields, value, rules);
        return value.Clone();
    }

    /// <summary>
    /// Notes an address of an image that leads nowhere. A stored file may have one: its variant has no image then.
    /// </summary>
    private static void CheckImage(JsonFields fields, JsonElement variables, ExperimentRules rules)
    {
        const string Path = $"variables.{Variant.ImageUrl}";
        if (!variables.TryGetProperty(Variant.ImageUrl, out var url) || url.ValueKind == JsonValueKind.Null)
        {
            return;
        }
        if (url.ValueKind != JsonValueKind.String)
        {
            fields.NoteUnknownValue(Path, "must be a string");
            return;
        }
        var text = url.GetString()!;
        if (text.Length > 0 && Destination.TryParse(text, rules.HttpsOnly, out var message, out _) is null)
        {
            fields.NoteUnknownValue(Path, message);
        }
    }

    private static void RequireUnique(JsonFields fields, List<Variant> variants)
    {
        var hasDefault = false;
        for (var i = 0; i < variants.Count; i++)
        {
            for (var j = 0; j < i && variants[i].Id.Length > 0; j++)
            {
                if (variants[j].Id == variants[i].Id)
                {
                    fields.Violate(
                        $"variants[{i}].id",
                        $"is already the id of variants[{j}]",
                        ViolationCodes.NotUnique
                    );
                    break;
                }
            }
            if (variants[i].IsDefault && hasDefault)
            {
                fields.Violate(
                    $"variants[{i}].isDefault",
                    "must be true for at most one variant",
                    ViolationCodes.NotUnique
                );
            }
            hasDefault |= variants[i].IsDefault;
        }
    }

    private static void RequireSum(JsonFields fields, List<Variant> variants)
    {
        var sum = variants.Sum(variant => variant.Weight);
        var configuredSum = variants.Sum(variant => variant.RequestedWeight);
        if (sum != ExperimentRules.WeightsSum)
        {
            fields.Violate(
                "variants",
                $"must have weights that sum to {ExperimentRules.WeightsSum}, not {sum}",
                ViolationCodes.WeightSum
            );
        }
        else if (configuredSum != ExperimentRules.WeightsSum)
        {
            fields.Violate(
                "variants",
                $"must have configured weights that sum to {ExperimentRules.WeightsSum}, not {configuredSum}",
                ViolationCodes.WeightSum
            );
        }
    }
}
