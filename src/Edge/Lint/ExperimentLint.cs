using System.Globalization;
using Edge.Experiments;
using Edge.Formats;

namespace Edge.Lint;

/// <summary>
/// Finds what is valid in a definition but probably not intended: conditions that can never be true, variants that
/// nobody can get, schedules with gaps, destinations that lead back to this service. It reports only what is certain,
/// so no findings do not prove a definition correct. Pure.
/// </summary>
internal static class ExperimentLint
{
    /// <summary>Returns the findings in the order of the definition.</summary>
    /// <param name="experiment">A valid definition.</param>
    /// <param name="hosts">The hosts at which this service is reached.</param>
    /// <param name="now">The time from which schedules are checked.</param>
    /// <param name="knowsPlaces">Whether the service can say where visitors are.</param>
    public static IReadOnlyList<Finding> Check(
        Experiment experiment,
        IReadOnlyList<OwnHost> hosts,
        DateTimeOffset now,
        bool knowsPlaces = true
    )
    {
        var findings = new List<Finding>();
        // An ended experiment makes no more choices, but its link still redirects.
        if (experiment.Status is not (ExperimentStatus.Completed or ExperimentStatus.Archived))
        {
            CheckDefault(experiment, findings);
            CheckVariants(experiment, findings);
            CheckTrialStart(experiment, findings);
            CheckTracking(experiment, findings);
            switch (experiment.Type)
            {
                case ExperimentType.SmartLink:
                    ConditionLint.Check(experiment, findings);
                    if (!knowsPlaces)
                    {
                        PlaceLint.Check(experiment, findings);
                    }

                    break;
                case ExperimentType.Scheduled:
                    ScheduleLint.Check(experiment, now, findings);
                    break;
            }
        }
        DestinationLint.Check(experiment, hosts, findings);
        return findings;
    }

    /// <summary>Path of a member of a variant.</summary>
    internal static string PathOf(int variant, string member = "") =>
        string.Create(CultureInfo.InvariantCulture, $"variants[{variant}]{(member.Length == 0 ? "" : ".")}{member}");

    /// <summary>Index of the variant that is served when nothing else applies.</summary>
    internal static int DefaultOf(Experiment experiment)
    {
        for (var i = 0; i < experiment.Variants.Count; i++)
        {
            if (experiment.Variants[i].IsDefault)
            {
                return i;
            }
        }
        return 0;
    }

    private static void CheckDefault(Experiment experiment, List<Finding> findings)
    {
        if (experiment.Variants.Any(variant => variant.IsDefault))
        {
            return;
        }
        // The default of an A/B test is for crawlers only.
        var severity = experiment.Type == ExperimentType.AbTest ? Severity.Note : Severity.Warning;
        var whom =
            experiment.Type == ExperimentType.AbTest ? "crawlers get" : "when nothing else applies, visitors get";
        findings.Add(
            new Finding(
                severity,
                "no_default",
                "variants",
                $"none is marked as the default, so {whom} the first, '{experiment.Variants[0].Id}'"
            )
        );
    }

    private static void CheckVariants(Experiment experiment, List<Finding> findings)
    {
        var hasDefault = experiment.Variants.Any(variant => variant.IsDefault);
        for (var i = 0; i < experiment.Variants.Count; i++)
        {
            var variant = experiment.Variants[i];
            var isFallback = variant.IsDefault || (!hasDefault && i == 0);
            switch (experiment.Type)
            {
                case ExperimentType.AbTest when variant is { Weight: 0, RequestedWeight: 0 }:
                    findings.Add(
                        new Finding(
                            Severity.Warning,
                            "weight_zero",
                            PathOf(i, "weight"),
                            isFallback
                                ? $"is 0: '{variant.Id}' is shown to crawlers and to nobody else"
                                : $"is 0: '{variant.Id}' is never served"
                        )
                    );
                    break;
                case ExperimentType.SmartLink when variant.Conditions is null && !isFallback:
                    findings.Add(
                        new Finding(
                            Severity.Warning,
                            "no_conditions",
                            PathOf(i),
                            $"has no conditions and is not the default: '{variant.Id}' is never served"
                        )
                    );
                    break;
                case ExperimentType.SmartLink when variant is { IsDefault: true, Conditions: not null }:
                    findings.Add(
                        new Finding(
                            Severity.Warning,
                            "ignored",
                            PathOf(i, "conditions"),
                            "are ignored, because the variant is the default"
                        )
                    );
                    break;
                case ExperimentType.Scheduled when variant.Schedule is null && !isFallback:
                    findings.Add(
                        new Finding(
                            Severity.Warning,
                            "no_schedule",
                            PathOf(i),
                            $"has no schedule and is not the default: '{variant.Id}' is never served"
                        )
                    );
                    break;
            }
            CheckIgnored(experiment, i, findings);
        }
    }

    /// <summary>
    /// Notes that links alone start no trial: nothing here says whether there is a pixel beside them, or a page that
    /// reports views.
    /// </summary>
    private static void CheckTrialStart(Experiment experiment, List<Finding> findings)
    {
        if (
            experiment.TrialStart == TrialStart.Exposure
            && experiment.GoalConfig.Type is GoalType.Conversion or GoalType.Event or GoalType.Value
            && experiment.Variants.Any(variant => experiment.DestinationOf(variant) is not null)
        )
        {
            findings.Add(
                new Finding(
                    Severity.Note,
                    "click_starts_no_trial",
                    "trialStart",
                    "is exposure: trials start with an impression or view, and a link that is only clicked starts none; "
                        + "set it to click when there is neither pixel nor view"
                )
            );
        }
    }

    /// <summary>Warns of a goal that nobody's exposure can be joined to.</summary>
    private static void CheckTracking(Experiment experiment, List<Finding> findings)
    {
        var mode = experiment.TrackingConfig?.Mode ?? TrackingMode.Full;
        if (
            mode == TrackingMode.Off
            || (mode == TrackingMode.Aggregate && experiment.GoalConfig.Type is GoalType.Conversion or GoalType.Event or GoalType.Value)
        )
        {
            findings.Add(
                new Finding(
                    Severity.Warning,
                    "tracking_learns_nothing",
                    "trackingConfig.mode",
                    mode == TrackingMode.Off
                        ? "is off: nothing is counted, so nothing is learned"
                        : "is aggregate: the goal is reached by other events, which cannot be joined to an exposure without its unit"
                )
            );
        }
    }

    private static void CheckIgnored(Experiment experiment, int i, List<Finding> findings)
    {
        var type = WireNames<ExperimentType>.Lower.Text(experiment.Type);
        if (experiment.Type != ExperimentType.SmartLink && experiment.Variants[i].Conditions is not null)
        {
            findings.Add(
                new Finding(Severity.Note, "ignored", PathOf(i, "conditions"), $"has no effect: the type is {type}")
            );
        }
        if (experiment.Type != ExperimentType.Scheduled && experiment.Variants[i].Schedule is not null)
        {
            findings.Add(
                new Finding(Severity.Note, "ignored", PathOf(i, "schedule"), $"has no effect: the type is {type}")
            );
        }
    }
}

/// <summary>The severity of a finding.</summary>
internal enum Severity
{
    /// <summary>Worth knowing; often intended.</summary>
    Note,

    /// <summary>Valid, but probably not what its owner wants.</summary>
    Warning,

    /// <summary>Will not work.</summary>
    Error,
}

/// <summary>Something to check before an experiment is served.</summary>
/// <param name="Severity">The severity.</param>
/// <param name="Code">A word from a closed set, for programs.</param>
/// <param name="Path">
/// Dotted path such as <c>variants[1].conditions.children[0]</c>; empty for the whole definition.
/// </param>
/// <param name="Message">
/// What was found and its consequence, as the rest of a sentence that begins with the path.
/// </param>
internal sealed record Finding(Severity Severity, string Code, string Path, string Message);
