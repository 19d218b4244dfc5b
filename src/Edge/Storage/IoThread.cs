namespace Edge.Storage;

/// <summary>
/// A dedicated thread that handles requests in order, all queued ones at a time. Disk calls block, and a blocked thread
/// of the shared pool would delay requests that have nothing to do with the disk. Requests may be posted from any
/// thread without blocking; their number is bounded by the log's memory buffer.
/// </summary>
internal sealed class IoThread<T> : IDisposable
{
    private const int StopWaitMs = 5_000;

    private readonly Lock _lock = new();
    private readonly Signal _arrived = new();
    private readonly Action<List<T>> _handle;
    private readonly Action<Exception> _failed;
    private readonly Thread _thread;
    private List<T> _waiting = [];
    private bool _stopping;

    /// <param name="name">Name of the thread.</param>
    /// <param name="handle">Handles the requests; what it throws would end the process from here.</param>
    /// <param name="failed">Takes it instead; must not throw.</param>
    public IoThread(string name, Action<List<T>> handle, Action<Exception> failed)
    {
        _handle = handle;
        _failed = failed;
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    public void Post(T request)
    {
        lock (_lock)
        {
            _waiting.Add(request);
        }

        _arrived.Set();
    }

    /// <summary>Handles what was posted, then ends the thread; one blocked by a hanging disk is abandoned.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stopping = true;
        }

        _arrived.Set();
        _thread.Join(StopWaitMs);
    }

    private void Run()
    {
        var batch = new List<T>();
        while (true)
        {
            bool stopping;
            lock (_lock)
            {
                (batch, _waiting) = (_waiting, batch);
                stopping = _stopping;
            }

            if (batch.Count > 0)
            {
                try
                {
                    _handle(batch);
                }
                catch (Exception e)
                {
                    _failed(e);
                }

                batch.Clear();
            }
            else if (stopping)
            {
                return;
            }
            else
            {
                _arrived.Wait();
            }
        }
    }
}
