using System.Diagnostics;
using System.Globalization;
using System.Text;
using Edge.Requests.Ingestion;

namespace Edge.Benchmarks;

/// <summary>What reading a body of the ingestion APIs costs: time and allocated bytes for each event of it.</summary>
internal static class BodyBenchmark
{
    private const int Events = 100;
    private const int Rounds = 300;
    private const int WarmUpRounds = 2_000;
    private const int SinglesPerRound = 1_000;

    public static void Run(TextWriter output)
    {
        var artie = Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Range(0, Events).Select(ArtieEvent))}]");
        var millimetric = Encoding.UTF8.GetBytes(
            """
            {"event":"purchase","event_id":"evt_abc123","timestamp":"2026-05-16T19:00:00.000Z","anonymous_id":"u_abc","user_id":"user_42",
            "url":"https://shop.example/checkout?utm_source=facebook&utm_medium=cpc","referrer":"https://l.facebook.com/",
            "properties":{"amount_cents":4900,"currency":"usd"}}
            """
        );
        output.WriteLine($"{Environment.ProcessorCount} processors, .NET {Environment.Version}");
        Measure(
            output,
            $"Artie, {Events} events, {artie.Length} bytes",
            Events,
            10,
            () => ArtieBody.Read(artie).Events.Count
        );
        Measure(
            output,
            $"Millimetric, one event, {millimetric.Length} bytes",
            1,
            SinglesPerRound,
            () => MillimetricBody.Read(millimetric).Event is null ? 0 : 1
        );
    }

    private static string ArtieEvent(int number) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {"messageId":"8b0f62f9-1e8e-4f15-8c2a-9d23c9{{number:x6}}","event":"signup","timestamp":"2025-10-29T22:00:00.778Z","properties":{"plan":"basic","accountType":"email","freeTrial":true,"seats":{{number}} } }
            """
        );

    private static void Measure(TextWriter output, string name, int events, int repeats, Func<int> read)
    {
        for (var i = 0; i < WarmUpRounds; i++)
        {
            if (read() != events)
            {
                throw new InvalidOperationException($"{name}: a body of the benchmark is refused");
            }
        }
        var nanoseconds = new double[Rounds];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < Rounds; round++)
        {
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < repeats; i++)
            {
                read();
            }

            nanoseconds[round] = Stopwatch.GetElapsedTime(started).TotalNanoseconds / (repeats * events);
        }
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / ((long)Rounds * repeats * events);
        Array.Sort(nanoseconds);
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: median {nanoseconds[Rounds / 2]:F0} ns per event, best {nanoseconds[0]:F0} ns, {bytes} bytes allocated per event"
            )
        );
    }
}
