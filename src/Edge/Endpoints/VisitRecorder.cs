using Edge.Enrichment;
using Edge.Events;
using Edge.Experiments;
using Edge.Journal;
using Edge.Requests;
using Edge.Selection;
using Edge.Telemetry;
using Edge.Visits;
using Microsoft.AspNetCore.Http;

namespace Edge.Endpoints;

/// <summary>What the visitor did.</summary>
internal enum VisitKind
{
    /// <summary>The pixel was loaded.</summary>
    Impression,

    /// <summary>The link was followed.</summary>
    Click,
}

/// <summary>
/// Turns a request on a running experiment into one event in the journal: who, which variant, what the server adds, one encoding, one
/// append. Nothing here waits for a disk, and nothing is allocated on the heap once user agents are known. Thread safe.
/// </summary>
internal sealed class VisitRecorder(
    EdgeOptions options, TimeProvider time, ClientAddressResolver addresses, UserAgentCache userAgents, VisitorHashes hashes, EventJournal journal)
{
    /// <summary>Minutes after midnight UTC in which a click may belong to yesterday's exposure: the longest attribution window.</summary>
    private const int AttributionMinutes = 30;

    private const string Api = "pictify";

    /// <summary>Project of an experiment without a team: a machine that has only one.</summary>
    private const string DefaultProject = "default";

    private readonly EventIds _ids = new(time);

    /// <summary>Appends the event and returns what became of it; <paramref name="sequence"/> is its place in the journal.</summary>
    public Outcome Record(HttpContext context, CatalogEntry experiment, VisitKind kind, out long sequence)
    {
        var request = context.Request;
        var headers = request.Headers;
        var now = time.GetUtcNow();
        var userAgent = headers.UserAgent.Count > 0 ? headers.UserAgent[0] : null;
        var facts = userAgents.Lookup(userAgent);

        var address = addresses.Resolve(context.Connection.RemoteIpAddress, headers[addresses.HeaderName]);
        Span<byte> addressText = stackalloc byte[ClientAddress.TextMaxBytes];
        addressText = addressText[..address.WriteText(addressText)];

        Span<byte> unit = stackalloc byte[Bucketing.UnitBytesMax];
        unit = unit[..Visit.WriteUnit(request.QueryString.Value, addressText, userAgent, unit, out _)];
        Span<byte> addressHash = stackalloc byte[VisitorHashes.AddressHashChars];
        hashes.WriteAddressHash(addressText, now, addressHash);
        Span<byte> unitHash = stackalloc byte[VisitorHashes.UnitHashChars];
        hashes.WriteUnitHash(experiment.UidUtf8, unit, now, unitHash);
        Span<byte> previousUnitHash = stackalloc byte[VisitorHashes.UnitHashChars];
        var isJustAfterMidnight = kind == VisitKind.Click && now.UtcDateTime.TimeOfDay < TimeSpan.FromMinutes(AttributionMinutes);
        if (isJustAfterMidnight) hashes.WriteUnitHash(experiment.UidUtf8, unit, now.AddDays(-1), previousUnitHash);

        var (verdict, reason) = Speculation.Judge(headers) is { } announced ? (Verdict.Prefetch, announced) : (facts.Verdict, facts.VerdictReason);
        var referrer = headers.Referer.Count > 0 ? headers.Referer[0].AsSpan() : default;
        Span<byte> referrerBytes = referrer.IsEmpty ? default : stackalloc byte[EventEncoder.ForeignTextMaxBytes];

        var visitor = new VisitorContext
        {
            Now = now,
            DeviceType = facts.DeviceType,
            Os = facts.Os,
            Browser = facts.Browser,
            AcceptLanguage = headers.AcceptLanguage.Count > 0 ? headers.AcceptLanguage[0] : default,
            Referrer = referrer,
            Query = request.QueryString.Value,
        };
        var choice = Choose(experiment, visitor, verdict, unit);
        var variant = experiment.Variants[choice.Variant];

        var tracked = new TrackedEvent
        {
            Id = _ids.Next(),
            Node = options.Node,
            ReceivedAt = now,
            Api = Api,
            Project = experiment.Experiment.Team ?? DefaultProject,
            Type = kind == VisitKind.Impression ? "impression" : "click",
            Event = kind == VisitKind.Impression ? "pixel" : "redirect",
            Experiment = experiment.SlugUtf8,
            ExperimentUid = experiment.UidUtf8,
            Variant = variant.IdUtf8,
            ProbabilityBasisPoints = choice.IsChance ? variant.Weight : 0,
            WeightsVersion = choice.IsChance ? experiment.WeightsVersion : 0,
            UnitHash = unitHash,
            UnitHashPrevious = isJustAfterMidnight ? previousUnitHash : default,
            Referrer = HeaderBytes.Narrow(referrer, referrerBytes),
            DeviceType = facts.DeviceType,
            Browser = facts.Browser,
            Os = facts.Os,
            AddressHash = addressHash,
            Verdict = VerdictNames.Of(verdict),
            VerdictReason = reason,
        };
        var record = EventEncoder.Encode(tracked, Envelope.HeaderBytes);
        return journal.TryAppend(record, tracked.Id, out sequence) == AppendResult.Appended ? Outcome.Recorded : Outcome.NotKept;
    }

    /// <summary>What the sender says it showed, else the choice of the experiment; machines that name themselves get the default.</summary>
    private Choice Choose(CatalogEntry experiment, in VisitorContext visitor, Verdict verdict, ReadOnlySpan<byte> unit)
    {
        var stated = options.VariantOverride ? Visit.StatedVariant(visitor.Query, experiment) : -1;
        return VariantSelector.Assign(experiment, visitor, unit, stated, Visit.IsMachine(verdict));
    }
}
