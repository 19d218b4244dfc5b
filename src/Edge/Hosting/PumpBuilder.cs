using Edge.Catalog;
using Edge.Corrections;
using Edge.Enrichment.Verdicts;
using Edge.Forwarding;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Settings;
using Edge.Settings.Sinks;
using Edge.Statistics.Counting;

namespace Edge.Hosting;

/// <summary>
/// Builds the pumps: one for every enabled sink and one for the tally. Throws <see cref="JournalException"/> or
/// <see cref="IOException"/> when the service must not start.
/// </summary>
internal sealed class PumpBuilder(EdgeOptions options, EventJournal journal, TimeProvider time, ILogger log)
{
    /// <summary>
    /// Interval between checkpoints of the tally, milliseconds: long, because its file is written as a whole. After a
    /// crash, events since the last checkpoint are counted again.
    /// </summary>
    private const int TallyCheckpointMs = 10_000;

    /// <summary>Bytes of events after which a checkpoint is written early; less when the journal is small.</summary>
    private const long TallyCheckpointBytes = 256L << 20;

    /// <summary>
    /// Divisor for the share of the journal that may wait for the tally's checkpoint, so that it never fills up.
    /// </summary>
    private const int TallyShareOfJournal = 8;

    /// <summary>The tally keeps nothing of a batch, so small batches suffice.</summary>
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
            // Without an enabled sink, the tally alone must not let the journal drop events that were never forwarded.
            _gate.Add(SinkConfiguration.DefaultName, default);
        }

        pumps.Add(TallyPump(tally));
        return pumps;
    }

    /// <summary>
    /// Builds what judges clicks later, before the first pump starts; null where it is turned off, and on an edge whose
    /// origin gets the events of all and judges them.
    /// </summary>
    public CorrectionPump? BuildCorrections(VerdictJudge verdicts, CatalogHolder catalog) =>
        options.AutomationLateWindowSeconds == 0
        || options.Sinks.Any(static sink => sink is { Name: SinkConfiguration.OriginName, Enabled: true })
            ? null
            : CorrectionPump.Open(
                new CorrectionOptions(
                    Path.Combine(options.CursorsDir, CorrectionPump.Name),
                    options.Node,
                    options.AutomationLateWindowSeconds * 1_000L,
                    options.AutomationLateMemoryBytes
                ),
                journal,
                _gate,
                verdicts,
                catalog,
                time,
                log
            );

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
            // A batch holds at most one second's worth of events, so the pause between two is at most a second.
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
            // At least once per segment, so that a full segment can be truncated.
            CheckpointBytes = Math.Min(
                Math.Min(TallyCheckpointBytes, options.JournalMaxBytes / TallyShareOfJournal),
                options.JournalSegmentBytes
            ),
            BatchMaxBytes = TallyBatchBytes,
        };
        return new SinkPump(journal, tally, _gate, pump, time, log);
    }
}
