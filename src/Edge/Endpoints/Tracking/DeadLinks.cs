using System.Collections.Frozen;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Settings;
using Microsoft.Extensions.Primitives;

namespace Edge.Endpoints.Tracking;

/// <summary>
/// Answers links that lead nowhere: unknown, in draft, archived, without a destination. Where the operator has named an
/// address for them, the reader is sent there; otherwise a browser gets a page to read and a program the problem.
/// Thread safe.
/// </summary>
/// <param name="fallbackUrl">Where such links lead; empty for nowhere.</param>
/// <param name="teamFallbackUrls">The same for links of one team, each as <c>TEAM=URL</c>.</param>
internal sealed class DeadLinks(string fallbackUrl, IEnumerable<string> teamFallbackUrls)
{
    private static readonly StringValues Html = "text/html; charset=utf-8";
    private static readonly StringValues NoScripts = "default-src 'none'; style-src 'unsafe-inline'";

    private static ReadOnlySpan<byte> Page =>
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>This link leads nowhere</title>
        <style>body{font:1.1em/1.5 sans-serif;max-width:32em;margin:20vh auto;padding:0 1em}</style>
        </head>
        <body>
        <h1>This link leads nowhere</h1>
        <p>It may have been taken down, or not be open yet. If you typed it, compare it with what you have read.</p>
        </body>
        </html>

        """u8;

    private readonly StringValues _fallback = LocationOf(fallbackUrl);
    private readonly FrozenDictionary<string, StringValues> _ofTeams = teamFallbackUrls
        .Select(LinkFallback.Split)
        .ToFrozenDictionary(pair => pair.Team, pair => LocationOf(pair.Url), StringComparer.Ordinal);

    /// <summary>Answers one.</summary>
    /// <param name="context">The request.</param>
    /// <param name="entry">Whose link it is; null when nobody's is known.</param>
    /// <param name="detail">What a program is told.</param>
    public Task AnswerAsync(HttpContext context, CatalogEntry? entry, string detail)
    {
        if (RequestMethod.IsPost(context.Request.Method))
        {
            return Problem.ExperimentNotFoundAsync(context, detail);
        }

        var location =
            entry?.Experiment.Team is { } team && _ofTeams.TryGetValue(team, out var ofTeam) ? ofTeam : _fallback;
        if (location.Count > 0)
        {
            Replies.WriteRedirect(context.Response, location);
            return Task.CompletedTask;
        }

        return context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
            ? WritePageAsync(context)
            : Problem.ExperimentNotFoundAsync(context, detail);
    }

    private static async Task WritePageAsync(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status404NotFound;
        Replies.ForbidCaching(response.Headers);
        response.Headers.ContentType = Html;
        response.Headers.ContentSecurityPolicy = NoScripts;
        response.Headers.ContentLength = Page.Length;
        response.Headers["X-Robots-Tag"] = "noindex";
        if (!RequestMethod.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(Page.ToArray());
        }
    }

    private static StringValues LocationOf(string url) =>
        Destination.OfStored(url.Length == 0 ? null : url) is { } target ? target.Location : StringValues.Empty;
}
