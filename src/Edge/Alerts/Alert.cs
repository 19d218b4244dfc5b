using System.Text.Json;
using Edge.Experiments;
using Edge.Formats;

namespace Edge.Alerts;

/// <summary>
/// What people are told about a running experiment. Texts and no enumeration, whose table of names and converter would be
/// code of their own in the native binary.
/// </summary>
internal static class AlertType
{
    /// <summary>The daily look suggests a winner.</summary>
    public const string WinnerSuggested = "winner_suggested";

    /// <summary>The variants did not get the share of visitors that their weights call for.</summary>
    public const string SampleRatioMismatch = "sample_ratio_mismatch";

    /// <summary>Nothing has been counted for a long time.</summary>
    public const string NoTraffic = "no_traffic";

    /// <summary>Clicks lead to a page that is not there.</summary>
    public const string DestinationFailing = "destination_failing";

    public static readonly string[] All = [WinnerSuggested, SampleRatioMismatch, NoTraffic, DestinationFailing];
}

/// <summary>Why there is an alert: there is one for as long as the cause lasts.</summary>
/// <param name="Type">What is the matter, an <see cref="AlertType"/>.</param>
/// <param name="Uid">The experiment.</param>
/// <param name="Subject">Id of the suggested variant, or the failing destination; empty for the other types.</param>
internal sealed record AlertCause(string Type, string Uid, string Subject);

/// <summary>Something that lasts and that people are told about once. Immutable.</summary>
internal sealed record Alert
{
    /// <summary>The same in every attempt to deliver it, so that receivers recognise it.</summary>
    public required string Id { get; init; }

    /// <inheritdoc cref="AlertCause"/>
    public required string Type { get; init; }

    /// <summary>The experiment.</summary>
    public required string Uid { get; init; }

    /// <inheritdoc cref="AlertCause"/>
    public required string Subject { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>What is the matter, in a sentence or two, as it was when it began.</summary>
    public required string Text { get; init; }

    /// <summary>Whether the webhook has taken it.</summary>
    public bool IsDelivered { get; init; }

    public AlertCause Cause => new(Type, Uid, Subject);

    /// <summary>The type as others read it, for example <c>experiment.no_traffic</c>.</summary>
    public string TypeName => "experiment." + Type;

    /// <summary>Writes the members of a message about it.</summary>
    /// <param name="json">Where an object has begun.</param>
    /// <param name="experiment">The experiment as it is now.</param>
    public void WriteTo(Utf8JsonWriter json, Experiment experiment)
    {
        json.WriteString("id", Id);
        json.WriteString("type", TypeName);
        json.WriteString("at", Timestamp.Format(Since));
        json.WriteStartObject("experiment");
        json.WriteString("uid", experiment.Uid);
        json.WriteString("slug", experiment.Slug);
        json.WriteString("name", experiment.Name);
        json.WriteEndObject();
        if (Subject.Length > 0)
        {
            json.WriteString(Type == AlertType.WinnerSuggested ? "variant" : "destination", Subject);
        }

        json.WriteString("text", Text);
    }
}
