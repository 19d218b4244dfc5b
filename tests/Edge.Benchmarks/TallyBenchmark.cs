using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Edge.Catalog;
using Edge.Events;
using Edge.Journal.Records;
using Edge.Statistics;
using Edge.Statistics.Counting;

namespace Edge.Benchmarks;

/// <summary>
/// What the tally costs: events a second on one core, a checkpoint at its limit of units, and the memory of a trial that
/// waits for the end of a long window.
/// </summary>
internal static class TallyBenchmark
{
    private const int Events = 200_000;
    private const int Rounds = 5;
    private const int Experiments = 100;
    private const double BytesPerMebibyte = 1 << 20;
    private static readonly TimeSpan LongWindow = TimeSpan.FromDays(30);
    private static readonly DateTimeOffset Begin = new(2026, 5, 16, 0, 0, 0, TimeSpan.Zero);

    public static void Run(TextWriter output)
    {
        var ids = new EventIds(TimeProvider.System);
        var counts = new TallyCounts(TallyLimits.Default, new CatalogHolder());
        var clockMs = Begin.AddDays(1).ToUnixTimeMilliseconds();
        for (var round = 0; round < Rounds; round++)
        {
            var events = Enumerable.Range(round * Events, Events).Select(i => Encode(ids, i)).ToArray();
            var bytesBefore = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < events.Length; i++)
            {
                counts.Count(events[i], clockMs, clockMs);
                if (i % 1_000 == 0)
                {
                    counts.Mature(clockMs, isUpToDate: false);
                }
            }
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var allocated = (GC.GetAllocatedBytesForCurrentThread() - bytesBefore) / (double)Events;
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Events / seconds:N0} events/s of {events[0].Length} bytes, {allocated:N0} bytes allocated each; {counts.Status}"
                )
            );
        }

        Checkpoint(counts, output);
        Wait(output);
        Sketch(output);
    }

    /// <summary>As many open trials of long windows as there may be.</summary>
    private static void Wait(TextWriter output)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var budget = new SharedBudget(TallyLimits.Default.UnitsMax);
        var tracker = new TrialTracker(budget);
        var beginMs = Begin.ToUnixTimeMilliseconds();
        var trial = new OpenTrial(0, 5_000, 1, beginMs, beginMs + (long)LongWindow.TotalMilliseconds, IsSuccess: false)
        {
            Rows = new TrialRows(1, 2, 3, 4, 5),
        };
        var unit = 0UL;
        while (tracker.Expose(++unit * 0x9E3779B97F4A7C15, trial) == ExposureResult.Opened) { }
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        var packed = tracker.PackUnits().Length + tracker.PackTrials().Length;
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{tracker.Open:N0} open trials of {LongWindow.TotalDays:N0} days: {bytes / BytesPerMebibyte:N0} MiB, {bytes / (double)tracker.Open:N0} bytes each, {packed * 4 / 3.0 / tracker.Open:N0} in the checkpoint"
            )
        );
        GC.KeepAlive(tracker);
    }

    /// <summary>What a unit costs in a sketch, and what the sketches of one busy variant take at most.</summary>
    private static void Sketch(TextWriter output)
    {
        const int Units = 1_000_000;
        var budget = new SharedBudget(int.MaxValue);
        var random = new Random(1);
        var hashes = Enumerable.Range(0, Units).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue)).ToArray();
        var (few, many) = (new UniqueSketch(), new UniqueSketch());
        foreach (var hash in hashes)
        {
            many.Add(hash, budget);
        }
        foreach (var hash in hashes.AsSpan(0, UniqueSketch.SparseMax))
        {
            few.Add(hash, budget);
        }
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var variant = new VariantCounter("a", budget);
        for (var i = 0; i < 40 * 24 * 1_000; i++)
        {
            variant.AddUnit(hashes[i % Units], Begin.ToUnixTimeMilliseconds() + (i * 3_600L));
        }
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"a unit in a sketch of registers {Nanoseconds(many, Units):N1} ns, in one of {UniqueSketch.SparseMax} entries {Nanoseconds(few, UniqueSketch.SparseMax):N1} ns; a variant with 40 days of 1,000 units an hour {bytes:N0} bytes, {variant.ToState().Uniques!.Length * 4 / 3:N0} in the checkpoint"
            )
        );
        GC.KeepAlive(variant);

        double Nanoseconds(UniqueSketch sketch, int units)
        {
            const int Adds = 20_000_000;
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < Adds; i++)
            {
                sketch.Add(hashes[i % units], budget);
            }
            return Stopwatch.GetElapsedTime(started).TotalNanoseconds / Adds;
        }
    }

    private static void Checkpoint(TallyCounts counts, TextWriter output)
    {
        var saving = Stopwatch.GetTimestamp();
        var json = JsonSerializer.SerializeToUtf8Bytes(
            counts.ToState("00", new JournalCursor(1, 1)),
            StatisticsJson.Default.TallyState
        );
        var saved = Stopwatch.GetElapsedTime(saving);
        var loading = Stopwatch.GetTimestamp();
        TallyCounts.FromState(
            JsonSerializer.Deserialize(json, StatisticsJson.Default.TallyState)!,
            TallyLimits.Default,
            new CatalogHolder()
        );
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"checkpoint of {json.Length / BytesPerMebibyte:N1} MiB made in {saved.TotalMilliseconds:N0} ms, read in {Stopwatch.GetElapsedTime(loading).TotalMilliseconds:N0} ms"
            )
        );
    }

    /// <summary>One event in five is a click of somebody who was shown something; 50 events to a millisecond.</summary>
    private static byte[] Encode(EventIds ids, int number)
    {
        var isClick = number % 5 == 4;
        var unit = (ulong)(isClick ? number - 4 : number) * 0x9E3779B97F4A7C15;
        var tracked = new TrackedEvent
        {
            Id = ids.Next(),
            Node = "edge-1",
            ReceivedAt = Begin.AddMilliseconds(number / 50.0),
            Api = "pictify",
            Project = "default",
            Type = isClick ? "click" : "impression",
            Event = isClick ? "redirect"u8 : "pixel"u8,
            Experiment = "homepage-hero-test"u8,
            ExperimentUid = Encoding.UTF8.GetBytes($"exp_{number / 5 % Experiments:d12}"),
            Variant = "variant-a"u8,
            ProbabilityBasisPoints = 5_000,
            WeightsVersion = 1,
            UnitHash = Encoding.ASCII.GetBytes(unit.ToString("x16", CultureInfo.InvariantCulture)),
            Referrer = "https://mail.example.com/u/0/inbox"u8,
            DeviceType = "desktop",
            Browser = "chrome",
            Os = "windows",
            AddressHash = "9c2f0d5a7f4e3b1a6d8c9e0f1a2b3c4d"u8,
            Verdict = "human",
            VerdictReason = "",
        };
        return EventEncoder.Encode(tracked, room: 0).ToArray();
    }
}
