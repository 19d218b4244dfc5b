using System.Diagnostics;
using System.Globalization;
using System.Text;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Selection.Conditions;

namespace Edge.Benchmarks;

/// <summary>
/// What one choice costs with 10,000 experiments loaded: the lookup by slug alone, and the whole choice of each type.
/// Once for a campaign that everybody opens, and once with every choice of another experiment than the one before, so
/// that each waits for main memory: traffic lies in between.
/// </summary>
internal static class SelectionBenchmark
{
    /// <summary>Few enough that most rounds pass without the scheduler taking the processor away.</summary>
    private const int Choices = 2_000;

    private const int Rounds = 500;

    private delegate int Step(int number);

    public static void Run(TextWriter output)
    {
        var catalog = new ExperimentCatalog(ManyExperiments.All(), 1);
        output.WriteLine(
            $"{catalog.Entries.Count} experiments, {Environment.ProcessorCount} processors, .NET {Environment.Version}"
        );
        var slugs = Enumerable.Range(0, catalog.Entries.Count).Select(ManyExperiments.SlugOf).ToArray();
        var entries = slugs
            .Select(slug => catalog.TryFind(slug, out var entry) ? entry : throw new InvalidOperationException(slug))
            .ToArray();
        var kinds = Enum.GetValues<ExperimentType>()
            .ToDictionary(type => type, type => entries.Where(e => e.Type == type).ToArray());
        // An odd stride visits all of them in no order memory could guess.
        const uint Stride = 7_919;
        var now = new DateTimeOffset(2026, 3, 4, 13, 30, 0, TimeSpan.Zero);
        var units = Enumerable
            .Range(0, 1 << 12)
            .Select(n => Encoding.ASCII.GetBytes(n.ToString("x16", CultureInfo.InvariantCulture)))
            .ToArray();
        const string Query = "utm_source=newsletter&utm_medium=email&plan=gold&age=42&ref=abc";

        Measure(output, "empty loop", n => n & 1);
        Measure(output, "lookup by slug, one experiment", n => catalog.TryFind(slugs[0], out _) ? 1 : n & 1);
        Measure(
            output,
            "lookup by slug, all in turn",
            n => catalog.TryFind(slugs[(int)((uint)n * Stride % (uint)slugs.Length)], out _) ? 1 : 0
        );
        Measure(output, "lookup of a slug nobody has", n => catalog.TryFind("no-such-slug", out _) ? 1 : n & 1);
        foreach (
            var (name, type) in new[]
            {
                ("A/B choice, md5 included", ExperimentType.AbTest),
                ("smart link, 20 rules and none true", ExperimentType.SmartLink),
                ("scheduled, within one window", ExperimentType.Scheduled),
            }
        )
        {
            var all = kinds[type];
            Measure(output, $"{name}, one experiment", n => Choose(all[0], n));
            Measure(output, $"{name}, all in turn", n => Choose(all[(int)((uint)n * Stride % (uint)all.Length)], n));
        }

        int Choose(CatalogEntry entry, int n) =>
            VariantSelector.Choose(entry, Visitor(), units[n & (units.Length - 1)]).Variant;

        VisitorContext Visitor() =>
            new()
            {
                Now = now,
                DeviceType = "desktop",
                Os = "windows",
                Browser = "chrome",
                Country = "FR",
                Continent = "EU",
                AcceptLanguage = "fr-FR,fr;q=0.9,en;q=0.8",
                Referrer = "https://www.example.com/page?x=1",
                Query = Query,
            };
    }

    private static void Measure(TextWriter output, string name, Step step)
    {
        var nanoseconds = new double[Rounds];
        var allocated = 0L;
        var sum = 0;
        var number = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var bytesBefore = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < Choices; i++)
            {
                sum += step(number++);
            }

            nanoseconds[round] = Stopwatch.GetElapsedTime(started).TotalNanoseconds / Choices;
            // The first rounds compile; scheduled experiments keep their first answer.
            if (round >= Rounds / 2)
            {
                allocated += GC.GetAllocatedBytesForCurrentThread() - bytesBefore;
            }
        }
        Array.Sort(nanoseconds);
        var bytes = allocated / (double)(Choices * (Rounds - Rounds / 2));
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: {nanoseconds[Rounds / 2]:F1} ns median, {nanoseconds[0]:F1} ns best of {Rounds} rounds of {Choices}, {bytes:F3} bytes each"
            )
        );
        GC.KeepAlive(sum);
    }
}
