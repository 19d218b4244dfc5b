using Edge.Requests;

namespace Edge.Enrichment.Geo;

/// <summary>
/// Where a visitor is (spec 6.6): the country a trusted proxy states in the configured header, else the geo database.
/// Thread safe, allocates nothing, never fails a request.
/// </summary>
/// <param name="database">The geo database.</param>
/// <param name="addresses">Knows the trusted proxies.</param>
/// <param name="countryHeader">Name of the header, such as CF-IPCountry; empty believes none.</param>
internal sealed class PlaceFinder(GeoDatabase database, ClientAddressResolver addresses, string countryHeader)
{
    /// <summary>Everything known of the place.</summary>
    public GeoPlace Find(HttpContext context, scoped in ClientAddress address)
    {
        var stated = StatedCountry(context);
        var place = database.Find(address.ToBits(out var isV4), isV4);
        // City and region of another country than the stated one would contradict it.
        return stated.IsUnknown || stated == place.Country ? place : new GeoPlace { Country = stated };
    }

    /// <summary>The country alone.</summary>
    public CountryCode FindCountry(HttpContext context, in ClientAddress address)
    {
        var stated = StatedCountry(context);
        return stated.IsUnknown ? database.FindCountry(address.ToBits(out var isV4), isV4) : stated;
    }

    private CountryCode StatedCountry(HttpContext context)
    {
        if (countryHeader.Length == 0 || !addresses.IsTrustedPeer(context.Connection.RemoteIpAddress))
        {
            return CountryCode.Unknown;
        }

        var values = context.Request.Headers[countryHeader];
        // Two values mean that somebody before the proxy wrote one of them.
        return values.Count == 1 ? CountryCode.Parse(values[0].AsSpan()) : CountryCode.Unknown;
    }
}
