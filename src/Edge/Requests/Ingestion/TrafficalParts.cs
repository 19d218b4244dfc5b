using System.Buffers.Text;
using System.Text.Json;

namespace Edge.Requests.Ingestion;

/// <summary>
/// The rules for members of a Traffical event that are no plain text: layer assignments, attribution and numbers (spec
/// 5.4). They only judge, since these members are kept as they were sent. Every answer is what is wrong, null when
/// nothing is. Pure.
/// </summary>
internal static class TrafficalParts
{
    private const int LayerId = 0;
    private const int PolicyId = 1;
    private const int AllocationName = 2;
    private const int Bucket = 3;
    private const int LayerMembers = 4;

    private const int Weight = 3;
    private const int Model = 4;
    private const int PolicyKey = 5;
    private const int AllocationKey = 6;
    private const int AttributionMembers = 7;

    private static readonly MemberNames LayerNames = new("layerId", "policyId", "allocationName", "bucket");

    private static readonly MemberNames AttributionNames = new(
        "layerId",
        "policyId",
        "allocationName",
        "weight",
        "model",
        "policyKey",
        "allocationKey"
    );

    private static readonly MemberNames NoNames = new();

    /// <summary>An array of assignments, each with a layer and a bucket; it may be empty.</summary>
    /// <param name="raw">The member.</param>
    /// <param name="value">What it is.</param>
    /// <param name="bucketCount">Buckets are below it; 0 when every bucket is allowed.</param>
    public static string? ProblemOfLayers(ReadOnlyMemory<byte> raw, RawValue value, int bucketCount)
    {
        if (!value.IsArray)
        {
            return "layers must be an array";
        }

        var reader = new BodyReader(raw, LayerNames, stackalloc RawValue[LayerMembers]);
        reader.Next();
        while (reader.NextElement())
        {
            if (reader.Token != JsonTokenType.StartObject)
            {
                return "layers must hold objects";
            }

            reader.ReadObject();
            var problem =
                ProblemOfText(reader, LayerId, "layers[].layerId", isRequired: true)
                ?? ProblemOfText(reader, PolicyId, "layers[].policyId", isRequired: false)
                ?? ProblemOfText(reader, AllocationName, "layers[].allocationName", isRequired: false)
                ?? ProblemOfBucket(reader, bucketCount);
            if (problem is not null)
            {
                return problem;
            }
        }
        return null;
    }

    /// <summary>An array of attributed allocations; absent is fine.</summary>
    public static string? ProblemOfAttribution(ReadOnlyMemory<byte> raw, RawValue value)
    {
        if (value.IsAbsent)
        {
            return null;
        }

        if (!value.IsArray)
        {
            return "attribution must be an array";
        }

        var reader = new BodyReader(raw, AttributionNames, stackalloc RawValue[AttributionMembers]);
        reader.Next();
        while (reader.NextElement())
        {
            if (reader.Token != JsonTokenType.StartObject)
            {
                return "attribution must hold objects";
            }

            reader.ReadObject();
            var problem =
                ProblemOfText(reader, LayerId, "attribution[].layerId", isRequired: true)
                ?? ProblemOfText(reader, PolicyId, "attribution[].policyId", isRequired: true)
                ?? ProblemOfText(reader, AllocationName, "attribution[].allocationName", isRequired: true)
                ?? ProblemOfNumber(reader.Raw(reader[Weight]), reader[Weight], "attribution[].weight", min: 0, max: 1)
                ?? ProblemOfModel(reader)
                ?? ProblemOfText(reader, PolicyKey, "attribution[].policyKey", isRequired: false)
                ?? ProblemOfText(reader, AllocationKey, "attribution[].allocationKey", isRequired: false);
            if (problem is not null)
            {
                return problem;
            }
        }
        return null;
    }

    /// <summary>An object whose every member is a number; absent is fine.</summary>
    public static string? ProblemOfValues(ReadOnlyMemory<byte> raw, RawValue value)
    {
        if (value.IsAbsent)
        {
            return null;
        }

        if (!value.IsObject)
        {
            return "values must be an object";
        }

        var reader = new BodyReader(raw, NoNames, []);
        reader.Next();
        while (reader.Next() && reader.Token == JsonTokenType.PropertyName)
        {
            reader.Next();
            if (!reader.ReadValue().IsNumber)
            {
                return "values must hold numbers";
            }
        }
        return null;
    }

    /// <summary>A number within its bounds; absent is fine.</summary>
    public static string? ProblemOfNumber(
        ReadOnlyMemory<byte> raw,
        RawValue value,
        string field,
        double min = double.NegativeInfinity,
        double max = double.PositiveInfinity
    )
    {
        if (value.IsAbsent)
        {
            return null;
        }

        if (!value.IsNumber)
        {
            return $"{field} must be a number";
        }

        var number = ToDouble(raw.Span);
        if (number >= min && number <= max)
        {
            return null;
        }

        return double.IsPositiveInfinity(max)
            ? $"{field} must be at least {min}"
            : $"{field} must be between {min} and {max}";
    }

    private static string? ProblemOfText(in BodyReader reader, int member, string field, bool isRequired)
    {
        var problem = reader.ReadText(reader[member], MemberText.Unlimited, out _);
        return problem == TextProblem.None || !isRequired && MemberText.IsOptional(problem)
            ? null
            : $"{field} {MemberText.Describe(problem, MemberText.Unlimited)}";
    }

    private static string? ProblemOfBucket(in BodyReader reader, int bucketCount)
    {
        var value = reader[Bucket];
        if (value.IsAbsent)
        {
            return "layers[].bucket is required";
        }

        var bucket = value.IsNumber ? ToDouble(reader.Raw(value).Span) : double.NaN;
        if (!double.IsInteger(bucket) || bucket < 0)
        {
            return "layers[].bucket must be an integer of at least 0";
        }

        return bucketCount > 0 && bucket >= bucketCount ? $"layers[].bucket must be less than {bucketCount}" : null;
    }

    private static string? ProblemOfModel(in BodyReader reader)
    {
        if (reader[Model].IsAbsent)
        {
            return null;
        }

        reader.ReadText(reader[Model], MemberText.Unlimited, out var text);
        var model = text.Span;
        return
            model.SequenceEqual("first_touch"u8)
            || model.SequenceEqual("last_touch"u8)
            || model.SequenceEqual("linear"u8)
            || model.SequenceEqual("time_decay"u8)
            || model.SequenceEqual("position_based"u8)
            ? null
            : "attribution[].model must be first_touch, last_touch, linear, time_decay or position_based";
    }

    /// <summary>The value of a JSON number, infinite when it is beyond the platform's range.</summary>
    private static double ToDouble(ReadOnlySpan<byte> number) =>
        Utf8Parser.TryParse(number, out double value, out _) ? value : double.NaN;
}
