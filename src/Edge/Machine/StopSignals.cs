using System.Runtime.InteropServices;

namespace Edge.Machine;

/// <summary>
/// SIGINT and SIGTERM for a command that has something to do before it ends: the first one cancels <see cref="Token"/>,
/// the next one ends the process as without this. Until it is disposed. Thread safe.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private bool _isDisposed;

    public StopSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        lock (_lock)
        {
            // A signal may be on its way still.
            _isDisposed = true;
            _stop.Dispose();
        }
    }

    private void Stop(PosixSignalContext signal)
    {
        lock (_lock)
        {
            if (!_isDisposed && !_stop.IsCancellationRequested)
            {
                signal.Cancel = true;
                _stop.Cancel();
            }
        }
    }
}
