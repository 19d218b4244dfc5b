namespace Edge.Enrichment.Geo;

/// <summary>
/// Where an address is, as views of the database's own bytes (UTF-8); what is unknown is empty. Valid as long as
/// somebody holds it.
/// </summary>
internal ref struct GeoPlace
{
    public CountryCode Country;

    /// <summary>First subdivision: its ISO 3166-2 code without the country, else its English name.</summary>
    public ReadOnlySpan<byte> Region;

    /// <summary>English name.</summary>
    public ReadOnlySpan<byte> City;

    /// <summary>IANA name.</summary>
    public ReadOnlySpan<byte> TimeZone;
}
