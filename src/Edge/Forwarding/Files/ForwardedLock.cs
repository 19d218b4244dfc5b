using Edge.Storage;

namespace Edge.Forwarding.Files;

/// <summary>
/// The exclusive lock on the directory of a file sink (<c>.lock</c> in it): two writers would give their files the same
/// names and cut each other's lines. The kernel releases it when the process ends, however it ends; readers of the files
/// need none. One thread at a time.
/// </summary>
internal sealed class ForwardedLock : IDisposable
{
    public const string FileName = ".lock";

    /// <summary>A service that is ending may have it for a moment longer; whoever waits more tries again later.</summary>
    private const int Attempts = 10;

    private const int AttemptPauseMs = 20;

    private readonly DiskFile _file;

    private ForwardedLock(DiskFile file) => _file = file;

    /// <summary>False once somebody has removed or replaced the file, so that another could lock the new one.</summary>
    public bool IsHeld => _file.IsAt(_file.Path);

    /// <summary>Takes the lock. Throws <see cref="IOException"/> when another has it.</summary>
    public static ForwardedLock Take(string directory)
    {
        var file = DiskFile.OpenOrCreate(Path.Combine(directory, FileName));
        try
        {
            if (!file.TryLock(Attempts, AttemptPauseMs))
            {
                throw new IOException(
                    $"{directory} is written to by another service, sink or command; give each a directory of its own, or stop that"
                );
            }

            return new ForwardedLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();
}
