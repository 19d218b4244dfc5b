using System.Numerics;

namespace Edge.Enrichment.Verdicts;

/// <summary>
/// A set of rules by their index in the table, at most <see cref="Capacity"/>. A value type; allocates nothing.
/// </summary>
internal readonly record struct RuleSet(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>Maximum number of rules in a table, custom ones included.</summary>
    public const int Capacity = 4 * WordBits;

    private const int WordBits = 64;

    public static RuleSet operator &(in RuleSet left, in RuleSet right) =>
        new(left.A & right.A, left.B & right.B, left.C & right.C, left.D & right.D);

    public static RuleSet operator |(in RuleSet left, in RuleSet right) =>
        new(left.A | right.A, left.B | right.B, left.C | right.C, left.D | right.D);

    public bool IsEmpty => (A | B | C | D) == 0;

    /// <summary>Index of the first rule in the set; <see cref="Capacity"/> when it is empty.</summary>
    public int First =>
        A != 0 ? BitOperations.TrailingZeroCount(A)
        : B != 0 ? WordBits + BitOperations.TrailingZeroCount(B)
        : C != 0 ? (2 * WordBits) + BitOperations.TrailingZeroCount(C)
        : D != 0 ? (3 * WordBits) + BitOperations.TrailingZeroCount(D)
        : Capacity;

    /// <summary>The set with one rule added.</summary>
    public RuleSet With(int rule)
    {
        var bit = 1UL << (rule % WordBits);
        return (rule / WordBits) switch
        {
            0 => this with { A = A | bit },
            1 => this with { B = B | bit },
            2 => this with { C = C | bit },
            3 => this with { D = D | bit },
            _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, null),
        };
    }
}
