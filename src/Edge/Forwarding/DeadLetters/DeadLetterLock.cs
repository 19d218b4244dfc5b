using Edge.Storage;

namespace Edge.Forwarding.DeadLetters;

/// <summary>
/// The lock on the dead letters of one sink, taken by a service that adds some and by a command that removes some. Held
/// for one change of a file; the kernel releases it when the process ends.
/// </summary>
internal sealed class DeadLetterLock : IDisposable
{
    /// <summary>The lock file lies beside the directory, which holds dead letters only.</summary>
    private const string Suffix = ".lock";

    private const int AttemptPauseMs = 10;

    /// <summary>The first at once, the last after five seconds.</summary>
    private const int Attempts = 501;

    private readonly DiskFile _file;

    private DeadLetterLock(DiskFile file) => _file = file;

    /// <summary>Waits for the lock, five seconds at most, then throws <see cref="IOException"/>.</summary>
    public static DeadLetterLock Take(string directory)
    {
        var file = DiskFile.OpenOrCreate(directory + Suffix);
        try
        {
            if (!file.TryLock(Attempts, AttemptPauseMs))
            {
                throw new IOException($"another process holds the dead letters in {directory}");
            }

            return new DeadLetterLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();
}
