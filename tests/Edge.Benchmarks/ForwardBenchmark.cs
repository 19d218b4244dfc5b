using System.Diagnostics;
using System.Globalization;
using System.Text;
using Edge.Events;
using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.Http;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Benchmarks;

/// <summary>
/// What forwarding to ClickHouse costs: processor time of this process per event and events a second, for a backlog in
/// a journal on disk, with the cursor, the intent, gzip and a real server. The server is started by whoever measures.
/// </summary>
internal static class ForwardBenchmark
{
    public const int EventsDefault = 1_000_000;

    private const string Table = "edge_forward_benchmark";
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(10);

    public static async Task<int> RunAsync(Uri url, int events, bool compresses, TextWriter output)
    {
        var directory = Directory.CreateTempSubdirectory("edge-forward-").FullName;
        try
        {
            return await RunAsync(url, events, compresses, directory, output);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<int> RunAsync(Uri url, int events, bool compresses, string directory, TextWriter output)
    {
        var options = new ClickHouseSinkOptions
        {
            SinkName = "benchmark",
            Url = new UriBuilder(url) { UserName = "", Password = "" }.Uri,
            Transport = new HttpTransportOptions { AllowsPrivate = true },
            Table = Table,
            Compresses = compresses,
            User = url.UserInfo.Length == 0 ? "default" : url.UserInfo.Split(':')[0],
            Password = url.UserInfo.Contains(':', StringComparison.Ordinal)
                ? Uri.UnescapeDataString(url.UserInfo.Split(':')[1])
                : "",
        };
        var setup = await ClickHouseSetup.RunAsync(options, applies: true, TimeProvider.System);
        if (setup.Problem is not null)
        {
            output.WriteLine(setup.Problem);
            return 1;
        }

        var journalOptions = new JournalOptions
        {
            Directory = Path.Combine(directory, "journal"),
            MaxBytes = 64L << 30,
        };
        await using var journal = EventJournal.Open(journalOptions, TimeProvider.System, new Ledger());
        var bytes = await FillAsync(journal, events);
        var pump = new SinkPumpOptions
        {
            SinkName = "benchmark",
            CursorPath = Path.Combine(directory, "cursors", "benchmark"),
            IntentPath = Path.Combine(directory, "intents", "benchmark"),
        };
        using var pumping = new SinkPump(
            journal,
            new ClickHouseSink(options, TimeProvider.System),
            new TruncationGate(journal),
            pump,
            TimeProvider.System,
            NullLogger.Instance
        );
        using var process = Process.GetCurrentProcess();
        var cpuBefore = process.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        pumping.Start();
        while (pumping.Status is { Pending: > 0 } status)
        {
            if (status.LastError is { } error)
            {
                output.WriteLine(error);
                return 1;
            }

            await Task.Delay(PollPause);
        }

        var seconds = clock.Elapsed.TotalSeconds;
        process.Refresh();
        var cpu = process.TotalProcessorTime - cpuBefore;
        await pumping.StopAsync(CancellationToken.None);
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{setup.Server}: {events} events of {bytes / events} bytes in {seconds:N1} s, {events / seconds:N0}/s, {cpu.TotalMicroseconds / events:N2} us of processor time each, {pumping.Status.Batches} batches, {(compresses ? "gzip" : "not compressed")}"
            )
        );
        return 0;
    }

    private static async Task<long> FillAsync(EventJournal journal, int events)
    {
        var ids = new EventIds(TimeProvider.System);
        var bytes = 0L;
        for (var n = 0; n < events;)
        {
            var id = ids.Next();
            var record = Encode(id, n);
            while (journal.TryAppend(record, id, out _) != AppendResult.Appended)
            {
                await Task.Delay(1);
            }

            bytes += record.Length - Envelope.HeaderBytes;
            n++;
        }

        await journal.CommitAsync();
        return bytes;
    }

    /// <summary>As a pixel makes it, with what differs between visitors different here.</summary>
    private static byte[] Encode(EventId id, int number)
    {
        var unit = (ulong)number * 0x9E3779B97F4A7C15;
        var tracked = new TrackedEvent
        {
            Id = id,
            Node = "edge-1",
            ReceivedAt = DateTimeOffset.UtcNow,
            Api = "pictify",
            Project = "default",
            Type = number % 5 == 4 ? "click" : "impression",
            Event = number % 5 == 4 ? "redirect"u8 : "pixel"u8,
            Experiment = "homepage-hero-test"u8,
            ExperimentUid = Encoding.UTF8.GetBytes($"exp_{number / 5 % 100:d12}"),
            Variant = "variant-a"u8,
            ProbabilityBasisPoints = 5_000,
            WeightsVersion = 1,
            UnitHash = Encoding.ASCII.GetBytes(unit.ToString("x16", CultureInfo.InvariantCulture)),
            Referrer = Encoding.ASCII.GetBytes($"https://mail.example.com/u/{number % 1_000}/inbox"),
            DeviceType = "desktop",
            Browser = "chrome",
            Os = "windows",
            AddressHash = Encoding.ASCII.GetBytes(
                (unit * 31).ToString("x16", CultureInfo.InvariantCulture)
                    + (unit * 17).ToString("x16", CultureInfo.InvariantCulture)
            ),
            Verdict = "human",
            VerdictReason = "",
        };
        return EventEncoder.Encode(tracked, Envelope.HeaderBytes).ToArray();
    }
}
