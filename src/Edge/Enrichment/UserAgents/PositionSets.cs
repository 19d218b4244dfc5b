using System.Runtime.CompilerServices;

namespace Edge.Enrichment.UserAgents;

/// <summary>
/// Operations on sets of positions in a text, stored as bits, which advance a match at all positions at once. Bit b is
/// the position b characters before the end, so matching backwards shifts up; in a set of characters, bit b stands for
/// the character b places before the last one. All spans of one call have the same length. Pure.
/// </summary>
internal static class PositionSets
{
    private const int WordBits = 64;

    /// <summary>
    /// Positions from which one character of the set leads to <paramref name="ends"/>; false when there are none.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Step(ReadOnlySpan<ulong> ends, ReadOnlySpan<ulong> set, Span<ulong> starts)
    {
        var (carry, any) = (0UL, 0UL);
        ends = ends[..starts.Length];
        set = set[..starts.Length];
        for (var w = 0; w < starts.Length; w++)
        {
            var taken = ends[w] & set[w];
            starts[w] = (taken << 1) | carry;
            carry = taken >> (WordBits - 1);
            any |= taken;
        }
        return any != 0;
    }

    /// <summary>
    /// Adds the positions from which any number of characters of the set leads to one of <paramref name="positions"/>.
    /// </summary>
    public static void Flood(Span<ulong> positions, ReadOnlySpan<ulong> set)
    {
        // Adding a bit to a run of ones carries to the end of the run; the bits that changed are the positions passed.
        var carry = 0UL;
        for (var w = 0; w < positions.Length; w++)
        {
            var (start, run) = (positions[w] & set[w], set[w]);
            var sum = start + run;
            var next = sum < start ? 1UL : 0UL;
            sum += carry;
            if (sum < carry)
            {
                next = 1;
            }

            positions[w] |= sum ^ run;
            carry = next;
        }
    }

    /// <summary>
    /// Adds the positions from which <paramref name="count"/> characters of a run lead to one of
    /// <paramref name="positions"/>.
    /// </summary>
    /// <param name="runs">Bits at which a run of that many characters of the set starts.</param>
    public static void AddShifted(Span<ulong> positions, ReadOnlySpan<ulong> runs, int count)
    {
        var (words, bits) = (count / WordBits, count % WordBits);
        for (var w = positions.Length - 1; w >= words; w--)
        {
            var from = w - words;
            var shifted = (positions[from] & runs[from]) << bits;
            if (bits > 0 && from > 0)
            {
                shifted |= (positions[from - 1] & runs[from - 1]) >> (WordBits - bits);
            }

            positions[w] |= shifted;
        }
    }

    /// <summary>Computes the runs of twice the length; false when there are none.</summary>
    public static bool DoubleRuns(ReadOnlySpan<ulong> runs, int length, Span<ulong> doubled)
    {
        var (words, bits) = (length / WordBits, length % WordBits);
        var any = 0UL;
        for (var w = 0; w < runs.Length; w++)
        {
            var low = w + words < runs.Length ? runs[w + words] >> bits : 0;
            if (bits > 0 && w + words + 1 < runs.Length)
            {
                low |= runs[w + words + 1] << (WordBits - bits);
            }

            any |= doubled[w] = runs[w] & low;
        }
        return any != 0;
    }

    /// <summary>Adds a set; false when no position was added.</summary>
    public static bool Union(Span<ulong> positions, ReadOnlySpan<ulong> more)
    {
        var added = 0UL;
        for (var w = 0; w < positions.Length; w++)
        {
            added |= more[w] & ~positions[w];
            positions[w] |= more[w];
        }
        return added != 0;
    }

    public static bool Has(ReadOnlySpan<ulong> bits, int index) =>
        (bits[index / WordBits] >> (index % WordBits) & 1) != 0;
}
