using System.Text.Json.Serialization;

namespace Edge.Statistics.Inference;

/// <summary>
/// The success rate of each variant, or the mean value, estimated from matured trials in constant memory. While there is only one weights
/// version, the raw counts suffice. After that, raw counts mislead: a variant that got most of its traffic in a good
/// week looks good. So every later trial contributes to every variant through its known probability of having been
/// chosen (augmented inverse propensity weighting). The estimate stays unbiased however rates drift, because the
/// baseline it is corrected against was fixed before the trial was seen. One writer; not safe for concurrent use.
/// </summary>
internal sealed class TrialStatistics
{
    /// <summary>Weight of the pooled rate in a variant's baseline, in trials.</summary>
    private const double BaselineWeight = 20;

    /// <summary>Number of values other than 0 at which the stated variance is twice the observed one.</summary>
    private const double VarianceDoubt = 30;

    /// <summary>How far above the variants the axis of mean values ends.</summary>
    private const double ScaleFactor = 4;

    private const double ScaleDeviations = 10;

    private readonly List<Arm> _arms = [];
    private int? _firstVersion;
    private int? _latestVersion;
    private double _pooledRate = 0.5;
    private bool _isValued;

    // The trials since the latest version was first seen, as they would count for a variant that has not been shown
    // yet.
    private long _versionTrials;
    private double _versionSum;
    private double _versionSumOfSquares;

    /// <summary>The weights version of the first trial; null before it.</summary>
    public int? FirstVersion => _firstVersion;

    /// <summary>The highest version seen since, null when there was none other.</summary>
    public int? LatestVersion => _latestVersion;

    /// <summary>How often baselines were fixed since it was made or restored.</summary>
    public int Epochs { get; private set; }

    /// <summary>Matured trials of all variants.</summary>
    public long Trials
    {
        get
        {
            var sum = 0L;
            foreach (var arm in _arms)
            {
                sum += arm.Trials;
            }
            return sum;
        }
    }

    /// <summary>Counts one matured trial.</summary>
    /// <param name="variantId">The variant the unit was shown.</param>
    /// <param name="weightsVersion">The weights version under which it was shown.</param>
    /// <param name="probability">
    /// The probability with which that version chose this variant: its weight over 10,000.
    /// </param>
    /// <param name="isSuccess">Whether the unit reached the goal within the attribution window.</param>
    /// <param name="value">What it was worth, not negative; null when only success counts.</param>
    /// <returns>False, without counting anything, when the probability is not in (0, 1].</returns>
    public bool Add(string variantId, int weightsVersion, double probability, bool isSuccess, double? value = null)
    {
        var outcome = value ?? (isSuccess ? 1 : 0);
        var one = new TrialSums(1, isSuccess ? 1 : 0, outcome, outcome * outcome);
        return Add(variantId, weightsVersion, probability, one, value is not null);
    }

    /// <summary>Counts matured trials that have variant, version and probability in common.</summary>
    /// <param name="variantId">The variant the units were shown.</param>
    /// <param name="weightsVersion">The weights version under which they were shown.</param>
    /// <param name="probability">The probability with which that version chose this variant.</param>
    /// <param name="trials">The trials.</param>
    /// <param name="areValued">Whether outcomes are values, and not successes.</param>
    /// <returns>False, without counting anything, when the probability is not in (0, 1].</returns>
    public bool Add(string variantId, int weightsVersion, double probability, in TrialSums trials, bool areValued)
    {
        if (probability is not (> 0 and <= 1))
        {
            return false;
        }
        _isValued |= areValued;
        _firstVersion ??= weightsVersion;
        var isFirstEpoch = weightsVersion == _firstVersion;
        if (!isFirstEpoch && !(weightsVersion <= _latestVersion))
        {
            BeginVersion(weightsVersion);
        }

        var chosen = Find(variantId) ?? Append(variantId);
        if (isFirstEpoch)
        {
            chosen.FirstTrials += trials.Count;
            chosen.FirstSuccesses += trials.Successes;
            chosen.FirstSum += trials.Outcomes;
        }
        else
        {
            AddWeighted(chosen, probability, trials);
        }
        chosen.Total += trials.Outcomes;
        chosen.TotalOfSquares += trials.Squares;
        chosen.Trials += trials.Count;
        chosen.Successes += trials.Successes;
        return true;
    }

    /// <summary>
    /// Fixes each variant's baseline at its current estimate, for the trials that follow. Call it at every
    /// recomputation; it also happens when a new weights version is first seen.
    /// </summary>
    public void BeginEpoch()
    {
        Epochs++;
        var total = _arms.Sum(arm => arm.Total);
        // A rate is between 0 and 1 before anything is known; a value can be anything.
        _pooledRate = _isValued ? total / Math.Max(1, Trials) : (total + 1.0) / (Trials + 2.0);
        foreach (var arm in _arms)
        {
            arm.Baseline = (arm.Total + BaselineWeight * _pooledRate) / (arm.Trials + BaselineWeight);
        }
    }

    /// <summary>The posteriors of the given variants, in the same order.</summary>
    public ArmPosterior[] Posterior(IReadOnlyList<string> variantIds)
    {
        if (_isValued)
        {
            return ValuePosterior(variantIds);
        }
        var posteriors = new ArmPosterior[variantIds.Count];
        for (var i = 0; i < posteriors.Length; i++)
        {
            posteriors[i] = Posterior(variantIds[i]);
        }
        return posteriors;
    }

    /// <summary>The state from which <see cref="FromState"/> continues.</summary>
    public TrialStatisticsState ToState() =>
        new(
            _firstVersion,
            _latestVersion,
            _pooledRate,
            _versionTrials,
            _versionSum,
            _versionSumOfSquares,
            [
                .. _arms.Select(arm => new ArmState(
                    arm.VariantId,
                    arm.FirstTrials,
                    arm.FirstSuccesses,
                    arm.Trials,
                    arm.Successes,
                    arm.Baseline,
                    arm.WeightedTrials,
                    arm.Sum,
                    arm.SumOfSquares
                )
                {
                    Values = _isValued ? new ArmValues(arm.FirstSum, arm.Total, arm.TotalOfSquares) : null,
                }),
            ]
        );

    /// <summary>Continues from a saved state.</summary>
    public static TrialStatistics FromState(TrialStatisticsState state)
    {
        var statistics = new TrialStatistics
        {
            _firstVersion = state.FirstVersion,
            _latestVersion = state.LatestVersion,
            _pooledRate = state.PooledRate,
            _versionTrials = state.VersionTrials,
            _versionSum = state.VersionSum,
            _versionSumOfSquares = state.VersionSumOfSquares,
        };
        statistics._arms.AddRange(
            state.Arms.Select(arm => new Arm(arm.VariantId)
            {
                FirstTrials = arm.FirstTrials,
                FirstSuccesses = arm.FirstSuccesses,
                Trials = arm.Trials,
                Successes = arm.Successes,
                Baseline = arm.Guess,
                WeightedTrials = arm.WeightedTrials,
                Sum = arm.Sum,
                SumOfSquares = arm.SumOfSquares,
                FirstSum = arm.Values?.FirstSum ?? arm.FirstSuccesses,
                Total = arm.Values?.Total ?? arm.Successes,
                TotalOfSquares = arm.Values?.TotalOfSquares ?? arm.Successes,
            })
        );
        statistics._isValued = state.Arms.Any(arm => arm.Values is not null);
        return statistics;
    }

    private ArmPosterior Posterior(string variantId)
    {
        var arm = Find(variantId);
        if (arm is null || arm.Trials == 0)
        {
            return new ArmPosterior(variantId, 1, 1, 0, 0, 0.5, double.PositiveInfinity);
        }
        double trials = arm.Trials;
        if (arm.WeightedTrials == 0)
        {
            return new ArmPosterior(
                variantId,
                1 + arm.Successes,
                1 + trials - arm.Successes,
                arm.Trials,
                arm.Successes,
                arm.Successes / trials,
                SmoothedVariance(arm.Trials, arm.Successes)
            );
        }

        var (estimate, variance) = Combine(
            arm,
            (double)arm.FirstSuccesses / arm.FirstTrials,
            SmoothedVariance(arm.FirstTrials, arm.FirstSuccesses)
        );
        estimate = Math.Clamp(estimate, 0.5 / trials, 1 - 0.5 / trials);

        // The number of trials under a fixed split that would give this variance; never more than there were.
        var effectiveTrials = Math.Min(estimate * (1 - estimate) / variance, trials);
        return new ArmPosterior(
            variantId,
            1 + effectiveTrials * estimate,
            1 + effectiveTrials * (1 - estimate),
            arm.Trials,
            arm.Successes,
            estimate,
            variance
        );
    }

    /// <summary>
    /// The posteriors of mean values: estimates as for rates, with the variance of values, on one axis for all variants
    /// that ends far above them. A Beta there is nearly the Gamma of the same mean and variance: not negative, and
    /// normal once the mean is many standard errors from 0.
    /// </summary>
    private ArmPosterior[] ValuePosterior(IReadOnlyList<string> variantIds)
    {
        var trials = Trials;
        var total = _arms.Sum(arm => arm.Total);
        var pooled = total / trials;
        var pooledVariance = _arms.Sum(arm => arm.TotalOfSquares) / trials - pooled * pooled;
        // Equal values vary too, and a variance that few values have shown is itself uncertain.
        pooledVariance = Math.Max(pooledVariance, pooled * pooled / trials);
        var uncertainty = 1 + VarianceDoubt / Math.Max(1, _arms.Sum(arm => arm.Successes));
        var estimates = new (Arm? Arm, double Estimate, double Variance)[variantIds.Count];
        for (var i = 0; i < estimates.Length; i++)
        {
            var arm = Find(variantIds[i]);
            if (arm is null || arm.Trials == 0 || total == 0)
            {
                estimates[i] = (arm, 0, double.PositiveInfinity);
                continue;
            }
            // An arm without a large value yet does not know how much its values vary: never less than all of them.
            var mean = arm.Total / arm.Trials;
            var valueVariance = Math.Max(pooledVariance, arm.TotalOfSquares / arm.Trials - mean * mean);
            var (estimate, variance) =
                arm.WeightedTrials == 0
                    ? (mean, valueVariance / arm.Trials)
                    : Combine(arm, arm.FirstSum / arm.FirstTrials, valueVariance / arm.FirstTrials);
            variance = uncertainty * Math.Max(variance, pooledVariance / arm.Trials);
            estimates[i] = (arm, Math.Max(estimate, 0.5 * pooled / arm.Trials), variance);
        }
        var scale = estimates
            .Where(value => double.IsFinite(value.Variance))
            .Select(value => ScaleFactor * (value.Estimate + ScaleDeviations * Math.Sqrt(value.Variance)))
            .DefaultIfEmpty(0)
            .Max();
        return
        [
            .. estimates.Select(
                (value, i) =>
                {
                    var (alpha, beta) = double.IsFinite(value.Variance)
                        ? Shape(value.Estimate / scale, value.Variance / (scale * scale))
                        : (1, 1);
                    return new ArmPosterior(
                        variantIds[i],
                        alpha,
                        beta,
                        value.Arm?.Trials ?? 0,
                        value.Arm?.Successes ?? 0,
                        value.Estimate,
                        value.Variance
                    )
                    {
                        Scale = scale,
                    };
                }
            ),
        ];
    }

    /// <summary>The Beta of a mean and a variance; never one with its mode at 0.</summary>
    private static (double Alpha, double Beta) Shape(double mean, double variance)
    {
        var size = Math.Max(mean * (1 - mean) / variance - 1, 1 / mean);
        return (mean * size, (1 - mean) * size);
    }

    /// <summary>
    /// The estimate of an arm over both kinds of trials, each with its share, and its variance. A variant without a trial
    /// in the first epoch did not exist then, so that epoch has no share in its estimate.
    /// </summary>
    private (double Estimate, double Variance) Combine(Arm arm, double firstMean, double firstVariance)
    {
        double firstTrials = arm.FirstTrials == 0 ? 0 : FirstTrials();
        var firstShare = firstTrials / (firstTrials + arm.WeightedTrials);
        var weightedShare = 1 - firstShare;
        var weightedMean = arm.Sum / arm.WeightedTrials;
        var weightedVariance =
            Math.Max(0, arm.SumOfSquares / arm.WeightedTrials - weightedMean * weightedMean) / arm.WeightedTrials;
        var estimate = weightedShare * weightedMean;
        var variance = weightedShare * weightedShare * weightedVariance;
        return arm.FirstTrials == 0
            ? (estimate, variance)
            : (estimate + firstShare * firstMean, variance + firstShare * firstShare * firstVariance);
    }

    private void BeginVersion(int weightsVersion)
    {
        _latestVersion = weightsVersion;
        _versionTrials = 0;
        _versionSum = 0;
        _versionSumOfSquares = 0;
        BeginEpoch();
    }

    /// <summary>Every trial contributes its baseline, and to the chosen variant (outcome - baseline) / probability more.</summary>
    private void AddWeighted(Arm chosen, double probability, in TrialSums trials)
    {
        foreach (var arm in _arms)
        {
            // What a trial contributes whose outcome is 0, and how much of the outcome comes on top.
            var (rest, share) =
                arm == chosen ? (arm.Baseline - (arm.Baseline / probability), 1 / probability) : (arm.Baseline, 0);
            arm.Sum += (trials.Count * rest) + (share * trials.Outcomes);
            arm.SumOfSquares +=
                (trials.Count * rest * rest)
                + (2 * rest * share * trials.Outcomes)
                + (share * share * trials.Squares);
            arm.WeightedTrials += trials.Count;
        }
        _versionTrials += trials.Count;
        _versionSum += trials.Count * _pooledRate;
        _versionSumOfSquares += trials.Count * _pooledRate * _pooledRate;
    }

    /// <summary>
    /// Adds a variant that is seen for the first time. One that was added later inherits the trials this weights
    /// version had before it was first chosen: starting with a trial in which it was chosen would bias the estimate.
    /// </summary>
    private Arm Append(string variantId)
    {
        var arm = new Arm(variantId)
        {
            Baseline = _pooledRate,
            WeightedTrials = _versionTrials,
            Sum = _versionSum,
            SumOfSquares = _versionSumOfSquares,
        };
        _arms.Add(arm);
        return arm;
    }

    private Arm? Find(string variantId)
    {
        foreach (var arm in _arms)
        {
            if (arm.VariantId == variantId)
            {
                return arm;
            }
        }
        return null;
    }

    private long FirstTrials()
    {
        var sum = 0L;
        foreach (var arm in _arms)
        {
            sum += arm.FirstTrials;
        }
        return sum;
    }

    /// <summary>p(1-p)/n, with half a success and half a failure added to p so that the variance is never 0.</summary>
    private static double SmoothedVariance(long trials, long successes)
    {
        var rate = (successes + 0.5) / (trials + 1.0);
        return rate * (1 - rate) / trials;
    }

    private sealed class Arm(string variantId)
    {
        public string VariantId { get; } = variantId;
        public long FirstTrials { get; set; }
        public long FirstSuccesses { get; set; }
        public long Trials { get; set; }
        public long Successes { get; set; }

        /// <summary>Sum of the outcomes of the first epoch: successes, or values.</summary>
        public double FirstSum { get; set; }

        /// <summary>Sum of all outcomes.</summary>
        public double Total { get; set; }

        public double TotalOfSquares { get; set; }
        public double Baseline { get; set; }
        public long WeightedTrials { get; set; }
        public double Sum { get; set; }
        public double SumOfSquares { get; set; }
    }
}

/// <summary>Trials that are counted together.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Successes">Those that reached the goal.</param>
/// <param name="Outcomes">Sum of their outcomes: successes, or values.</param>
/// <param name="Squares">Sum of the squares of their outcomes.</param>
internal readonly record struct TrialSums(long Count, long Successes, double Outcomes, double Squares);

/// <summary>The state of <see cref="TrialStatistics"/> for a checkpoint; JSON preserves the numbers exactly.</summary>
/// <param name="FirstVersion">The weights version of the first epoch, or null before the first trial.</param>
/// <param name="LatestVersion">The highest weights version seen since the first epoch, or null.</param>
/// <param name="PooledRate">Pooled rate of all variants when the current epoch began.</param>
/// <param name="VersionTrials">Trials since <paramref name="LatestVersion"/> was first seen.</param>
/// <param name="VersionSum">Sum of the pooled rates over those trials.</param>
/// <param name="VersionSumOfSquares">Sum of their squares.</param>
/// <param name="Arms">The variants, in the order in which they were first seen.</param>
internal sealed record TrialStatisticsState(
    int? FirstVersion,
    int? LatestVersion,
    double PooledRate,
    long VersionTrials,
    double VersionSum,
    double VersionSumOfSquares,
    IReadOnlyList<ArmState> Arms
);

/// <summary>One variant of a <see cref="TrialStatisticsState"/>.</summary>
/// <param name="VariantId">The variant.</param>
/// <param name="FirstTrials">Trials of the first epoch.</param>
/// <param name="FirstSuccesses">Successes of the first epoch.</param>
/// <param name="Trials">Trials of all epochs.</param>
/// <param name="Successes">Successes of all epochs.</param>
/// <param name="Guess">Its baseline rate, fixed when the current epoch began.</param>
/// <param name="WeightedTrials">Number of trials, of any variant, that contributed to the two sums.</param>
/// <param name="Sum">Sum of the contributions.</param>
/// <param name="SumOfSquares">Sum of their squares.</param>
internal sealed record ArmState(
    string VariantId,
    long FirstTrials,
    long FirstSuccesses,
    long Trials,
    long Successes,
    double Guess,
    long WeightedTrials,
    double Sum,
    double SumOfSquares
)
{
    /// <summary>Sums of values; null when only successes count, and then they are the outcomes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ArmValues? Values { get; init; }
}

/// <summary>Sums of values of an <see cref="ArmState"/>.</summary>
/// <param name="FirstSum">Of the first epoch.</param>
/// <param name="Total">Of all epochs.</param>
/// <param name="TotalOfSquares">Of their squares.</param>
internal sealed record ArmValues(double FirstSum, double Total, double TotalOfSquares);
