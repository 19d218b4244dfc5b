using Edge.Experiments;
using Edge.Statistics.Inference;

namespace Edge.Statistics.Optimization;

/// <summary>
/// The comparison of the participants, which are the variants with a configured weight; shared by recomputations and
/// results. A variant without a weight gets no more trials and is not compared. Immutable.
/// </summary>
internal sealed record Comparison
{
    /// <summary>Index of each participant in the experiment's variants.</summary>
    public required int[] Participants { get; init; }

    /// <summary>The posterior of each participant.</summary>
    public required ArmPosterior[] Arms { get; init; }

    /// <summary>The comparison, in the order of <see cref="Participants"/>.</summary>
    public required BestArm Best { get; init; }

    /// <summary>The assessment of the leader.</summary>
    public required WinnerAssessment Assessment { get; init; }

    /// <summary>Compares the participants.</summary>
    /// <param name="experiment">An A/B test.</param>
    /// <param name="arms">The posteriors of all its variants, in variant order.</param>
    /// <param name="runningTime">How long it has been running, pauses excluded.</param>
    /// <param name="sampleRatio">The p-value of <see cref="SampleRatioCounts.Test"/>.</param>
    public static Comparison Of(Experiment experiment, ArmPosterior[] arms, TimeSpan runningTime, double? sampleRatio)
    {
        var participants = Enumerable
            .Range(0, arms.Length)
            .Where(i => experiment.Variants[i].RequestedWeight > 0)
            .ToArray();
        var compared = participants.Select(i => arms[i]).ToArray();
        var best = BestArm.Of(compared.Select(arm => arm.Distribution).ToArray());
        return new Comparison
        {
            Participants = participants,
            Arms = compared,
            Best = best,
            Assessment = WinnerAssessor.Assess(compared, best, WinnerCriteria.Of(experiment), runningTime, sampleRatio),
        };
    }

    /// <summary>Index of a variant among the participants; -1 when it does not participate.</summary>
    public int IndexOf(int variant) => Array.IndexOf(Participants, variant);

    /// <summary>Whether waiting longer is futile; takes another integration, so it is computed on demand.</summary>
    public bool IsFutile() => WinnerAssessor.IsFutile(Arms, Best, Assessment);
}
