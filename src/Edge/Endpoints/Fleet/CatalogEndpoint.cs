using System.Globalization;
using Edge.Fleet;
using Edge.Fleet.Following;
using Edge.Fleet.Origin;
using Edge.Formats;
using Edge.Telemetry;

namespace Edge.Endpoints.Fleet;

/// <summary>
/// <c>GET /fleet/catalog</c>: the edition after the one that <c>If-None-Match</c> names, in gzip: its changes when they
/// are few, else the whole. With <c>?wait=SECONDS</c> the answer waits for one, and is 304 when none comes.
/// </summary>
internal sealed class CatalogEndpoint(
    FleetAccess access,
    CatalogPublisher publisher,
    NodeList nodes,
    Metrics metrics
)
{
    public const string Path = OriginClient.Path;

    /// <summary>Longest wait, seconds.</summary>
    private const int WaitMax = 60;

    /// <summary>Longest text of a header, characters; node names are no longer where they are set.</summary>
    private const int HeaderCharsMax = 3 * OriginClient.ProblemCharsMax;

    public Task HandleAsync(HttpContext context)
    {
        if (access.Refuse(context) is { } refusal)
        {
            return refusal;
        }

        if (!RequestMethod.IsGet(context.Request.Method) && !RequestMethod.IsHead(context.Request.Method))
        {
            metrics.Count(RouteName.Fleet, Outcome.MethodNotAllowed);
            return Problem.MethodNotAllowedAsync(context);
        }

        metrics.Count(RouteName.Fleet, Outcome.Answered);
        var wait = int.TryParse(
            context.Request.Query["wait"],
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var seconds
        )
            ? Math.Min(seconds, WaitMax)
            : 0;
        RequestDeadline.Lift(context);
        return AnswerAsync(context, TimeSpan.FromSeconds(wait));
    }

    private async Task AnswerAsync(HttpContext context, TimeSpan wait)
    {
        var told = TagsOf(context.Request);
        if (told.Exists(tag => tag.Version >= EditionTag.VersionMax && tag.Version > publisher.Current.LastVersion))
        {
            await Problem.ValidationAsync(
                context,
                [
                    new Violation(
                        "If-None-Match",
                        $"must have a version below {EditionTag.VersionMax}, so that there is one after it",
                        ViolationCodes.OutOfRange
                    ),
                ]
            );
            return;
        }

        // What another secret has signed, this one before it was changed, says nothing of the versions of this fleet.
        var known = told.FindAll(tag => publisher.IsOfFleet(tag));
        var report = ReportOf(context.Request, told.FirstOrDefault()?.Version ?? 0);
        var request = report.Name.Length > 0 ? nodes.Note(report) : 0;
        using var left = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, EndOfPeer.Of(context));
        var edition = await publisher.WaitAsync(report.Name, known, wait, left.Token);
        if (left.IsCancellationRequested)
        {
            nodes.NoteGone(report, request);
            return;
        }

        var response = context.Response;
        Replies.ForbidCaching(response.Headers);
        response.Headers.ETag = edition.Tag.ToString();
        if (CatalogPublisher.IsKnown(edition.Tag, known))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.Headers.ContentEncoding = "gzip";
        var document = await edition.DocumentFor(known.FirstOrDefault());
        await Replies.WriteBodyAsync(context, "application/x-ndjson", document);
    }

    /// <summary>The editions an edge knows: the one in force, then one that it refused.</summary>
    private static List<EditionTag> TagsOf(HttpRequest request)
    {
        var tags = new List<EditionTag>();
        foreach (var header in request.Headers.IfNoneMatch)
        {
            foreach (var text in (header ?? "").Split(','))
            {
                if (EditionTag.Parse(text) is { } tag)
                {
                    tags.Add(tag);
                }
            }
        }

        return tags;
    }

    private static NodeReport ReportOf(HttpRequest request, long version) =>
        new(
            Text(request, OriginClient.NodeHeader),
            Text(request, OriginClient.InstanceHeader),
            Text(request, OriginClient.SoftwareHeader),
            Text(request, OriginClient.SaltHeader),
            version,
            Text(request, OriginClient.ProblemHeader)
        );

    private static string Text(HttpRequest request, string header)
    {
        var text = request.Headers[header].ToString();
        text = Uri.UnescapeDataString(text.Length > HeaderCharsMax ? text[..HeaderCharsMax] : text);
        foreach (var c in text)
        {
            if (char.IsControl(c))
            {
                // It goes into messages and onto terminals.
                return "";
            }
        }

        return text;
    }
}
