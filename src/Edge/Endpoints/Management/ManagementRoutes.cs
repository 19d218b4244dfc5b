using Edge.Experiments;
using Edge.Formats;

namespace Edge.Endpoints.Management;

/// <summary>The table of contents of the management API (spec 2). Literal segments come before uids.</summary>
internal sealed class ManagementRoutes(
    ListExperiments list,
    SummarizeExperiments summaries,
    CreateExperiment create,
    GetExperiment get,
    UpdateExperiment update,
    MoveExperiment move,
    GetQuota quota,
    GetAlerts alerts,
    AuditTrail audit,
    GetResults results,
    GetSeries series,
    GetUniques uniques,
    GetRecomputations recomputations,
    ExplainExperiment explain,
    EstimateWhatIf whatIf,
    RecomputeWeights recompute,
    ValidateDefinition validate,
    ExplainDefinition explainDefinition,
    ListOccurrences occurrences,
    ManageShares shares,
    CreateLinks links,
    ExportDefinitions exportDefinitions,
    ApplyDefinitions applyDefinitions
)
{
    /// <summary>Notes the parameters of a query that nobody reads, each with the one that was probably meant.</summary>
    public static void NoteUnknown(IQueryCollection query, string[] parameters, Violations violations)
    {
        foreach (var name in query.Keys.Where(name => !parameters.Contains(name, StringComparer.OrdinalIgnoreCase)))
        {
            violations.Add(
                name,
                parameters.Length == 0 ? "is not a parameter; there are none"
                    : NearestName.Probable(parameters, name) is { } meant
                        ? $"is not a known parameter; did you mean {meant}?"
                    : $"is not a known parameter; there are {string.Join(", ", parameters)}",
                ViolationCodes.UnknownMember
            );
        }
    }

    public Task DispatchAsync(HttpContext context)
    {
        var request = ManagementApi.RequestOf(context);
        return request.Rest switch
        {
            [] => Offer(
                request,
                ListExperiments.Parameters,
                (HttpMethods.Get, list.HandleAsync),
                (HttpMethods.Post, create.HandleAsync)
            ),
            ["summaries"] => Offer(
                request,
                SummarizeExperiments.Parameters,
                (HttpMethods.Get, summaries.HandleAsync)
            ),
            ["audit"] => Offer(request, AuditTrail.Parameters, (HttpMethods.Get, audit.HandleAsync)),
            ["alerts"] => Offer(request, GetAlerts.Parameters, (HttpMethods.Get, alerts.HandleAsync)),
            ["quota"] => Offer(request, [], (HttpMethods.Get, quota.HandleAsync)),
            ["validate"] => Ask(request, validate.HandleAsync),
            ["explain"] => Ask(request, explainDefinition.HandleAsync),
            ["definitions"] => Offer(
                request,
                [],
                (HttpMethods.Get, exportDefinitions.HandleAsync),
                (HttpMethods.Post, applyDefinitions.HandleAsync)
            ),
            ["occurrences"] => Ask(request, occurrences.HandleAsync),
            [_] => Offer(
                request,
                [],
                (HttpMethods.Get, get.HandleAsync),
                (HttpMethods.Put, update.HandleAsync),
                (HttpMethods.Delete, r => move.HandleAsync(r, LifecycleAction.Archive))
            ),
            [_, "start"] => Offer(request, [], (HttpMethods.Post, r => move.HandleAsync(r, LifecycleAction.Start))),
            [_, "pause"] => Offer(request, [], (HttpMethods.Post, r => move.HandleAsync(r, LifecycleAction.Pause))),
            [_, "complete"] => Offer(request, [], (HttpMethods.Post, r => move.HandleAsync(r, LifecycleAction.Complete))),
            [_, "results"] => Offer(request, [], (HttpMethods.Get, results.HandleAsync)),
            [_, "results.csv"] => Offer(request, GetSeries.Parameters, (HttpMethods.Get, series.HandleAsync)),
            [_, "uniques"] => Offer(request, [], (HttpMethods.Get, uniques.HandleAsync)),
            [_, "recomputations"] => Offer(request, [], (HttpMethods.Get, recomputations.HandleAsync)),
            [_, "recompute"] => Offer(request, [], (HttpMethods.Post, recompute.HandleAsync)),
            [_, "shares"] => Offer(
                request,
                [],
                (HttpMethods.Get, shares.ListAsync),
                (HttpMethods.Post, shares.CreateAsync)
            ),
            [_, "shares", _] => Offer(request, [], (HttpMethods.Delete, shares.RevokeAsync)),
            [_, "links"] => Offer(request, [], (HttpMethods.Post, links.HandleAsync)),
            [_, "explain"] => Ask(request, explain.HandleAsync),
            [_, "what-if"] => Ask(request, whatIf.HandleAsync),
            _ => Problem.RouteNotFoundAsync(context),
        };
    }

    /// <summary>Answers a question that is long enough to need a body, and changes nothing.</summary>
    private static Task Ask(ManagedRequest request, Func<ManagedRequest, Task> handle) =>
        RequestMethod.IsPost(request.Context.Request.Method)
            ? handle(request)
            : Problem.MethodNotAllowedAsync(request.Context, HttpMethods.Post);

    /// <summary>
    /// Answers with the handler of the method; HEAD is GET without a body, everything else is refused with what there
    /// is. A question with a parameter that nobody reads would be answered as if it had not been asked. What is not GET
    /// is a change, which a key for reading may not make.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="parameters">The parameters of GET.</param>
    /// <param name="offers">The methods.</param>
    private static Task Offer(
        ManagedRequest request,
        string[] parameters,
        params ReadOnlySpan<(string Method, Func<ManagedRequest, Task> Handle)> offers
    )
    {
        var method = RequestMethod.IsHead(request.Context.Request.Method)
            ? HttpMethods.Get
            : request.Context.Request.Method;
        var allow = new List<string>();
        foreach (var (offered, handle) in offers)
        {
            if (method != offered)
            {
                allow.Add(offered);
            }
            else if (method != HttpMethods.Get)
            {
                return request.Key.IsReadOnly
                    ? ManagementAccess.RefuseChangeAsync(request.Context)
                    : handle(request);
            }
            else
            {
                return AskAsync(request, parameters, handle);
            }
        }
        return Problem.MethodNotAllowedAsync(request.Context, string.Join(", ", allow));
    }

    private static Task AskAsync(ManagedRequest request, string[] parameters, Func<ManagedRequest, Task> handle)
    {
        var violations = new Violations();
        NoteUnknown(request.Context.Request.Query, parameters, violations);
        return violations.Count > 0 ? Problem.ValidationAsync(request.Context, violations.List) : handle(request);
    }
}
