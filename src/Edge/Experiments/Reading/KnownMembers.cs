using System.Text.Json.Serialization.Metadata;
using Edge.Formats;

namespace Edge.Experiments.Reading;

/// <summary>
/// The members that a definition may have: those that are written, whoever owns them, so that what the API has given
/// may be sent back. Anything else is probably a mistake that would silently change what is served. Pure.
/// </summary>
internal static class KnownMembers
{
    public static readonly IReadOnlyCollection<string> OfExperiment = Of(ExperimentJson.Default.Experiment);

    /// <summary>With the members of the original product that have no meaning here.</summary>
    public static readonly IReadOnlyCollection<string> OfVariant =
    [
        .. Of(ExperimentJson.Default.Variant),
        "priority",
        "preRenderedUrl",
        "alphaSuccesses",
        "betaFailures",
    ];

    public static readonly IReadOnlyCollection<string> OfGoal = Of(ExperimentJson.Default.GoalConfig);
    public static readonly IReadOnlyCollection<string> OfLink = Of(ExperimentJson.Default.LinkConfig);
    public static readonly IReadOnlyCollection<string> OfExclusionGroup = Of(ExperimentJson.Default.ExclusionGroup);
    public static readonly IReadOnlyCollection<string> OfBandit = Of(ExperimentJson.Default.BanditConfig);
    public static readonly IReadOnlyCollection<string> OfOutput = Of(ExperimentJson.Default.OutputConfig);
    public static readonly IReadOnlyCollection<string> OfTracking = Of(ExperimentJson.Default.TrackingConfig);
    public static readonly IReadOnlyCollection<string> OfSchedule = Of(ExperimentJson.Default.VariantSchedule);
    public static readonly IReadOnlyCollection<string> OfRecurrence = Of(ExperimentJson.Default.Recurrence);
    public static readonly IReadOnlyCollection<string> OfGroup = ["type", "operator", "children"];

    public static readonly IReadOnlyCollection<string> OfRule =
    [
        "type",
        "property",
        "paramName",
        "ruleOperator",
        "operator",
        "value",
    ];

    /// <summary>Notes every member of an object that is not one of these, with the name that was probably meant.</summary>
    public static void Check(JsonFields fields, IReadOnlyCollection<string> known)
    {
        foreach (var name in fields.Names)
        {
            if (fields.Violations.IsFullOfUnknown)
            {
                // Looking for what was meant takes longer than reading it.
                return;
            }

            if (!known.Contains(name))
            {
                var meant = NearestName.Probable(known, name);
                fields.NoteUnknown(
                    name,
                    meant is null ? "is not a known member" : $"is not a known member; did you mean {meant}?"
                );
            }
        }
    }

    private static string[] Of(JsonTypeInfo type) =>
        [.. type.Properties.Where(property => property.Get is not null).Select(property => property.Name)];
}
