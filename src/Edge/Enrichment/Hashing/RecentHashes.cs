using System.IO.Hashing;
using System.Security.Cryptography;

namespace Edge.Enrichment.Hashing;

/// <summary>
/// The last results of a thread's slow hashes, because a visitor's requests come close together. A table of fixed size:
/// whole messages are compared, so nobody is mistaken for another, and the place is chosen by a hash that is seeded per
/// process, so a sender cannot choose whom to evict. Messages hold addresses, so it exists in memory only, and not at
/// all where keys are erased. Not thread safe.
/// </summary>
internal sealed class RecentHashes
{
    /// <summary>Longest message that is kept, bytes; a usual user agent with an address fits.</summary>
    public const int MessageBytesMax = 240;

    /// <summary>Longest result, bytes.</summary>
    public const int ResultBytesMax = 32;

    /// <summary>A power of two; 70 KB.</summary>
    private const int Slots = 256;

    private static readonly long Seed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    [ThreadStatic]
    private static RecentHashes? _ofThread;

    private readonly Slot[] _slots = new Slot[Slots];
    private readonly byte[] _bytes = new byte[Slots * (MessageBytesMax + ResultBytesMax)];

    public static RecentHashes OfThread => _ofThread ??= new RecentHashes();

    /// <summary>Copies the result for a message; false when it is not known.</summary>
    /// <param name="key">What the hash is keyed with; compared by reference.</param>
    /// <param name="message">The message.</param>
    /// <param name="result">Room for the result, of its length.</param>
    /// <param name="place">Where <see cref="Keep"/> puts it; negative when the message is too long.</param>
    public bool TryFind(object key, ReadOnlySpan<byte> message, Span<byte> result, out int place)
    {
        place = -1;
        if (message.Length > MessageBytesMax)
        {
            return false;
        }

        place = (int)XxHash3.HashToUInt64(message, Seed) & (Slots - 1);
        ref var slot = ref _slots[place];
        if (
            !ReferenceEquals(slot.Key, key)
            || slot.MessageLength != message.Length
            || slot.ResultLength != result.Length
            || !MessageAt(place)[..message.Length].SequenceEqual(message)
        )
        {
            return false;
        }

        ResultAt(place)[..result.Length].CopyTo(result);
        return true;
    }

    /// <summary>Keeps a result at the place where it was not found.</summary>
    public void Keep(int place, object key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> result)
    {
        if (place < 0)
        {
            return;
        }

        _slots[place] = new Slot(key, message.Length, result.Length);
        message.CopyTo(MessageAt(place));
        result.CopyTo(ResultAt(place));
    }

    private Span<byte> MessageAt(int place) =>
        _bytes.AsSpan(place * (MessageBytesMax + ResultBytesMax), MessageBytesMax);

    private Span<byte> ResultAt(int place) =>
        _bytes.AsSpan((place * (MessageBytesMax + ResultBytesMax)) + MessageBytesMax, ResultBytesMax);

    private readonly record struct Slot(object? Key, int MessageLength, int ResultLength);
}
