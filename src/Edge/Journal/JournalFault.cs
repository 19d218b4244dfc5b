using Edge.Storage;

namespace Edge.Journal;

/// <summary>
/// The first write or sync that failed. Once raised it stays raised: nothing is acknowledged any more, because after a
/// failed sync the kernel may report success for pages it has dropped. Only a restart, which reads the disk again,
/// clears it. Thread safe.
/// </summary>
internal sealed class JournalFault
{
    private readonly TaskCompletionSource _raised = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private Action? _consequences;
    private Exception? _cause;

    /// <summary>Completes when the fault is raised.</summary>
    public Task Raised => _raised.Task;

    public bool IsRaised => Volatile.Read(ref _cause) is not null;

    /// <summary>What failed first; null while nothing has.</summary>
    public Exception? Cause => Volatile.Read(ref _cause);

    /// <summary>The error number handed to the log engine, never 0.</summary>
    public uint EngineErrorCode =>
        Cause is DiskException { Errno: > 0 } disk ? (uint)disk.Errno : DiskException.IoError;

    /// <summary>
    /// Runs the action on the thread that raises the fault, or at once if it is raised already. It must not throw.
    /// </summary>
    public void OnRaised(Action action)
    {
        lock (_lock)
        {
            if (_cause is null)
            {
                _consequences += action;
                return;
            }
        }
        action();
    }

    /// <summary>Records the first cause; later ones follow from it and are ignored.</summary>
    public void Raise(Exception cause)
    {
        Action? consequences;
        lock (_lock)
        {
            if (_cause is not null)
            {
                return;
            }

            Volatile.Write(ref _cause, cause);
            consequences = _consequences;
        }
        consequences?.Invoke();
        _raised.TrySetResult();
    }
}
