namespace Edge.Formats;

/// <summary>Weights and probabilities as whole numbers: a basis point is a ten-thousandth.</summary>
internal static class BasisPoints
{
    /// <summary>Basis points of a probability of 1, and of all weights of an experiment together.</summary>
    public const int Whole = 10_000;
}
