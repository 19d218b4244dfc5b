using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Edge.Enrichment.Geo;
using Edge.Tests.Support;
using MaxMind.Db;
using MaxMind.GeoIP2;
using MaxMind.GeoIP2.Responses;
using Xunit;
using static Edge.Tests.Support.GeoFileWriter;
using Members = System.Collections.Generic.Dictionary<string, object>;

namespace Edge.Tests.Enrichment.Geo;

/// <summary>
/// The program's reader against MaxMind's own. The published reader enumerates every network of a file; the first
/// address, the last, one between and the one behind must have the same record, place and country in both.
/// </summary>
public class PublishedReaderTests
{
    [Theory]
    [InlineData(24, false, 21)]
    [InlineData(24, true, 22)]
    [InlineData(28, true, 23)]
    [InlineData(32, true, 24)]
    public void Database_OfRandomCities_AgreesWithThePublishedReader(int recordBits, bool isV6, int seed)
    {
        using var directory = new TempDirectory();
        var path = directory["city.mmdb"];
        File.WriteAllBytes(path, RandomCities(recordBits, isV6, new Random(seed)));

        Assert.InRange(AssertAgrees(path), 500, 100_000);
    }

    /// <summary>Compares both readers on a file of cities; returns how many networks it has.</summary>
    internal static int AssertAgrees(string path)
    {
        var ours = Support.Geo.Open(File.ReadAllBytes(path));
        using var records = new Reader(path, FileAccessMode.Memory);
        using var cities = new DatabaseReader(path, FileAccessMode.Memory);
        Assert.Equal(
            (records.Metadata.DatabaseType, records.Metadata.IPVersion == 6, records.Metadata.BuildDate),
            (ours.Metadata.DatabaseType, ours.Metadata.IsV6, ours.Metadata.BuiltAt.UtcDateTime)
        );

        var networks = 0;
        foreach (var network in records.FindAll<Members>())
        {
            networks++;
            foreach (var address in Probes(network.Start.GetAddressBytes(), network.PrefixLength))
            {
                AssertAgrees(ours, records, cities, address);
            }
        }

        return networks;
    }

    private static void AssertAgrees(MaxMindDatabase ours, Reader records, DatabaseReader cities, IPAddress address)
    {
        var text = address.ToString();
        var (outcome, json) = ours.Record(text);
        if (records.Find<Members>(address) is not { } record)
        {
            Assert.Equal((text, LookupOutcome.Absent), (text, outcome));
            return;
        }

        Assert.Equal((text, LookupOutcome.Found), (text, outcome));
        using var document = JsonDocument.Parse(json);
        AssertEqual(record, document.RootElement, text);
        Assert.True(cities.TryCity(address, out var city));
        Assert.Equal((text, PlaceOf(city)), (text, ours.Place(text)));
        Assert.Equal((text, CountryOf(city)), (text, ours.Country(text)));
    }

    private static void AssertEqual(object expected, JsonElement actual, string what)
    {
        switch (expected)
        {
            case Members map:
                Assert.Equal((what, map.Count), (what, actual.EnumerateObject().Count()));
                foreach (var (key, member) in map)
                {
                    AssertEqual(member, actual.GetProperty(key), $"{what} {key}");
                }

                break;
            case List<object> array:
                Assert.Equal((what, array.Count), (what, actual.GetArrayLength()));
                for (var i = 0; i < array.Count; i++)
                {
                    AssertEqual(array[i], actual[i], $"{what} {i}");
                }

                break;
            case string text:
                Assert.Equal((what, text), (what, actual.GetString()));
                break;
            case bool flag:
                Assert.Equal((what, flag), (what, actual.GetBoolean()));
                break;
            case byte[] bytes:
                Assert.Equal((what, Convert.ToBase64String(bytes)), (what, actual.GetString()));
                break;
            case double number:
                Assert.Equal((what, number), (what, actual.GetDouble()));
                break;
            case float number:
                Assert.Equal((what, number), (what, actual.GetSingle()));
                break;
            default:
                var digits = string.Create(CultureInfo.InvariantCulture, $"{expected}");
                Assert.Equal((what, digits), (what, actual.GetRawText()));
                break;
        }
    }

    /// <summary>Country, region, city and time zone of the published model, as events name them.</summary>
    private static string PlaceOf(CityResponse city)
    {
        var first = city.Subdivisions.Count > 0 ? city.Subdivisions[0] : null;
        var region = string.IsNullOrEmpty(first?.IsoCode) ? Name(first?.Name) : first.IsoCode;
        return string.Join('|', CountryOf(city), region, Name(city.City.Name), city.Location.TimeZone);
    }

    private static string CountryOf(CityResponse city) => CountryCode.Parse((city.Country.IsoCode ?? "").AsSpan()).Text;

    private static string Name(string? name) =>
        name is not null && Encoding.UTF8.GetByteCount(name) <= DataReader.NameMaxBytes ? name : "";

    private static IEnumerable<IPAddress> Probes(byte[] start, int prefixLength)
    {
        var first = new BigInteger(start, isUnsigned: true, isBigEndian: true);
        var size = BigInteger.One << (start.Length * 8 - prefixLength);
        foreach (var offset in new[] { BigInteger.Zero, size / 2, size - 1, size })
        {
            var bytes = (first + offset).ToByteArray(isUnsigned: true, isBigEndian: true);
            if (bytes.Length > start.Length)
            {
                continue;
            }

            var address = new IPAddress([.. new byte[start.Length - bytes.Length], .. bytes]);
            // For Edge a mapped address is the IPv4 address; in the tree it is an address of its own.
            if (!address.IsIPv4MappedToIPv6)
            {
                yield return address;
            }
        }
    }

    private static byte[] RandomCities(int recordBits, bool isV6, Random random)
    {
        var writer = new GeoFileWriter { RecordBits = recordBits, IsV6 = isV6 };
        for (var i = 0; i < 600; i++)
        {
            // Wide networks first, so that a narrow one is never overwritten.
            var isV4 = !isV6 || random.Next(2) == 0;
            var length = isV4 ? 8 + i * 24 / 600 : 16 + i * 112 / 600;
            var address = new byte[isV4 ? 4 : 16];
            random.NextBytes(address);
            if (!isV4)
            {
                // Global unicast, far from the IPv4 part of the tree.
                address[0] = 0x24;
            }

            for (var bit = length; bit < address.Length * 8; bit++)
            {
                address[bit / 8] &= (byte)~(0x80 >> (bit % 8));
            }

            writer.Add($"{new IPAddress(address)}/{length}", RandomCity(random));
        }

        if (isV6)
        {
            writer.AddV4Alias("2002::/16");
        }

        return writer.Build();
    }

    /// <summary>A record in which anything may be missing, too long or unknown.</summary>
    private static object RandomCity(Random random)
    {
        var code = random.Next(8) == 0 ? "XX" : $"{(char)('A' + random.Next(26))}{(char)('A' + random.Next(26))}";
        var name = random.Next(6) switch
        {
            0 => "",
            1 => new string('ü', 70),
            2 => "東京",
            _ => $"City {random.Next(50)}",
        };
        return random.Next(5) switch
        {
            0 => Country(code),
            1 => Map(("city", Map(("names", Map(("de", name)))))),
            2 => Map(
                ("subdivisions", new object[] { Map(("names", Map(("en", name)))), Map(("iso_code", "B")) }),
                ("location", Map(("time_zone", "Europe/Paris")))
            ),
            _ => City(code, name, random.Next(3) == 0 ? "" : $"R{random.Next(90)}", "Asia/Tokyo"),
        };
    }
}
