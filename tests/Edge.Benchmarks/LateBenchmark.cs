using System.Diagnostics;
using System.Globalization;
using System.Text;
using Edge.Corrections;
using Edge.Enrichment.Verdicts;
using Edge.Events;

namespace Edge.Benchmarks;

/// <summary>
/// What late verdicts cost each event, behind the answer: a pixel, of which only the beginning is read, a click of its own
/// message, clicks that come in bursts, and what a page reports while clicks can be given back.
/// </summary>
internal static class LateBenchmark
{
    private const int Events = 20_000;
    private const int Rounds = 20;
    private const int LinksOfBurst = 8;
    private static readonly DateTimeOffset Begin = new(2026, 5, 16, 0, 0, 0, TimeSpan.Zero);

    public static void Run(TextWriter output)
    {
        Measure(output, "pixel", "impression", static i => i);
        Measure(output, "click", "click", static i => i);
        Measure(output, "click of a burst", "click", static i => i / LinksOfBurst);
        Measure(output, "report", "track", static i => i, isAfterBurst: true);
    }

    private static void Measure(TextWriter output, string name, string type, Func<int, int> message, bool isAfterBurst = false)
    {
        var rules = VerdictRules.Load(VerdictRuleOptions.Default with { ExcludesBursts = true }).Table!.Late;
        var ids = new EventIds(TimeProvider.System);
        var events = Enumerable.Range(0, Events).Select(i => Encode(ids, type, i, message(i) + 1)).ToArray();
        var nanoseconds = new double[Rounds];
        var (allocated, corrections) = (0L, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var judge = new LateJudge(windowMs: 300_000, bytesMax: 16 << 20);
            judge.Use(rules);
            var found = new List<Correction>(2 * Events);
            if (isAfterBurst)
            {
                for (var i = 0; i < LinksOfBurst; i++)
                {
                    var (id, json) = Encode(ids, "click", i, 1);
                    judge.Observe(json, id, [], long.MaxValue / 2, found);
                }
            }

            var bytesBefore = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            HashSet<ulong> decoys = [1];
            foreach (var (id, json) in events)
            {
                judge.Observe(json, id, decoys, long.MaxValue / 2, found);
            }

            nanoseconds[round] = Stopwatch.GetElapsedTime(started).TotalNanoseconds / Events;
            allocated = GC.GetAllocatedBytesForCurrentThread() - bytesBefore;
            corrections = found.Count;
        }

        Array.Sort(nanoseconds);
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-17} {nanoseconds[Rounds / 2],7:N0} ns at the median, {nanoseconds[0]:N0} at best, {allocated / Events:N0} bytes allocated, {corrections:N0} corrections of {Events:N0} events of {events[0].Json.Length} bytes"
            )
        );
    }

    private static (EventId Id, byte[] Json) Encode(EventIds ids, string type, int number, int message)
    {
        var at = Begin.AddMilliseconds(number * 4);
        var id = ids.Next(at);
        var tracked = new TrackedEvent
        {
            Id = id,
            Node = "edge-1",
            ReceivedAt = at,
            SentAt = Begin,
            Api = EventApi.Pictify,
            Project = "default",
            Type = type,
            Event = "redirect"u8,
            Experiment = "spring-banner"u8,
            ExperimentUid = Encoding.ASCII.GetBytes($"exp_spring{number % 40:d4}"),
            Variant = "a"u8,
            ProbabilityBasisPoints = 5_000,
            WeightsVersion = 12,
            UnitHash = Encoding.ASCII.GetBytes(message.ToString("x16", CultureInfo.InvariantCulture)),
            MessageHash = Encoding.ASCII.GetBytes(message.ToString("x16", CultureInfo.InvariantCulture)),
            Url = "/s/spring-banner/click?utm_source=news&utm_medium=email&utm_campaign=spring"u8,
            Referrer = "https://mail.example/"u8,
            Source = "news",
            Medium = "email",
            Campaign = "spring",
            SourceConfidence = "high",
            SourceRuleId = "utm",
            Country = "DE",
            DeviceType = "desktop",
            Browser = "chrome",
            BrowserVersion = "126.0.0",
            Os = "windows",
            OsVersion = "10",
            AddressHash = Encoding.ASCII.GetBytes(message.ToString("x32", CultureInfo.InvariantCulture)),
            Verdict = "human",
            VerdictReason = "",
        };
        return (id, EventEncoder.Encode(tracked, room: 0).ToArray());
    }
}
