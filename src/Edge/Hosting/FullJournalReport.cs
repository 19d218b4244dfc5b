using Edge.Journal;
using Edge.Telemetry;

namespace Edge.Hosting;

/// <summary>
/// Says once that the journal refuses events for want of room, and once that it takes them again: looks at it every
/// half second, and at what it has refused since the last look. It has room again when it had for <see cref="SettleTime"/>, so that a disk at its edge is one period
/// and not a hundred. Not thread safe beside its own watch.
/// </summary>
internal sealed class FullJournalReport : IDisposable
{
    private const int LookIntervalMs = 500;

    /// <summary>How long there must have been room.</summary>
    public static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(2);

    private readonly EventJournal _journal;
    private readonly Ledger _ledger;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Watch _watch;
    private DateTimeOffset? _fullSince;
    private DateTimeOffset? _roomSince;
    private long _refusedBefore;
    private long _refusedAtLook;

    public FullJournalReport(EventJournal journal, Ledger ledger, TimeProvider time, ILogger logger)
    {
        (_journal, _ledger, _time, _logger) = (journal, ledger, time, logger);
        _refusedBefore = _refusedAtLook = Refused;
        _watch = new Watch(time, LookIntervalMs, Look, e => logger.BackgroundFailed(e, "Looking at the journal"));
    }

    public void Dispose() => _watch.Dispose();

    private long Refused => _ledger.Dropped(DropReason.JournalFull);

    private void Look()
    {
        var now = _time.GetUtcNow();
        var refused = Refused;
        var wasFull = refused != _refusedAtLook;
        _refusedAtLook = refused;
        if (_journal.IsFull || wasFull)
        {
            _roomSince = null;
            if (_fullSince is null)
            {
                var status = _journal.Status;
                _fullSince = now;
                _logger.JournalFull(status.DiskBytes, status.FreeBytes);
            }

            return;
        }

        if (_fullSince is not { } since)
        {
            _refusedBefore = refused;
            return;
        }

        _roomSince ??= now;
        if (now - _roomSince < SettleTime)
        {
            return;
        }

        _logger.JournalHasRoom(Math.Round((_roomSince.Value - since).TotalSeconds, 1), refused - _refusedBefore);
        (_fullSince, _roomSince, _refusedBefore) = (null, null, refused);
    }
}
