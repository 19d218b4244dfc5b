using System.Text.Json;
using Edge.Access;
using Edge.Catalog;
using Edge.Endpoints.Management;
using Edge.Experiments;
using Edge.Formats;
using Edge.Statistics;
using Edge.Statistics.Counting;
using Edge.Statistics.Optimization;
using Edge.Statistics.Results;
using Edge.Telemetry;

namespace Edge.Endpoints.Page;

/// <summary>
/// <c>/ui/share/{token}</c>: the results of one experiment for whoever has its link, as page, JSON and picture. A link
/// that is wrong, revoked or expired, and one to an experiment that is gone, are the same 404.
/// </summary>
internal sealed class ShareEndpoint(
    PageAssets assets,
    ShareTokens tokens,
    ShareTable shares,
    CatalogHolder catalog,
    ITally tally,
    RecomputationFiles recomputations,
    TimeProvider time,
    Metrics metrics
)
{
    /// <summary>Answers GET and HEAD.</summary>
    /// <param name="context">The exchange.</param>
    /// <param name="rest">The path behind <c>/ui/share/</c>.</param>
    public Task HandleAsync(HttpContext context, string rest)
    {
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var (token, form) = slash < 0 ? (rest, "") : (rest[..slash], rest[slash..]);
        var experiment = Find(token, out var share);
        metrics.Count(RouteName.Page, experiment is null ? Outcome.NotFound : Outcome.Answered);
        if (form.Length == 0)
        {
            // Without an extension whatever the token: it is a view of the page.
            var status = experiment is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
            return assets.HandleAsync(context, "", status);
        }

        if (experiment is null || form is not ("/results" or "/results.svg" or "/results.png" or "/recomputations"))
        {
            return NotFoundAsync(context);
        }

        Replies.ForbidCaching(context.Response.Headers);
        if (form == "/recomputations")
        {
            return recomputations.Read(experiment.Uid) is { } points
                ? Replies.WriteJsonAsync(context, json => GetRecomputations.Write(json, points))
                : GetRecomputations.UnreadableAsync(context);
        }

        if (GetResults.Refuse(context, tally.AgeOf(experiment.Uid)) is { } refusal)
        {
            return refusal;
        }

        var results = ExperimentTally.ResultsOf(experiment, tally, time.GetUtcNow());
        return form switch
        {
            "/results" => WriteAsync(context, experiment, share!, results),
            "/results.svg" => Replies.WriteBodyAsync(
                context,
                "image/svg+xml",
                SvgPicture.Write(ResultsPicture.Of(experiment, results))
            ),
            _ => Replies.WriteBodyAsync(
                context,
                "image/png",
                PngPicture.Write(ResultsPicture.Of(experiment, results))
            ),
        };
    }

    private Experiment? Find(string token, out Share? share)
    {
        share = tokens.TryRead(token, out var id) ? shares.Find(id) : null;
        return
            share is not null
            && catalog.Current.TryFindByUid(share.Uid, out var entry)
            && entry.Status != ExperimentStatus.Archived
            ? entry.Experiment
            : null;
    }

    private static Task WriteAsync(HttpContext context, Experiment experiment, Share share, ExperimentResults results) =>
        Replies.WriteJsonAsync(
            context,
            json =>
            {
                json.WriteString("name", experiment.Name);
                json.WriteString("expiresAt", Timestamp.Format(share.ExpiresAt));
                json.WritePropertyName("results");
                JsonSerializer.Serialize(json, results, StatisticsJson.Default.ExperimentResults);
            }
        );

    private static Task NotFoundAsync(HttpContext context) =>
        Problem.WriteAsync(
            context,
            StatusCodes.Status404NotFound,
            "share-not-found",
            "Share Not Found",
            "The link is wrong, revoked or expired."
        );
}
