using System.Net;
using System.Text;
using System.Text.Json;
using Edge.Enrichment.Geo;
using Edge.Requests;

namespace Edge.Tests.Support;

/// <summary>Asks a geo database by the text of an address.</summary>
internal static class Geo
{
    public static (UInt128 Bits, bool IsV4) Parse(string address)
    {
        var parsed = ClientAddress.From(IPAddress.Parse(address));
        return (parsed.ToBits(out var isV4), isV4);
    }

    public static MaxMindDatabase Open(byte[] file) =>
        MaxMindDatabase.Open(file, out var problem) ?? throw new InvalidOperationException(problem);

    public static string Country(this MaxMindDatabase database, string address)
    {
        var (bits, isV4) = Parse(address);
        database.FindCountry(bits, isV4, out var country);
        return country.Text;
    }

    /// <summary>Country, region, city and time zone, separated by bars.</summary>
    public static string Place(this MaxMindDatabase database, string address)
    {
        var (bits, isV4) = Parse(address);
        database.Find(bits, isV4, out var place);
        return Text(place);
    }

    public static string Text(in GeoPlace place) =>
        string.Join(
            '|',
            place.Country.Text,
            Encoding.UTF8.GetString(place.Region),
            Encoding.UTF8.GetString(place.City),
            Encoding.UTF8.GetString(place.TimeZone)
        );

    public static (LookupOutcome Outcome, string Json) Record(this MaxMindDatabase database, string address)
    {
        var (bits, isV4) = Parse(address);
        var stream = new MemoryStream();
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { SkipValidation = true });
        var outcome = database.Write(bits, isV4, json);
        json.Flush();
        return (outcome, Encoding.UTF8.GetString(stream.ToArray()));
    }
}
