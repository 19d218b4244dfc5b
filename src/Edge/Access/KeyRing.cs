using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Security.Cryptography;

namespace Edge.Access;

/// <summary>
/// The keys the service accepts, looked up by the hash of what was sent and compared in constant time. Follows the
/// file: a key that is issued or revoked holds within a second, without a restart; a file that has become unreadable
/// leaves the last good keys in force. Thread safe; readers take no lock.
/// </summary>
internal sealed class KeyRing : IDisposable
{
    private const int PollIntervalMs = 500;

    private readonly KeyFile _file;
    private readonly TimeProvider _time;
    private readonly Action<string> _report;
    private volatile FrozenDictionary<long, HashedKey> _byHash = FrozenDictionary<long, HashedKey>.Empty;
    private (DateTime Modified, long Bytes) _stamp;
    private ITimer? _timer;

    private KeyRing(KeyFile file, TimeProvider time, Action<string> report)
    {
        _file = file;
        _time = time;
        _report = report;
    }

    /// <summary>Reads the keys; throws <see cref="IOException"/> when that is not possible.</summary>
    /// <param name="file">Where they are.</param>
    /// <param name="time">Clock of expiry and of the watch.</param>
    /// <param name="report">Called with a sentence when a later change cannot be read; must not throw.</param>
    public static KeyRing Open(KeyFile file, TimeProvider time, Action<string> report)
    {
        var ring = new KeyRing(file, time, report);
        ring.Load();
        return ring;
    }

    /// <summary>Whether any key was ever issued.</summary>
    public bool IsEmpty => _byHash.Count == 0;

    /// <summary>Begins to follow the file; called once.</summary>
    public void StartWatching()
    {
        var period = TimeSpan.FromMilliseconds(PollIntervalMs);
        _timer = _time.CreateTimer(static ring => ((KeyRing)ring!).Refresh(), this, period, period);
    }

    /// <summary>Reads the file again when it has changed.</summary>
    public void Refresh()
    {
        try
        {
            if (StampOf(_file.Path) != _stamp)
            {
                Load();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _report(e.Message);
        }
    }

    /// <summary>The key of a secret, if it was issued and is neither revoked nor expired.</summary>
    public ApiKey? Find(ReadOnlySpan<char> secret)
    {
        Span<byte> hash = stackalloc byte[KeySecret.HashBytes];
        if (!KeySecret.TryHash(secret, hash))
        {
            return null;
        }
        // What the time of this look-up tells is about the hash, from which nobody gets back to the secret.
        _byHash.TryGetValue(PlaceOf(hash), out var found);
        for (; found is not null; found = found.Next)
        {
            if (CryptographicOperations.FixedTimeEquals(found.Hash, hash))
            {
                return found.Key.IsValidAt(_time.GetUtcNow()) ? found.Key : null;
            }
        }

        return null;
    }

    public void Dispose() => _timer?.Dispose();

    private void Load()
    {
        // Taken before reading, so that a change while reading is seen the next time; a bad file is reported once.
        _stamp = StampOf(_file.Path);
        var byHash = new Dictionary<long, HashedKey>();
        foreach (var key in _file.Read())
        {
            var hash = HashOf(key);
            byHash[PlaceOf(hash)] = new HashedKey(key, hash, byHash.GetValueOrDefault(PlaceOf(hash)));
        }
        _byHash = byHash.ToFrozenDictionary();
    }

    private byte[] HashOf(ApiKey key)
    {
        try
        {
            if (Convert.FromHexString(key.Hash) is { Length: KeySecret.HashBytes } hash)
            {
                return hash;
            }
        }
        catch (FormatException)
        {
            // The same answer as for a hash of another length.
        }
        throw new IOException($"the file of keys '{_file.Path}' has a key '{key.Id}' without a hash");
    }

    private static long PlaceOf(ReadOnlySpan<byte> hash) => BinaryPrimitives.ReadInt64LittleEndian(hash);

    private static (DateTime Modified, long Bytes) StampOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }

    /// <param name="Key">The key.</param>
    /// <param name="Hash">SHA-256 of its secret.</param>
    /// <param name="Next">Another key at the same place; chance alone puts none there.</param>
    private sealed record HashedKey(ApiKey Key, byte[] Hash, HashedKey? Next);
}
