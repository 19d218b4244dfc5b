using System.Diagnostics;
using System.Globalization;
using System.Net;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Hashing;
using Edge.Enrichment.Sources;
using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.Formats;
using Edge.Requests;
using Edge.Tests.Enrichment.UserAgents;
using Edge.Tests.Support;

namespace Edge.Benchmarks;

/// <summary>
/// All that enrichment does for one event, with warm caches: user agent, verdict, place, source, both hashes; and each
/// part by itself. User agents and addresses change with every event, in an order the processor cannot foresee.
/// </summary>
internal static class EnrichmentBenchmark
{
    private const int Agents = 1_000;
    private const int Networks = 2_000;
    private const int Cities = 500;
    private const int Events = 20_000;
    private const int Rounds = 25;

    /// <summary>
    /// Events that are timed together: shorter than a program keeps its processor, so that what else runs does not
    /// count.
    /// </summary>
    private const int Batch = 250;

    private static readonly string[] Referrers =
    [
        "https://www.google.com/",
        "https://mail.example/inbox?id=7",
        "https://t.co/abc",
        "https://news.example.com/a/b?utm_source=x",
        "https://duckduckgo.com/",
    ];

    public static void Run(TextWriter output)
    {
        var faults = new EnrichmentFaults();
        var started = Stopwatch.GetTimestamp();
        var loading = VerdictRules.Load(VerdictRuleOptions.Default);
        var loaded = Stopwatch.GetElapsedTime(started);
        var verdicts = new VerdictJudge(loading.Table, loading.Problems.Count, faults);
        output.WriteLine(
            Invariant(
                $"{Environment.ProcessorCount} processors, .NET {Environment.Version}; {verdicts.Rules.Count} rules of the verdict loaded in {loaded.TotalMilliseconds:F2} ms"
            )
        );

        var agents = Spread(UserAgentSamples.Collected(), Agents);
        var cache = new UserAgentCache(verdicts, faults);
        var random = new Random(1);
        var (database, addresses) = Places(random);
        var hashes = new VisitorHashes(new SaltedKeys("salt"), SaltedKeys.StableUnitKey("salt"));
        var now = TimeProvider.System.GetUtcNow();
        var events = Enumerable
            .Range(0, Events)
            .Select(_ => new Visitor(
                agents[random.Next(agents.Length)],
                addresses[random.Next(addresses.Length)],
                [new HeaderLine("Referer", Referrers[random.Next(Referrers.Length)].AsMemory())]
            ))
            .ToArray();

        _ = Measure(output, "user agent", events, visitor => Use(cache.Lookup(visitor.Agent)));
        _ = Measure(
            output,
            "verdict",
            events,
            visitor =>
                Use(verdicts.Judge(AllRules(verdicts), visitor.Address, visitor.Headers, VerdictScope.Pixel).Rule)
        );
        var networks = new NetworkTable(verdicts.Rules);
        _ = Measure(
            output,
            "of it the network",
            events,
            visitor => Use(networks.Find(visitor.Address.ToBits(out var isV4), isV4).First)
        );
        _ = Measure(output, "place, city file", events, visitor => FindPlace(database, visitor.Address));
        _ = Measure(output, "source", events, visitor => Classify(visitor.Headers));
        _ = Measure(output, "address hash", events, visitor => HashAddress(hashes, visitor.Address, now));
        _ = Measure(output, "unit hash", events, _ => HashUnit(hashes, now));
        _ = Measure(
            output,
            "all of enrichment",
            events,
            visitor =>
            {
                var facts = cache.Lookup(visitor.Agent);
                verdicts.Count(
                    verdicts.Judge(facts.VerdictRules, visitor.Address, visitor.Headers, VerdictScope.Pixel)
                );
                FindPlace(database, visitor.Address);
                Classify(visitor.Headers);
                HashAddress(hashes, visitor.Address, now);
                HashUnit(hashes, now);
            }
        );
    }

    private static AgentRules? AllRules(VerdictJudge verdicts) =>
        _allRules ??= verdicts.MatchAgent("Mozilla/5.0 (X11; Linux x86_64)");

    private static AgentRules? _allRules;

    private static object? _used;
    private static int _usedLength;

    private static void Use(object? value) => _used = value;

    private static void Use(int length) => _usedLength += length;

    private static void FindPlace(MaxMindDatabase database, in ClientAddress address)
    {
        database.Find(address.ToBits(out var isV4), isV4, out var place);
        Use(place.City.Length);
    }

    private static void Classify(HeaderLine[] headers)
    {
        Span<char> scratch = stackalloc char[SourceClassifier.ScratchChars];
        _ = SourceClassifier.TryClassify(default, headers[0].Value.Span, default, scratch, out var source);
        Use(source.RuleId);
    }

    private static void HashAddress(VisitorHashes hashes, in ClientAddress client, DateTimeOffset now)
    {
        Span<byte> address = stackalloc byte[ClientAddress.TextMaxBytes];
        address = address[..client.WriteText(address)];
        Span<byte> hex = stackalloc byte[VisitorHashes.AddressHashChars];
        hashes.WriteAddressHash(address, now, hex);
        Use(hex[0]);
    }

    private static void HashUnit(VisitorHashes hashes, DateTimeOffset now)
    {
        Span<byte> hex = stackalloc byte[VisitorHashes.UnitHashChars];
        hashes.WriteUnitHash("exp_demo_ab0001"u8, "0123456789abcdef"u8, now, hex);
        Use(hex[0]);
    }

    private static double Measure(TextWriter output, string name, Visitor[] events, Action<Visitor> enrich)
    {
        var nanoseconds = new double[Rounds * (Events / Batch)];
        var (number, allocated) = (0, 0L);
        for (var round = -3; round < Rounds; round++)
        {
            for (var from = 0; from < Events; from += Batch)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var started = Stopwatch.GetTimestamp();
                foreach (var visitor in events.AsSpan(from, Batch))
                {
                    enrich(visitor);
                }

                if (round < 0)
                {
                    continue;
                }

                nanoseconds[number++] = Stopwatch.GetElapsedTime(started).TotalNanoseconds / Batch;
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }
        Array.Sort(nanoseconds);
        output.WriteLine(
            Invariant(
                $"{name}: median {nanoseconds[number / 2]:F0} ns, tenth {nanoseconds[number / 10]:F0} ns, best {nanoseconds[0]:F0} ns, {allocated / ((double)number * Batch):F3} bytes"
            )
        );
        return nanoseconds[number / 2];
    }

    private static (MaxMindDatabase Database, ClientAddress[] Addresses) Places(Random random)
    {
        var writer = new GeoFileWriter();
        var addresses = new ClientAddress[Networks];
        for (var i = 0; i < Networks; i++)
        {
            var (a, b) = (1 + (i / 256 % 223), i % 256);
            var city = random.Next(Cities);
            writer.Add($"{a}.{b}.0.0/16", GeoFileWriter.City("FR", $"City {city}", "OCC", "Europe/Paris"));
            addresses[i] = ClientAddress.From(
                new IPAddress([(byte)a, (byte)b, (byte)random.Next(256), (byte)random.Next(256)])
            );
        }
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, writer.Build());
            return (GeoFile.TryLoad(path, out var problem) ?? throw new InvalidOperationException(problem), addresses);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string[] Spread(List<string> all, int count) =>
        [.. all.Where((_, index) => index % (all.Count / count) == 0).Take(count)];

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>What one event brings along.</summary>
    private sealed record Visitor(string Agent, ClientAddress Address, HeaderLine[] Headers);
}
