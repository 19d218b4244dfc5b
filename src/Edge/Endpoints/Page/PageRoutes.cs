using Edge.Endpoints.Management;
using Edge.Telemetry;

namespace Edge.Endpoints.Page;

/// <summary>The table of contents of the page, <c>/ui/</c>. Served where the management API is.</summary>
internal sealed class PageRoutes(PageAssets assets, SessionEndpoint session, ShareEndpoint share, Metrics metrics)
{
    private const string Root = "/ui";
    private const string Prefix = "/ui/";
    private const string Session = Prefix + "session";

    /// <summary>Whether a path belongs to the page; <c>/</c> leads there.</summary>
    public static bool IsHere(string path) =>
        path is "/" or Root || path.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The route that a path of the page is counted as.</summary>
    public static RouteName RouteOf(string path) => path == Session ? RouteName.Session : RouteName.Page;

    public Task HandleAsync(HttpContext context, string path)
    {
        PageAssets.Protect(context.Response.Headers);
        if (path == Session)
        {
            return session.HandleAsync(context);
        }

        if (!RequestMethod.IsGet(context.Request.Method) && !RequestMethod.IsHead(context.Request.Method))
        {
            metrics.Count(RouteName.Page, Outcome.MethodNotAllowed);
            return Problem.MethodNotAllowedAsync(context);
        }

        if (path.StartsWith(ManageShares.Prefix, StringComparison.Ordinal))
        {
            return share.HandleAsync(context, path[ManageShares.Prefix.Length..]);
        }

        metrics.Count(RouteName.Page, Outcome.Answered);
        if (path is "/" or Root)
        {
            Replies.WriteRedirect(context.Response, Prefix);
            return Task.CompletedTask;
        }

        return assets.HandleAsync(context, path[Prefix.Length..]);
    }
}
