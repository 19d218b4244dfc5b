namespace Edge;

/// <summary>
/// <c>Select</c>, <c>SelectMany</c> and <c>Where</c> as plain iterators; code below this namespace finds them before
/// the platform's. Those are generic virtual methods, so under Native AOT every pair of value types that meets in them
/// anywhere costs a copy of its code: 10 of 25 MB when this was measured. These cost one copy for each use. Lazy like
/// the platform's, enumerable more than once, not for hot paths.
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
