using Edge.Enrichment;
using Edge.Events;
using Edge.Experiments;
using Edge.Journal;
using Edge.Requests;
using Edge.Selection;
using Edge.Telemetry;
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
    EdgeOptions options, TimeProvider time, ClientAddressResolver addresses, UserAgentCache userAgents, VisitorHashes hashes, ExposureMap exposures,
    EventJournal journal)
{
    /// <summary>Characters of a user agent that are copied on the stack; a longer one costs an allocation.</summary>
    private const int UserAgentStackBytes = 512;

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
        unit = unit[..ReadUnit(request.QueryString.Value, addressText, userAgent, unit)];
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
        var shown = Attribute(experiment, choice, kind, unit, unitHash, now);
        var variant = experiment.Variants[shown.Variant];

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
            ProbabilityBasisPoints = shown.BasisPoints,
            WeightsVersion = shown.WeightsVersion,
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

    /// <summary>The unit: the opaque <c>u</c> parameter when it was sent and fits, else the viewer key (spec 3.1).</summary>
    private static int ReadUnit(ReadOnlySpan<char> query, ReadOnlySpan<byte> addressText, string? userAgent, Span<byte> unit)
    {
        if (QueryParameters.TryRead(query, "u", unit, out var written) && written > 0) return written;
        var length = userAgent?.Length ?? 0;
        Span<byte> bytes = length <= UserAgentStackBytes ? stackalloc byte[UserAgentStackBytes] : new byte[length];
        ViewerKey.Compute(addressText, HeaderBytes.Narrow(userAgent, bytes), unit[..ViewerKey.Bytes]);
        return ViewerKey.Bytes;
    }

    /// <summary>What the sender says it showed, else the choice of the experiment; machines that name themselves get the default.</summary>
    private Choice Choose(CatalogEntry experiment, in VisitorContext visitor, Verdict verdict, ReadOnlySpan<byte> unit)
    {
        Span<byte> stated = stackalloc byte[ExperimentRules.VariantIdCharsMax];
        if (options.VariantOverride && QueryParameters.TryRead(visitor.Query, "variant", stated, out var written))
        {
            var index = IndexOf(experiment, stated[..written]);
            if (index >= 0) return VariantSelector.Stated(index);
        }
        return verdict is Verdict.Bot or Verdict.Scanner or Verdict.Prefetch
            ? VariantSelector.Default(experiment)
            : VariantSelector.Choose(experiment, visitor, unit);
    }

    /// <summary>
    /// While weights move, a unit keeps what it was shown, and its click belongs to that, with the probability and version of then:
    /// the table of this moment could credit a variant it never saw. A click may come the day after, when the unit has another hash.
    /// </summary>
    private Exposure Attribute(
        CatalogEntry experiment, in Choice choice, VisitKind kind, ReadOnlySpan<byte> unit, ReadOnlySpan<byte> unitHash, DateTimeOffset now)
    {
        if (!choice.IsChance || !experiment.HasBandit) return Exposure.Of(experiment, choice);
        var today = VisitorHashes.UnitOf(unitHash);
        if (kind != VisitKind.Click) return exposures.Show(experiment, choice, today, now);
        if (exposures.TryFind(experiment, today, now, out var shown)) return shown;
        Span<byte> previousHash = stackalloc byte[VisitorHashes.UnitHashChars];
        hashes.WriteUnitHash(experiment.UidUtf8, unit, now.AddDays(-1), previousHash);
        return exposures.TryFind(experiment, VisitorHashes.UnitOf(previousHash), now, out shown) ? shown : Exposure.Of(experiment, choice);
    }

    private static int IndexOf(CatalogEntry experiment, ReadOnlySpan<byte> variantId)
    {
        for (var i = 0; i < experiment.Variants.Length; i++)
            if (variantId.SequenceEqual(experiment.Variants[i].IdUtf8)) return i;
        return -1;
    }
}
