namespace Edge;

/// <summary>
/// <c>Select</c>, <c>SelectMany</c> and <c>Where</c> as plain iterators; code in this namespace and those below it
/// binds to them instead of System.Linq. Those of System.Linq use generic virtual methods, for which Native AOT
/// compiles code for every combination of value types in the program: 10 of 25 MB when measured
/// (docs/decisions/0012-compact-linq.md). These compile once per use. Lazy and enumerable more than once, as in LINQ;
/// not for hot paths.
/// </summary>
internal static class CompactLinq
{
    public static IEnumerable<TResult> Select<T, TResult>(this IEnumerable<T> source, Func<T, TResult> selector)
    {
        foreach (var item in source)
        {
            yield return selector(item);
        }
    }

    public static IEnumerable<TResult> Select<T, TResult>(this IEnumerable<T> source, Func<T, int, TResult> selector)
    {
        var index = 0;
        foreach (var item in source)
        {
            yield return selector(item, index++);
        }
    }

    public static IEnumerable<TResult> SelectMany<T, TResult>(
        this IEnumerable<T> source,
        Func<T, IEnumerable<TResult>> selector
    )
    {
        foreach (var item in source)
        {
            foreach (var inner in selector(item))
            {
                yield return inner;
            }
        }
    }

    public static IEnumerable<TResult> SelectMany<T, TInner, TResult>(
        this IEnumerable<T> source,
        Func<T, IEnumerable<TInner>> inner,
        Func<T, TInner, TResult> selector
    )
    {
        foreach (var item in source)
        {
            foreach (var each in inner(item))
            {
                yield return selector(item, each);
            }
        }
    }

    public static IEnumerable<T> Where<T>(this IEnumerable<T> source, Func<T, bool> predicate)
    {
        foreach (var item in source)
        {
            if (predicate(item))
            {
                yield return item;
            }
        }
    }
}
