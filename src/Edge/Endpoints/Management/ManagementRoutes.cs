using Edge.Experiments;

namespace Edge.Endpoints.Management;

/// <summary>The table of contents of the management API (spec 2). Literal segments come before uids.</summary>
internal sealed class ManagementRoutes(
    ListExperiments list,
    CreateExperiment create,
    GetExperiment get,
    UpdateExperiment update,
    MoveExperiment move,
    GetQuota quota,
    AuditTrail audit,
    GetResults results,
    GetSeries series,
    ExplainExperiment explain,
    RecomputeWeights recompute
)
{
    public Task DispatchAsync(HttpContext context)
    {
        var request = ManagementApi.RequestOf(context);
        return request.Rest switch
        {
            [] => Offer(request, (HttpMethods.Get, list.HandleAsync), (HttpMethods.Post, create.HandleAsync)),
            ["audit"] => Offer(request, (HttpMethods.Get, audit.HandleAsync)),
            ["quota"] => Offer(request, (HttpMethods.Get, quota.HandleAsync)),
            [_] => Offer(
                request,
                (HttpMethods.Get, get.HandleAsync),
                (HttpMethods.Put, update.HandleAsync),
                (HttpMethods.Delete, r => move.HandleAsync(r, LifecycleAction.Archive))
            ),
            [_, "start"] => Offer(request, (HttpMethods.Post, r => move.HandleAsync(r, LifecycleAction.Start))),
            [_, "pause"] => Offer(request, (HttpMethods.Post, r => move.HandleAsync(r, LifecycleAction.Pause))),
            [_, "complete"] => Offer(request, (HttpMethods.Post, r => move.HandleAsync(r, LifecycleAction.Complete))),
            [_, "results"] => Offer(request, (HttpMethods.Get, results.HandleAsync)),
            [_, "results.csv"] => Offer(request, (HttpMethods.Get, series.HandleAsync)),
            [_, "recompute"] => Offer(request, (HttpMethods.Post, recompute.HandleAsync)),
            [_, "explain"] => Offer(request, (HttpMethods.Post, explain.HandleAsync)),
            _ => Problem.RouteNotFoundAsync(context),
        };
    }

    /// <summary>
    /// Answers with the handler of the method; HEAD is GET without a body, everything else is refused with what there
    /// is.
    /// </summary>
    private static Task Offer(
        ManagedRequest request,
        params ReadOnlySpan<(string Method, Func<ManagedRequest, Task> Handle)> offers
    )
    {
        var method = RequestMethod.IsHead(request.Context.Request.Method)
            ? HttpMethods.Get
            : request.Context.Request.Method;
        var allow = new List<string>();
        foreach (var (offered, handle) in offers)
        {
            if (method == offered)
            {
                return handle(request);
            }

            allow.Add(offered);
        }
        return Problem.MethodNotAllowedAsync(request.Context, string.Join(", ", allow));
    }
}
