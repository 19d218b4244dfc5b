using Edge.Access;
using Edge.Catalog;
using Edge.Enrichment.Hashing;
using Edge.Enrichment.Sources;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Experiments;
using Edge.Formats;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Selection;
using Edge.Telemetry;

namespace Edge.Visits;

/// <summary>What the visitor did.</summary>
internal enum VisitKind
{
    /// <summary>The pixel was loaded.</summary>
    Impression,

    /// <summary>The image was loaded, where the operator has images counted.</summary>
    Image,

    /// <summary>The link was followed.</summary>
    Click,
}

/// <summary>A visit that has been recorded, or could not be kept.</summary>
/// <param name="Variant">Index of the variant it belongs to.</param>
/// <param name="Id">Id of its event; default when there is none.</param>
/// <param name="Sequence">Position of its event in the journal; 0 when it was not kept.</param>
/// <param name="Fallback">Where the link leads because a limit closes it; null when it is open.</param>
/// <param name="Judgement">The verdict on the visitor.</param>
/// <param name="Append">What the journal said; of no meaning without an event.</param>
/// <param name="IsSynthetic">Whether it is a test's.</param>
/// <param name="Link">What became of the token in its link.</param>
internal readonly record struct RecordedVisit(
    int Variant,
    Events.EventId Id = default,
    long Sequence = 0,
    LinkTarget? Fallback = null,
    Judgement Judgement = default,
    AppendResult Append = default,
    bool IsSynthetic = false,
    LinkState Link = LinkState.None
);

/// <summary>
/// Turns a request on a running experiment into one event in the journal: who, which variant, what the server adds, one
/// encoding, one append. Nothing here waits for a disk, and nothing is allocated on the heap once user agents are
/// known. Thread safe.
/// </summary>
internal sealed class VisitRecorder(
    string node,
    TimeProvider time,
    VisitorReader visitors,
    VariantAssigner variants,
    VerdictJudge verdicts,
    ClickBudgets budgets,
    EventJournal journal,
    Metrics metrics
)
{
    /// <summary>Longest referrer that is kept; a longer one is cut at a character.</summary>
    public const int ReferrerBytesMax = 2_048;

    private readonly EventIds _ids = new(time);

    /// <summary>
    /// Appends the event and returns what became of it. A click that a browser makes ahead of the visit is none:
    /// <see cref="Outcome.Prefetch"/>.
    /// </summary>
    public Outcome Record(in VisitRequest request, CatalogEntry experiment, VisitKind kind, out RecordedVisit recorded)
    {
        var visitor = visitors.Read(request, ScopeOf(kind), stackalloc byte[VisitorReader.RoomBytes]);
        var isClick = kind == VisitKind.Click;
        if (isClick && visitor.Judgement.IsSpeculation)
        {
            recorded = new RecordedVisit(experiment.DefaultIndex);
            return Outcome.Prefetch;
        }
        if (isClick && ClosedBy(experiment, visitor, takes: request.SyntheticTest.IsEmpty) is { } fallback)
        {
            recorded = new RecordedVisit(experiment.DefaultIndex, Fallback: fallback);
            return Outcome.LinkClosed;
        }

        Span<byte> unitRoom = stackalloc byte[Bucketing.UnitBytesMax];
        var unit = visitors.ReadUnit(request, visitor, experiment, unitRoom, out var unitSource, out var link);
        Span<byte> hashRoom = stackalloc byte[VisitorReader.UnitRoomBytes];
        var isNamed = unitSource.IsNamed();
        var unitHashes = visitors.HashUnit(experiment, unit, isNamed, visitor.Now, isClick, hashRoom);
        Span<byte> messageRoom = stackalloc byte[VisitorHashes.UnitHashChars];
        var message = visitors.HashMessage(link, unit, visitor.Now, messageRoom);
        var sent = link.VariantOf(experiment);
        var shown = variants.AssignReported(request, visitor, experiment, kind, sent, unit, unitHashes.Longest);
        var isSynthetic = !request.SyntheticTest.IsEmpty;
        var tracking = (TrackingMode)Math.Max(
            (int)link.Tracking,
            (int)experiment.TrackingOf(request.AsksForPrivacy)
        );
        if (tracking == TrackingMode.Off)
        {
            recorded = new RecordedVisit(
                shown.Variant,
                Judgement: visitor.Judgement,
                IsSynthetic: isSynthetic,
                Link: link.State
            );
            return Outcome.Untracked;
        }

        var query = isClick ? request.Query : default;
        var isSourced = isClick || !request.Referrer.IsEmpty;
        Span<byte> url = isClick ? stackalloc byte[ClickUrl.BytesMax] : default;
        Span<byte> referrer = request.Referrer.IsEmpty ? default : stackalloc byte[ReferrerBytesMax];
        Span<char> scratch = isSourced ? stackalloc char[SourceClassifier.ScratchChars] : default;
        _ = SourceClassifier.TryClassify(query, request.Referrer, requestHost: default, scratch, out var source);

        var tracked = new TrackedEvent
        {
            Id = _ids.Next(visitor.Now),
            Node = node,
            Api = EventApi.Pictify,
            Project = experiment.Experiment.Team ?? ApiKey.DefaultProject,
            Synthetic = request.SyntheticTest,
            Type = isClick ? "click" : "impression",
            Event = EventNameOf(kind),
            Experiment = experiment.SlugUtf8,
            ExperimentUid = experiment.UidUtf8,
            Variant = shown.CountedVariant(experiment),
            ProbabilityBasisPoints = shown.BasisPoints,
            WeightsVersion = shown.WeightsVersion,
            UnitHash = unitHashes.Today,
            UnitHashPrevious = unitHashes.Yesterday,
            UnitHashStable = unitHashes.Stable,
            MessageHash = message,
            UnitIgnored = unitSource == UnitSource.UnfilledTag ? Visit.MergeTagIgnored : link.Ignored,
            SentAt = link.SentAt,
            Url = isClick ? ClickUrl.Write(experiment, query, url) : default,
            Referrer = Utf8Text.Cut(request.Referrer, referrer),
        };
        visitor.WriteTo(ref tracked, source);
        if (tracking == TrackingMode.Aggregate)
        {
            LeaveOutPerson(ref tracked);
        }

        if (unitSource == UnitSource.UnfilledTag)
        {
            metrics.CountUnfilledTag();
        }

        if (!isSynthetic)
        {
            verdicts.Count(visitor.Judgement);
        }

        var record = EventEncoder.Encode(tracked, Envelope.HeaderBytes);
        var result = journal.TryAppend(record, tracked.Id, out var sequence, isSynthetic: isSynthetic);
        recorded = new RecordedVisit(
            shown.Variant,
            // A destination that learns the id of the event could say whose it is.
            tracking == TrackingMode.Aggregate ? default : tracked.Id,
            sequence,
            null,
            visitor.Judgement,
            result,
            isSynthetic,
            link.State
        );
        return result == AppendResult.Appended ? Outcome.Recorded : Outcome.NotKept;
    }

    /// <summary>
    /// The variant this visitor gets, without an event: what a page asks for before it shows something.
    /// </summary>
    public RecordedVisit Show(in VisitRequest request, CatalogEntry experiment)
    {
        var visitor = visitors.ReadForChoice(
            request,
            VerdictScope.Api,
            experiment.IsByVisitorsClock,
            stackalloc byte[VisitorReader.RoomBytes]
        );
        var variant = Choose(request, visitor, experiment, VisitKind.Impression);
        return new RecordedVisit(variant, Judgement: visitor.Judgement);
    }

    /// <summary>The variant whose link this visitor follows, or what closes it, when the click is not recorded.</summary>
    public RecordedVisit Follow(in VisitRequest request, CatalogEntry experiment)
    {
        var room = (stackalloc byte[VisitorReader.RoomBytes]);
        var visitor = visitors.ReadForChoice(request, VerdictScope.Click, experiment.IsByVisitorsClock, room);
        return ClosedBy(experiment, visitor, takes: false) is { } fallback
            ? new RecordedVisit(experiment.DefaultIndex, Fallback: fallback)
            : new RecordedVisit(Choose(request, visitor, experiment, VisitKind.Click));
    }

    /// <summary>
    /// Where a click leads because its link has not started, has expired or has taken all its clicks; null when it is
    /// open. Only people use up clicks, and no test does.
    /// </summary>
    private LinkTarget? ClosedBy(CatalogEntry experiment, in Visitor visitor, bool takes)
    {
        if (experiment.Limits is not { } limits)
        {
            return null;
        }
        if (limits.ClosedAt(visitor.Now) is { } closed)
        {
            return closed;
        }
        if (limits.Exhausted is null)
        {
            return null;
        }
        var isOpen =
            takes && !visitor.Judgement.Verdict.IsMachine()
                ? budgets.TryTake(experiment, limits)
                : !budgets.IsExhausted(experiment, limits);
        return isOpen ? null : limits.Exhausted;
    }

    /// <summary>
    /// Chooses without an event. What a browser loads ahead is shown to its visitor later, so it is the visitor's own.
    /// </summary>
    private int Choose(in VisitRequest request, scoped in Visitor sender, CatalogEntry experiment, VisitKind kind)
    {
        var visitor = sender.Judgement.IsSpeculation ? sender with { Judgement = default } : sender;
        Span<byte> unitRoom = stackalloc byte[Bucketing.UnitBytesMax];
        var unit = visitors.ReadUnit(request, visitor, experiment, unitRoom, out var source, out var link);
        if (link.VariantOf(experiment) is >= 0 and var sent)
        {
            return sent;
        }

        Span<byte> hashRoom = stackalloc byte[VisitorReader.UnitRoomBytes];
        var unitHashes = visitors.HashUnit(experiment, unit, source.IsNamed(), visitor.Now, joins: false, hashRoom);
        return variants.Assign(request, visitor, experiment, kind, unit, unitHashes.Longest).Variant;
    }

    /// <summary>
    /// Leaves in the event what is true of many: when, which variant, from where by source and country, and the verdict.
    /// </summary>
    private static void LeaveOutPerson(ref TrackedEvent e)
    {
        if (e.UnitIgnored.IsEmpty)
        {
            e.UnitIgnored = Visit.AggregateIgnored;
        }

        e.UnitHash = e.UnitHashPrevious = e.UnitHashStable = e.MessageHash = e.AddressHash = default;
        e.Url = e.Referrer = e.Region = e.City = e.TimeZone = default;
        e.SentAt = null;
        e.DeviceType = e.Browser = e.Os = "";
        e.BrowserVersion = e.OsVersion = e.DeviceBrand = e.DeviceModel = null;
    }

    private static ReadOnlySpan<byte> EventNameOf(VisitKind kind) =>
        kind switch
        {
            VisitKind.Impression => "pixel"u8,
            VisitKind.Image => "image"u8,
            _ => "redirect"u8,
        };

    private static VerdictScope ScopeOf(VisitKind kind) =>
        kind == VisitKind.Click ? VerdictScope.Click : VerdictScope.Pixel;
}
