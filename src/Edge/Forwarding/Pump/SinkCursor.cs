using Edge.Journal;
using Edge.Journal.Records;

namespace Edge.Forwarding.Pump;

/// <summary>
/// How far a sink has durably taken the journal; lets the journal go once that is on the disk. Used by the pump's
/// thread.
/// </summary>
internal sealed class SinkCursor : IDisposable
{
    private readonly string _sinkName;
    private readonly TruncationGate _gate;
    private readonly CursorFile _file;

    /// <summary>
    /// Throws <see cref="JournalException"/> when the file cannot be trusted or does not fit the journal.
    /// </summary>
    public SinkCursor(SinkPumpOptions options, EventJournal journal, TruncationGate gate)
    {
        _sinkName = options.SinkName;
        _gate = gate;
        _file = CursorFile.Open(options.CursorPath, journal.EpochId);
        Durable = _file.Value;
        try
        {
            // Refuses a cursor behind the journal's end now, so that the start is refused and not only this sink.
            journal.OpenReader(Durable.Cursor).Dispose();
        }
        catch
        {
            _file.Dispose();
            throw;
        }

        _gate.Add(_sinkName, Durable.Cursor);
    }

    /// <summary>What a restart begins with.</summary>
    public SinkProgress Durable { get; private set; }

    /// <summary>
    /// Why the cursor cannot be written, in words; null while it can. Stays until a restart has read what the disk
    /// holds: the old value or the one that was being written. The sink may go on, it loses nothing, but must not be
    /// flushed again, so that it still knows its place for both; the journal is held.
    /// </summary>
    public string? Problem { get; private set; }

    /// <summary>
    /// Makes the progress durable and releases the journal up to it. False sets <see cref="Problem"/>.
    /// </summary>
    public bool TrySave(SinkProgress progress)
    {
        try
        {
            _file.Write(progress);
        }
        catch (Exception e) when (e is IOException or JournalException)
        {
            Problem = $"the cursor cannot be written; restart when the disk is repaired: {e.Message}";
            return false;
        }

#if EDGE_FAULTS
        Storage.Faults.KillPoints.Reach("after-cursor");
#endif
        Durable = progress;
        _gate.Report(_sinkName, progress.Cursor);
        return true;
    }

    public void Dispose() => _file.Dispose();
}
