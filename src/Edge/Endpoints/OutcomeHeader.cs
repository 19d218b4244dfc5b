using Edge.Access;
using Edge.Catalog;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Formats;
using Edge.Journal;
using Edge.Telemetry;
using Edge.Visits;

namespace Edge.Endpoints;

/// <summary>
/// The response header <c>Edge-Outcome</c>: what became of a request of pixel, click, resolve or an ingestion API, for
/// the people who set these up. Off by default, because failures are to look alike from outside (spec 4.1): it is
/// written in the demo, and for a request that carries a key of the management API in <c>Edge-Debug</c>, about
/// experiments of the key's team. Thread safe; allocates nothing when it is not asked for.
/// </summary>
/// <param name="isAlways">Whether everybody is told.</param>
/// <param name="keys">The issued keys.</param>
internal sealed class OutcomeHeader(bool isAlways, KeyRing keys)
{
    public const string Name = "Edge-Outcome";

    /// <summary>The request header with the key.</summary>
    public const string AskName = "Edge-Debug";

    public const string Recorded = "recorded";
    public const string UnknownExperiment = "unknown-experiment";
    public const string NotRunning = "not-running";
    public const string UnknownVariant = "unknown-variant";

    /// <summary>Said beside the others, of what is a test's.</summary>
    public const string Synthetic = "synthetic";

    private const string IgnoredUnit = "ignored-u";
    private const string Separator = ", ";

    /// <summary>Whether everybody is told.</summary>
    public bool IsAlways => isAlways;

    /// <summary>Says what became of a visit, when it is asked for.</summary>
    /// <param name="context">The request.</param>
    /// <param name="entry">Its experiment; null when there is none.</param>
    /// <param name="outcome">What is counted in the metrics.</param>
    /// <param name="visit">What was recorded.</param>
    public void Write(HttpContext context, CatalogEntry? entry, Outcome outcome, in RecordedVisit visit)
    {
        if (!IsAsked(context, out var key))
        {
            return;
        }

        var isForeign = entry is not null && !isAlways && entry.Experiment.Team != key!.Team;
        context.Response.Headers[Name] = Describe(
            isForeign ? null : entry,
            context.Request.QueryString.Value,
            outcome,
            visit
        );
    }

    /// <summary>What became of a visit, in words.</summary>
    /// <param name="entry">Its experiment; null when there is none.</param>
    /// <param name="query">The query as it was sent.</param>
    /// <param name="outcome">What is counted in the metrics.</param>
    /// <param name="visit">What was recorded.</param>
    public static string Describe(
        CatalogEntry? entry,
        ReadOnlySpan<char> query,
        Outcome outcome,
        in RecordedVisit visit
    )
    {
        if (entry is null)
        {
            return UnknownExperiment;
        }

        var text = Describe(outcome, visit) + (visit.IsSynthetic ? Separator + Synthetic : "");
        if (visit.Link != LinkState.None)
        {
            text += Separator + "link-" + PrometheusText.SnakeCase(visit.Link.ToString()).Replace('_', '-');
        }

        var room = new byte[Selection.Bucketing.UnitBytesMax];
        if (Visit.ReadParameter(query, null, room, out _, out _) == UnitSource.UnfilledTag)
        {
            text += Separator + IgnoredUnit;
        }

        return
            QueryParameters.TryFind(query, Visit.VariantParameter, out var stated)
            && !stated.IsEmpty
            && Visit.StatedVariant(query, entry) < 0
            ? text + Separator + UnknownVariant
            : text;
    }

    /// <summary>Says what became of ingested events, when it is asked for.</summary>
    /// <param name="context">The request.</param>
    /// <param name="judgement">The verdict on its sender.</param>
    /// <param name="failure">Why events were not kept; null when they were.</param>
    /// <param name="isUnitIgnored">Whether the parameter <c>u</c> was a merge tag that was not filled.</param>
    public void Write(HttpContext context, in Judgement judgement, DropReason? failure, bool isUnitIgnored)
    {
        if (!IsAsked(context, out _))
        {
            return;
        }

        Append(context, failure is { } reason ? NotKept(reason) : DescribeKept(judgement));
        if (isUnitIgnored)
        {
            Append(context, IgnoredUnit);
        }
    }

    /// <summary>Adds a word, when it is asked for; once for all events of a request.</summary>
    public void Add(HttpContext context, string word)
    {
        if (
            IsAsked(context, out _)
            && !context.Response.Headers[Name].ToString().Contains(word, StringComparison.Ordinal)
        )
        {
            Append(context, word);
        }
    }

    private bool IsAsked(HttpContext context, out ApiKey? key)
    {
        key = null;
        if (isAlways)
        {
            return true;
        }

        var asked = context.Request.Headers[AskName];
        return asked.Count == 1 && (key = keys.Find(asked[0])) is { Kind: KeyKind.Pictify };
    }

    private static string Describe(Outcome outcome, in RecordedVisit visit) =>
        outcome switch
        {
            Outcome.Recorded => DescribeKept(visit.Judgement),
            Outcome.NotKept => NotKept(EventJournal.ReasonOf(visit.Append)),
            Outcome.NotFound => UnknownExperiment,
            Outcome.NotRunning => NotRunning,
            Outcome.LinkClosed => "link-closed",
            Outcome.Untracked => "untracked",
            Outcome.Head => "head",
            Outcome.Prefetch => "prefetch",
            Outcome.Answered => visit.Judgement.Verdict.IsMachine() ? DescribeKept(visit.Judgement) : "answered",
            _ => "failed",
        };

    /// <summary>An event of a machine is recorded, too, and counts for nothing.</summary>
    private static string DescribeKept(in Judgement judgement) =>
        judgement.Verdict == Verdict.Prefetch ? "prefetch"
        : judgement.Verdict.IsMachine() ? "bot:" + judgement.Reason
        : Recorded;

    private static string NotKept(DropReason reason) => "not-kept:" + PrometheusText.SnakeCase(reason.ToString());

    private static void Append(HttpContext context, string word)
    {
        var headers = context.Response.Headers;
        headers[Name] = headers[Name].Count == 0 ? word : headers[Name] + Separator + word;
    }
}
