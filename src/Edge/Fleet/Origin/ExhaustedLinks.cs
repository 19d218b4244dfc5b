using Edge.Experiments;

namespace Edge.Fleet.Origin;

/// <summary>
/// The links that have taken all their clicks (<c>linkConfig.maxClicks</c>) on all nodes together. Each edge closes a link
/// by its own count; what the others have taken it learns from here. Judged by the definitions of an edition, because
/// edges for which another one is held have other limits. Used by one thread at a time.
/// </summary>
/// <param name="counted">Clicks of people that have been counted, by uid.</param>
internal sealed class ExhaustedLinks(Func<string, long> counted)
{
    /// <summary>The newest edition and the one that is held, with one more while they change.</summary>
    private const int SeenMax = 3;

    private readonly Queue<(CatalogItems Items, Limit[] Limits)> _seen = new();

    /// <summary>The item that an edition has to have now; null when no link of it is exhausted.</summary>
    public CatalogItem? ItemFor(CatalogItems items)
    {
        var uids = new List<string>();
        foreach (var limit in LimitsOf(items))
        {
            if (counted(limit.Uid) >= limit.MaxClicks)
            {
                uids.Add(limit.Uid);
            }
        }

        return uids.Count == 0 ? null : ItemCodec.Of(uids);
    }

    /// <summary>Whether an edition has another item than it has to have now.</summary>
    public bool IsOutdated(CatalogItems items) =>
        !LineOf(ItemFor(items)).SequenceEqual(LineOf(items.Find(ItemCodec.ExhaustedName)));

    private static ReadOnlySpan<byte> LineOf(CatalogItem? item) => item is null ? default : item.Line.Span;

    /// <summary>The links with a limit, in order of uid.</summary>
    private Limit[] LimitsOf(CatalogItems items)
    {
        foreach (var (known, limits) in _seen)
        {
            if (known == items)
            {
                return limits;
            }
        }

        Limit[] found = [.. items.All.Where(MayBeLimited).Select(ItemCodec.ReadExperiment).Where(IsLimited).Select(LimitOf)];
        _seen.Enqueue((items, found));
        if (_seen.Count > SeenMax)
        {
            _seen.Dequeue();
        }

        return found;
    }

    /// <summary>Few experiments have a limit, and only those are read.</summary>
    private static bool MayBeLimited(CatalogItem item) =>
        item.Name.StartsWith(ItemCodec.ExperimentPrefix, StringComparison.Ordinal)
        && ExperimentGlance.MayBeLimited(item.Line.Span);

    private static bool IsLimited(Experiment experiment) =>
        experiment.Status == ExperimentStatus.Running && experiment.LinkConfig?.MaxClicks is not null;

    private static Limit LimitOf(Experiment experiment) => new(experiment.Uid, experiment.LinkConfig!.MaxClicks!.Value);

    private readonly record struct Limit(string Uid, long MaxClicks);
}
