using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Edge.Access;

/// <summary>A session of the page, as it is at one moment. Immutable.</summary>
/// <param name="Key">The key that was signed in with, still valid.</param>
/// <param name="ExpiresAt">When it ends unless it is used before: never later than its lifetime allows.</param>
internal sealed record PageSession(ApiKey Key, DateTimeOffset ExpiresAt);

/// <summary>
/// The sessions of the page: each stands for an API key, under a random id of 256 bits of which only the hash is kept.
/// A session ends when it is signed out, was not used for the idle time, is older than <see cref="Lifetime"/>, or its
/// key is revoked or expires. In memory, so a restart ends them all; bounded, by key and in total, by ending the one
/// that was not used for longest: of that key, or of the key that has most, so that nobody signs others out by signing
/// in often. Keys that may only read have a total of their own, so that they end no session of those that may change
/// something. Thread safe.
/// </summary>
/// <param name="keys">The keys that are accepted.</param>
/// <param name="idle">How long a session lives without being used.</param>
/// <param name="time">The clock.</param>
internal sealed class SessionTable(KeyRing keys, TimeSpan idle, TimeProvider time)
{
    /// <summary>Longest life of a session, however much it is used.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    /// <summary>Most sessions at once of keys that may only read, and as many of the others.</summary>
    public const int SessionsMax = 1_024;

    /// <summary>Most sessions of one key at once.</summary>
    public const int SessionsOfKeyMax = 64;

    private const int IdBytes = 32;
    private const int IdCharsMax = 64;

    private readonly Dictionary<string, Entry> _byHash = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Begins a session and returns its id, which is not stored.</summary>
    public string Begin(ApiKey key)
    {
        var id = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdBytes));
        var now = time.GetUtcNow();
        lock (_lock)
        {
            MakeRoom(key, now);
            var hash = HashOf(id);
            _byHash.Add(hash, new Entry(hash, key.Hash, key.IsReadOnly, now) { UsedAt = now });
        }

        return id;
    }

    /// <summary>The session with this id; null when there is none, or it has ended.</summary>
    /// <param name="id">The id as it was sent.</param>
    /// <param name="isUse">Whether this counts as use, so that the idle time begins anew.</param>
    public PageSession? Find(string id, bool isUse)
    {
        if (id.Length is 0 or > IdCharsMax)
        {
            return null;
        }

        var hash = HashOf(id);
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (!_byHash.TryGetValue(hash, out var entry))
            {
                return null;
            }

            if (EndOf(entry) <= now || keys.FindByHash(entry.KeyHash) is not { } key)
            {
                _byHash.Remove(hash);
                return null;
            }

            if (isUse)
            {
                entry.UsedAt = now;
            }

            return new PageSession(key, EndOf(entry));
        }
    }

    /// <summary>Ends a session, if there is one with this id.</summary>
    public void End(string id)
    {
        var hash = HashOf(id);
        lock (_lock)
        {
            _byHash.Remove(hash);
        }
    }

    private DateTimeOffset EndOf(Entry entry)
    {
        var (idleEnd, lifeEnd) = (entry.UsedAt + idle, entry.BeganAt + Lifetime);
        return idleEnd < lifeEnd ? idleEnd : lifeEnd;
    }

    /// <summary>
    /// Ends what is over, and one session when this key has as many as it may have, or all like it together have: one
    /// of this key, or of the one that has most.
    /// </summary>
    private void MakeRoom(ApiKey key, DateTimeOffset now)
    {
        var sessions = 0;
        var sessionsOf = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in _byHash.Values)
        {
            if (EndOf(entry) <= now)
            {
                _byHash.Remove(entry.Hash);
            }
            else if (entry.IsReadOnly == key.IsReadOnly)
            {
                sessions++;
                sessionsOf[entry.KeyHash] = sessionsOf.GetValueOrDefault(entry.KeyHash) + 1;
            }
        }

        var ofKey = sessionsOf.GetValueOrDefault(key.Hash);
        if (ofKey >= SessionsOfKeyMax)
        {
            EndLeastUsed(key.Hash);
        }
        else if (sessions >= SessionsMax)
        {
            var most = sessionsOf.MaxBy(static one => one.Value);
            EndLeastUsed(ofKey == most.Value ? key.Hash : most.Key);
        }
    }

    private void EndLeastUsed(string keyHash) =>
        _byHash.Remove(
            _byHash.Values.Where(entry => entry.KeyHash == keyHash).MinBy(static entry => entry.UsedAt)!.Hash
        );

    private static string HashOf(string id) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)));

    private sealed record Entry(string Hash, string KeyHash, bool IsReadOnly, DateTimeOffset BeganAt)
    {
        public DateTimeOffset UsedAt { get; set; }
    }
}
