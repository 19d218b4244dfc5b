using System.Diagnostics;
using System.Globalization;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Selection.Conditions;

namespace Edge.Benchmarks;

/// <summary>
/// What readers notice of a catalog of 10,000 experiments being replaced: a writer stores one change after another
/// through the store, as the management API does, while a reader looks up and chooses. Turns alternate, because the
/// speed of a shared machine drifts: alone, beside a thread that only computes (so that what the scheduler does to a
/// reader that shares its processors is told apart), and beside the writer.
/// </summary>
internal static class SwapBenchmark
{
    private const int Turns = 4;
    private static readonly TimeSpan TurnTime = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Lookups and choices timed as one sample, about the work of a few requests; a clock call costs as much as a
    /// choice.
    /// </summary>
    private const int ChoicesPerSample = 10;

    private const int SamplesMax = 2_000_000;

    public static async Task RunAsync(string parent, TextWriter output)
    {
        var directory = Path.Combine(parent, "edge-benchmark-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(directory);
        try
        {
            for (var number = 0; number < ManyExperiments.Count; number++)
            {
                await File.WriteAllBytesAsync(
                    Path.Combine(directory, $"{number:x8}.json"),
                    ExperimentWriter.WriteStored(ManyExperiments.One(number))
                );
            }
            var started = Stopwatch.GetTimestamp();
            using var store = ExperimentFileStore.Open(
                directory,
                ExperimentRules.Default,
                TimeProvider.System,
                problem => throw new InvalidOperationException(problem.ToString())
            );
            output.WriteLine(
                Invariant(
                    $"{store.Catalog.Current.Entries.Count} experiments loaded in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms,"
                ) + Invariant($" 1 reader, {Environment.ProcessorCount} processors, .NET {Environment.Version}")
            );

            // Room beforehand: what the measurement itself allocates would be collected with everything else.
            var quiet = new List<double>(SamplesMax);
            var beside = new List<double>(SamplesMax);
            var swapped = new List<double>(SamplesMax);
            var writes = new List<double>(10_000);
            await ReadAsync(store, quiet, _ => { });
            quiet.Clear();
            var before = (GC.CollectionCount(0), GC.CollectionCount(2), GC.GetTotalPauseDuration());
            for (var turn = 0; turn < Turns; turn++)
            {
                await ReadAsync(store, quiet, _ => { });
                await ReadAsync(store, beside, Compute);
                await ReadAsync(store, swapped, end => Write(store, writes, end));
            }
            var (all, full, paused) = (
                GC.CollectionCount(0) - before.Item1,
                GC.CollectionCount(2) - before.Item2,
                GC.GetTotalPauseDuration() - before.Item3
            );
            Report(output, "alone", quiet);
            Report(output, "beside a thread that computes", beside);
            Report(output, Invariant($"beside a writer, {writes.Count} swaps"), swapped);
            writes.Sort();
            output.WriteLine(Invariant($"one write and swap: p50 {At(writes, 0.5):F1} ms, max {At(writes, 1):F1} ms"));
            output.WriteLine(
                Invariant(
                    $"garbage collections: {all}, {full} of them full; they paused {paused.TotalMilliseconds:F0} ms in all,"
                ) + Invariant($" {paused.TotalMilliseconds / Math.Max(1, all):F1} ms each")
            );
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Adds the microseconds of each sample of one turn, beside another thread.</summary>
    private static async Task ReadAsync(ExperimentFileStore store, List<double> samples, Action<long> other)
    {
        var end = Stopwatch.GetTimestamp() + (long)(TurnTime.TotalSeconds * Stopwatch.Frequency);
        var writer = Task.Factory.StartNew(
            () => other(end),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        await Task.Factory.StartNew(
            () => Read(store.Catalog, samples, end),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        await writer;
    }

    private static void Compute(long end)
    {
        Span<byte> hash = stackalloc byte[32];
        while (Stopwatch.GetTimestamp() < end)
        {
            System.Security.Cryptography.SHA256.HashData(hash, hash);
        }
    }

    private static void Write(ExperimentFileStore store, List<double> writes, long end)
    {
        var random = new Random(writes.Count);
        while (Stopwatch.GetTimestamp() < end)
        {
            _ = store.Catalog.Current.TryFind(
                ManyExperiments.SlugOf(random.Next(ManyExperiments.Count)),
                out var entry
            );
            var started = Stopwatch.GetTimestamp();
            var next = entry!.Experiment with { Name = Invariant($"Changed {writes.Count}") };
            if (store.Write(next, entry.Experiment) != ExperimentWriteResult.Written)
            {
                throw new InvalidOperationException("a write was refused");
            }

            writes.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
    }

    private static void Read(CatalogHolder holder, List<double> samples, long end)
    {
        var slugs = Enumerable.Range(0, ManyExperiments.Count).Select(ManyExperiments.SlugOf).ToArray();
        var unit = "b35b0be5636c4858"u8.ToArray();
        var now = DateTimeOffset.UtcNow;
        var sum = 0;
        for (var n = 0; ; n += ChoicesPerSample)
        {
            var started = Stopwatch.GetTimestamp();
            if (started >= end)
            {
                break;
            }

            for (var i = n; i < n + ChoicesPerSample; i++)
            {
                if (!holder.Current.TryFind(slugs[(int)((uint)i * 7_919u % (uint)slugs.Length)], out var entry))
                {
                    throw new InvalidOperationException("an experiment is gone");
                }

                sum += VariantSelector
                    .Choose(
                        entry,
                        new VisitorContext
                        {
                            Now = now,
                            DeviceType = "desktop",
                            Query = "a=b",
                        },
                        unit
                    )
                    .Variant;
            }
            if (samples.Count < SamplesMax)
            {
                samples.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
            }
        }
        GC.KeepAlive(sum);
    }

    private static void Report(TextWriter output, string name, List<double> microseconds)
    {
        microseconds.Sort();
        output.WriteLine(
            Invariant(
                $"{name}: {microseconds.Count} samples of {ChoicesPerSample} lookups and choices, p50 {At(microseconds, 0.5):F2} us,"
            )
                + Invariant(
                    $" p99 {At(microseconds, 0.99):F2} us, p99.9 {At(microseconds, 0.999):F2} us, max {At(microseconds, 1) / 1_000:F2} ms"
                )
        );
    }

    private static double At(List<double> sorted, double share) =>
        sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
