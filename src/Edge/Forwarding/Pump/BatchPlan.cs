using Edge.Journal;
using Edge.Journal.Records;

namespace Edge.Forwarding.Pump;

/// <summary>
/// How large a batch is: as the options say, or exactly as it was when it was begun before a restart. The pump's thread
/// only.
/// </summary>
internal sealed class BatchPlan(SinkPumpOptions options, UInt128? epochOfSameBatches) : IDisposable
{
    // A page that cannot be read is passed over by the reader after three tries; then the batch is another one.
    private const int RepeatTriesMax = 5;

    private SinkIntent? _intent;
    private (JournalCursor From, JournalCursor End, int Events)? _repeat;
    private int _repeatTries;

    /// <summary>The reader begins at this cursor. A damaged intent is none; an unreadable disk throws.</summary>
    public void Resume(JournalCursor from)
    {
        if (epochOfSameBatches is not { } epoch || options.IntentPath is not { } path)
        {
            return;
        }

        _intent ??= SinkIntent.Open(path, epoch);
        var begun = _repeatTries < RepeatTriesMax ? _intent.BatchAt(from) : null;
        _repeat = begun is { } batch ? (from, batch.End, batch.Events) : null;
    }

    /// <summary>
    /// Reads the next batch, or the rest of one. False when it ought to be an earlier one and is not.
    /// </summary>
    /// <param name="reader">Where from.</param>
    /// <param name="batch">Where to.</param>
    /// <param name="eventsOfWhole">How many events the sink gets of the whole when it was begun earlier; 0 for a new
    /// one.</param>
    public bool Fill(JournalReader reader, RecordBatch batch, out int eventsOfWhole)
    {
        eventsOfWhole = 0;
        if (_repeat is not (var from, var end, var events))
        {
            reader.Read(batch, options.BatchMaxRecords, options.BatchMaxBytes);
            return true;
        }

        _repeat = null;
        reader.Read(batch, (int)(end.Sequence - from.Sequence), int.MaxValue);
        if (batch.End == end)
        {
            eventsOfWhole = events;
            _repeatTries = 0;
            return true;
        }

        _repeatTries++;
        return _repeatTries >= RepeatTriesMax;
    }

    /// <summary>This batch comes now, from here on; what is wrong when that could not be made durable.</summary>
    public string? Announce(JournalCursor start, RecordBatch whole)
    {
        try
        {
            _intent?.Write(start, whole.End, whole.Count);
            return null;
        }
        catch (Exception e) when (e is IOException or JournalException)
        {
            // Without it a kill can make a repetition another batch; the destination still has the ids.
            _intent = null;
            return $"the batch under way cannot be noted, so a repetition may be cut otherwise: {e.Message}";
        }
    }

    /// <summary>Nearly full is full: there is a backlog, and waiting would not make the next batch larger.</summary>
    public bool IsFull(RecordBatch batch) =>
        batch.Count == options.BatchMaxRecords || batch.Bytes.Length >= options.BatchMaxBytes / 4 * 3;

    public void Dispose() => _intent?.Dispose();
}
