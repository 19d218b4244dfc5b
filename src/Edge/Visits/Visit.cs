using System.Buffers;
using System.Security.Cryptography;
using Edge.Catalog;
using Edge.Enrichment.Geo;
using Edge.Enrichment.UserAgents;
using Edge.Experiments;
using Edge.Formats;
using Edge.Selection;
using Edge.Selection.Conditions;

namespace Edge.Visits;

/// <summary>Where the unit of a visit came from.</summary>
internal enum UnitSource
{
    /// <summary>The sender's own id in the query.</summary>
    Parameter,

    /// <summary>The sender's own id in the token of a signed link.</summary>
    Link,

    /// <summary>The hash of address and user agent.</summary>
    ViewerKey,

    /// <summary>The same, because the query holds a merge tag that the sender's mail program did not fill.</summary>
    UnfilledTag,

    /// <summary>The same, because the token of a signed link counts for nothing.</summary>
    IgnoredLink,
}

/// <summary>
/// What a request is to an experiment: which unit, which stated variant, a person or a machine. Shared by the
/// service and by explanations, so that both decide alike. Pure; allocates nothing for user agents of usual length.
/// </summary>
internal static class Visit
{
    /// <summary>Query parameter with the sender's own id of the visitor.</summary>
    public const string UnitParameter = "u";

    /// <summary>Query parameter with the id of the variant the sender showed.</summary>
    public const string VariantParameter = "variant";

    /// <summary>
    /// Query parameter, and attribute of an evaluation, with the visitor's time zone, such as Europe/Paris.
    /// </summary>
    public const string ZoneParameter = "tz";

    /// <summary>Bytes of a user agent or a unit that are copied on the stack.</summary>
    private const int StackBytes = 512;

    /// <summary>What an event says in <c>unit_ignored</c> when its sender's id was a merge tag.</summary>
    public static ReadOnlySpan<byte> MergeTagIgnored => "merge_tag"u8;

    /// <summary>What an event says in <c>unit_ignored</c> when nothing about the person is kept.</summary>
    public static ReadOnlySpan<byte> AggregateIgnored => "aggregate"u8;

    /// <summary>Whether a unit is one that the sender named.</summary>
    public static bool IsNamed(this UnitSource source) => source is UnitSource.Parameter or UnitSource.Link;

    /// <summary>
    /// The unit of the request's sender: the opaque <c>u</c> parameter when it was sent and names somebody, else the
    /// viewer key (spec 3.1). A signed link's token is not opened here.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="address">The address of the visitor as text.</param>
    /// <param name="room"><see cref="Bucketing.UnitBytesMax"/> bytes of memory the result points into.</param>
    /// <param name="source">Where the unit came from.</param>
    public static ReadOnlySpan<byte> ReadUnit(
        in VisitRequest request,
        ReadOnlySpan<byte> address,
        Span<byte> room,
        out UnitSource source
    )
    {
        source = ReadParameter(request.Query, null, room, out var written, out _);
        if (source.IsNamed())
        {
            return room[..written];
        }

        return ComputeViewerKey(request, address, room);
    }

    /// <summary>The viewer key of the request's sender (spec 3.1).</summary>
    /// <inheritdoc cref="ReadUnit"/>
    public static ReadOnlySpan<byte> ComputeViewerKey(
        in VisitRequest request,
        ReadOnlySpan<byte> address,
        Span<byte> room
    )
    {
        var agent = request.UserAgent;
        Span<byte> bytes = agent.Length <= StackBytes ? stackalloc byte[StackBytes] : new byte[agent.Length];
        ViewerKey.Compute(address, HeaderBytes.Narrow(agent, bytes), room[..ViewerKey.Bytes]);
        return room[..ViewerKey.Bytes];
    }

    /// <summary>
    /// The sender's own id of the visitor, of any length, as it is or in a token; the source says whether there is one.
    /// </summary>
    /// <param name="query">The query.</param>
    /// <param name="tokens">Opens tokens; null when none is opened.</param>
    /// <param name="room">As for <see cref="ReadUnit"/>.</param>
    /// <param name="written">Bytes of the unit; 0 without one.</param>
    /// <param name="token">The token; default when there is none.</param>
    public static UnitSource ReadParameter(
        ReadOnlySpan<char> query,
        LinkTokens? tokens,
        Span<byte> room,
        out int written,
        out LinkToken token
    )
    {
        (written, token) = (0, default);
        if (!QueryParameters.TryFind(query, UnitParameter, out var sent) || sent.IsEmpty)
        {
            return UnitSource.ViewerKey;
        }

        var bytesMax = QueryParameters.DecodedBytesMax(sent.Length);
        var rented = bytesMax > StackBytes ? ArrayPool<byte>.Shared.Rent(bytesMax) : null;
        try
        {
            Span<byte> bytes = rented is null ? stackalloc byte[StackBytes] : rented;
            if (MergeTag.IsPercentName(HeaderBytes.Narrow(sent, bytes)))
            {
                return UnitSource.UnfilledTag;
            }

            QueryParameters.TryDecode(sent, bytes, out var length);
            // What mail programs and people put around a link must not make an id of what was meant to hide one.
            var bare = bytes[..length].Trim(" \t\r\n\"'<>"u8);
            if (bare.Length > 0 && bare[0] == LinkTokens.Mark)
            {
                token = tokens is null ? default : tokens.Open(bare, room, out written);
                return token.State == LinkState.Accepted ? UnitSource.Link : UnitSource.IgnoredLink;
            }

            if (MergeTag.IsIn(bytes[..length]))
            {
                return UnitSource.UnfilledTag;
            }

            written = UnitOf(bytes[..length], room).Length;
            return UnitSource.Parameter;
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>
    /// The unit of an id: the id itself, or SHA-256 in lower-case hexadecimal of one that is longer than
    /// <see cref="Bucketing.UnitBytesMax"/>.
    /// </summary>
    /// <param name="id">The id.</param>
    /// <param name="room">As for <see cref="ReadUnit"/>; the result points into it.</param>
    public static ReadOnlySpan<byte> UnitOf(ReadOnlySpan<byte> id, Span<byte> room)
    {
        if (id.Length <= Bucketing.UnitBytesMax)
        {
            id.CopyTo(room);
            return room[..id.Length];
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(id, hash);
        Convert.TryToHexStringLower(hash, room, out var written);
        return room[..written];
    }

    /// <summary>
    /// Index of the variant the sender says it showed; negative when it says none, or one that is not there.
    /// </summary>
    public static int StatedVariant(ReadOnlySpan<char> query, CatalogEntry experiment)
    {
        Span<byte> stated = stackalloc byte[ExperimentRules.VariantIdCharsMax];
        return QueryParameters.TryRead(query, VariantParameter, stated, out var written)
            ? experiment.IndexOfVariant(stated[..written])
            : -1;
    }

    /// <summary>
    /// The time zone of the request's sender: what the link or the evaluation states, else that of the place, else that
    /// of the country if it has but one. Names that there are not count as none.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="place">Where the sender is.</param>
    /// <param name="source">Where the zone came from, in words.</param>
    public static VisitorZone? ZoneOf(in VisitRequest request, in GeoPlace place, out string source)
    {
        Span<byte> sent = stackalloc byte[VisitorZones.NameBytesMax];
        source = "tz parameter";
        if (
            QueryParameters.TryRead(request.Query, ZoneParameter, sent, out var written)
            && VisitorZones.Find(sent[..written]) is { } ofQuery
        )
        {
            return ofQuery;
        }

        source = "tz attribute";
        if (
            request.Attributes is { } attributes
            && attributes.TryFind(ZoneParameter, out var stated)
            && VisitorZones.Find(stated) is { } ofContext
        )
        {
            return ofContext;
        }

        source = "geo data";
        if (VisitorZones.Find(place.TimeZone) is { } ofPlace)
        {
            return ofPlace;
        }

        var ofCountry = VisitorZones.OfCountry(place.Country.Text);
        source = ofCountry is null ? "fallback" : "country";
        return ofCountry;
    }

    /// <summary>What conditions and schedules may look at; views of the request.</summary>
    public static VisitorContext ContextOf(
        DateTimeOffset now,
        UserAgentFacts facts,
        CountryCode country,
        in VisitRequest request,
        VisitorZone? zone = null
    ) =>
        new()
        {
            Now = now,
            DeviceType = facts.DeviceType,
            Os = facts.Os,
            Browser = facts.Browser,
            Country = country.Text,
            Continent = country.Continent,
            Zone = zone,
            AcceptLanguage = request.AcceptLanguage,
            Referrer = request.Referrer,
            Query = request.Query,
            Attributes = request.Attributes,
        };
}
