using System.Diagnostics;
using Edge.Formats;

namespace Edge.Selection;

/// <summary>
/// The published A/B bucketing: the first 32 bits of MD5 over the experiment's uid, a colon and the unit, modulo
/// 10,000. It uses the uid rather than the slug, so that renaming does not move any viewer. <see cref="SlotTable"/>
/// maps buckets to variants. Allocates nothing.
/// </summary>
internal static class Bucketing
{
    /// <summary>Number of buckets; each is a basis point.</summary>
    public const int Count = BasisPoints.Whole;

    /// <summary>Longest unit, bytes; longer ids are hashed on input.</summary>
    public const int UnitBytesMax = 128;

    /// <summary>Longest uid, bytes, as enforced by its validation.</summary>
    public const int UidBytesMax = Experiments.ExperimentRules.UidCharsMax;

    /// <summary>The bucket of a unit, 0 to 9,999.</summary>
    /// <param name="uid">Uid of the experiment in UTF-8, at most <see cref="UidBytesMax"/> bytes.</param>
    /// <param name="unit">The viewer key or the sender's own id, at most <see cref="UnitBytesMax"/> bytes.</param>
    public static int Bucket(ReadOnlySpan<byte> uid, ReadOnlySpan<byte> unit)
    {
        Debug.Assert(uid.Length <= UidBytesMax, "uid is bounded by its validation");
        Debug.Assert(unit.Length <= UnitBytesMax, "unit is bounded on input");
        Span<byte> input = stackalloc byte[UidBytesMax + 1 + UnitBytesMax];
        uid.CopyTo(input);
        input[uid.Length] = (byte)':';
        unit.CopyTo(input[(uid.Length + 1)..]);
        return (int)(Md5.FirstWord(input[..(uid.Length + 1 + unit.Length)]) % Count);
    }
}
