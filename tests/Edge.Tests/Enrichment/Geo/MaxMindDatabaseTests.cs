using System.Net;
using System.Text.Json;
using Edge.Enrichment.Geo;
using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.Support.GeoFileWriter;

namespace Edge.Tests.Enrichment.Geo;

/// <summary>
/// The reader against files of every shape the format allows, and against a naive longest-prefix search.
/// </summary>
public class MaxMindDatabaseTests
{
    [Theory]
    [InlineData(24, false, 0, false)]
    [InlineData(28, false, 0, false)]
    [InlineData(32, false, 0, false)]
    [InlineData(24, true, 0, false)]
    [InlineData(28, true, 3_000, false)]
    [InlineData(32, true, 600_000, false)]
    [InlineData(28, true, 0, true)]
    public void Place_EveryShapeOfFile_IsTheRecordOfTheNarrowestNetwork(
        int recordBits,
        bool isV6,
        int padding,
        bool hasLongPointers
    )
    {
        var writer = new GeoFileWriter
        {
            RecordBits = recordBits,
            IsV6 = isV6,
            Padding = padding,
            HasLongPointers = hasLongPointers,
        }
            .Add("192.0.2.0/24", City("DE", "Berlin", "BE", "Europe/Berlin"))
            .Add("192.0.2.128/25", City("FR", "Nîmes", "OCC", "Europe/Paris"))
            .Add("198.51.100.7/32", City("US", "", "CA", ""));
        if (isV6)
        {
            writer.Add("2001:db8::/32", City("JP", "東京", "13", "Asia/Tokyo")).AddV4Alias("2002::/16");
        }

        var database = Support.Geo.Open(writer.Build());

        Assert.Equal("DE|BE|Berlin|Europe/Berlin", database.Place("192.0.2.127"));
        Assert.Equal("FR|OCC|Nîmes|Europe/Paris", database.Place("192.0.2.128"));
        Assert.Equal("FR|OCC|Nîmes|Europe/Paris", database.Place("::ffff:192.0.2.255"));
        Assert.Equal("US|CA||", database.Place("198.51.100.7"));
        Assert.Equal("|||", database.Place("198.51.100.8"));
        Assert.Equal(isV6 ? "JP|13|東京|Asia/Tokyo" : "|||", database.Place("2001:db8:ffff::1"));
        Assert.Equal(isV6 ? "DE|BE|Berlin|Europe/Berlin" : "|||", database.Place("2002:c000:201::1"));
        Assert.Equal("|||", database.Place("2001:db9::1"));
        Assert.Equal("FR", database.Country("192.0.2.200"));
    }

    [Theory]
    [InlineData(24, 1)]
    [InlineData(28, 2)]
    [InlineData(32, 3)]
    public void Country_RandomNetworks_AgreesWithANaiveSearch(int recordBits, int seed)
    {
        var random = new Random(seed);
        var writer = new GeoFileWriter { RecordBits = recordBits, IsV6 = true };
        var networks = new List<(IPNetwork Network, string Code)>();
        for (var i = 0; i < 400; i++)
        {
            // Wide networks first, so that a narrow one is never overwritten.
            var isV4 = random.Next(2) == 0;
            var bits = isV4 ? 4 + i * 28 / 400 : 8 + i * 120 / 400;
            var network = Truncate(isV4 ? RandomV4(random) : RandomV6(random), bits);
            var code = $"{(char)('A' + random.Next(23))}{(char)('A' + random.Next(23))}";
            if (networks.Any(other => other.Network.Equals(network)))
            {
                continue;
            }

            networks.Add((network, code));
            writer.Add(network.ToString(), Country(code));
        }
        var database = Support.Geo.Open(writer.Build());

        for (var i = 0; i < 4_000; i++)
        {
            var near = networks[random.Next(networks.Count)].Network.BaseAddress.GetAddressBytes();
            near[^1] ^= (byte)random.Next(4);
            var address = random.Next(3) == 0 ? RandomV4(random) : new IPAddress(near);
            var expected = networks
                .Where(item => item.Network.Contains(address))
                .OrderByDescending(item => item.Network.PrefixLength)
                .Select(item => item.Code)
                .FirstOrDefault("");

            Assert.Equal(expected, database.Country(address.ToString()));
        }
    }

    [Fact]
    public void Record_EveryType_IsWrittenAsJson()
    {
        var record = Map(
            ("text", "é\"\n"),
            ("empty", ""),
            ("long", new string('x', 70_000)),
            ("double", -1.5),
            ("float", 0.25f),
            ("bytes", new byte[] { 1, 2, 255 }),
            ("u16", ushort.MaxValue),
            ("zero", 0u),
            ("u32", uint.MaxValue),
            ("i32", -2),
            ("u64", ulong.MaxValue),
            ("u128", UInt128.MaxValue),
            ("yes", true),
            ("no", false),
            ("array", new object[] { 1u, Array.Empty<object>(), Map() }),
            ("map", Map(("a", Map(("b", "c"))))),
            ("nan", double.NaN)
        );
        var database = Support.Geo.Open(new GeoFileWriter().Add("192.0.2.0/24", record).Build());

        var (outcome, json) = database.Record("192.0.2.1");

        Assert.Equal(LookupOutcome.Found, outcome);
        var root = JsonDocument.Parse(json).RootElement;
        Assert.Equal("é\"\n", root.GetProperty("text").GetString());
        Assert.Equal("", root.GetProperty("empty").GetString());
        Assert.Equal(70_000, root.GetProperty("long").GetString()!.Length);
        Assert.Equal(-1.5, root.GetProperty("double").GetDouble());
        Assert.Equal(0.25f, root.GetProperty("float").GetSingle());
        Assert.Equal([1, 2, 255], root.GetProperty("bytes").GetBytesFromBase64());
        Assert.Equal(ushort.MaxValue, root.GetProperty("u16").GetUInt16());
        Assert.Equal(0u, root.GetProperty("zero").GetUInt32());
        Assert.Equal(uint.MaxValue, root.GetProperty("u32").GetUInt32());
        Assert.Equal(-2, root.GetProperty("i32").GetInt32());
        Assert.Equal(ulong.MaxValue, root.GetProperty("u64").GetUInt64());
        Assert.Equal(UInt128.MaxValue.ToString(), root.GetProperty("u128").GetRawText());
        Assert.True(root.GetProperty("yes").GetBoolean());
        Assert.False(root.GetProperty("no").GetBoolean());
        Assert.Equal("[1,[],{}]", root.GetProperty("array").GetRawText());
        Assert.Equal("c", root.GetProperty("map").GetProperty("a").GetProperty("b").GetString());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("nan").ValueKind);
    }

    [Fact]
    public void Metadata_OfAFile_AreReadable()
    {
        var metadata = Support
            .Geo.Open(
                new GeoFileWriter
                {
                    RecordBits = 28,
                    IsV6 = true,
                    Type = "GeoLite2-City",
                }.Build()
            )
            .Metadata;

        Assert.Equal(
            (28, true, "GeoLite2-City", new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)),
            (metadata.RecordBits, metadata.IsV6, metadata.DatabaseType, metadata.BuiltAt)
        );
    }

    [Fact]
    public void Record_OfAnAsnFile_HasNoPlaceAndIsWritten()
    {
        var record = Map(("autonomous_system_number", 64_496u), ("autonomous_system_organization", "Documentation"));
        var database = Support.Geo.Open(
            new GeoFileWriter { Type = "GeoLite2-ASN" }
                .Add("192.0.2.0/24", record)
                .Build()
        );

        Assert.Equal("|||", database.Place("192.0.2.1"));
        Assert.Equal(
            """{"autonomous_system_number":64496,"autonomous_system_organization":"Documentation"}""",
            database.Record("192.0.2.1").Json
        );
    }

    [Fact]
    public void Lookup_OnceWarm_AllocatesNothing()
    {
        var database = Support.Geo.Open(
            new GeoFileWriter { IsV6 = true }
                .Add("192.0.2.0/24", City("DE", "Berlin", "BE", "Europe/Berlin"))
                .Add("2001:db8::/32", Country("JP"))
                .Build()
        );
        var (v4, _) = Support.Geo.Parse("192.0.2.1");
        var (v6, _) = Support.Geo.Parse("2001:db8::1");
        LookUp();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            LookUp();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void LookUp()
        {
            Assert.True(database.FindCountry(v4, true, out _) == LookupOutcome.Found);
            Assert.True(database.Find(v4, true, out var place) == LookupOutcome.Found && place.City.Length > 0);
            Assert.True(database.Find(v6, false, out place) == LookupOutcome.Found && place.Country.Text.Length > 0);
        }
    }

    private static IPAddress RandomV4(Random random)
    {
        var bytes = new byte[4];
        random.NextBytes(bytes);
        return new IPAddress(bytes);
    }

    private static IPAddress RandomV6(Random random)
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        // Global unicast, far from the IPv4 part of the tree.
        bytes[0] = 0x20;
        return new IPAddress(bytes);
    }

    private static IPNetwork Truncate(IPAddress address, int bits)
    {
        var bytes = address.GetAddressBytes();
        for (var i = bits; i < bytes.Length * 8; i++)
        {
            bytes[i / 8] &= (byte)~(0x80 >> (i % 8));
        }

        return new IPNetwork(new IPAddress(bytes), bits);
    }
}
