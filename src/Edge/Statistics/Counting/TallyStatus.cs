namespace Edge.Statistics.Counting;

/// <summary>Totals of the tally, for metrics.</summary>
/// <param name="Experiments">Experiments with counts.</param>
/// <param name="Units">Units remembered.</param>
/// <param name="OpenTrials">Trials whose window has not passed.</param>
/// <param name="Unlearned">Exposures that started no trial because too many units were remembered.</param>
/// <param name="Uncounted">Events beyond the limits of experiments and variants.</param>
internal readonly record struct TallyStatus(int Experiments, int Units, int OpenTrials, long Unlearned, long Uncounted);
