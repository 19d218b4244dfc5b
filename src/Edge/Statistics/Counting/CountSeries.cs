using System.Runtime.InteropServices;
using Edge.Statistics.Results;

namespace Edge.Statistics.Counting;

/// <summary>
/// Counts per hour or day, for the periods in which anything was counted. Not safe for concurrent use.
/// </summary>
internal sealed class CountSeries(long periodMs)
{
    /// <summary>Milliseconds of an hour.</summary>
    public const long Hour = 3_600_000;

    /// <summary>Milliseconds of a day.</summary>
    public const long Day = 24 * Hour;

    /// <summary>Five numbers of at least a byte.</summary>
    private const int PointBytesMin = 5;

    // In ascending order of period. Almost every event falls into the last one.
    private readonly List<Counts> _points = [];

    /// <summary>Periods held.</summary>
    public int Count => _points.Count;

    public void AddImpression(long atMs) => At(atMs).Impressions++;

    public void AddClick(long atMs) => At(atMs).Clicks++;

    /// <summary>Takes back or gives back clicks of a period; never to less than none.</summary>
    public void ChangeClicks(long atMs, int change)
    {
        ref var counts = ref At(atMs);
        counts.Clicks = Math.Max(0, counts.Clicks + change);
    }

    /// <summary>Counts a matured trial in the period of its exposure.</summary>
    public void AddTrial(long exposedMs, bool isSuccess)
    {
        ref var counts = ref At(exposedMs);
        counts.Trials++;
        counts.Successes += isSuccess ? 1 : 0;
    }

    /// <summary>Adds what was counted of a period; nothing makes no point.</summary>
    public void Add(long atMs, long impressions, long clicks, long trials, long successes)
    {
        if (impressions + clicks + trials > 0)
        {
            ref var counts = ref At(atMs);
            counts.Impressions += impressions;
            counts.Clicks += clicks;
            counts.Trials += trials;
            counts.Successes += successes;
        }
    }

    /// <summary>
    /// Keeps the newest <paramref name="kept"/> points. Limited by number, not by age: a clock that is wrong for an
    /// hour must not discard a year of counts.
    /// </summary>
    public void Trim(int kept)
    {
        if (_points.Count > kept)
        {
            _points.RemoveRange(0, _points.Count - kept);
        }
    }

    /// <summary>Adds this variant's counts of each period to the points of its experiment.</summary>
    public void AddTo(SortedList<long, List<SeriesCounts>> points, string variantId)
    {
        foreach (var p in _points)
        {
            var startMs = p.Period * periodMs;
            if (!points.TryGetValue(startMs, out var counts))
            {
                points.Add(startMs, counts = []);
            }
            counts.Add(new SeriesCounts(variantId, p.Impressions, p.Clicks, p.Trials, p.Successes));
        }
    }

    /// <summary>Encodes the points for a checkpoint.</summary>
    public byte[] Pack() =>
        PackedNumbers.Write(
            _points.Count * 8,
            to =>
            {
                to.Write7BitEncodedInt64(_points.Count);
                var before = 0L;
                foreach (var point in _points)
                {
                    to.Write7BitEncodedInt64(point.Period - before);
                    to.Write7BitEncodedInt64(point.Impressions);
                    to.Write7BitEncodedInt64(point.Clicks);
                    to.Write7BitEncodedInt64(point.Trials);
                    to.Write7BitEncodedInt64(point.Successes);
                    before = point.Period;
                }
            }
        );

    /// <summary>
    /// Adds the points encoded by <see cref="Pack"/>; throws <see cref="InvalidDataException"/> for any other bytes.
    /// </summary>
    public void Unpack(byte[] packed)
    {
        var from = new PackedReader(packed);
        var period = 0L;
        for (var left = from.ReadCount(PointBytesMin); left > 0; left--)
        {
            period += from.Read();
            _points.Add(
                new Counts
                {
                    Period = period,
                    Impressions = from.Read(),
                    Clicks = from.Read(),
                    Trials = from.Read(),
                    Successes = from.Read(),
                }
            );
        }

        from.End();
    }

    private ref Counts At(long atMs)
    {
        var period = Math.Max(0, atMs) / periodMs;
        var at = _points.Count - 1;
        while (at >= 0 && _points[at].Period > period)
        {
            at--;
        }
        if (at < 0 || _points[at].Period != period)
        {
            _points.Insert(++at, new Counts { Period = period });
        }
        return ref CollectionsMarshal.AsSpan(_points)[at];
    }

    private struct Counts
    {
        public long Period;
        public long Impressions;
        public long Clicks;
        public long Trials;
        public long Successes;
    }
}
