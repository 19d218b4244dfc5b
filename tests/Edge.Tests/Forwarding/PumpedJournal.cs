using Edge.Forwarding;
using Edge.Forwarding.Files;
using Edge.Forwarding.Pump;
using Edge.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Edge.Tests.Forwarding;

/// <summary>A real journal and a running pump with a file sink, in one data directory.</summary>
internal sealed class PumpedJournal : IAsyncDisposable
{

    private PumpedJournal(string dataDirectory, TestJournal journal, SinkPump pump)
    {
        ForwardedDirectory = Path.Combine(dataDirectory, "forwarded");
        Journal = journal;
        Pump = pump;
    }

    public TestJournal Journal { get; }

    public SinkPump Pump { get; }

    public string ForwardedDirectory { get; }

    public SinkStatus Status => Pump.Status;

    public static PumpedJournal Open(
        string dataDirectory,
        TimeProvider? time = null,
        Func<SinkPumpOptions, SinkPumpOptions>? change = null,
        ILogger? log = null,
        ISink? sink = null
    )
    {
        time ??= TimeProvider.System;
        var journal = TestJournal.Open(Path.Combine(dataDirectory, "journal"));
        sink ??= new FileSink(new FileSinkOptions { Directory = Path.Combine(dataDirectory, "forwarded") }, time);
        var options = new SinkPumpOptions
        {
            SinkName = "file",
            CursorPath = Path.Combine(dataDirectory, "cursors", "file"),
            IntentPath = Path.Combine(dataDirectory, "intents", "file"),
            DeadLetterDirectory = Path.Combine(dataDirectory, "dead-letters", "file"),
            PausePath = PauseSwitch.PathOf(dataDirectory, "file"),
        };
        var gate = new TruncationGate(journal.Journal);
        var pump = new SinkPump(
            journal.Journal,
            sink,
            gate,
            change?.Invoke(options) ?? options,
            time,
            log ?? NullLogger.Instance
        );
        return new PumpedJournal(dataDirectory, journal, pump);
    }

    /// <summary>Waits until the pump, which runs on its own thread, has come to a state.</summary>
    public Task UntilAsync(Predicate<SinkStatus> reached) =>
        Wait.UntilAsync(() => reached(Status), () => Status.ToString());

    public Task StopAsync() => Pump.StopAsync(CancellationToken.None);

    public void AssertForwarded(long first, long last)
    {
        var expected = Enumerable.Range((int)first, (int)(last - first + 1)).Select(n => TestJournal.PayloadOf(n));
        Assert.Equal(expected, SinkFiles.Lines(ForwardedDirectory));
    }

    public async ValueTask DisposeAsync()
    {
        await Pump.StopAsync(new CancellationToken(canceled: true));
        Pump.Dispose();
        await Journal.DisposeAsync();
    }
}
