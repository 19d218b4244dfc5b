using Edge.Enrichment.Verdicts;
using Edge.Formats;
using Edge.Requests;
using Edge.Visits;

namespace Edge.Endpoints;

/// <summary>
/// Describes a request of Kestrel's as visits see it. Thread safe; allocates nothing unless the headers
/// outgrow the room given, or query or referrer have bytes beyond ASCII.
/// </summary>
internal sealed class VisitRequestReader
{
    private readonly ClientAddressResolver _addresses;
    private readonly string _countryHeader;
    private readonly VerdictJudge _verdicts;
    private volatile string[] _headerNames = [];

    /// <param name="addresses">Names the header of forwarded addresses.</param>
    /// <param name="countryHeader">Name of the header in which a proxy states the country; empty for none.</param>
    /// <param name="verdicts">Names the headers that rules look at.</param>
    public VisitRequestReader(ClientAddressResolver addresses, string countryHeader, VerdictJudge verdicts)
    {
        _addresses = addresses;
        _countryHeader = countryHeader;
        _verdicts = verdicts;
        Refresh();
    }

    /// <summary>To be called when the verdict rules have changed: they may look at other headers.</summary>
    public void Refresh() =>
        _headerNames =
        [
            .. new[] { _addresses.HeaderName, _countryHeader }
                .Concat(_verdicts.HeaderNames)
                .Where(static name => name.Length > 0)
                .Distinct(StringComparer.OrdinalIgnoreCase),
        ];

    /// <summary>Describes a request; the result is valid as long as request and room are.</summary>
    /// <param name="context">The request.</param>
    /// <param name="room">Room for the headers that settings and rules name, such as a
    /// <see cref="HeaderLineBuffer"/>.</param>
    public VisitRequest Read(HttpContext context, Span<HeaderLine> room)
    {
        var headers = context.Request.Headers;
        return new VisitRequest
        {
            Peer = ClientAddress.From(context.Connection.RemoteIpAddress),
            Query = HeaderBytes.Decode(context.Request.QueryString.Value),
            UserAgent = headers.UserAgent.Count > 0 ? headers.UserAgent[0] : default,
            Referrer = headers.Referer.Count > 0 ? HeaderBytes.Decode(headers.Referer[0]) : default,
            AcceptLanguage = headers.AcceptLanguage.Count > 0 ? headers.AcceptLanguage[0] : default,
            Origin = headers.Origin.Count == 1 ? headers.Origin[0] : default,
            Headers = ReadHeaders(headers, room),
        };
    }

    private ReadOnlySpan<HeaderLine> ReadHeaders(IHeaderDictionary headers, Span<HeaderLine> room)
    {
        var count = 0;
        foreach (var name in _headerNames)
        {
            var values = headers[name];
            if (count + values.Count > room.Length)
            {
                // Proxies that each add a line, or a hostile request.
                var larger = new HeaderLine[2 * (count + values.Count)];
                room[..count].CopyTo(larger);
                room = larger;
            }

            for (var i = 0; i < values.Count; i++)
            {
                room[count++] = new HeaderLine(name, values[i].AsMemory());
            }
        }

        return room[..count];
    }
}
