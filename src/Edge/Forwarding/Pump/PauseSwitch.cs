namespace Edge.Forwarding.Pump;

/// <summary>
/// Whether a sink is paused: it is while the file <c>DATA/paused/NAME</c> exists, also over restarts. A paused sink
/// takes nothing and the journal holds its events. Whoever may write into the data directory may pause; a running
/// service notices within a second. Thread safe.
/// </summary>
internal sealed class PauseSwitch(string path, TimeProvider time)
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(250);

    private long _lookedAt;
    private bool _isPaused;

    /// <summary>Where the file of a sink is.</summary>
    public static string PathOf(string dataDirectory, string sink) => Path.Combine(dataDirectory, "paused", sink);

    /// <summary>Looks at the file, but not more often than four times a second.</summary>
    public bool IsPaused
    {
        get
        {
            var now = time.GetTimestamp();
            if (_lookedAt == 0 || time.GetElapsedTime(_lookedAt, now) >= LookAgainAfter)
            {
                _lookedAt = now;
                _isPaused = File.Exists(path);
            }

            return _isPaused;
        }
    }

    /// <summary>Pauses. Throws <see cref="IOException"/> or access denied.</summary>
    public static void Pause(string dataDirectory, string sink)
    {
        var path = PathOf(dataDirectory, sink);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, []);
    }

    /// <summary>Ends the pause; false when there was none.</summary>
    public static bool Resume(string dataDirectory, string sink)
    {
        var path = PathOf(dataDirectory, sink);
        if (!File.Exists(path))
        {
            return false;
        }

        File.Delete(path);
        return true;
    }
}
