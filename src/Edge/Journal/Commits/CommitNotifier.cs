namespace Edge.Journal.Commits;

/// <summary>
/// Wakes readers when a commit has completed. A task is created only when a reader waits, so a commit without readers
/// costs nothing. Thread safe.
/// </summary>
internal sealed class CommitNotifier
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _next;
    private bool _closed;

    /// <summary>
    /// Completes at the next <see cref="Publish"/>; cancelled when the journal closes. Take it before
    /// checking for new records, so that no commit is missed.
    /// </summary>
    public Task Next
    {
        get
        {
            lock (_lock)
            {
                _next ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_closed)
                {
                    _next.TrySetCanceled();
                }

                return _next.Task;
            }
        }
    }

    public void Publish() => Take()?.TrySetResult();

    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
        }

        Take()?.TrySetCanceled();
    }

    private TaskCompletionSource? Take()
    {
        lock (_lock)
        {
            var next = _next;
            _next = null;
            return next;
        }
    }
}
