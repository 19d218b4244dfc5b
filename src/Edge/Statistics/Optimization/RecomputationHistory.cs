using System.Buffers.Binary;
using Edge.Formats;
using Edge.Statistics.Counting;
using Edge.Storage;

namespace Edge.Statistics.Optimization;

/// <summary>What a recomputation found and what was served after it. Immutable.</summary>
/// <param name="Time">When, in whole seconds.</param>
/// <param name="Variants">The variants of the experiment at that time, in its order.</param>
internal sealed record RecomputationPoint(DateTimeOffset Time, IReadOnlyList<RecomputedVariant> Variants)
{
    /// <summary>Whether nothing but the time is different.</summary>
    public bool SaysTheSame(RecomputationPoint other) => Variants.SequenceEqual(other.Variants);
}

/// <summary>One variant at a recomputation. Immutable.</summary>
/// <param name="VariantId">The variant.</param>
/// <param name="BestBasisPoints">
/// Its probability to be the best, basis points; null for a variant that was not compared.
/// </param>
/// <param name="Weight">The weight it was served with afterwards, basis points.</param>
internal readonly record struct RecomputedVariant(string VariantId, int? BestBasisPoints, int Weight);

/// <summary>
/// The recomputations of one experiment over its whole life, at most <see cref="PointsMax"/>: when there is one more,
/// the point goes whose neighbours are closest together in time, the oldest of equals, and never the first or the last.
/// So what is left lies about evenly over the whole life. Bytes, checksummed, are a persisted format. Not thread safe.
/// </summary>
internal sealed class RecomputationHistory
{
    /// <summary>Most points that are kept.</summary>
    public const int PointsMax = 400;

    private const int Version = 1;
    private const int ChecksumBytes = 4;

    /// <summary>Time and number of variants.</summary>
    private const int PointBytesMin = 2;

    /// <summary>Variant, weight and probability.</summary>
    private const int VariantBytesMin = 3;

    private readonly List<RecomputationPoint> _points = [];

    /// <summary>What is kept, in ascending order of time.</summary>
    public IReadOnlyList<RecomputationPoint> Points => _points;

    /// <summary>
    /// Adds a recomputation; false when it says the same as the one before it, which is not kept. One of the same second
    /// takes the other's place. A clock that was set back loses nothing.
    /// </summary>
    public bool Add(RecomputationPoint point)
    {
        var at = _points.Count;
        while (at > 0 && _points[at - 1].Time >= point.Time)
        {
            at--;
        }

        if (at > 0 && _points[at - 1].SaysTheSame(point))
        {
            return false;
        }

        if (at < _points.Count && _points[at].Time == point.Time)
        {
            _points[at] = point;
            return true;
        }

        _points.Insert(at, point);
        if (_points.Count > PointsMax)
        {
            _points.RemoveAt(LeastMissed());
        }

        return true;
    }

    /// <summary>
    /// Version, ids of the variants, points; times as seconds since the point before; CRC-32C of all that.
    /// </summary>
    public byte[] Pack()
    {
        var ids = new List<string>();
        foreach (var variant in _points.SelectMany(static point => point.Variants))
        {
            if (!ids.Contains(variant.VariantId))
            {
                ids.Add(variant.VariantId);
            }
        }

        var packed = PackedNumbers.Write(
            _points.Count * 16,
            to =>
            {
                to.Write7BitEncodedInt64(Version);
                to.Write7BitEncodedInt64(ids.Count);
                ids.ForEach(to.Write);
                to.Write7BitEncodedInt64(_points.Count);
                var before = 0L;
                foreach (var point in _points)
                {
                    var seconds = point.Time.ToUnixTimeSeconds();
                    to.Write7BitEncodedInt64(seconds - before);
                    before = seconds;
                    to.Write7BitEncodedInt64(point.Variants.Count);
                    foreach (var variant in point.Variants)
                    {
                        to.Write7BitEncodedInt64(ids.IndexOf(variant.VariantId));
                        to.Write7BitEncodedInt64(variant.Weight);
                        to.Write7BitEncodedInt64(variant.BestBasisPoints + 1 ?? 0);
                    }
                }
            }
        );
        var bytes = new byte[packed.Length + ChecksumBytes];
        packed.CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(packed.Length), Crc32C.Compute(packed));
        return bytes;
    }

    /// <summary>
    /// Reads what <see cref="Pack"/> has written; throws <see cref="InvalidDataException"/> for any other bytes.
    /// </summary>
    public static RecomputationHistory Unpack(ReadOnlySpan<byte> bytes)
    {
        if (
            bytes.Length <= ChecksumBytes
            || Crc32C.Compute(bytes[..^ChecksumBytes])
                != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^ChecksumBytes..])
        )
        {
            throw new InvalidDataException("its checksum is wrong");
        }

        var from = new PackedReader(bytes[..^ChecksumBytes]);
        if (from.Read() is var version and not Version)
        {
            throw new InvalidDataException($"it has version {version}, not {Version}");
        }

        var ids = new string[from.ReadCount(1)];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = from.ReadText();
        }

        var history = new RecomputationHistory();
        var seconds = 0L;
        for (var left = from.ReadCount(PointBytesMin); left > 0; left--)
        {
            seconds += from.Read();
            var variants = new RecomputedVariant[from.ReadCount(VariantBytesMin)];
            for (var i = 0; i < variants.Length; i++)
            {
                var id = ids[Within(from.Read(), ids.Length - 1)];
                var weight = Within(from.Read(), BasisPoints.Whole);
                var best = Within(from.Read(), BasisPoints.Whole + 1);
                variants[i] = new RecomputedVariant(id, best == 0 ? null : best - 1, weight);
            }

            history._points.Add(new RecomputationPoint(TimeOf(seconds), variants));
        }

        from.End();
        return history;
    }

    private static int Within(long number, int max) =>
        number >= 0 && number <= max ? (int)number : throw new InvalidDataException("a number is out of range");

    private static DateTimeOffset TimeOf(long seconds) =>
        seconds >= 0 && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw new InvalidDataException("a time is out of range");

    private int LeastMissed()
    {
        var least = 1;
        for (var i = 2; i < _points.Count - 1; i++)
        {
            if (Around(i) < Around(least))
            {
                least = i;
            }
        }

        return least;
    }

    private TimeSpan Around(int i) => _points[i + 1].Time - _points[i - 1].Time;
}
