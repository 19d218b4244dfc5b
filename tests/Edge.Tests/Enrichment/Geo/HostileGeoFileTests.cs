using Edge.Enrichment.Geo;
using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.Support.GeoFileWriter;

namespace Edge.Tests.Enrichment.Geo;

/// <summary>
/// Files that lie: refused when opened, or found damaged by the lookup that meets the lie; never an exception, an
/// endless loop or a read outside the file (which in managed code would be an exception too).
/// </summary>
public class HostileGeoFileTests
{
    private static readonly string[] Probes =
    [
        "192.0.2.1",
        "192.0.2.200",
        "198.51.100.7",
        "203.0.113.9",
        "0.0.0.0",
        "255.255.255.255",
        "2001:db8::1",
        "::",
        "2002:c000:201::",
        "ffff::ffff",
    ];

    [Theory]
    [InlineData("binary_format_major_version", 3, "version 3")]
    [InlineData("record_size", 26, "record_size")]
    [InlineData("record_size", 0, "record_size")]
    [InlineData("ip_version", 5, "ip_version")]
    [InlineData("node_count", 0, "node_count")]
    [InlineData("node_count", 1_000_000, "search tree")]
    [InlineData("node_count", uint.MaxValue, "search tree")]
    [InlineData("node_count", 20, "damaged")]
    public void Open_ImpossibleMetadata_SaysWhichMember(string key, uint value, string problem) =>
        Assert.Contains(problem, Problem(Sample().Build((key, value))), StringComparison.Ordinal);

    [Theory]
    [InlineData("node_count")]
    [InlineData("record_size")]
    [InlineData("ip_version")]
    [InlineData("build_epoch")]
    [InlineData("binary_format_major_version")]
    public void Open_MetadataMemberMissingOrOfAnotherType_SaysWhich(string key)
    {
        Assert.Equal($"its metadata lack a readable {key}", Problem(Sample().Build((key, DBNull.Value))));
        Assert.Equal($"its metadata lack a readable {key}", Problem(Sample().Build((key, "28"))));
    }

    [Fact]
    public void Open_TooLateADate_IsRefused() =>
        Assert.Equal(
            "its metadata give an impossible build_epoch",
            Problem(Sample().Build(("build_epoch", ulong.MaxValue)))
        );

    [Fact]
    public void Open_CutAnywhere_IsRefused()
    {
        var file = Sample().Build();

        for (var length = 0; length < file.Length; length++)
        {
            Assert.NotEqual("", Problem(file[..length]));
        }

        Assert.Equal("", Problem(file));
    }

    [Fact]
    public void Open_StartMissing_IsRefusedOrHarmless()
    {
        var file = Sample().Build();

        for (var cut = 1; cut < file.Length; cut++)
        {
            Exercise(file[cut..]);
        }
    }

    [Fact]
    public void Lookup_PointerToItselfOrToAPointer_IsDamaged()
    {
        var writer = new GeoFileWriter();
        var self = writer.WriteRaw(Pointer(0));
        var two = writer.WriteRaw([.. Pointer(4), .. Pointer(2)]);
        var database = Support.Geo.Open(
            writer.AddOffset("192.0.2.0/24", self).AddOffset("198.51.100.0/24", two).Build()
        );

        Assert.Equal(LookupOutcome.Damaged, database.Record("192.0.2.1").Outcome);
        Assert.Equal(LookupOutcome.Damaged, database.Record("198.51.100.1").Outcome);
        Assert.Equal("|||", database.Place("192.0.2.1"));
    }

    [Fact]
    public void Lookup_MapThatContainsItself_Ends()
    {
        // {"country": pointer to the map, "city": pointer to the map}: twice as many members on every level.
        var writer = new GeoFileWriter();
        byte[] map =
        [
            .. Control(7, 2),
            .. Control(2, 7),
            .. "country"u8,
            .. Pointer(0),
            .. Control(2, 4),
            .. "city"u8,
            .. Pointer(0),
        ];
        var database = Support.Geo.Open(writer.AddOffset("192.0.2.0/24", writer.WriteRaw(map)).Build());

        Assert.Equal(LookupOutcome.Damaged, database.Record("192.0.2.1").Outcome);
        Assert.Equal("|||", database.Place("192.0.2.1"));
    }

    [Fact]
    public void Lookup_ArraysDoubledByPointers_Ends()
    {
        // Each array holds the one before twice: 2^30 elements in 200 bytes.
        var writer = new GeoFileWriter();
        var at = writer.WriteRaw(Control(14, 1));
        for (var i = 0; i < 30; i++)
        {
            at = writer.WriteRaw([.. Control(11, 2), .. Pointer(at), .. Pointer(at)]);
        }

        var database = Support.Geo.Open(writer.AddOffset("192.0.2.0/24", at).Build());

        Assert.Equal(LookupOutcome.Damaged, database.Record("192.0.2.1").Outcome);
    }

    [Fact]
    public void Lookup_LongTextRepeatedByPointers_IsNotWrittenWithoutEnd()
    {
        var writer = new GeoFileWriter();
        var text = writer.WriteRecord(new string('x', 100_000));
        var array = writer.WriteRaw([
            .. Control(11, 2_000),
            .. Enumerable.Repeat(Pointer(text), 2_000).SelectMany(bytes => bytes),
        ]);
        var database = Support.Geo.Open(writer.AddOffset("192.0.2.0/24", array).Build());

        var (outcome, json) = database.Record("192.0.2.1");

        Assert.Equal(LookupOutcome.Damaged, outcome);
        Assert.InRange(json.Length, 0, 2 << 20);
    }

    [Theory]
    [InlineData("map", 7)]
    [InlineData("array", 11)]
    [InlineData("text", 2)]
    [InlineData("bytes", 4)]
    [InlineData("uint128", 10)]
    [InlineData("double", 3)]
    [InlineData("data cache container", 12)]
    [InlineData("end marker", 13)]
    [InlineData("unknown type", 200)]
    public void Lookup_HugeLengthOrNoType_IsDamaged(string row, int type)
    {
        var writer = new GeoFileWriter();
        byte[] value = [.. Control(type, 16_000_000), 1, 2, 3];
        var record = writer.WriteRaw([.. Control(7, 1), .. Control(2, 4), .. "city"u8, .. value]);
        var database = Support.Geo.Open(
            writer.AddOffset("192.0.2.0/24", writer.WriteRaw(value)).AddOffset("198.51.100.0/24", record).Build()
        );

        Assert.True(database.Record("192.0.2.1").Outcome == LookupOutcome.Damaged, row);
        Assert.True(database.Place("198.51.100.1") == "|||", row);
    }

    [Fact]
    public void Lookup_DeepNesting_IsDamaged()
    {
        var writer = new GeoFileWriter();
        var deep = writer.WriteRaw([
            .. Enumerable.Repeat(Control(11, 1), 1_000).SelectMany(bytes => bytes),
            .. Control(14, 1),
        ]);
        var fine = writer.WriteRaw([
            .. Enumerable.Repeat(Control(11, 1), 30).SelectMany(bytes => bytes),
            .. Control(14, 1),
        ]);
        var database = Support.Geo.Open(
            writer.AddOffset("192.0.2.0/24", deep).AddOffset("198.51.100.0/24", fine).Build()
        );

        Assert.Equal(LookupOutcome.Damaged, database.Record("192.0.2.1").Outcome);
        Assert.Equal(LookupOutcome.Found, database.Record("198.51.100.1").Outcome);
    }

    [Fact]
    public void Lookup_TreeThatLoops_Ends()
    {
        // The root's right record leads to the root: 255.255.255.255 never arrives.
        var file = new GeoFileWriter { RecordBits = 24 }
            .Add("0.0.0.0/1", Country("DE"))
            .Build();
        file.AsSpan(3, 3).Clear();
        var database = Support.Geo.Open(file);

        var (bits, isV4) = Support.Geo.Parse("255.255.255.255");
        Assert.Equal(LookupOutcome.Damaged, database.FindCountry(bits, isV4, out _));
    }

    [Theory]
    [InlineData("nothing", false)]
    [InlineData("a record", true)]
    public void Lookup_NodesThatShareTheirChildren_IsAnsweredAtOnce(string row, bool endsInARecord)
    {
        // Both records of every node lead to the next one: 2^100 ways through 100 nodes. Whoever walks over all of them
        // never ends.
        const int Depth = 100;
        const int NodeBytes = 6;
        var writer = new GeoFileWriter { RecordBits = 24, IsV6 = true };
        var file = writer.Add($"2001:db8::/{Depth}", Country("DE")).Build();
        var end = file[((Depth - 1) * NodeBytes)..(Depth * NodeBytes)].Chunk(NodeBytes / 2).Max(Number);
        for (var node = 0; node < Depth; node++)
        {
            var last = endsInARecord ? end : Depth;
            var next = node < Depth - 1 ? node + 1 : last;
            byte[] record = [(byte)(next >> 16), (byte)(next >> 8), (byte)next];
            record.CopyTo(file, node * NodeBytes);
            record.CopyTo(file, node * NodeBytes + record.Length);
        }

        var database = Support.Geo.Open(file);

        var expected = endsInARecord ? "DE|||" : "|||";
        Assert.Equal((row, expected), (row, database.Place("2001:db8::1")));
        Assert.Equal((row, expected), (row, database.Place("192.0.2.1")));

        static int Number(byte[] bytes) => bytes[0] << 16 | bytes[1] << 8 | bytes[2];
    }

    [Theory]
    [InlineData("three letters", "DEU")]
    [InlineData("unknown", "XX")]
    [InlineData("digits", "T1")]
    [InlineData("empty", "")]
    public void Country_ThatIsNone_IsUnknown(string row, string code)
    {
        var database = Support.Geo.Open(new GeoFileWriter().Add("192.0.2.0/24", Country(code)).Build());

        Assert.True(database.Country("192.0.2.1").Length == 0, row);
    }

    [Fact]
    public void Name_TooLongOrNotUtf8_IsLeftOut()
    {
        var writer = new GeoFileWriter();
        byte[] broken =
        [
            .. Control(7, 1),
            .. Control(2, 4),
            .. "city"u8,
            .. Control(7, 1),
            .. Control(2, 5),
            .. "names"u8,
            .. Control(7, 1),
            .. Control(2, 2),
            .. "en"u8,
            .. Control(2, 2),
            0xff,
            0xfe,
        ];
        writer.AddOffset("192.0.2.0/24", writer.WriteRaw(broken));
        var database = Support.Geo.Open(writer.Add("198.51.100.0/24", City("DE", new string('x', 129), "BE")).Build());

        Assert.Equal("|||", database.Place("192.0.2.1"));
        Assert.Equal("DE|BE||", database.Place("198.51.100.1"));
    }

    [Theory]
    [InlineData(24, 11)]
    [InlineData(28, 12)]
    [InlineData(32, 13)]
    public void Open_ThousandsOfMutations_NeverThrow(int recordBits, int seed)
    {
        var random = new Random(seed);
        var original = Sample(recordBits).Build();
        var opened = 0;
        for (var i = 0; i < 6_000; i++)
        {
            var file = Mutate(original, random);
            if (Exercise(file))
            {
                opened++;
            }
        }

        // Both sides of the border were seen.
        Assert.InRange(opened, 500, 5_900);
    }

    [Fact]
    public void Open_RandomBytes_NeverThrow()
    {
        var random = new Random(17);
        for (var i = 0; i < 3_000; i++)
        {
            var noise = new byte[random.Next(0, 400)];
            random.NextBytes(noise);
            Exercise(noise);
            Exercise([.. noise, .. Marker, .. noise]);
            var reader = new DataReader(noise);
            while (
                reader.TryRead(random.Next(noise.Length + 1), out _)
                && reader.TrySkip(random.Next(noise.Length + 1), out _)
            ) { }
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var file = original.ToArray();
        switch (random.Next(5))
        {
            case 0:
                var from = random.Next(file.Length);
                file = [.. file[..from], .. file[Math.Min(file.Length, from + random.Next(1, 20))..]];
                break;
            case 1:
                var at = random.Next(file.Length);
                file = [.. file[..at], .. file[random.Next(at + 1)..at], .. file[at..]];
                break;
            default:
                for (var n = random.Next(1, 9); n > 0; n--)
                {
                    file[random.Next(file.Length)] = random.Next(3) == 0 ? (byte)0xff : (byte)random.Next(256);
                }

                break;
        }
        return file;
    }

    /// <summary>Opens and asks; true when it could be opened.</summary>
    private static bool Exercise(byte[] file)
    {
        if (MaxMindDatabase.Open(file, out var problem) is not { } database)
        {
            Assert.NotEqual("", problem);
            return false;
        }
        foreach (var address in Probes)
        {
            database.Country(address);
            database.Place(address);
            database.Record(address);
        }
        return true;
    }

    private static GeoFileWriter Sample(int recordBits = 28) =>
        new GeoFileWriter { RecordBits = recordBits, IsV6 = true }
            .Add("192.0.2.0/24", City("DE", "Berlin", "BE", "Europe/Berlin"))
            .Add("192.0.2.128/25", City("FR", "Paris", "IDF", "Europe/Paris"))
            .Add("198.51.100.0/24", Country("US"))
            .Add("2001:db8::/32", City("JP", "Tokyo", "13", "Asia/Tokyo"))
            .AddV4Alias("2002::/16");

    private static string Problem(byte[] file)
    {
        MaxMindDatabase.Open(file, out var problem);
        return problem;
    }
}
