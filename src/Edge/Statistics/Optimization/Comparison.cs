using Edge.Experiments;
using Edge.Statistics.Inference;

namespace Edge.Statistics.Optimization;

/// <summary>
/// The variants that take part, those with a configured weight, compared with each other: what a recomputation and the
/// results have in common. A variant without a weight gets no trials any more and is not compared. Immutable.
/// </summary>
internal sealed record Comparison
{
    /// <summary>Index of each participant in the experiment's variants.</summary>
    public required int[] Participants { get; init; }

    /// <summary>What is known of each participant.</summary>
    public required ArmPosterior[] Arms { get; init; }

    /// <summary>The comparison, in the order of <see cref="Participants"/>.</summary>
    public required BestArm Best { get; init; }

    /// <summary>The leader, condition by condition.</summary>
    public required WinnerAssessment Assessment { get; init; }

    /// <summary>Compares.</summary>
    /// <param name="experiment">An A/B test.</param>
    /// <param name="arms">What is known of all its variants, in their order.</param>
    /// <param name="runningTime">How long it has been running, pauses not counted.</param>
    /// <param name="sampleRatio">The p-value of <see cref="SampleRatioCounts.Test"/>.</param>
    public static Comparison Of(Experiment experiment, ArmPosterior[] arms, TimeSpan runningTime, double? sampleRatio)
    {
        var participants = Enumerable
            .Range(0, arms.Length)
            .Where(i => experiment.Variants[i].AskedWeight > 0)
            .ToArray();
        var taking = participants.Select(i => arms[i]).ToArray();
        var best = BestArm.Of(taking.Select(arm => arm.Distribution).ToArray());
        return new Comparison
        {
            Participants = participants,
            Arms = taking,
            Best = best,
            Assessment = WinnerRule.Assess(taking, best, WinnerCriteria.Of(experiment), runningTime, sampleRatio),
        };
    }

    /// <summary>Where a variant stands among the participants; -1 when it is none.</summary>
    public int IndexOf(int variant) => Array.IndexOf(Participants, variant);

    /// <summary>Whether waiting longer gains nothing; one more integration, so not part of every comparison.</summary>
    public bool IsFutile() => WinnerRule.IsFutile(Arms, Best, Assessment);
}
