using System.Diagnostics;
using System.Globalization;
using Edge.Events;
using Edge.Journal;
using Edge.Journal.Commits;
using Edge.Journal.Records;
using Edge.Journal.Segments;
using Edge.Storage;
using Edge.Telemetry;

namespace Edge.Benchmarks;

/// <summary>
/// What an append costs, and what a durable append costs beside what the disk alone takes for the same two syncs.
/// Journal and bare disk take turns, because the speed of a shared disk drifts.
/// </summary>
internal static class AppendBenchmark
{
    private const int PayloadBytes = 600;
    private const int BurstAppends = 10_000;
    private const int Bursts = 30;
    private const int Waiters = 64;
    private const int Turns = 6;
    private static readonly TimeSpan TurnTime = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(string parent, TextWriter output)
    {
        var directory = Path.Combine(parent, "edge-benchmark-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(directory);
        try
        {
            await using var journal = EventJournal.Open(
                new JournalOptions { Directory = Path.Combine(directory, "journal") },
                TimeProvider.System,
                new Ledger()
            );
            output.WriteLine(
                $"payload {PayloadBytes} bytes, {Environment.ProcessorCount} processors, .NET {Environment.Version}"
            );
            await MeasureAppendsAsync(journal, output);

            var durable = new List<double>();
            var bare = new List<double>();
            for (var turn = 0; turn < Turns; turn++)
            {
                bare.AddRange(MeasureDisk(Path.Combine(directory, "bare")));
                durable.AddRange(await MeasureDurableAsync(journal));
            }
            Report(output, "bare disk: two 4 KiB writes, each with fdatasync", bare, 1);
            Report(output, $"durable append, {Waiters} waiters", durable, Waiters);
            Commits(output, journal.Status.CommitLatency);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Bursts that fit the memory buffer, so that the disk has no part in them.</summary>
    private static async Task MeasureAppendsAsync(EventJournal journal, TextWriter output)
    {
        var ids = new EventIds(TimeProvider.System);
        var record = Record();
        var nanoseconds = new double[Bursts];
        var allocated = 0L;
        for (var burst = 0; burst < Bursts; burst++)
        {
            var bytesBefore = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < BurstAppends; i++)
            {
                if (journal.TryAppend(record, ids.Next(), out _) != AppendResult.Appended)
                {
                    throw new InvalidOperationException("an append was refused");
                }
            }
            nanoseconds[burst] = Stopwatch.GetElapsedTime(started).TotalNanoseconds / BurstAppends;
            if (burst >= Bursts / 2)
            {
                allocated += GC.GetAllocatedBytesForCurrentThread() - bytesBefore;
            }

            await journal.CommitAsync();
        }
        Array.Sort(nanoseconds);
        var warm = BurstAppends * (Bursts - (Bursts / 2));
        var bytesEach = allocated / (double)warm;
        output.WriteLine(
            Invariant(
                $"append: {nanoseconds[0]:F0} ns best, {nanoseconds[Bursts / 2]:F0} ns median of {Bursts} bursts of {BurstAppends}"
            )
        );
        output.WriteLine(
            Invariant($"append: {bytesEach:F3} bytes allocated each, all by the engine when a page is full")
        );
    }

    private static async Task<List<double>> MeasureDurableAsync(EventJournal journal)
    {
        var end = Stopwatch.GetTimestamp() + (long)(TurnTime.TotalSeconds * Stopwatch.Frequency);
        var ids = new EventIds(TimeProvider.System);
        var samples = await Task.WhenAll(
            Enumerable
                .Range(0, Waiters)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        var record = Record();
                        var mine = new List<double>();
                        while (Stopwatch.GetTimestamp() < end)
                        {
                            var started = Stopwatch.GetTimestamp();
                            if (journal.TryAppend(record, ids.Next(), out var sequence) != AppendResult.Appended)
                            {
                                await Task.Yield();
                                continue;
                            }
                            if (!await journal.WaitForCommitAsync(sequence))
                            {
                                throw new InvalidOperationException("a commit did not come in time");
                            }

                            mine.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                        }
                        return mine;
                    })
                )
        );
        return [.. samples.SelectMany(mine => mine)];
    }

    private static List<double> MeasureDisk(string path)
    {
        const int FileBytes = 16 << 20;
        var block = new byte[SegmentDevice.BlockBytes];
        var samples = new List<double>();
        using (var file = DiskFile.CreateNew(path))
        {
            file.Allocate(FileBytes);
            file.SyncAll();
            var end = Stopwatch.GetTimestamp() + (long)(TurnTime.TotalSeconds * Stopwatch.Frequency);
            for (
                var offset = 0L;
                Stopwatch.GetTimestamp() < end;
                offset = (offset + block.Length) % (FileBytes - block.Length)
            )
            {
                var started = Stopwatch.GetTimestamp();
                file.Write(block, offset + block.Length);
                file.SyncData();
                file.Write(block, 0);
                file.SyncData();
                samples.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }
        File.Delete(path);
        return samples;
    }

    private static void Report(TextWriter output, string name, List<double> milliseconds, int parallel)
    {
        milliseconds.Sort();
        var perSecond = milliseconds.Count / (Turns * TurnTime.TotalSeconds);
        output.WriteLine(
            Invariant(
                $"{name}: {perSecond:F0}/s, p50 {At(0.5):F3} ms, p99 {At(0.99):F3} ms, p99.9 {At(0.999):F3} ms, max {At(1):F3} ms"
            )
        );
        if (parallel > 1)
        {
            output.WriteLine(Invariant($"  one of {parallel} at a time would be {1_000 / At(0.5):F0}/s"));
        }

        double At(double share) => milliseconds[Math.Min(milliseconds.Count - 1, (int)(milliseconds.Count * share))];
    }

    private static void Commits(TextWriter output, CommitLatencySnapshot latency)
    {
        var count = latency.Counts.Sum();
        output.WriteLine(Invariant($"commits: {count}, mean {latency.SumMs / count:F3} ms"));
    }

    private static byte[] Record()
    {
        var record = new byte[Envelope.HeaderBytes + PayloadBytes];
        record.AsSpan(Envelope.HeaderBytes).Fill((byte)'x');
        return record;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
