using Edge.Catalog;
using Edge.Forwarding.Pump;
using Edge.Statistics.Counting;
using Edge.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Tests.Statistics;

/// <summary>A real journal whose events a real pump hands to the tally, in one data directory.</summary>
internal sealed class TalliedJournal : IAsyncDisposable
{

    private TalliedJournal(TestJournal journal, Tally tally, SinkPump pump)
    {
        Journal = journal;
        Tally = tally;
        Pump = pump;
    }

    public TestJournal Journal { get; }

    public Tally Tally { get; }

    public SinkPump Pump { get; }

    public static TalliedJournal Open(
        string dataDirectory,
        int checkpointIntervalMs = 1_000,
        CatalogHolder? catalog = null,
        ILogger? log = null
    )
    {
        // In one page, so that the journal forgets nothing the tests want to read again.
        var journal = TestJournal.Open(
            TestJournal.SmallOptions(Path.Combine(dataDirectory, "journal")) with
            {
                PageBytes = 4 << 20,
                MemoryBytes = 16 << 20,
                SegmentBytes = 16 << 20,
            }
        );
        var cursorPath = Path.Combine(dataDirectory, "cursors", Tally.SinkName);
        var options = new TallyOptions { Directory = dataDirectory, CursorPath = cursorPath };
        var tally = Tally.Open(
            options,
            journal.Journal,
            catalog ?? new CatalogHolder(),
            TimeProvider.System,
            log ?? NullLogger.Instance
        );
        var pumpOptions = new SinkPumpOptions
        {
            SinkName = Tally.SinkName,
            CursorPath = cursorPath,
            CheckpointIntervalMs = checkpointIntervalMs,
            LingerMs = 1,
        };
        var gate = new TruncationGate(journal.Journal);
        return new TalliedJournal(
            journal,
            tally,
            new SinkPump(journal.Journal, tally, gate, pumpOptions, TimeProvider.System, NullLogger.Instance)
        );
    }

    public async Task AppendAsync(int count, string variant = "a")
    {
        for (var i = 0; i < count; i++)
        {
            Journal.Append(VisitEvent.Impression(0, i / 100.0, variant).Text());
        }

        await Journal.Journal.CommitAsync();
    }

    /// <summary>Counts what is committed and ends in order.</summary>
    public async Task RunToTheEndAsync()
    {
        Pump.Start();
        await Pump.StopAsync(CancellationToken.None);
    }

    public Task UntilAsync(Predicate<SinkStatus> reached) =>
        Wait.UntilAsync(() => reached(Pump.Status), () => Pump.Status.ToString());

    public long Impressions(string variant = "a") =>
        Tally.CountsOf("exp_abc123").Where(counts => counts.Id == variant).Sum(counts => counts.Impressions);

    public async ValueTask DisposeAsync()
    {
        await Pump.StopAsync(new CancellationToken(canceled: true));
        Pump.Dispose();
        await Journal.DisposeAsync();
    }
}
