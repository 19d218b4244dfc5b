using System.Collections.Concurrent;

namespace Edge.Forwarding.Pump;

/// <summary>
/// A dedicated thread for one asynchronous loop: every continuation of the loop runs on it. Reading the journal,
/// writing files and syncing block, and on a machine with one core a single blocked thread of the pool delays every
/// request; a dedicated thread delays none. It is a background thread, so a hanging disk cannot keep the process from
/// exiting.
/// </summary>
internal sealed class PumpThread : SynchronizationContext
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _work = [];

    private PumpThread() { }

    /// <summary>Starts the loop; the task ends as the loop does.</summary>
    public static Task Run(string threadName, Func<Task> loop)
    {
        var context = new PumpThread();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => context.Execute(loop, ended)) { Name = threadName, IsBackground = true };
        thread.Start();
        return ended.Task;
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        try
        {
            _work.Add((d, state));
        }
        catch (InvalidOperationException)
        {
            // The loop has ended and left work behind that nothing waits for, so any thread may run it.
            ThreadPool.QueueUserWorkItem(static work => work.Callback(work.State), (Callback: d, State: state), false);
        }
    }

    public override SynchronizationContext CreateCopy() => this;

    private void Execute(Func<Task> loop, TaskCompletionSource ended)
    {
        SetSynchronizationContext(this);
        var running = loop();
        running.GetAwaiter().OnCompleted(_work.CompleteAdding);
        foreach (var (callback, state) in _work.GetConsumingEnumerable())
        {
            callback(state);
        }

        ended.SetFromTask(running);
    }
}
