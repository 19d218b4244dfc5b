using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;
using Edge.Journal;
using Edge.Statistics.WhatIf;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST /experiments/api/{uid}/what-if</c>: what an experiment would have come to with another definition, estimated from
/// the trials that this node's journal holds. Stores nothing and counts nothing.
/// </summary>
internal sealed class EstimateWhatIf(CatalogHolder catalog, DefinitionDrafts drafts, WhatIfStudy study)
{
    public async Task HandleAsync(ManagedRequest request)
    {
        if (request.Find(catalog.Current)?.Experiment is not { } logged)
        {
            await request.NotFoundAsync();
            return;
        }

        using var question = await DefinitionQuestion.ReadAsync(
            request,
            json => drafts.ReadCandidate(request, json, logged),
            "from",
            "to"
        );
        if (question is null)
        {
            return;
        }

        var violations = new Violations();
        var fields = new JsonFields(question.Body, "", violations);
        var (from, to) = (fields.Instant("from"), fields.Instant("to"));
        if (from >= to)
        {
            violations.Add("to", "must be after from", ViolationCodes.OutOfRange);
        }

        await (
            violations.Count > 0
                ? Problem.ValidationAsync(request.Context, violations.List)
                : AnswerAsync(request, question.Experiment, from, to)
        );
    }

    private async Task AnswerAsync(ManagedRequest request, Experiment candidate, DateTimeOffset? from, DateTimeOffset? to)
    {
        WhatIfFinding? finding;
        try
        {
            finding = await study.TryEstimateAsync(candidate, from, to, request.Context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            if (!request.Context.RequestAborted.IsCancellationRequested)
            {
                await Problem.UnavailableAsync(request.Context, "The service stops.");
            }

            return;
        }
        catch (JournalException)
        {
            await Problem.UnavailableAsync(request.Context, "The journal cannot be read.");
            return;
        }

        await (
            finding is null
                ? Problem.UnavailableAsync(
                    request.Context,
                    "Another what-if is being worked out; there is one at a time. Ask again when it is done."
                )
                : request.WriteAsync(json =>
                {
                    finding.Report.WriteMembers(json);
                    json.WriteBoolean("isWhole", finding.IsWhole);
                })
        );
    }
}
