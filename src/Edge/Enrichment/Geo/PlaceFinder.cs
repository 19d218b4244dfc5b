using Edge.Formats;
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
    /// <param name="peer">The socket's other end.</param>
    /// <param name="headers">The request's headers, that of the country among them.</param>
    /// <param name="address">The visitor's address.</param>
    public GeoPlace Find(
        scoped in ClientAddress peer,
        scoped ReadOnlySpan<HeaderLine> headers,
        scoped in ClientAddress address
    )
    {
        var stated = StatedCountry(peer, headers);
        var place = database.Find(address.ToBits(out var isV4), isV4);
        // City and region of another country than the stated one would contradict it.
        return stated.IsUnknown || stated == place.Country ? place : new GeoPlace { Country = stated };
    }

    /// <summary>The country alone, for a choice without an event: no record is read.</summary>
    public CountryCode FindCountry(in ClientAddress peer, ReadOnlySpan<HeaderLine> headers, in ClientAddress address)
    {
        var stated = StatedCountry(peer, headers);
        return stated.IsUnknown ? database.FindCountry(address.ToBits(out var isV4), isV4) : stated;
    }

    private CountryCode StatedCountry(in ClientAddress peer, ReadOnlySpan<HeaderLine> headers)
    {
        if (countryHeader.Length == 0 || !addresses.IsTrusted(peer))
        {
            return CountryCode.Unknown;
        }

        var stated = CountryCode.Unknown;
        var count = 0;
        foreach (ref readonly var line in headers)
        {
            if (line.Is(countryHeader))
            {
                stated = CountryCode.Parse(line.Value.Span);
                count++;
            }
        }
        // Two values mean that somebody before the proxy wrote one of them.
        return count == 1 ? stated : CountryCode.Unknown;
    }
}
