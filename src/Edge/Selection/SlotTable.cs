using System.Diagnostics;
using Edge.Experiments;

namespace Edge.Selection;

/// <summary>
/// Maps the 10,000 buckets to variants. The first table lays the weights end to end in variant order, so it chooses
/// exactly as cumulative weights do; a later one is derived from the previous table and moves only the buckets it must,
/// where cumulative weights would move up to two and a half times as many viewers. Deterministic: the same table and
/// weights give the same result on every node. Immutable; choosing allocates nothing.
/// </summary>
internal sealed class SlotTable
{
    /// <summary>A variant of the previous table that no longer exists.</summary>
    private const int Removed = -1;

    /// <summary>First bucket after each run, ascending; the last is 10,000.</summary>
    private readonly int[] _ends;

    /// <summary>Index of the variant that has the run.</summary>
    private readonly int[] _owners;

    private SlotTable(List<Run> runs)
    {
        _ends = [.. runs.Select(run => run.To)];
        _owners = [.. runs.Select(run => run.Owner)];
        Debug.Assert(_ends[^1] == Bucketing.Count, "every bucket has an owner");
    }

    /// <summary>The table before any change of weights.</summary>
    /// <param name="weights">Basis points in variant order; they sum to 10,000.</param>
    public static SlotTable FromWeights(ReadOnlySpan<int> weights)
    {
        var runs = new List<Run>(weights.Length);
        var from = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            Append(runs, from, from += weights[i], i);
        }
        return new SlotTable(runs);
    }

    /// <summary>
    /// The table of an experiment: the stored one adjusted to the served weights, or the first one when none is stored.
    /// The two need not agree, so that weights may be edited by hand.
    /// </summary>
    public static SlotTable Of(Experiment experiment)
    {
        var weights = experiment.Variants.Select(variant => variant.Weight).ToArray();
        if (experiment.Slots is not { } slots)
        {
            return FromWeights(weights);
        }
        var runs = new List<Run>(slots.Count);
        var from = 0;
        foreach (var (to, id) in slots)
        {
            Append(runs, from, to, IndexOf(experiment.Variants, id));
            from = to;
        }
        return Change(runs, weights);
    }

    /// <summary>
    /// The table for other weights: each variant with too many buckets gives up its highest ones, and these go, in
    /// ascending order, to the variants with too few, in variant order. The share that moves is the total variation
    /// distance between the weights, which is the minimum. Variants may have been appended; a variant with weight 0
    /// loses all its buckets.
    /// </summary>
    public SlotTable Change(ReadOnlySpan<int> weights) => Change(Runs(), weights);

    /// <summary>Index of the variant that has a bucket, 0 to 9,999.</summary>
    public int Choose(int bucket)
    {
        var ends = _ends;
        if (ends.Length <= 4)
        {
            // Most tables are too short for a binary search to pay off.
            var i = 0;
            while (bucket >= ends[i])
            {
                i++;
            }
            return _owners[i];
        }
        var (low, high) = (0, ends.Length - 1);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (bucket < ends[middle])
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return _owners[low];
    }

    /// <summary>The table in the form stored with the experiment, by variant id.</summary>
    public IReadOnlyList<SlotRange> ToRanges(IReadOnlyList<Variant> variants) =>
        [.. _ends.Zip(_owners, (to, owner) => new SlotRange(to, variants[owner].Id))];

    private static SlotTable Change(List<Run> before, ReadOnlySpan<int> weights)
    {
        var missing = weights.ToArray();
        foreach (var run in before)
        {
            if (run.Owner != Removed)
            {
                missing[run.Owner] -= run.To - run.From;
            }
        }
        // Descending, so that each variant gives up its highest buckets.
        var parts = new List<Run>(before.Count + weights.Length);
        for (var i = before.Count - 1; i >= 0; i--)
        {
            var run = before[i];
            var excess = run.Owner == Removed ? run.To - run.From : Math.Max(0, -missing[run.Owner]);
            var kept = Math.Max(run.From, run.To - excess);
            if (run.Owner != Removed)
            {
                missing[run.Owner] += run.To - kept;
            }
            parts.Add(new Run(kept, run.To, Removed));
            parts.Add(new Run(run.From, kept, run.Owner));
        }
        parts.Reverse();

        var after = new List<Run>(parts.Count + weights.Length);
        var taker = 0;
        foreach (var part in parts)
        {
            if (part.Owner != Removed)
            {
                Append(after, part.From, part.To, part.Owner);
                continue;
            }
            for (var from = part.From; from < part.To;)
            {
                while (missing[taker] <= 0)
                {
                    taker++;
                }
                var to = Math.Min(part.To, from + missing[taker]);
                missing[taker] -= to - from;
                Append(after, from, to, taker);
                from = to;
            }
        }
        return new SlotTable(after);
    }

    private static void Append(List<Run> runs, int from, int to, int owner)
    {
        if (from == to)
        {
            return;
        }
        if (runs.Count > 0 && runs[^1].Owner == owner)
        {
            runs[^1] = runs[^1] with { To = to };
            return;
        }
        runs.Add(new Run(from, to, owner));
    }

    private List<Run> Runs()
    {
        var runs = new List<Run>(_ends.Length);
        for (var i = 0; i < _ends.Length; i++)
        {
            runs.Add(new Run(i == 0 ? 0 : _ends[i - 1], _ends[i], _owners[i]));
        }
        return runs;
    }

    private static int IndexOf(IReadOnlyList<Variant> variants, string id)
    {
        for (var i = 0; i < variants.Count; i++)
        {
            if (variants[i].Id == id)
            {
                return i;
            }
        }
        return Removed;
    }

    private readonly record struct Run(int From, int To, int Owner);
}
