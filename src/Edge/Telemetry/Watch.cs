namespace Edge.Telemetry;

/// <summary>
/// Looks at something at an interval, on threads of the pool. An exception there would end the process; here it is
/// handed over, once until a look succeeds again, and the next look is made all the same. Looks may overlap when one
/// takes longer than the interval.
/// </summary>
internal sealed class Watch : IDisposable
{
    private readonly Action _look;
    private readonly Action<Exception> _failed;
    private readonly ITimer _timer;
    private bool _isFailing;

    /// <param name="time">The clock.</param>
    /// <param name="intervalMs">Milliseconds between two looks, and before the first.</param>
    /// <param name="look">The look.</param>
    /// <param name="failed">Called with what the look threw; must not throw.</param>
    public Watch(TimeProvider time, int intervalMs, Action look, Action<Exception> failed)
    {
        _look = look;
        _failed = failed;
        var interval = TimeSpan.FromMilliseconds(intervalMs);
        _timer = time.CreateTimer(static watch => ((Watch)watch!).Look(), this, interval, interval);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        try
        {
            _look();
            _isFailing = false;
        }
        catch (Exception e)
        {
            if (!_isFailing)
            {
                _failed(e);
            }

            _isFailing = true;
        }
    }
}
