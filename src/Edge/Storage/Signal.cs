using System.Diagnostics;

namespace Edge.Storage;

/// <summary>
/// Wakes the one thread that waits for it; when set before the wait, the next wait returns at once. Needs no disposal,
/// so it may be set at any time, even after the waiting thread has ended. Thread safe.
/// </summary>
internal sealed class Signal
{
    private readonly object _gate = new();
    private bool _isSet;

    public void Set()
    {
        lock (_gate)
        {
            _isSet = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Clears the signal without a wait.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _isSet = false;
        }
    }

    /// <summary>Returns when the signal is set, and clears it.</summary>
    public void Wait()
    {
        lock (_gate)
        {
            while (!_isSet)
            {
                Monitor.Wait(_gate);
            }

            _isSet = false;
        }
    }

    /// <summary>Waits until the signal is set and clears it; false when that takes longer than the timeout.</summary>
    public bool Wait(int timeoutMs)
    {
        var started = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (!_isSet)
            {
                var left = timeoutMs - (int)Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                if (left <= 0 || !Monitor.Wait(_gate, left))
                {
                    break;
                }
            }
            var wasSet = _isSet;
            _isSet = false;
            return wasSet;
        }
    }
}
