using System.Threading.Tasks.Sources;

namespace Edge.Journal.Commits;

/// <summary>
/// The requests that wait for a commit. Waiting blocks no thread and, once warm, allocates nothing: the task sources
/// are reused. Deadlines are checked by <see cref="Expire"/>, which the upkeep thread calls about ten times a second.
/// Thread safe.
/// </summary>
internal sealed class CommitWaiters(TimeProvider time, int waitMs)
{
    private readonly Lock _lock = new();
    private readonly List<Waiter> _waiting = [];
    private readonly Stack<Waiter> _idle = [];
    private bool _closed;

    /// <summary>
    /// Completes with true when <see cref="Complete"/> reaches the sequence, with false at the deadline.
    /// </summary>
    public ValueTask<bool> WaitAsync(long sequence, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Waiter waiter;
        short version;
        lock (_lock)
        {
            if (_closed)
            {
                return new ValueTask<bool>(false);
            }

            waiter = _idle.TryPop(out var idle) ? idle : new Waiter(this);
            waiter.Sequence = sequence;
            waiter.Deadline = time.GetTimestamp() + (time.TimestampFrequency * waitMs / 1_000);
            version = waiter.Version;
            _waiting.Add(waiter);
        }
        waiter.CancelWith(cancellation);
        return new ValueTask<bool>(waiter, version);
    }

    /// <summary>Waiters whose record is covered complete with <c>true</c>.</summary>
    public void Complete(long sequence) => Take(waiter => waiter.Sequence <= sequence, result: true);

    /// <summary>Waiters whose deadline has passed complete with <c>false</c>.</summary>
    public void Expire()
    {
        var now = time.GetTimestamp();
        Take(waiter => waiter.Deadline <= now, result: false);
    }

    /// <summary>All waiters complete with <c>false</c>, and so does every later wait.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
        }

        Take(_ => true, result: false);
    }

    private void Take(Predicate<Waiter> chosen, bool result)
    {
        List<Waiter>? taken = null;
        lock (_lock)
        {
            var kept = 0;
            for (var i = 0; i < _waiting.Count; i++)
            {
                var waiter = _waiting[i];
                if (chosen(waiter))
                {
                    (taken ??= []).Add(waiter);
                }
                else
                {
                    _waiting[kept++] = waiter;
                }
            }
            _waiting.RemoveRange(kept, _waiting.Count - kept);
        }

        if (taken is null)
        {
            return;
        }

        foreach (var waiter in taken)
        {
            waiter.SetResult(result);
        }
    }

    private bool TryRemove(Waiter waiter)
    {
        lock (_lock)
        {
            return _waiting.Remove(waiter);
        }
    }

    private void Return(Waiter waiter)
    {
        lock (_lock)
        {
            _idle.Push(waiter);
        }
    }

    private sealed class Waiter(CommitWaiters owner) : IValueTaskSource<bool>
    {
        private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
        private CancellationTokenRegistration _registration;

        public long Sequence { get; set; }

        public long Deadline { get; set; }

        public short Version => _core.Version;

        public void CancelWith(CancellationToken cancellation)
        {
            if (cancellation.CanBeCanceled)
            {
                _registration = cancellation.UnsafeRegister(
                    static (state, token) => ((Waiter)state!).Cancel(token),
                    this
                );
            }
        }

        public void SetResult(bool result) => _core.SetResult(result);

        public bool GetResult(short token)
        {
            try
            {
                return _core.GetResult(token);
            }
            finally
            {
                // Waits for a running cancellation callback, so that it cannot hit the next user of this object.
                _registration.Dispose();
                _registration = default;
                _core.Reset();
                owner.Return(this);
            }
        }

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(
            Action<object?> continuation,
            object? state,
            short token,
            ValueTaskSourceOnCompletedFlags flags
        ) => _core.OnCompleted(continuation, state, token, flags);

        private void Cancel(CancellationToken cancellation)
        {
            if (owner.TryRemove(this))
            {
                _core.SetException(new OperationCanceledException(cancellation));
            }
        }
    }
}
