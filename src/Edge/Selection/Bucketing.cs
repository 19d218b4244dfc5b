using System.Diagnostics;
using Edge.Formats;

namespace Edge.Selection;

/// <summary>
/// The published A/B rule: the first 32 bits of md5 over the experiment's uid, a colon and the unit, modulo 10,000.
/// The uid and not the slug, so that renaming keeps every viewer where they are. Which variant has the bucket is for
/// <see cref="SlotTable"/> to say. Allocates nothing.
/// </summary>
internal static class Bucketing
{
    /// <summary>How many buckets there are; one is a basis point.</summary>
    public const int Count = BasisPoints.Whole;

    /// <summary>Longest unit; longer ones are refused where they come in.</summary>
    public const int UnitBytesMax = 128;

    /// <summary>Longest uid, as its validation has it.</summary>
    public const int UidBytesMax = Experiments.ExperimentRules.UidCharsMax;

    /// <summary>The bucket of a unit, 0 to 9,999.</summary>
    /// <param name="uid">Uid of the experiment in UTF-8, at most <see cref="UidBytesMax"/> bytes.</param>
    /// <param name="unit">What is kept together: a viewer key or the sender's own id, at most <see
    /// cref="UnitBytesMax"/>.</param>
    public static int Bucket(ReadOnlySpan<byte> uid, ReadOnlySpan<byte> unit)
    {
        Debug.Assert(uid.Length <= UidBytesMax, "uid is bounded by its validation");
        Debug.Assert(unit.Length <= UnitBytesMax, "unit is bounded where it comes in");
        Span<byte> input = stackalloc byte[UidBytesMax + 1 + UnitBytesMax];
        uid.CopyTo(input);
        input[uid.Length] = (byte)':';
        unit.CopyTo(input[(uid.Length + 1)..]);
        return (int)(Md5.FirstWord(input[..(uid.Length + 1 + unit.Length)]) % Count);
    }
}
