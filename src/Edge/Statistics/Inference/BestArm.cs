namespace Edge.Statistics.Inference;

/// <summary>
/// Which of several independent beta-distributed rates is the highest: P_i = integral of f_i times the product of the
/// other F_j, and the rate given up on average by choosing i, E[max] - E[X_i] = integral of F_i (1 - product of the
/// other F_j). Deterministic quadrature instead of random draws, so that nodes and restarts agree. Immutable.
/// </summary>
/// <param name="Probabilities">Probability of being the best, in the order of the arms; they sum to 1.</param>
/// <param name="ExpectedLoss">Expected loss, in the same order, in units of the rate.</param>
/// <param name="Leader">Index of the highest probability, the lowest such index on a tie; -1 without arms.</param>
/// <param name="Error">How far the sum of the probabilities was from 1 before normalisation.</param>
internal sealed record BestArm(
    IReadOnlyList<double> Probabilities,
    IReadOnlyList<double> ExpectedLoss,
    int Leader,
    double Error
)
{
    private const double MaxError = 1e-6;

    /// <summary>
    /// Ends of the panels in standard deviations from the mean: panels near the mean are two wide, where sixteen nodes
    /// are exact to the last digits.
    /// </summary>
    private static readonly double[] PanelEnds = [0, 2, 4, 7, 14];

    /// <summary>A parameter below this gives a tail so heavy that one more panel is needed.</summary>
    private const double HeavyTailBelow = 30;
    private const double HeavyTailEnd = 40;

    /// <summary>
    /// With a parameter below this, the density does not vanish smoothly at the end of the support; panels shrink
    /// towards that end by a factor of four.
    /// </summary>
    private const double EdgeBelow = 3;
    private const int EdgePanels = 6;

    /// <summary>Whether the quadrature is accurate; false for parameters beyond its range.</summary>
    public bool IsSound => Error < MaxError;

    /// <summary>Compares the arms.</summary>
    public static BestArm Of(ReadOnlySpan<BetaDistribution> arms)
    {
        var densities = new Density[arms.Length];
        for (var i = 0; i < densities.Length; i++)
        {
            densities[i] = new Density(arms[i], scale: 1);
        }
        var probabilities = new double[arms.Length];
        var losses = new double[arms.Length];
        Integrate(densities, probabilities, losses);

        var sum = 0.0;
        foreach (var probability in probabilities)
        {
            sum += probability;
        }
        var leader = -1;
        for (var i = 0; i < probabilities.Length; i++)
        {
            probabilities[i] /= sum;
            // A loss of zero can come out slightly negative through rounding.
            losses[i] = Math.Max(0, losses[i]);
            if (leader < 0 || probabilities[i] > probabilities[leader])
            {
                leader = i;
            }
        }
        return new BestArm(probabilities, losses, leader, arms.Length == 0 ? 0 : Math.Abs(sum - 1));
    }

    /// <summary>
    /// Probability that no arm beats the leader by more than the given share of the leader's rate: the integral of f_L
    /// times the product of F_j((1 + share) x), which is the probability that the leader is the best when every other
    /// arm is divided by 1 + share.
    /// </summary>
    public static double ValueRemainingBelow(ReadOnlySpan<BetaDistribution> arms, int leader, double share)
    {
        var densities = new Density[arms.Length];
        for (var i = 0; i < densities.Length; i++)
        {
            densities[i] = new Density(arms[i], i == leader ? 1 : 1 + share);
        }
        var probabilities = new double[arms.Length];
        Integrate(densities, probabilities, new double[arms.Length]);
        return Math.Clamp(probabilities[leader], 0, 1);
    }

    /// <summary>
    /// One pass over panels fine enough for every arm. In each panel the distribution functions continue from the
    /// previous one, using the partial weights of the quadrature.
    /// </summary>
    private static void Integrate(Density[] arms, double[] probabilities, double[] losses)
    {
        const int Count = GaussLegendre.Count;
        var ends = PanelsOf(arms);
        var densities = new double[arms.Length * Count];
        var cumulated = new double[arms.Length * Count];
        var below = new double[arms.Length];
        var products = new double[arms.Length + 1];
        Span<double> x = stackalloc double[Count];

        for (var panel = 1; panel < ends.Count; panel++)
        {
            var (from, to) = (ends[panel - 1], ends[panel]);
            var half = (to - from) / 2;
            if (half <= 0)
            {
                continue;
            }
            for (var k = 0; k < Count; k++)
            {
                x[k] = from + half * (1 + GaussLegendre.Nodes[k]);
            }
            for (var i = 0; i < arms.Length; i++)
            {
                var density = densities.AsSpan(i * Count, Count);
                var distribution = cumulated.AsSpan(i * Count, Count);
                if (to <= arms[i].Low || from >= arms[i].High)
                {
                    density.Clear();
                    distribution.Fill(to <= arms[i].Low ? 0 : 1);
                    continue;
                }
                var whole = 0.0;
                for (var k = 0; k < Count; k++)
                {
                    density[k] = arms[i].At(x[k]);
                    whole += GaussLegendre.Weights[k] * density[k];
                }
                for (var k = 0; k < Count; k++)
                {
                    distribution[k] = below[i] + half * Dot(GaussLegendre.PartialWeights(k), density);
                }
                below[i] += half * whole;
            }
            for (var k = 0; k < Count; k++)
            {
                AddNode(k, half * GaussLegendre.Weights[k], densities, cumulated, products, probabilities, losses);
            }
        }
    }

    private static void AddNode(
        int node,
        double weight,
        double[] densities,
        double[] cumulated,
        double[] products,
        double[] probabilities,
        double[] losses
    )
    {
        const int Count = GaussLegendre.Count;
        var arms = probabilities.Length;
        products[arms] = 1;
        for (var i = arms - 1; i >= 0; i--)
        {
            products[i] = products[i + 1] * cumulated[i * Count + node];
        }
        var before = 1.0;
        for (var i = 0; i < arms; i++)
        {
            var others = before * products[i + 1];
            var own = cumulated[i * Count + node];
            probabilities[i] += weight * densities[i * Count + node] * others;
            losses[i] += weight * own * (1 - others);
            before *= own;
        }
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var (even, odd) = (0.0, 0.0);
        for (var k = 0; k + 1 < a.Length; k += 2)
        {
            even += a[k] * b[k];
            odd += a[k + 1] * b[k + 1];
        }
        return even + odd;
    }

    private static List<double> PanelsOf(Density[] arms)
    {
        var ends = new List<double>();
        foreach (var arm in arms)
        {
            foreach (var distance in PanelEnds)
            {
                ends.Add(Math.Max(arm.Low, arm.Mean - distance * arm.Deviation));
                ends.Add(Math.Min(arm.High, arm.Mean + distance * arm.Deviation));
            }
            ends.Add(arm.Low);
            ends.Add(arm.High);
            for (var (i, shrink) = (0, 0.25); i < EdgePanels; i++, shrink /= 4)
            {
                if (arm.HasLowEdge)
                {
                    ends.Add(arm.Mean * shrink);
                }
                if (arm.HasHighEdge)
                {
                    ends.Add(arm.High - (arm.High - arm.Mean) * shrink);
                }
            }
        }
        ends.Sort();
        return ends;
    }

    /// <summary>
    /// The density of a beta variable divided by a scale, and the range outside which it is negligible.
    /// </summary>
    private readonly struct Density
    {
        private readonly double _alphaLess1;
        private readonly double _betaLess1;
        private readonly double _scale;
        private readonly double _logMean;
        private readonly double _logRest;
        private readonly double _logAtMean;

        public Density(BetaDistribution distribution, double scale)
        {
            var (alpha, beta) = distribution;
            var mean = distribution.Mean;
            _alphaLess1 = alpha - 1;
            _betaLess1 = beta - 1;
            _scale = scale;
            _logMean = Math.Log(mean);
            _logRest = Math.Log(1 - mean);
            _logAtMean = distribution.LogDensityAtMean + Math.Log(scale);
            Mean = mean / scale;
            Deviation = Math.Sqrt(distribution.Variance) / scale;
            HasLowEdge = alpha < EdgeBelow;
            HasHighEdge = beta < EdgeBelow;
            var reach = Math.Min(alpha, beta) < HeavyTailBelow ? HeavyTailEnd : PanelEnds[^1];
            Low = HasLowEdge ? 0 : Math.Max(0, Mean - reach * Deviation);
            High = HasHighEdge ? 1 / scale : Math.Min(1 / scale, Mean + reach * Deviation);
        }

        public double Mean { get; }

        public double Deviation { get; }

        public double Low { get; }

        public double High { get; }

        public bool HasLowEdge { get; }

        public bool HasHighEdge { get; }

        public double At(double x)
        {
            var value = x * _scale;
            return Math.Exp(
                _logAtMean + _alphaLess1 * (Math.Log(value) - _logMean) + _betaLess1 * (Math.Log(1 - value) - _logRest)
            );
        }
    }
}
