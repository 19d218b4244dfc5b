using Edge.Experiments;
using Edge.Statistics.Results;

namespace Edge.Alerts;

/// <summary>What was counted of an experiment, as far as alerts need it.</summary>
/// <param name="SuggestedWinner">The variant that the last daily look suggested; null for none.</param>
/// <param name="SampleRatio">The test of the sample ratio, as in the results.</param>
/// <param name="LastCountedAt">Time of the latest event that counts for a variant; null before the first.</param>
internal readonly record struct CountedExperiment(
    string? SuggestedWinner,
    SampleRatioResult SampleRatio,
    DateTimeOffset? LastCountedAt
);

/// <summary>What there is to tell of a running experiment, each with a sentence for people. Pure.</summary>
internal static class AlertRules
{
    /// <summary>
    /// An alert about a sample ratio ends when the p-value is at least this, ten times what begins it: a value that
    /// wanders about the threshold is one alert.
    /// </summary>
    public const double RatioSoundFrom = 0.01;

    /// <summary>Adds the causes that hold now.</summary>
    /// <param name="experiment">A running experiment.</param>
    /// <param name="counted">What was counted of it.</param>
    /// <param name="known">The causes of the alerts that there are.</param>
    /// <param name="now">The time.</param>
    /// <param name="noTrafficAfter">How long nothing may be counted; zero for as long as it likes.</param>
    /// <param name="failing">Every failing destination, with the reason.</param>
    /// <param name="holding">Receives the causes with their texts.</param>
    public static void Apply(
        Experiment experiment,
        in CountedExperiment counted,
        IReadOnlySet<AlertCause> known,
        DateTimeOffset now,
        TimeSpan noTrafficAfter,
        IReadOnlyDictionary<string, string> failing,
        Dictionary<AlertCause, string> holding
    )
    {
        var (uid, name) = (experiment.Uid, Plain(experiment.Name));
        var suggested = counted.SuggestedWinner is { } id
            ? experiment.Variants.FirstOrDefault(variant => variant.Id == id)
            : null;
        if (suggested is not null && experiment is { Type: ExperimentType.AbTest, GoalConfig.HasSuccess: true })
        {
            holding[new AlertCause(AlertType.WinnerSuggested, uid, suggested.Id)] =
                $"{name}: {Plain(suggested.Name ?? suggested.Id)} is suggested as the winner. It met every condition at the daily look; "
                + "the results say how certain that is. A person completes the experiment.";
        }

        var mismatch = new AlertCause(AlertType.SampleRatioMismatch, uid, "");
        var ratio = counted.SampleRatio;
        if (ratio.IsMismatch || (ratio.PValue < RatioSoundFrom && known.Contains(mismatch)))
        {
            holding[mismatch] = $"{name}: {Plain(ratio.Warning ?? "")}";
        }

        // A link that is not open yet, or not any more, has no visitors to miss.
        var link = experiment.LinkConfig ?? LinkConfig.Default;
        var quietSince = Later(Later(experiment.RunningSince ?? experiment.CreatedAt, counted.LastCountedAt), link.StartsAt);
        if (noTrafficAfter > TimeSpan.Zero && now - quietSince >= noTrafficAfter && !(link.ExpiresAt <= now))
        {
            var limit = Recommendation.Window((int)noTrafficAfter.TotalMinutes);
            holding[new AlertCause(AlertType.NoTraffic, uid, "")] =
                $"{name}: it is running, and nothing has been counted for {limit}. "
                + "See whether its pixel and link are still where visitors meet them.";
        }

        if (failing.Count == 0)
        {
            return;
        }

        foreach (var destination in DestinationsOf(experiment))
        {
            if (failing.TryGetValue(destination, out var reason))
            {
                holding[new AlertCause(AlertType.DestinationFailing, uid, destination)] =
                    $"{name}: clicks lead to {destination}, which fails: {Plain(reason.TrimEnd('.'))}.";
            }
        }
    }

    /// <summary>The addresses that clicks lead to and that are pages with one address, each once.</summary>
    public static IEnumerable<string> DestinationsOf(Experiment experiment) =>
        experiment
            .Variants.Select(experiment.DestinationOf)
            .Distinct(StringComparer.Ordinal)
            .Select(static url => Destination.OfStored(url)?.Location)
            .OfType<string>()
            .Where(static location =>
                location.StartsWith("http", StringComparison.Ordinal)
                // A placeholder, which something fills.
                && !location.Contains("%7B", StringComparison.OrdinalIgnoreCase)
            )
            .Select(static location => location.Split('#')[0])
            .Distinct(StringComparer.Ordinal);

    private static DateTimeOffset Later(DateTimeOffset time, DateTimeOffset? other) => other > time ? other.Value : time;

    /// <summary>A text of somebody's on one line, without what chats read as a mention or a link.</summary>
    private static string Plain(string text) =>
        string.Create(
            text.Length,
            text,
            static (plain, text) =>
            {
                for (var i = 0; i < plain.Length; i++)
                {
                    plain[i] = text[i] switch
                    {
                        '<' => '‹',
                        '>' => '›',
                        var c when char.IsControl(c) => ' ',
                        var c => c,
                    };
                }
            }
        );
}
