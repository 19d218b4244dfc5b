using Edge.Forwarding;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Settings;
using Edge.Settings.Sinks;
using Edge.Statistics.Counting;

namespace Edge.Hosting;

/// <summary>
/// Makes the pumps: one for every enabled sink and one for the tally. Throws <see cref="JournalException"/> or
/// <see cref="IOException"/> when the start must be refused.
/// </summary>
internal sealed class PumpBuilder(EdgeOptions options, EventJournal journal, TimeProvider time, ILogger log)
{
    /// <summary>
    /// The tally is one file that is written as a whole: rarely. What comes after it is counted again after a kill.
    /// </summary>
    private const int TallyCheckpointMs = 10_000;

    /// <summary>Bytes of events after which it is written before its time, unless the journal is small.</summary>
    private const long TallyCheckpointBytes = 256L << 20;

    /// <summary>The journal must not fill up while it waits for the tally; a part of it may be held by that.</summary>
    private const int TallyShareOfJournal = 8;

    /// <summary>The tally keeps nothing of a batch, so a small one will do.</summary>
    private const int TallyBatchBytes = 1 << 20;

    private readonly TruncationGate _gate = new(journal);

    public List<SinkPump> Build(Tally tally)
    {
        var pumps = new List<SinkPump>();
        foreach (var sink in options.Sinks)
        {
            if (sink.Enabled)
            {
                pumps.Add(Pump(sink));
            }
            else
            {
                log.SinkDisabled(sink.Name);
            }
        }

        if (pumps.Count == 0)
        {
            // Switched off is not given up: the tally alone must not let the journal forget what nobody was sent.
            _gate.Add(SinkConfiguration.DefaultName, default);
        }

        pumps.Add(TallyPump(tally));
        return pumps;
    }

    private SinkPump Pump(SinkOptions sink)
    {
        var pump = new SinkPumpOptions
        {
            SinkName = sink.Name,
            CursorPath = Path.Combine(options.CursorsDir, sink.Name),
            IntentPath = Path.Combine(options.DataDir, "intents", sink.Name),
            DeadLetterDirectory = Path.Combine(options.DeadLettersDir, sink.Name),
            PausePath = PauseSwitch.PathOf(options.DataDir, sink.Name),
            Filter = EventFilter.Of(sink),
            Fields = EventFields.Of(sink),
            RefusedInARowMax = sink.RefusedInARowMax,
            // No batch is more than a second's worth, so no pause between two is longer than that.
            BatchMaxRecords =
                sink.EventsPerSecondMax > 0
                    ? Math.Min(sink.BatchMaxEvents, sink.EventsPerSecondMax)
                    : sink.BatchMaxEvents,
            EventsPerSecondMax = sink.EventsPerSecondMax,
            BatchMaxBytes = sink.BatchMaxBytes,
            LingerMs = sink.LingerMs,
            RetryCeilingMs = sink.RetryCeilingMs,
        };
        return new SinkPump(journal, SinkFactory.Create(sink, options, time), _gate, pump, time, log);
    }

    private SinkPump TallyPump(Tally tally)
    {
        var pump = new SinkPumpOptions
        {
            SinkName = Tally.SinkName,
            CursorPath = Path.Combine(options.CursorsDir, Tally.SinkName),
            CheckpointIntervalMs = TallyCheckpointMs,
            // A segment that is full waits for nothing but this.
            CheckpointBytes = Math.Min(
                Math.Min(TallyCheckpointBytes, options.JournalMaxBytes / TallyShareOfJournal),
                options.JournalSegmentBytes
            ),
            BatchMaxBytes = TallyBatchBytes,
        };
        return new SinkPump(journal, tally, _gate, pump, time, log);
    }
}
