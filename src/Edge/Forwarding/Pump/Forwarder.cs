namespace Edge.Forwarding.Pump;

/// <summary>All pumps of the process, started and stopped together. A slow or failed sink delays no other.</summary>
internal sealed class Forwarder(IReadOnlyList<SinkPump> pumps, ILogger log) : IDisposable
{
    // Time for the last disk write of a pump whose deadline has just passed.
    private static readonly TimeSpan GraceAfterDeadline = TimeSpan.FromSeconds(1);

    public IEnumerable<SinkStatus> Statuses => pumps.Select(static pump => pump.Status);

    /// <summary>The pumps that forward to a destination, which that of the tally does not.</summary>
    /// <param name="name">Name of one of them; null for all.</param>
    public List<SinkPump> SinksOf(string? name)
    {
        var sinks = new List<SinkPump>();
        foreach (var pump in pumps)
        {
            if (pump.IsDestination && (name is null || pump.Name == name))
            {
                sinks.Add(pump);
            }
        }

        return sinks;
    }

    public void Start()
    {
        foreach (var pump in pumps)
        {
            log.SinkStarted(pump.Status.Name, pump.Status.Pending);
            pump.Start();
        }
    }

    /// <summary>
    /// Forwards what is committed for at most <paramref name="drain"/> and makes the cursors durable. Called after the
    /// last commit and before the journal is closed. Returns false when a pump is blocked by a hanging disk; the
    /// process may exit nevertheless, and delivers the last second again after the next start.
    /// </summary>
    public async Task<bool> StopAsync(TimeSpan drain)
    {
        using var deadline = new CancellationTokenSource(drain);
        var stops = pumps.Select(pump => pump.StopAsync(deadline.Token));
        try
        {
            await Task.WhenAll(stops).WaitAsync(drain + GraceAfterDeadline);
        }
        catch (TimeoutException)
        {
            log.SinksAbandoned();
            return false;
        }

        foreach (var pump in pumps)
        {
            log.SinkStopped(pump.Status.Name, pump.Status.Pending);
        }

        return true;
    }

    public void Dispose()
    {
        foreach (var pump in pumps)
        {
            pump.Dispose();
        }
    }
}
