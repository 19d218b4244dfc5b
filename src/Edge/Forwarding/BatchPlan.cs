using Edge.Journal;

namespace Edge.Forwarding;

/// <summary>
/// How large a batch is: as the options say, or exactly as it was when it was begun before a restart. The pump's thread
/// only.
/// </summary>
internal sealed class BatchPlan(SinkPumpOptions options, UInt128? epochOfSameBatches) : IDisposable
{
    // A page that cannot be read is passed over by the reader after three tries; then the batch is another one.
    private const int RepeatTriesMax = 5;

    private SinkIntent? _intent;
    private (JournalCursor Start, JournalCursor End)? _repeat;
    private int _repeatTries;

    /// <summary>The reader begins at this cursor. A damaged intent is none; an unreadable disk throws.</summary>
    public void Resume(JournalCursor from)
    {
        if (epochOfSameBatches is not { } epoch || options.IntentPath is not { } path)
        {
            return;
        }

        _intent ??= SinkIntent.Open(path, epoch);
        var end = _repeatTries < RepeatTriesMax ? _intent.EndFrom(from) : null;
        _repeat = end is { } known ? (from, known) : null;
    }

    /// <summary>Reads the next batch. False when it ought to be an earlier one and is not.</summary>
    public bool Fill(JournalReader reader, RecordBatch batch)
    {
        if (_repeat is not (var start, var end))
        {
            reader.Read(batch, options.BatchMaxRecords, options.BatchMaxBytes);
            return true;
        }

        _repeat = null;
        reader.Read(batch, (int)(end.Sequence - start.Sequence), int.MaxValue);
        if (batch.End == end)
        {
            _repeatTries = 0;
            return true;
        }

        _repeatTries++;
        return _repeatTries >= RepeatTriesMax;
    }

    /// <summary>The batch from here to there comes now; what is wrong when that could not be made durable.</summary>
    public string? Announce(JournalCursor start, JournalCursor end)
    {
        try
        {
            _intent?.Write(start, end);
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
