using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Edge.Catalog;

namespace Edge.Visits;

/// <summary>
/// How many clicks links with a limit have taken. The count of an experiment begins with what the tally has counted when
/// its first click arrives; the service opens its listener only when the tally has caught up with the journal, so the
/// limit is exact on one node, whatever restarts there are. A limit that is set while clicks arrive may miss those that
/// are not folded yet. Thread safe; allocates only with the first click of an experiment.
/// </summary>
/// <param name="counted">Clicks of people that the tally has counted, by uid.</param>
/// <param name="isExhausted">Whether the nodes of a fleet have together taken all clicks of an experiment, by uid.</param>
internal sealed class ClickBudgets(Func<string, long> counted, Func<string, bool> isExhausted)
{
    private readonly ConcurrentDictionary<string, StrongBox<long>> _used = new(StringComparer.Ordinal);

    /// <summary>Takes one click of a person; false when there are none left.</summary>
    public bool TryTake(CatalogEntry experiment, LinkLimits limits)
    {
        if (isExhausted(experiment.Experiment.Uid))
        {
            return false;
        }

        var used = UsedOf(experiment);
        if (Interlocked.Increment(ref used.Value) <= limits.MaxClicks)
        {
            return true;
        }
        Interlocked.Decrement(ref used.Value);
        return false;
    }

    /// <summary>Whether no click is left.</summary>
    public bool IsExhausted(CatalogEntry experiment, LinkLimits limits) =>
        limits.Exhausted is not null
        && (
            isExhausted(experiment.Experiment.Uid)
            || Volatile.Read(ref UsedOf(experiment).Value) >= limits.MaxClicks
        );

    private StrongBox<long> UsedOf(CatalogEntry experiment)
    {
        var uid = experiment.Experiment.Uid;
        return _used.TryGetValue(uid, out var used) ? used : _used.GetOrAdd(uid, new StrongBox<long>(counted(uid)));
    }
}
