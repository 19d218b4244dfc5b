using System.Net;
using Edge.Enrichment.Geo;
using Edge.Formats;
using Edge.Requests;
using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.Support.GeoFileWriter;

namespace Edge.Tests.Visits;

/// <summary>Who is believed about the country: the trusted proxy's header first, then the database.</summary>
public class PlaceFinderTests
{
    [Theory]
    [InlineData("no header configured", "", "10.0.0.1", "US", "DE|BE|Berlin|Europe/Berlin")]
    [InlineData("trusted proxy", "CF-IPCountry", "10.0.0.1", "US", "US|||")]
    [InlineData("trusted proxy, lower case", "CF-IPCountry", "10.0.0.1", "us", "US|||")]
    [InlineData("another header name", "X-Vercel-IP-Country", "10.0.0.1", "US", "US|||")]
    [InlineData("same country keeps the city", "CF-IPCountry", "10.0.0.1", "DE", "DE|BE|Berlin|Europe/Berlin")]
    [InlineData("stranger", "CF-IPCountry", "203.0.113.9", "US", "DE|BE|Berlin|Europe/Berlin")]
    [InlineData("unknown to the proxy", "CF-IPCountry", "10.0.0.1", "XX", "DE|BE|Berlin|Europe/Berlin")]
    [InlineData("Tor", "CF-IPCountry", "10.0.0.1", "T1", "DE|BE|Berlin|Europe/Berlin")]
    [InlineData("no header sent", "CF-IPCountry", "10.0.0.1", null, "DE|BE|Berlin|Europe/Berlin")]
    [InlineData("sent twice", "CF-IPCountry", "10.0.0.1", "US;FR", "DE|BE|Berlin|Europe/Berlin")]
    [InlineData("not a country", "CF-IPCountry", "10.0.0.1", "U\u00df", "DE|BE|Berlin|Europe/Berlin")]
    public void Place_HeaderAndDatabase_AreRanked(string row, string header, string peer, string? sent, string expected)
    {
        using var directory = new TempDirectory();
        var path = directory["geo.mmdb"];
        File.WriteAllBytes(
            path,
            new GeoFileWriter().Add("192.0.2.0/24", City("DE", "Berlin", "BE", "Europe/Berlin")).Build()
        );
        using var database = GeoDatabase.Open(path, TimeProvider.System, new LogLines());
        var finder = new PlaceFinder(
            database,
            new ClientAddressResolver(["10.0.0.0/8"], ForwardedHeader.XForwardedFor),
            header
        );
        HeaderLine[] headers =
        [
            .. (sent?.Split(';') ?? []).Select(value => new HeaderLine(
                header.Length > 0 ? header : "CF-IPCountry",
                value.AsMemory()
            )),
        ];
        var address = ClientAddress.From(IPAddress.Parse("192.0.2.1"));

        var place = finder.Find(ClientAddress.From(IPAddress.Parse(peer)), headers, address);

        Assert.Equal((row, expected), (row, Geo.Text(place)));
    }
}
