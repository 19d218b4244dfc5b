using System.Diagnostics;
using System.Globalization;
using Edge.Experiments;
using Edge.Selection;
using Edge.Visits;

namespace Edge.Benchmarks;

/// <summary>
/// What a token in a link costs the click that carries it, whether it holds or not, beside a click's plain id; and what making
/// one costs.
/// </summary>
internal static class LinkBenchmark
{
    /// <summary>Few enough that most rounds pass without the scheduler taking the processor away.</summary>
    private const int Tokens = 500;

    private const int Rounds = 200;

    public static void Run(TextWriter output)
    {
        var entry = ManyExperiments.All()[0];
        var now = new DateTimeOffset(2026, 3, 4, 13, 30, 0, TimeSpan.Zero);
        var tokens = new LinkTokens(["5f2b7c9d1e3a4068b7c5d9e1f3a20b46", "0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a"], "salt");
        var claims = new LinkTerms(null, TrackingMode.Full, now, now.AddDays(90)).ClaimsOf(entry);
        var units = Enumerable.Range(0, Tokens).Select(n => $"reader-{n:d8}").ToArray();
        var plain = units.Select(unit => "?u=" + unit).ToArray();
        var signed = units.Select(unit => "?u=" + tokens.Create(claims, unit)).ToArray();
        var damaged = signed.Select(query => query[..^3] + (query[^3] == 'A' ? 'B' : 'A') + query[^2..]).ToArray();

        Measure(output, "unit in the query", n => Read(plain[n]));
        Measure(output, "signed link", n => Read(signed[n]));
        Measure(output, "damaged link", n => Read(damaged[n]));
        Measure(output, "a link made", n => tokens.Create(claims, units[n]).Length);

        int Read(string query)
        {
            Span<byte> room = stackalloc byte[Bucketing.UnitBytesMax];
            var source = Visit.ReadParameter(query, tokens, room, out var written, out var token);
            return source == UnitSource.Parameter ? written : (int)tokens.Judge(token, entry, now).State;
        }
    }

    private static void Measure(TextWriter output, string name, Func<int, int> step)
    {
        var nanoseconds = new double[Rounds];
        var (allocated, sum) = (0L, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var bytesBefore = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < Tokens; i++)
            {
                sum += step(i);
            }

            nanoseconds[round] = Stopwatch.GetElapsedTime(started).TotalNanoseconds / Tokens;
            // The first rounds compile.
            allocated += round >= Rounds / 2 ? GC.GetAllocatedBytesForCurrentThread() - bytesBefore : 0;
        }

        Array.Sort(nanoseconds);
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: {nanoseconds[Rounds / 2]:F0} ns median, {nanoseconds[0]:F0} ns best of {Rounds} rounds of {Tokens}, {allocated / (double)(Tokens * (Rounds - Rounds / 2)):F3} bytes each"
            )
        );
        GC.KeepAlive(sum);
    }
}
