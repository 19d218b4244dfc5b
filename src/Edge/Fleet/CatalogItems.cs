using System.Security.Cryptography;

namespace Edge.Fleet;

/// <summary>
/// One thing that all nodes of a fleet have alike: an experiment, a key, the rules of the verdict. Immutable.
/// </summary>
/// <param name="name">Unique within a catalog; the part before the slash says what it is.</param>
/// <param name="line">The item as it is sent and kept, one JSON object without a line feed.</param>
internal sealed class CatalogItem(string name, ReadOnlyMemory<byte> line)
{
    private byte[]? _digest;

    public string Name => name;

    public ReadOnlyMemory<byte> Line => line;

    /// <summary>SHA-256 of the line, made when it is first asked for.</summary>
    public byte[] Digest => _digest ??= SHA256.HashData(line.Span);
}

/// <summary>
/// The content of an edition: its items in ordinal order of their names. The digest is taken over the items' digests, so
/// a change of one of ten thousand costs microseconds to sign and to verify. Immutable.
/// </summary>
internal sealed class CatalogItems
{
    public static readonly CatalogItems Empty = new([]);

    private readonly CatalogItem[] _items;
    private string? _digest;

    private CatalogItems(CatalogItem[] items)
    {
        _items = items;
        Bytes = items.Sum(static item => (long)item.Line.Length);
    }

    /// <summary>The items in order of name.</summary>
    public IReadOnlyList<CatalogItem> All => _items;

    /// <summary>SHA-256 over the digests of the items in their order, 64 hexadecimal digits.</summary>
    public string Digest => _digest ??= DigestOf(_items);

    /// <summary>What the lines of all items have together, bytes without line ends.</summary>
    public long Bytes { get; }

    /// <summary>The items in any order; null when two have one name.</summary>
    public static CatalogItems? Of(IEnumerable<CatalogItem> items)
    {
        var sorted = items.ToArray();
        // As they are sent and kept.
        if (!AreAscending(sorted))
        {
            Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            if (!AreAscending(sorted))
            {
                return null;
            }
        }

        return new CatalogItems(sorted);
    }

    /// <summary>The item of a name; null when there is none.</summary>
    public CatalogItem? Find(string name)
    {
        var (low, high) = (0, _items.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(_items[middle].Name, name);
            if (order == 0)
            {
                return _items[middle];
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }

    /// <summary>These items with some added or replaced and others removed.</summary>
    public CatalogItems With(IReadOnlyCollection<CatalogItem> changed, IReadOnlyCollection<string> removed)
    {
        var gone = removed.Concat(changed.Select(static item => item.Name)).ToHashSet(StringComparer.Ordinal);
        return Of(_items.Where(item => !gone.Contains(item.Name)).Concat(changed)) ?? this;
    }

    /// <summary>These items with the keys of others in place of their own.</summary>
    public CatalogItems WithKeysOf(CatalogItems others) =>
        Of(_items.Where(static item => !IsKey(item)).Concat(others._items.Where(IsKey))) ?? this;

    /// <summary>These items with one that has a name of its own, or without it when there is none.</summary>
    public CatalogItems WithOnly(string name, CatalogItem? item) =>
        item is null && Find(name) is null ? this : With(item is null ? [] : [item], [name]);

    /// <summary>Names of the items that are not the same in both, removed ones included.</summary>
    public IEnumerable<string> DifferencesTo(CatalogItems before)
    {
        var (i, j) = (0, 0);
        while (i < _items.Length || j < before._items.Length)
        {
            var order =
                i == _items.Length ? 1
                : j == before._items.Length ? -1
                : string.CompareOrdinal(_items[i].Name, before._items[j].Name);
            if (order != 0)
            {
                yield return order < 0 ? _items[i++].Name : before._items[j++].Name;
                continue;
            }

            if (!ReferenceEquals(_items[i], before._items[j]) && !_items[i].Digest.SequenceEqual(before._items[j].Digest))
            {
                yield return _items[i].Name;
            }

            i++;
            j++;
        }
    }

    private static bool AreAscending(CatalogItem[] items)
    {
        for (var i = 1; i < items.Length; i++)
        {
            if (string.CompareOrdinal(items[i - 1].Name, items[i].Name) >= 0)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsKey(CatalogItem item) => item.Name.StartsWith(ItemCodec.KeyPrefix, StringComparison.Ordinal);

    private static string DigestOf(CatalogItem[] items)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var item in items)
        {
            hash.AppendData(item.Digest);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
