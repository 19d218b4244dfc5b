using System.Globalization;
using System.Text;
using Edge.Experiments;
using Edge.Formats;
using Edge.Selection;
using Edge.Statistics.Inference;
using Edge.Statistics.Optimization;

namespace Edge.Benchmarks;

/// <summary>
/// One simulated experiment, judged by the classes that judge real ones. The traffic is random, from the seed alone;
/// nothing else is.
/// </summary>
internal sealed class CalibrationRun
{
    private const double Stricter = 0.99;
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The columns, in order.</summary>
    public static readonly string[] Columns =
    [
        "any time",
        "+7 d, n>=1000",
        "held 24 h",
        "daily",
        "weekly",
        "CS",
        "daily >=.99",
        "suggested",
    ];

    private readonly CalibrationScenario _scenario;
    private readonly WinnerCriteria _criteria;

    // Those whose window has not passed, in the order in which it will.
    private readonly Queue<OpenTrial> _open = new();
    private readonly string[] _ids;
    private ulong _state;

    private CalibrationRun(CalibrationScenario scenario, ulong seed)
    {
        _scenario = scenario;
        _state = seed;
        // Nothing is known before the first window has passed.
        _criteria = new WinnerCriteria(0.95, 1000, 7 + scenario.WindowDays, 50);
        _ids = [.. Enumerable.Range(0, scenario.Rates.Length).Select(i => $"v{i}")];
        Declared = new (double, int)?[Columns.Length];
    }

    /// <summary>By column, the day of the first winner and which it was; null without one.</summary>
    public (double Day, int Winner)?[] Declared { get; }

    /// <summary>Whether the sample ratio alarm went off at any daily look.</summary>
    public bool HasRatioAlarm { get; private set; }

    /// <summary>Successes given up, over what an equal split gives up; only where one variant is the best.</summary>
    public double Regret { get; private set; }

    /// <summary>Simulates one experiment.</summary>
    public static CalibrationRun Simulate(CalibrationScenario scenario, ulong seed)
    {
        var run = new CalibrationRun(scenario, seed);
        run.Simulate();
        return run;
    }

    private void Simulate()
    {
        var arms = _ids.Length;
        var uid = Invariant($"exp_{_state:x}");
        var participation = _scenario.TrafficShare is { } share ? ParticipationOf(uid, share) : null;
        var visits = 0L;
        var statistics = new TrialStatistics();
        var ratio = new SampleRatioCounts();
        var watch = WinnerWatch.Empty;
        var configured = ThompsonSampling.Round(Enumerable.Repeat(1.0, arms).ToArray());
        var served = configured;
        var weightsById = ById(served);
        var version = 1;
        var steps = (_scenario.WindowDays + _scenario.Days) * _scenario.RecomputesPerDay;
        var delay = _scenario.WindowDays * _scenario.RecomputesPerDay;
        var arrived = 0L;
        TimeSpan? heldSince = null;
        string? heldBy = null;

        // As the service does, the first recomputation takes place at the start, before any trial.
        watch = watch.Observe(Start, TimeSpan.Zero, WinnerAssessment.None);
        for (var step = 1; step <= steps; step++)
        {
            var until = (long)step * _scenario.TrialsPerDay / _scenario.RecomputesPerDay;
            var drift = _scenario.Drift((step - 0.5) / _scenario.RecomputesPerDay);
            for (; arrived < until; arrived++)
            {
                var arm = participation is null ? Choose(served) : Assign(participation, uid, arrived, served);
                if (arm < 0)
                {
                    continue;
                }
                var success = NextDouble() < _scenario.Rates[arm] * drift;
                double? value = !_scenario.IsValued ? null : success ? NextLogNormal() : 0;
                _open.Enqueue(new OpenTrial(step + delay, arm, version, served[arm], weightsById, success, value));
                visits++;
                Regret += _scenario.Rates.Max() - _scenario.Rates[arm];
            }

            while (_open.TryPeek(out var trial) && trial.EndStep <= step)
            {
                _open.Dequeue();
                var probability = trial.Weight / (double)BasisPoints.Whole;
                statistics.Add(_ids[trial.Arm], trial.Version, probability, trial.IsSuccess, trial.Value);
                ratio.Add(_ids[trial.Arm], trial.WeightsById);
            }

            statistics.BeginEpoch();
            var posteriors = statistics.Posterior(_ids);
            if (_scenario.IsPooled)
            {
                posteriors = [.. posteriors.Select(Pooled)];
            }
            var running = TimeSpan.FromDays((double)step / _scenario.RecomputesPerDay);
            var best = BestArm.Of(posteriors.Select(arm => arm.Distribution).ToArray());
            var isDay = step % _scenario.RecomputesPerDay == 0;
            var pValue = isDay ? ratio.Test() : null;
            HasRatioAlarm |= pValue < SampleRatio.AlarmBelow;
            var now = WinnerAssessor.Assess(posteriors, best, _criteria, running, pValue);
            watch = watch.Observe(Start + running, running, now);

            heldSince =
                !now.ConfidenceThresholdMet ? null
                : now.LeaderId == heldBy ? heldSince ?? running
                : running;
            heldBy = now.LeaderId;
            var hasMinimum = now is { MinimumRunDaysMet: true, MinimumSampleSizeMet: true };
            var isGood = hasMinimum && now.ConfidenceThresholdMet;
            var day = running.TotalDays;
            Declare(0, now.ConfidenceThresholdMet && statistics.Trials > 0, day, best.Leader);
            Declare(1, isGood, day, best.Leader);
            Declare(2, isGood && running - heldSince >= TimeSpan.FromHours(24), day, best.Leader);
            Declare(3, isGood && isDay, day, best.Leader);
            Declare(4, isGood && isDay && step / _scenario.RecomputesPerDay % 7 == 0, day, best.Leader);
            Declare(5, hasMinimum && now.AnytimeValid, day, best.Leader);
            Declare(6, hasMinimum && isDay && now.ProbabilityToBeBest >= Stricter, day, best.Leader);
            Declare(7, watch.SuggestedWinner is not null, day, Array.IndexOf(_ids, watch.SuggestedWinner));

            if (_scenario.IsBandit)
            {
                var proposal = ThompsonSampling.Propose(configured, served, posteriors, _criteria.WarmupTrials);
                if (proposal.ShouldPublish)
                {
                    served = [.. proposal.Weights];
                    weightsById = ById(served);
                    version++;
                }
            }
        }
        Regret /= visits * _scenario.Rates.Average(rate => _scenario.Rates.Max() - rate);
    }

    private void Declare(int column, bool isDeclared, double day, int winner)
    {
        if (isDeclared)
        {
            Declared[column] ??= (day, winner);
        }
    }

    /// <summary>What plain counts would say, whatever the weights were.</summary>
    private static ArmPosterior Pooled(ArmPosterior arm)
    {
        if (arm.Trials == 0)
        {
            return arm;
        }
        var rate = (double)arm.Successes / arm.Trials;
        var smoothed = (arm.Successes + 0.5) / (arm.Trials + 1);
        return arm with
        {
            Alpha = 1 + arm.Successes,
            Beta = 1 + arm.Trials - arm.Successes,
            Estimate = rate,
            Variance = smoothed * (1 - smoothed) / arm.Trials,
        };
    }

    private Dictionary<string, int> ById(int[] weights) =>
        Enumerable.Range(0, weights.Length).ToDictionary(i => _ids[i], i => weights[i]);

    private static Participation? ParticipationOf(string uid, int share) =>
        Participation.Of(
            new Experiment
            {
                Uid = uid,
                Slug = "slug",
                Name = "x",
                Type = ExperimentType.AbTest,
                Variants = [],
                TrafficShare = share,
            }
        );

    /// <summary>The arm of a unit by the hashes of the service; -1 when it does not take part.</summary>
    private static int Assign(Participation participation, string uid, long number, int[] weights)
    {
        var unit = Encoding.ASCII.GetBytes(Invariant($"reader-{number}"));
        return participation.Includes(unit) ? ArmOf(Bucketing.Bucket(Encoding.ASCII.GetBytes(uid), unit), weights) : -1;
    }

    private int Choose(int[] weights) => ArmOf((int)(NextDouble() * BasisPoints.Whole), weights);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static int ArmOf(int slot, int[] weights)
    {
        var arm = 0;
        while (slot >= weights[arm])
        {
            slot -= weights[arm++];
        }
        return arm;
    }

    /// <summary>Log-normal with sigma 1, by the method of Box and Muller (1958).</summary>
    private double NextLogNormal() =>
        Math.Exp(Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble()));

    /// <summary>SplitMix64: the same numbers on every machine and runtime.</summary>
    private double NextDouble()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }

    private readonly record struct OpenTrial(
        int EndStep,
        int Arm,
        int Version,
        int Weight,
        Dictionary<string, int> WeightsById,
        bool IsSuccess,
        double? Value
    );
}
