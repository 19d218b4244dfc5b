namespace Edge.Statistics.Inference;

/// <summary>
/// The Gauss-Legendre rule with 16 nodes on [-1, 1], exact for polynomials up to degree 31, and the weights that
/// integrate from -1 up to each node, exact up to degree 15, which yield a distribution function from its density at
/// the same nodes. Computed once from the Legendre polynomials. Immutable.
/// </summary>
internal static class GaussLegendre
{
    /// <summary>Number of nodes.</summary>
    public const int Count = 16;

    private static readonly double[] NodeValues = new double[Count];
    private static readonly double[] WeightValues = new double[Count];
    private static readonly double[] PartialWeightValues = new double[Count * Count];

    static GaussLegendre()
    {
        Span<double> values = stackalloc double[Count + 1];
        for (var k = 0; k < Count; k++)
        {
            // From the usual starting point Newton's method converges within five steps.
            var x = -Math.Cos(Math.PI * (k + 0.75) / (Count + 0.5));
            var slope = 0.0;
            for (var step = 0; step < 10; step++)
            {
                Legendre(x, values);
                slope = Count * (x * values[Count] - values[Count - 1]) / (x * x - 1);
                x -= values[Count] / slope;
            }
            NodeValues[k] = x;
            WeightValues[k] = 2 / ((1 - x * x) * slope * slope);
        }
        Span<double> others = stackalloc double[Count + 1];
        for (var k = 0; k < Count; k++)
        {
            Legendre(NodeValues[k], values);
            for (var l = 0; l < Count; l++)
            {
                // The l-th Lagrange polynomial, expanded in Legendre polynomials and integrated term by term.
                Legendre(NodeValues[l], others);
                var sum = NodeValues[k] + 1;
                for (var n = 1; n < Count; n++)
                {
                    sum += others[n] * (values[n + 1] - values[n - 1]);
                }
                PartialWeightValues[k * Count + l] = WeightValues[l] * sum / 2;
            }
        }
    }

    /// <summary>The nodes, ascending.</summary>
    public static ReadOnlySpan<double> Nodes => NodeValues;

    /// <summary>Their weights; they sum to 2.</summary>
    public static ReadOnlySpan<double> Weights => WeightValues;

    /// <summary>The weights of all nodes in the integral from -1 to the given node.</summary>
    public static ReadOnlySpan<double> PartialWeights(int node) => PartialWeightValues.AsSpan(node * Count, Count);

    /// <summary>P_0 to P_16 at a point, by the recurrence.</summary>
    private static void Legendre(double x, Span<double> values)
    {
        values[0] = 1;
        values[1] = x;
        for (var n = 1; n < Count; n++)
        {
            values[n + 1] = ((2 * n + 1) * x * values[n] - n * values[n - 1]) / (n + 1);
        }
    }
}
