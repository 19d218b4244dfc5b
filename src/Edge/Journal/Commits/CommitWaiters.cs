using System.Threading.Tasks.Sources;

namespace Edge.Journal.Commits;

/// <summary>
/// The requests that wait for a commit. Waiting holds no thread and, once warm, allocates nothing: the task sources are
/// reused. Deadlines are checked by whoever calls <see cref="Expire"/>, about ten times a second. Thread safe.
/// </summary>
internal sealed class CommitWaiters(TimeProvider time, int waitMs)
{
    private readonly Lock _lock = new();
    private readonly List<Waiter> _waiting = [];
    private readonly Stack<Waiter> _idle = [];
    private bool _closed;

    /// <summary>Whether anybody waits.</summary>
    public bool Any
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count > 0;
            }
        }
    }

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

    /// <summary>Answers true to everybody whose record is covered.</summary>
    public void Complete(long sequence) => Take(waiter => waiter.Sequence <= sequence, result: true);

    /// <summary>Answers false to everybody whose deadline has passed.</summary>
    public void Expire()
    {
        var now = time.GetTimestamp();
        Take(waiter => waiter.Deadline <= now, result: false);
    }

    /// <summary>Answers false to everybody, now and from now on.</summary>
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
            waiter.Answer(result);
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

        public void Answer(bool result) => _core.SetResult(result);

        public bool GetResult(short token)
        {
            try
            {
                return _core.GetResult(token);
            }
            finally
            {
                // Waits for a cancellation that is just running, so that it cannot hit the next user of this object.
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
