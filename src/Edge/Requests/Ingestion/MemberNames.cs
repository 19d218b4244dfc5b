using System.Text;

namespace Edge.Requests.Ingestion;

/// <summary>
/// The members an API knows, each with its index. Found by length first, so a name costs one comparison as a rule.
/// Immutable.
/// </summary>
internal sealed class MemberNames
{
    private readonly (byte[] Name, int Index)[][] _byLength;

    /// <param name="names">The members; the index of each is its position.</param>
    public MemberNames(params ReadOnlySpan<string> names)
    {
        Count = names.Length;
        foreach (var name in names)
        {
            LongestBytes = Math.Max(LongestBytes, Encoding.UTF8.GetByteCount(name));
        }

        _byLength = new (byte[], int)[LongestBytes + 1][];
        Array.Fill(_byLength, []);
        for (var index = 0; index < names.Length; index++)
        {
            var name = Encoding.UTF8.GetBytes(names[index]);
            _byLength[name.Length] = [.. _byLength[name.Length], (name, index)];
        }
    }

    /// <summary>How many there are; one more than the highest index.</summary>
    public int Count { get; }

    /// <summary>Bytes of the longest.</summary>
    public int LongestBytes { get; }

    /// <summary>
    /// Index of the name, or -1 when it is none of them. Names are compared byte by byte, case included.
    /// </summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        if (name.Length >= _byLength.Length)
        {
            return -1;
        }

        foreach (var (known, index) in _byLength[name.Length])
        {
            if (name.SequenceEqual(known))
            {
                return index;
            }
        }
        return -1;
    }
}
