using System.Collections.Frozen;

namespace Edge.Access;

/// <summary>
/// The keys the service accepts, looked up by the hash of what was sent. Follows the file: a key that is issued or revoked holds within
/// a second, without a restart; a file that has become unreadable leaves the last good keys in force. Thread safe; readers take no lock.
/// </summary>
internal sealed class KeyRing : IDisposable
{
    private const int PollIntervalMs = 500;

    private readonly KeyFile _file;
    private readonly TimeProvider _time;
    private readonly Action<string> _report;
    private volatile FrozenDictionary<string, ApiKey> _byHash = FrozenDictionary<string, ApiKey>.Empty;
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
            if (StampOf(_file.Path) != _stamp) Load();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _report(e.Message);
        }
    }

    /// <summary>The key of a secret, if it was issued and is neither revoked nor expired.</summary>
    public ApiKey? Find(string secret) =>
        secret.Length is > 0 and <= KeySecret.CharsMax && _byHash.TryGetValue(KeySecret.HashOf(secret), out var key)
        && key.IsValidAt(_time.GetUtcNow())
            ? key
            : null;

    public void Dispose() => _timer?.Dispose();

    private void Load()
    {
        // Taken before reading, so that a change while reading is seen the next time; a bad file is reported once.
        _stamp = StampOf(_file.Path);
        var byHash = new Dictionary<string, ApiKey>(StringComparer.Ordinal);
        foreach (var key in _file.Read()) byHash[key.Hash] = key;
        _byHash = byHash.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static (DateTime Modified, long Bytes) StampOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }
}
