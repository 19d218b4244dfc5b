using System.Text.Json.Serialization;
using Edge.Formats;

namespace Edge.Audit;

/// <summary>One change that somebody made. Immutable; holds no secret and no address.</summary>
internal sealed record AuditEntry
{
    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Who: the id of a key, or <c>local:</c> and the user of the operating system for a command.</summary>
    public required string Actor { get; init; }

    /// <summary>What was done, such as <c>experiment.start</c>; a constant of <see cref="AuditAction"/>.</summary>
    public required string Action { get; init; }

    /// <summary>To what: the uid of an experiment, the id of a key, the name of a sink, <c>catalog</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>The team or project it belongs to; null in a service with a single one, and for sinks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Team { get; init; }

    /// <summary>More about it, such as the slug and the status before and after; null when there is nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }
}

/// <summary>What can be done; the words are published and never change.</summary>
internal static class AuditAction
{
    public const string Create = "experiment.create";
    public const string Update = "experiment.update";
    public const string Start = "experiment.start";
    public const string Pause = "experiment.pause";
    public const string Complete = "experiment.complete";
    public const string Delete = "experiment.delete";
    public const string Recompute = "experiment.recompute";
    public const string CreateShare = "share.create";
    public const string RevokeShare = "share.revoke";
    public const string CreateKey = "key.create";
    public const string RevokeKey = "key.revoke";
    public const string PauseSink = "sink.pause";
    public const string ResumeSink = "sink.resume";
    public const string SkipEvents = "sink.skip";
    public const string Rollout = "catalog.rollout";
}

/// <summary>The generated JSON serializers of the audit file.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    Converters = [typeof(TimestampConverter)]
)]
[JsonSerializable(typeof(AuditEntry))]
internal sealed partial class AuditJson : JsonSerializerContext;
