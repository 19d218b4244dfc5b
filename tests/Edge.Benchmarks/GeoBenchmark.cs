using System.Diagnostics;
using System.Globalization;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Hashing;

namespace Edge.Benchmarks;

/// <summary>
/// What a lookup costs in a real file, for addresses that have a record, in an order the processor cannot foresee; and
/// what the hash of an address costs. A loop over one address would only measure the cache.
/// </summary>
internal static class GeoBenchmark
{
    private const int Addresses = 100_000;
    private const int Rounds = 15;

    public static int Run(string path, TextWriter output, TextWriter error)
    {
        if (GeoFile.TryLoad(path, out var problem) is not { } database)
        {
            error.WriteLine($"{path}: {problem}");
            return 1;
        }
        var metadata = database.Metadata;
        output.WriteLine(
            Invariant(
                $"{metadata.DatabaseType}: {metadata.NodeCount} nodes of {metadata.RecordBits}-bit records, .NET {Environment.Version}"
            )
        );
        var random = new Random(1);
        var v4 = Find(database, isV4: true, () => (uint)random.NextInt64(1L << 32));
        var v6 = metadata.IsV6
            ? Find(
                database,
                isV4: false,
                () => new UInt128((ulong)random.NextInt64(0x2001L << 48, 0x2c10L << 48), (ulong)random.NextInt64())
            )
            : [];
        Measure(output, "country, IPv4", v4, address => database.FindCountry(address, true, out _));
        Measure(output, "country, IPv6", v6, address => database.FindCountry(address, false, out _));
        Measure(output, "city, IPv4", v4, address => database.Find(address, true, out _));
        Measure(output, "city, IPv6", v6, address => database.Find(address, false, out _));

        var hashes = new VisitorHashes(new SaltedKeys("salt"), SaltedKeys.StableUnitKey("salt"));
        var hex = new byte[VisitorHashes.AddressHashChars];
        var now = TimeProvider.System.GetUtcNow();
        Measure(
            output,
            "address hash",
            v4,
            _ =>
            {
                hashes.WriteAddressHash("203.0.113.7"u8, now, hex);
                return LookupOutcome.Found;
            }
        );
        return 0;
    }

    private static UInt128[] Find(MaxMindDatabase database, bool isV4, Func<UInt128> next)
    {
        var found = new List<UInt128>();
        for (var tries = 0; found.Count < Addresses && tries < 1_000 * Addresses; tries++)
        {
            var address = next();
            if (database.FindCountry(address, isV4, out _) == LookupOutcome.Found)
            {
                found.Add(address);
            }
        }
        // A small file has few addresses: asked again and again, so that the code is as warm as the cache.
        var distinct = found.Count;
        for (var i = 0; distinct > 0 && found.Count < Addresses; i++)
        {
            found.Add(found[i % distinct]);
        }

        return [.. found];
    }

    private static void Measure(TextWriter output, string name, UInt128[] addresses, Func<UInt128, LookupOutcome> look)
    {
        if (addresses.Length == 0)
        {
            return;
        }

        var nanoseconds = new double[Rounds];
        var allocated = 0L;
        for (var round = -2; round < Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            foreach (var address in addresses)
            {
                if (look(address) != LookupOutcome.Found)
                {
                    throw new InvalidOperationException("a record has vanished");
                }
            }

            if (round < 0)
            {
                continue;
            }

            nanoseconds[round] = Stopwatch.GetElapsedTime(started).TotalNanoseconds / addresses.Length;
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Array.Sort(nanoseconds);
        output.WriteLine(
            Invariant(
                $"{name}: {nanoseconds[0]:F0} ns best, {nanoseconds[Rounds / 2]:F0} ns median of {Rounds} rounds over {addresses.Length}"
            ) + Invariant($" addresses, {allocated / (double)(Rounds * addresses.Length):F3} bytes each")
        );
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
