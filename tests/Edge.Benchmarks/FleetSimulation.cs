using System.Globalization;
using System.Text;
using Edge.Catalog;
using Edge.Events;
using Edge.Statistics.Counting;

namespace Edge.Benchmarks;

/// <summary>
/// What a fleet of <see cref="Nodes"/> edges can be expected to do, beyond the machines at hand: how soon a change is everywhere, and how many clicks an origin
/// counts for nothing because they reach it in another order than they happened. Events are counted by the tally itself; latencies and failures are drawn from
/// the distributions that are printed. The same seed gives the same table.
/// </summary>
internal static class FleetSimulation
{
    public const ulong SeedDefault = 20261201;

    private const string Uid = "exp_000000000001";
    private const int Nodes = 300;
    private const int Changes = 2_000;
    private const int People = 200_000;
    private const double Hour = 3_600_000;

    // What the origin needs, from FleetBenchmark: 20 ms in which changes are gathered, 22 ms to make an edition and give it to the first 100 edges.
    private const double GatheringMs = 20;
    private const double PublishingMs = 5;
    private const double AnswerMs = 0.2;

    // An edge checks and takes a change of one experiment.
    private const double TakingMs = 2;

    // The sink of an edge waits this long for a batch to fill.
    private const double BatchMs = 100;

    /// <summary>Milliseconds between two nodes, one way: the median of a distribution that is lognormal.</summary>
    private const double OneWayMedianMs = 40;
    private const double OneWaySigma = 0.7;

    /// <summary>Pauses between the attempts of an edge that has lost its origin, as it doubles them.</summary>
    private const double PauseMinMs = 500;
    private const double PauseMaxMs = 30_000;

    private const double RetransmissionMs = 200;

    public static void Run(ulong seed, TextWriter output)
    {
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Nodes} edges, {OneWayMedianMs} ms one way (lognormal, sigma {OneWaySigma}), seed {seed}"
            )
        );
        Propagate(seed, output);
        Join(seed, output);
    }

    /// <summary>The time from a change to the last of the edges, for lossy links and for edges that are cut off now and then.</summary>
    private static void Propagate(ulong seed, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine("| packets lost | cuts of an edge, a day | half of the edges | 99 % | the last | the last, 99 % of changes |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (var (lost, cuts) in ((double, double)[])[(0, 0), (0.01, 0), (0.05, 0), (0.01, 1), (0.01, 24)])
        {
            var random = new Random((int)(seed % int.MaxValue));
            var (half, most, last) = (new double[Changes], new double[Changes], new double[Changes]);
            for (var change = 0; change < Changes; change++)
            {
                var times = new double[Nodes];
                for (var node = 0; node < Nodes; node++)
                {
                    times[node] =
                        GatheringMs + PublishingMs + (AnswerMs * node) + Way(random, lost) + CutFor(random, cuts) + TakingMs;
                }

                Array.Sort(times);
                (half[change], most[change], last[change]) = (times[Nodes / 2], times[Nodes * 99 / 100], times[^1]);
            }

            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {lost:P0} | {cuts} | {Middle(half):N0} ms | {Middle(most):N0} ms | {Middle(last):N0} ms | {Quantile(last, 0.99):N0} ms |"
                )
            );
        }
    }

    /// <summary>Successes that the tally counts of those that happened.</summary>
    private static void Join(ulong seed, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine("| clicks at another edge | cuts of an edge, a day | a cut lasts | successes | not counted |");
        output.WriteLine("|---|---|---|---|---|");
        foreach (
            var (moved, cuts, minutes) in ((double, double, double)[])
                [(0, 0, 0), (0.05, 0, 0), (1, 0, 0), (0, 1, 10), (0.05, 1, 10), (0.05, 1, 60), (0.05, 24, 1), (1, 24, 1)]
        )
        {
            var (happened, counted) = Count(new Random((int)(seed % int.MaxValue)), moved, cuts, minutes);
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {moved:P0} | {cuts} | {minutes} min | {happened} | {happened - counted} ({(happened - counted) / (double)happened:P3}) |"
                )
            );
        }
    }

    /// <summary>
    /// A day of visitors, of whom one in five clicks: half of them on a page, after some seconds, half in a mail, after some minutes.
    /// </summary>
    private static (long Happened, long Counted) Count(Random random, double moved, double cuts, double minutes)
    {
        var begin = new DateTimeOffset(2026, 5, 16, 0, 0, 0, TimeSpan.Zero);
        var cutTimes = Enumerable.Range(0, Nodes).Select(_ => CutsOf(random, cuts, minutes)).ToArray();
        var events = new List<(double At, double Arrives, int Person, bool IsClick)>();
        var happened = 0L;
        for (var person = 0; person < People; person++)
        {
            var at = random.NextDouble() * 23 * Hour;
            var node = random.Next(Nodes);
            events.Add((at, Arrival(random, cutTimes[node], at), person, false));
            if (random.Next(5) > 0)
            {
                continue;
            }

            var median = person % 2 == 0 ? 8_000.0 : 300_000;
            var clickedAt = at + (median * Math.Exp(1.2 * Normal(random)));
            if (clickedAt - at >= Experiments.Experiment.DefaultAttributionMinutes * 60_000.0)
            {
                continue;
            }

            happened++;
            var there = random.NextDouble() < moved ? random.Next(Nodes) : node;
            events.Add((clickedAt, Arrival(random, cutTimes[there], clickedAt), person, true));
        }

        events.Sort(static (a, b) => a.Arrives.CompareTo(b.Arrives));
        var ids = new EventIds(TimeProvider.System);
        var counts = new TallyCounts(TallyLimits.Default, new CatalogHolder());
        var beginMs = begin.ToUnixTimeMilliseconds();
        foreach (var e in events)
        {
            var clockMs = beginMs + (long)e.Arrives;
            counts.Count(Encode(ids, begin.AddMilliseconds(e.At), e.Person, e.IsClick), clockMs, clockMs);
        }

        counts.Mature(beginMs + (long)(48 * Hour), isUpToDate: true);
        return (happened, counts.Find(Uid)!.Trials.ToState().Arms.Sum(static arm => arm.Successes));
    }

    private static byte[] Encode(EventIds ids, DateTimeOffset at, int person, bool isClick)
    {
        var tracked = new TrackedEvent
        {
            Id = ids.Next(),
            Node = "edge-1",
            ReceivedAt = at,
            Api = "pictify",
            Project = "default",
            Type = isClick ? "click" : "impression",
            Event = isClick ? "redirect"u8 : "pixel"u8,
            Experiment = "spring"u8,
            ExperimentUid = Encoding.UTF8.GetBytes(Uid),
            Variant = "a"u8,
            ProbabilityBasisPoints = 5_000,
            WeightsVersion = 1,
            UnitHash = Encoding.ASCII.GetBytes(
                unchecked((ulong)(person + 1) * 0x9E3779B97F4A7C15).ToString("x16", CultureInfo.InvariantCulture)
            ),
            DeviceType = "desktop",
            Browser = "chrome",
            Os = "windows",
            Verdict = "human",
            VerdictReason = "",
        };
        return EventEncoder.Encode(tracked, room: 0).ToArray();
    }

    /// <summary>When the origin has an event: after its batch and the way, or after a cut in which it waited.</summary>
    private static double Arrival(Random random, List<(double From, double To)> cuts, double at)
    {
        var sent = at + (random.NextDouble() * BatchMs);
        foreach (var (from, to) in cuts)
        {
            if (sent >= from && sent < to)
            {
                // The sink tries again after a pause that has doubled while it was cut off.
                sent = to + (random.NextDouble() * Math.Min(PauseMaxMs, to - from));
            }
        }

        return sent + Way(random, lost: 0.01);
    }

    private static List<(double From, double To)> CutsOf(Random random, double perDay, double minutes)
    {
        var cuts = new List<(double From, double To)>();
        for (var at = Exponential(random, 24 * Hour / perDay); perDay > 0 && at < 24 * Hour;)
        {
            var to = at + Exponential(random, minutes * 60_000);
            cuts.Add((at, to));
            at = to + Exponential(random, 24 * Hour / perDay);
        }

        return cuts;
    }

    /// <summary>How much longer a change takes because the edge is cut off, each time for a minute, and then asks after its pause.</summary>
    private static double CutFor(Random random, double perDay)
    {
        const double CutMs = 60_000;
        if (random.NextDouble() >= perDay * CutMs / (24 * Hour))
        {
            return 0;
        }

        var left = Exponential(random, CutMs);
        return left + (random.NextDouble() * Math.Clamp(CutMs, PauseMinMs, PauseMaxMs));
    }

    private static double Way(Random random, double lost)
    {
        var way = OneWayMedianMs * Math.Exp(OneWaySigma * Normal(random));
        for (var again = RetransmissionMs; random.NextDouble() < lost; again *= 2)
        {
            way += again;
        }

        return way;
    }

    private static double Exponential(Random random, double mean) => -mean * Math.Log(1 - random.NextDouble());

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static double Middle(double[] values) => Quantile(values, 0.5);

    private static double Quantile(double[] values, double part)
    {
        Array.Sort(values);
        return values[(int)Math.Min(values.Length - 1, part * values.Length)];
    }
}
