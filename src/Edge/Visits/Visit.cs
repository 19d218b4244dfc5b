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

    /// <summary>The hash of address and user agent.</summary>
    ViewerKey,
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

    /// <summary>Characters of a user agent that are copied on the stack; a longer one costs an allocation.</summary>
    private const int UserAgentStackBytes = 512;

    /// <summary>
    /// The unit of the request's sender: the opaque <c>u</c> parameter when it was sent and fits, else the viewer key
    /// (spec 3.1).
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
        source = UnitSource.Parameter;
        if (TryReadUnit(request.Query, room, out var written))
        {
            return room[..written];
        }

        source = UnitSource.ViewerKey;
        var agent = request.UserAgent;
        Span<byte> bytes =
            agent.Length <= UserAgentStackBytes ? stackalloc byte[UserAgentStackBytes] : new byte[agent.Length];
        ViewerKey.Compute(address, HeaderBytes.Narrow(agent, bytes), room[..ViewerKey.Bytes]);
        return room[..ViewerKey.Bytes];
    }

    /// <summary>The sender's own id of the visitor; false when there is none, or none that fits.</summary>
    public static bool TryReadUnit(ReadOnlySpan<char> query, Span<byte> unit, out int written) =>
        QueryParameters.TryRead(query, UnitParameter, unit, out written) && written > 0;

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

    /// <summary>What conditions and schedules may look at; views of the request.</summary>
    public static VisitorContext ContextOf(
        DateTimeOffset now,
        UserAgentFacts facts,
        CountryCode country,
        in VisitRequest request
    ) =>
        new()
        {
            Now = now,
            DeviceType = facts.DeviceType,
            Os = facts.Os,
            Browser = facts.Browser,
            Country = country.Text,
            Continent = country.Continent,
            AcceptLanguage = request.AcceptLanguage,
            Referrer = request.Referrer,
            Query = request.Query,
        };
}
