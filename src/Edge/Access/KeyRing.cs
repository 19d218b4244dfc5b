using System.Collections.Frozen;
using System.Security.Cryptography;
using Edge.Formats;
using Edge.Storage;
using Edge.Telemetry;

namespace Edge.Access;

/// <summary>
/// The keys that the service accepts, looked up by the hash of the secret and compared in constant time. Follows the
/// file: an issued key takes effect when it is first used, a revoked one within a second, without a restart; if the file
/// becomes unreadable, the last valid keys stay in force. The ring of a node that follows an origin, or whose store is
/// PostgreSQL, has no file: it gets its keys by <see cref="Replace"/>. Thread safe; looking up a known key takes no lock.
/// </summary>
internal sealed class KeyRing : IDisposable
{
    private const int PollIntervalMs = 500;

    /// <summary>Shortest time between two attempts to read a file that could not be read.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);

    private readonly KeyFile? _file;
    private readonly TimeProvider _time;
    private readonly Action<string> _report;
    private readonly Lock _refreshLock = new();
    private volatile FrozenDictionary<long, HashedKey> _byHash = FrozenDictionary<long, HashedKey>.Empty;
    private FileStamp _stamp;
    private long _failedAt;
    private string? _reported;
    private Watch? _watch;

    private KeyRing(KeyFile? file, TimeProvider time, Action<string> report)
    {
        _file = file;
        _time = time;
        _report = report;
    }

    /// <summary>Reads the keys; throws <see cref="IOException"/> when they cannot be read.</summary>
    /// <param name="file">The file with the keys.</param>
    /// <param name="time">Clock for expiry and polling.</param>
    /// <param name="report">Called with a message when a later change cannot be read; must not throw.</param>
    public static KeyRing Open(KeyFile file, TimeProvider time, Action<string> report)
    {
        var ring = new KeyRing(file, time, report);
        ring.Load(file);
        return ring;
    }

    /// <summary>A ring without a file, and without keys so far.</summary>
    public static KeyRing WithoutFile(TimeProvider time) => new(null, time, static _ => { });

    /// <summary>Raised when there are other keys, on the thread that brought them; handlers must not throw.</summary>
    public event Action? Changed;

    /// <summary>All keys, revoked and expired ones too, in no particular order.</summary>
    public IEnumerable<ApiKey> Keys
    {
        get
        {
            foreach (var first in _byHash.Values)
            {
                for (var found = first; found is not null; found = found.Next)
                {
                    yield return found.Key;
                }
            }
        }
    }

    /// <summary>Whether no key was ever issued.</summary>
    public bool IsEmpty => _byHash.Count == 0;

    /// <summary>Starts polling the file; call once.</summary>
    public void StartWatching() =>
        _watch = new Watch(_time, PollIntervalMs, Refresh, e => Report($"{e.GetType().Name}: {e.Message}"));

    /// <summary>
    /// Reads the file again when it has changed. One that cannot be used, or is gone, is reported once and leaves the
    /// keys in force.
    /// </summary>
    public void Refresh()
    {
        if (_file is null)
        {
            return;
        }

        lock (_refreshLock)
        {
            RefreshIfChanged(_file);
        }
    }

    /// <summary>Has these keys instead of those before. Their hashes must be valid.</summary>
    public void Replace(IEnumerable<ApiKey> keys)
    {
        var byHash = new Dictionary<long, HashedKey>();
        foreach (var key in keys)
        {
            var hash = Convert.FromHexString(key.Hash);
            byHash[PrefixOf(hash)] = new HashedKey(key, hash, byHash.GetValueOrDefault(PrefixOf(hash)));
        }

        _byHash = byHash.ToFrozenDictionary();
        Changed?.Invoke();
    }

    /// <summary>
    /// The key with a given secret; null when there is none, or it is revoked or expired. An unknown one may have been
    /// issued a moment ago, so the file is looked at.
    /// </summary>
    public ApiKey? Find(ReadOnlySpan<char> secret)
    {
        Span<byte> hash = stackalloc byte[KeySecret.HashBytes];
        if (!KeySecret.TryHash(secret, hash))
        {
            return null;
        }

        var found = Find(hash);
        if (found is null)
        {
            Refresh();
            found = Find(hash);
        }

        return found?.IsValidAt(_time.GetUtcNow()) == true ? found : null;
    }

    /// <summary>The key with a given hash, as it is stored; null when there is none, or it is revoked or expired.</summary>
    public ApiKey? FindByHash(string hash)
    {
        Span<byte> bytes = stackalloc byte[KeySecret.HashBytes];
        return
            KeySecret.TryReadHash(hash, bytes) && Find(bytes) is { } found && found.IsValidAt(_time.GetUtcNow())
            ? found
            : null;
    }

    /// <summary>
    /// The hash of the key of the kind synthetic that marks name so; null when there is none, or it is revoked or expired.
    /// One that was issued a moment ago is found within a second: the file is not looked at.
    /// </summary>
    public byte[]? FindSigner(long name)
    {
        _byHash.TryGetValue(name, out var found);
        while (found is not null && found.Key.Kind != KeyKind.Synthetic)
        {
            found = found.Next;
        }

        return found?.Key.IsValidAt(_time.GetUtcNow()) == true ? found.Hash : null;
    }

    /// <summary>The kind of the key with a given secret, else the kind of which the secret has the form, else null.</summary>
    public KeyKind? KindOf(ReadOnlySpan<char> secret) => Find(secret)?.Kind ?? KeySecret.KindOf(secret);

    public void Dispose() => _watch?.Dispose();

    private void RefreshIfChanged(KeyFile file)
    {
        var stamp = FileStamp.Of(file.Path);
        if (stamp == _stamp || (_failedAt != 0 && _time.GetElapsedTime(_failedAt) < RetryInterval))
        {
            return;
        }

        try
        {
            if (stamp == default && !IsEmpty)
            {
                throw new FileNotFoundException($"the key file '{file.Path}' is gone; restore it");
            }

            Load(file);
            (_reported, _failedAt) = (null, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Tried again later: the disk may have been at fault, not the file.
            _failedAt = _time.GetTimestamp();
            Report(e.Message.ReplaceLineEndings(" "));
        }
    }

    /// <summary>
    /// The key with this hash. How long that takes depends on the hash alone, which does not reveal the secret.
    /// </summary>
    private ApiKey? Find(ReadOnlySpan<byte> hash)
    {
        _byHash.TryGetValue(PrefixOf(hash), out var found);
        for (; found is not null; found = found.Next)
        {
            if (CryptographicOperations.FixedTimeEquals(found.Hash, hash))
            {
                return found.Key;
            }
        }

        return null;
    }

    private void Report(string problem)
    {
        if (problem != _reported)
        {
            _report(problem);
        }

        _reported = problem;
    }

    private void Load(KeyFile file)
    {
        // Taken before reading, so that a change while reading is noticed next time.
        var stamp = FileStamp.Of(file.Path);
        Replace(file.Read());
        _stamp = stamp;
    }

    private static long PrefixOf(ReadOnlySpan<byte> hash) => SyntheticMark.KeyNameOf(hash);

    /// <param name="Key">The key.</param>
    /// <param name="Hash">SHA-256 of its secret.</param>
    /// <param name="Next">Another key whose hash has the same first eight bytes; practically never.</param>
    private sealed record HashedKey(ApiKey Key, byte[] Hash, HashedKey? Next);
}
