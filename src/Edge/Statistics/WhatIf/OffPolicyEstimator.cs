using System.Runtime.InteropServices;

namespace Edge.Statistics.WhatIf;

/// <summary>
/// Estimates what another choice would have come to from trials in which chance has chosen: by inverse propensity
/// (Horvitz and Thompson 1952) and doubly robust (Dudík, Langford and Li 2011), whose model of the results, means by device
/// and variant, comes from the half of the trials that it is not applied to. What was logged is corrected by the same
/// model, so the estimate is the log and the difference, and the difference of the same choice is 0. Both are unbiased as
/// long as the logged probabilities are right and every variant that would be chosen had a chance; where one had none, it is
/// refused. Pure.
/// </summary>
internal static class OffPolicyEstimator
{
    /// <summary>Fewest trials, and fewest effective ones.</summary>
    public const int TrialsMin = 100;

    /// <summary>Fewest successes; below, the interval would not hold what it says.</summary>
    public const int SuccessesMin = 10;

    /// <summary>Largest share of the other choice that may fall on variants without a chance.</summary>
    public const double UnsupportedMax = 0.01;

    /// <summary>
    /// Below so many trials of one version of the weights, a variant that was not seen in it may have had a chance all
    /// the same; then it counts as one when it had a chance in any version.
    /// </summary>
    private const int VersionTrialsMin = 50;

    /// <summary>Trials that the mean of a variant weighs in the mean of one kind of device.</summary>
    private const double PriorTrials = 20;

    private const int Folds = 2;

    /// <summary>Chances that sum to 1 but for this leave nothing.</summary>
    private const double RoundingMax = 1e-9;

    /// <summary>
    /// So many standard errors from 1 a variant's trials by chance may be: once in 16,000 sound logs, as the test of the
    /// sample ratio is once in 1,000.
    /// </summary>
    private const double SkewMax = 4;

    public static OffPolicyEstimate Estimate(IReadOnlyList<LoggedTrial> trials, CandidatePolicy candidate)
    {
        var variants = candidate.Variants;
        var support = Support.Of(trials);
        var models = new ResultModel[Folds];
        for (var fold = 0; fold < Folds; fold++)
        {
            models[fold] = new ResultModel(trials, variants, fold);
        }

        var chances = new double[variants.Count];
        var loggedChances = new double[variants.Count];
        var shares = new double[variants.Count];
        var (logged, propensity, robust, difference) = (new Moments(), new Moments(), new Moments(), new Moments());
        var (weights, squaredWeights, unsupported, successes) = (0.0, 0.0, 0.0, 0);
        var missing = new bool[variants.Count];
        for (var i = 0; i < trials.Count; i++)
        {
            var trial = trials[i];
            candidate.Choose(trial, chances);
            support.Complete(trial.WeightsVersion, variants, chances, loggedChances);
            // What the model expects comes from the other half, or the estimate would see its own result.
            var model = models[1 - (i % Folds)];
            var (expected, loggedExpected, weight) = (0.0, 0.0, 0.0);
            var shown = -1;
            for (var v = 0; v < chances.Length; v++)
            {
                var mean = model.Mean(trial.Visitor.Device, v);
                loggedExpected += loggedChances[v] * mean;
                if (variants[v] == trial.Variant)
                {
                    (weight, shown) = (chances[v] / trial.Probability, v);
                }

                if (chances[v] == 0)
                {
                    continue;
                }

                shares[v] += chances[v];
                expected += chances[v] * mean;

                if (!support.Has(trial.WeightsVersion, variants[v]))
                {
                    unsupported += chances[v];
                    missing[v] = true;
                }
            }

            // The log is corrected likewise: what the model errs by in both is in neither's favour, and the same choice is
            // no difference to the last digit.
            var modelled = shown < 0 ? 0 : model.Mean(trial.Visitor.Device, shown);
            var changed = expected - loggedExpected + ((weight - 1) * (trial.Result - modelled));
            logged.Add(trial.Result);
            propensity.Add(weight * trial.Result);
            robust.Add(trial.Result + changed);
            difference.Add(changed);
            weights += weight;
            squaredWeights += weight * weight;
            successes += weight > 0 && trial.Result > 0 ? 1 : 0;
        }

        var count = Math.Max(1, trials.Count);
        var skewed = support.Skewed(trials);
        var missingIds = new List<string>();
        for (var v = 0; v < missing.Length; v++)
        {
            if (missing[v])
            {
                missingIds.Add(variants[v]);
            }
        }

        var effective = squaredWeights > 0 ? weights * weights / squaredWeights : 0;
        return new OffPolicyEstimate
        {
            Trials = trials.Count,
            Refusal =
                trials.Count < TrialsMin ? Refusal.TooFew
                : skewed.Count > 0 ? Refusal.Skewed
                : unsupported / count > UnsupportedMax ? Refusal.NoSupport
                : effective < TrialsMin ? Refusal.TooDifferent
                : successes < SuccessesMin ? Refusal.TooFewSuccesses
                : Refusal.None,
            Logged = logged.Interval(),
            Candidate = robust.Interval(),
            InversePropensity = propensity.Interval(),
            Difference = difference.Interval(),
            EffectiveSampleSize = effective,
            Skewed = skewed,
            Unsupported = unsupported / count,
            UnsupportedVariants = missingIds,
            Successes = successes,
            Shares = [.. shares.Select(share => share / count)],
        };
    }

    /// <summary>Which variants had a chance, and which one, by version of the weights.</summary>
    private sealed class Support
    {
        private readonly Dictionary<int, Dictionary<string, double>> _seen = [];
        private readonly HashSet<string> _ever = new(StringComparer.Ordinal);
        private readonly HashSet<int> _known = [];

        public static Support Of(IReadOnlyList<LoggedTrial> trials)
        {
            var support = new Support();
            var counts = new Dictionary<int, int>();
            foreach (var trial in trials)
            {
                ref var seen = ref CollectionsMarshal.GetValueRefOrAddDefault(support._seen, trial.WeightsVersion, out _);
                (seen ??= new Dictionary<string, double>(StringComparer.Ordinal))[trial.Variant] = trial.Probability;
                support._ever.Add(trial.Variant);
                if (++CollectionsMarshal.GetValueRefOrAddDefault(counts, trial.WeightsVersion, out _) >= VersionTrialsMin)
                {
                    support._known.Add(trial.WeightsVersion);
                }
            }

            return support;
        }

        /// <summary>The variants that were shown more or less often than their chances say, with how often by that.</summary>
        public List<(string Variant, double Ratio)> Skewed(IReadOnlyList<LoggedTrial> trials)
        {
            var skewed = new List<(string, double)>();
            foreach (var variant in _ever)
            {
                // Where it had no chance, nothing can be said of it.
                var moments = new Moments();
                foreach (var trial in trials)
                {
                    if (Has(trial.WeightsVersion, variant))
                    {
                        moments.Add(trial.Variant == variant ? 1 / trial.Probability : 0);
                    }
                }

                if (Math.Abs(moments.Mean - 1) > SkewMax * moments.StandardError)
                {
                    skewed.Add((variant, moments.Mean));
                }
            }

            return skewed;
        }

        public bool Has(int version, string variant) =>
            _known.Contains(version) ? _seen[version].ContainsKey(variant) : _ever.Contains(variant);

        /// <summary>
        /// The chances of the log in one version. Those of variants that were not shown in it are what the others leave,
        /// divided as the other choice does.
        /// </summary>
        public void Complete(int version, IReadOnlyList<string> variants, double[] other, double[] chances)
        {
            var seen = _seen[version];
            var (left, unseen) = (1.0, 0.0);
            foreach (var chance in seen.Values)
            {
                left -= chance;
            }

            for (var v = 0; v < chances.Length; v++)
            {
                var isSeen = seen.TryGetValue(variants[v], out chances[v]);
                unseen += isSeen ? 0 : other[v];
            }

            for (var v = 0; v < chances.Length && unseen > 0 && left > RoundingMax; v++)
            {
                if (!seen.ContainsKey(variants[v]))
                {
                    chances[v] = left * other[v] / unseen;
                }
            }
        }
    }

    /// <summary>Mean results by kind of device and variant, drawn towards the mean of the variant, of one half of the trials.</summary>
    private sealed class ResultModel
    {
        private readonly Dictionary<string, (double Sum, double Count)[]> _cells = new(StringComparer.Ordinal);
        private readonly double[] _means;

        public ResultModel(IReadOnlyList<LoggedTrial> trials, IReadOnlyList<string> variants, int fold)
        {
            var index = new Dictionary<string, int>(StringComparer.Ordinal);
            for (var v = 0; v < variants.Count; v++)
            {
                index.Add(variants[v], v);
            }

            var all = new (double Sum, double Count)[variants.Count];
            var (sum, count) = (0.0, 0.0);
            for (var i = fold; i < trials.Count; i += Folds)
            {
                var trial = trials[i];
                if (!index.TryGetValue(trial.Variant, out var v))
                {
                    continue;
                }

                ref var cells = ref CollectionsMarshal.GetValueRefOrAddDefault(_cells, trial.Visitor.Device, out _);
                cells ??= new (double, double)[variants.Count];
                cells[v] = (cells[v].Sum + trial.Result, cells[v].Count + 1);
                all[v] = (all[v].Sum + trial.Result, all[v].Count + 1);
                (sum, count) = (sum + trial.Result, count + 1);
            }

            var overall = count > 0 ? sum / count : 0;
            _means = [.. all.Select(cell => cell.Count > 0 ? cell.Sum / cell.Count : overall)];
        }

        public double Mean(string device, int variant) =>
            _cells.TryGetValue(device, out var cells)
                ? (cells[variant].Sum + (PriorTrials * _means[variant])) / (cells[variant].Count + PriorTrials)
                : _means[variant];
    }

    /// <summary>Mean and variance in one pass (Welford 1962).</summary>
    private struct Moments
    {
        private long _count;
        private double _mean;
        private double _squares;

        public void Add(double value)
        {
            _count++;
            var delta = value - _mean;
            _mean += delta / _count;
            _squares += delta * (value - _mean);
        }

        public readonly double Mean => _mean;

        public readonly double StandardError => _count < 2 ? double.PositiveInfinity : Math.Sqrt(_squares / (_count - 1) / _count);

        public readonly MeanInterval Interval() => MeanInterval.Of(_mean, StandardError);
    }
}
