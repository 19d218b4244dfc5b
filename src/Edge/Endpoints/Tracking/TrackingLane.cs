using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;
using Edge.Requests;
using Edge.Telemetry;
using Edge.Transport;
using Edge.Visits;

namespace Edge.Endpoints.Tracking;

/// <summary>
/// Answers <c>GET</c> and <c>HEAD</c> of pixel and click where they are received, without the server: what is recorded
/// and answered is the same. Whatever is not plainly such a request, in its canonical path, is left to the server, and
/// so are links that lead nowhere and answers that wait for the disk. Belongs to one event loop; not thread safe.
/// </summary>
/// <param name="limits">The longest head that is read here.</param>
/// <param name="requests">Describes requests.</param>
/// <param name="pixel">Counts impressions; null when their answers wait for the disk.</param>
/// <param name="click">Counts clicks; null when their answers wait for the disk.</param>
/// <param name="tellsOutcomes">Whether everybody is told what became of the request.</param>
/// <param name="log">Where a bug is reported.</param>
internal sealed class TrackingLane(
    HeadLimits limits,
    VisitRequestReader requests,
    PixelEndpoint? pixel,
    ClickEndpoint? click,
    bool tellsOutcomes,
    RequestLog log
)
{
    /// <summary>Room for the text of one request: what is kept of its head, some of it twice.</summary>
    private const int TextChars = 32 << 10;

    /// <summary>What a canonical slug may hold; whether it is one, the catalog knows.</summary>
    private static readonly SearchValues<byte> SlugBytes = SearchValues.Create(
        "-0123456789abcdefghijklmnopqrstuvwxyz"u8
    );

    private static readonly AnswerTemplate Pixel = AnswerTemplate.Pixel(isHead: false);
    private static readonly AnswerTemplate PixelHead = AnswerTemplate.Pixel(isHead: true);
    private static readonly AnswerTemplate AskAgain = AnswerTemplate.AskAgain();
    private static readonly FrozenDictionary<int, AnswerTemplate> Redirects = new[]
    {
        StatusCodes.Status301MovedPermanently,
        StatusCodes.Status302Found,
        StatusCodes.Status307TemporaryRedirect,
        StatusCodes.Status308PermanentRedirect,
    }.ToFrozenDictionary(status => status, AnswerTemplate.Redirect);

    private readonly char[] _text = new char[TextChars];
    private readonly char[] _location = new char[LinkTarget.LocationCharsMax];

    /// <summary>Answers one request, or leaves it to the server.</summary>
    public LaneResult Answer(ref LaneExchange exchange)
    {
        try
        {
            return Handle(ref exchange);
        }
#pragma warning disable CA1031 // A bug in one request must not end the loop, and with it the process; it is counted and logged.
        catch (Exception e)
#pragma warning restore CA1031
        {
            log.Failed(e);
            return LaneResult.Failed;
        }
    }

    private LaneResult Handle(ref LaneExchange exchange)
    {
        HeaderFields fieldRoom = default;
        Span<HeaderField> fields = fieldRoom;
        if (
            !RequestHead.TryRead(exchange.Received, limits, fields, out var count, out var head)
            || !TrySplit(head.Path, out var slugBytes, out var isClick)
            || (isClick ? click is null : pixel is null)
        )
        {
            return LaneResult.NotMine;
        }

        Span<char> slug = stackalloc char[Slug.CharsMax];
        slug = slug[..Encoding.ASCII.GetChars(slugBytes, slug)];
        CatalogEntry? link = null;
        if (isClick && !(click!.TryFind(slug, out link) && link.HasDestination))
        {
            return LaneResult.NotMine;
        }

        HeaderLineBuffer lines = default;
        if (!requests.TryRead(head, fields[..count], exchange.Peer, _text, lines, out var request))
        {
            return LaneResult.NotMine;
        }

        var isLast = head.IsLast || exchange.IsDraining;
        exchange.Route = isClick ? RouteName.Click : RouteName.Pixel;
        exchange.Consumed = head.Length;
        exchange.Written = link is null
            ? AnswerPixel(exchange, request, slug, head.IsHead, isLast)
            : AnswerClick(exchange, request, link, head.IsHead, isLast);
        return isLast ? LaneResult.AnsweredLast : LaneResult.Answered;
    }

    private int AnswerPixel(
        in LaneExchange exchange,
        in VisitRequest request,
        ReadOnlySpan<char> slug,
        bool isHead,
        bool isLast
    )
    {
        var outcome = pixel!.Count(request, slug, isHead, out var experiment, out var recorded);
        var told = tellsOutcomes ? OutcomeHeader.Describe(experiment, request.Query, outcome, recorded) : null;
        return (isHead ? PixelHead : Pixel).Write(exchange.Room, exchange.Date, isLast, told);
    }

    private int AnswerClick(
        in LaneExchange exchange,
        in VisitRequest request,
        CatalogEntry link,
        bool isHead,
        bool isLast
    )
    {
        var outcome = click!.Count(request, link, isHead, out var recorded);
        var told = tellsOutcomes ? OutcomeHeader.Describe(link, request.Query, outcome, recorded) : null;
        if (outcome == Outcome.Prefetch)
        {
            return AskAgain.Write(exchange.Room, exchange.Date, isLast, told);
        }

        var location = ClickEndpoint.LocationOf(request.Query, link, recorded, _location);
        var answer = Redirects[ClickEndpoint.StatusOf(link, recorded)];
        return answer.Write(exchange.Room, exchange.Date, isLast, told, location);
    }

    /// <summary>Splits a canonical path: <c>/s/{slug}/pixel.gif</c> or <c>/s/{slug}/click</c>.</summary>
    private static bool TrySplit(ReadOnlySpan<byte> path, out ReadOnlySpan<byte> slug, out bool isClick)
    {
        slug = default;
        isClick = path.EndsWith("/click"u8);
        var end = isClick ? "/click"u8 : "/pixel.gif"u8;
        if (!path.StartsWith("/s/"u8) || !path.EndsWith(end) || path.Length <= "/s/"u8.Length + end.Length)
        {
            return false;
        }

        slug = path["/s/"u8.Length..^end.Length];
        return slug.Length <= Slug.CharsMax && !slug.ContainsAnyExcept(SlugBytes);
    }
}
