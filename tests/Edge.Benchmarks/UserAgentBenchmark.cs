using System.Diagnostics;
using System.Globalization;
using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.RuleCompiler;
using Edge.Tests.Enrichment.UserAgents;

namespace Edge.Benchmarks;

/// <summary>
/// The user-agent parser beside the naive evaluation of all rules, on the same user agents in the same run: are they
/// equal, what does one parse cost, what a cached one, what the worst of 100,000 hostile ones.
/// </summary>
internal static class UserAgentBenchmark
{
    public const int AgentsDefault = 25_000;

    private const int HostileAgents = 100_000;
    private const int NaiveAgents = 1_000;
    private const int WarmUpParses = 20_000;
    private const int CachedAgents = 1_000;
    private const int CachedRounds = 1_000;
    private const int WorstKept = 50;
    private const int WorstRepeats = 5;

    /// <summary>Exit code 0 only when nothing differs.</summary>
    public static int Run(int generated, TextWriter output)
    {
        var started = Stopwatch.GetTimestamp();
        using var parser = new UserAgentParser(RuleTable.Load());
        parser.Parse("Mozilla/5.0");
        output.WriteLine(
            Invariant(
                $"{Environment.ProcessorCount} processors, .NET {Environment.Version}; rules loaded and first parse after {Ms(started):F1} ms"
            )
        );

        var rules = UserAgentSamples.ReadRules();
        var naive = new NaiveParser(rules);
        var collected = UserAgentSamples.Collected();
        for (var i = 0; i < WarmUpParses; i++)
        {
            parser.Parse(collected[i % collected.Count]);
        }

        Report(output, $"uncached, {collected.Count} collected agents", Measure(collected, text => parser.Parse(text)));
        Report(
            output,
            $"naive, {NaiveAgents} of them",
            Measure(
                [.. collected.Take(NaiveAgents / 2), .. collected.TakeLast(NaiveAgents / 2)],
                text => naive.Parse(text)
            )
        );
        MeasureCached(output, collected);
        MeasureHostile(output, parser, rules);

        var agents = collected.Concat(UserAgentSamples.Generated(rules, collected, generated, seed: 11)).ToArray();
        var differing = agents.AsParallel().Where(text => parser.Parse(text) != naive.Parse(text)).ToArray();
        output.WriteLine(
            Invariant(
                $"compared on {agents.Length} agents ({collected.Count} collected, {generated} generated): {differing.Length} differences"
            )
        );
        foreach (var text in differing.Take(10))
        {
            output.WriteLine($"  {text}");
        }

        return differing.Length == 0 ? 0 : 1;
    }

    private static void MeasureCached(TextWriter output, List<string> collected)
    {
        var cache = new UserAgentCache(
            new VerdictJudge(VerdictRules.Load(VerdictRuleOptions.Default).Table, 0, new EnrichmentFaults()),
            new EnrichmentFaults()
        );
        var agents = collected
            .Where((_, index) => index % (collected.Count / CachedAgents) == 0)
            .Take(CachedAgents)
            .ToArray();
        for (var round = 0; round < 50; round++)
        {
            foreach (var text in agents)
            {
                cache.Lookup(text);
            }
        }

        var nanoseconds = new List<double>(CachedRounds);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < CachedRounds; round++)
        {
            var started = Stopwatch.GetTimestamp();
            foreach (var text in agents)
            {
                cache.Lookup(text);
            }

            nanoseconds.Add(Stopwatch.GetElapsedTime(started).TotalNanoseconds / agents.Length);
        }
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        nanoseconds.Sort();
        output.WriteLine(
            Invariant(
                $"cached, {agents.Length} agents: median {nanoseconds[nanoseconds.Count / 2]:F0} ns, best {nanoseconds[0]:F0} ns, {bytes} bytes over {CachedRounds * agents.Length} lookups"
            )
        );
    }

    /// <summary>
    /// The worst are timed again, and the least of those times is what they cost: the rest is other programs on the
    /// machine.
    /// </summary>
    private static void MeasureHostile(TextWriter output, UserAgentParser parser, Dictionary<string, List<Rule>> rules)
    {
        var worst = new PriorityQueue<string, double>();
        var (raw, count, total) = (0.0, 0, 0.0);
        foreach (var text in UserAgentSamples.Hostile(rules, HostileAgents, seed: 3))
        {
            var microseconds = Time(text, parser);
            raw = Math.Max(raw, microseconds);
            total += microseconds;
            count++;
            worst.Enqueue(text, microseconds);
            if (worst.Count > WorstKept)
            {
                worst.Dequeue();
            }
        }
        var repeated = worst
            .UnorderedItems.Select(item =>
                (item.Element, Cost: Enumerable.Range(0, WorstRepeats).Min(_ => Time(item.Element, parser)))
            )
            .MaxBy(item => item.Cost);
        output.WriteLine(
            Invariant(
                $"hostile, {count} agents of {UserAgentText.MaxBytes} bytes: mean {total / count:F1} us, worst {repeated.Cost:F0} us, {raw:F0} us with what else ran on the machine"
            )
        );
        output.WriteLine($"  {repeated.Element[..100]}...");
    }

    private static double Time(string text, UserAgentParser parser)
    {
        var started = Stopwatch.GetTimestamp();
        parser.Parse(text);
        return Stopwatch.GetElapsedTime(started).TotalMicroseconds;
    }

    private static List<double> Measure(List<string> agents, Action<string> parse)
    {
        var microseconds = new List<double>();
        foreach (var text in agents)
        {
            var started = Stopwatch.GetTimestamp();
            parse(text);
            microseconds.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }
        microseconds.Sort();
        return microseconds;
    }

    private static void Report(TextWriter output, string name, List<double> microseconds) =>
        output.WriteLine(
            Invariant(
                $"{name}: median {microseconds[microseconds.Count / 2]:F1} us, p99 {microseconds[microseconds.Count * 99 / 100]:F1} us, worst {microseconds[^1]:F0} us"
            )
        );

    private static double Ms(long started) => Stopwatch.GetElapsedTime(started).TotalMilliseconds;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
