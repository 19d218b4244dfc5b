namespace Edge.Requests.Bodies;

/// <summary>
/// Turns at inflating, parsing and storing large bodies. One takes up to tens of milliseconds of a processor, so the
/// threads that all requests share are not for it: it has a thread of its own, as many at once as there are processors,
/// and who gets none in time, or finds enough others waiting, is asked to come again. A body that is still on its way
/// has no turn, so slow senders hold none. Thread safe.
/// </summary>
#pragma warning disable CA1001 // The semaphore holds nothing to release: its wait handle is never asked for.
internal sealed class LargeBodies(int atOnce)
#pragma warning restore CA1001
{
    /// <summary>
    /// Bodies longer than this, inflated, need a turn: 640 KiB, about four milliseconds of work, and more than the
    /// longest event, so that a body that begins with a longer one is known by then.
    /// </summary>
    public const int FromBytes = 640 << 10;

    /// <summary>Longest wait for a turn, milliseconds.</summary>
    public const int WaitMs = 120;

    /// <summary>
    /// Most bodies that wait for one: a few honest senders at a time find room, a crowd is sent away at once.
    /// </summary>
    public const int WaitingMax = 4;

    private readonly SemaphoreSlim _turns = new(atOnce);
    private int _waiting;

    /// <summary>
    /// Does the work, on a thread of its own up to where it first waits: there the turn ends. False, and nothing done,
    /// when no turn came in time or too many wait for one.
    /// </summary>
    public async Task<bool> TryRunAsync(Func<Task> work)
    {
        if (!_turns.Wait(0) && !await TryWaitAsync())
        {
            return false;
        }

        Task rest;
        try
        {
            rest = await Task.Factory.StartNew(
                work,
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            );
        }
        finally
        {
            _turns.Release();
        }
        await rest;
        return true;
    }

    private async Task<bool> TryWaitAsync()
    {
        try
        {
            return Interlocked.Increment(ref _waiting) <= WaitingMax && await _turns.WaitAsync(WaitMs);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
