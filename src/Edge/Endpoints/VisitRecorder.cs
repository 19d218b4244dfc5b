using Edge.Enrichment;
using Edge.Enrichment.Geo;
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

    /// <summary>The image was loaded, where the operator has images counted.</summary>
    Image,

    /// <summary>The link was followed.</summary>
    Click,
}

/// <summary>
/// Turns a request on a running experiment into one event in the journal: who, which variant, what the server adds, one encoding, one
/// append. Nothing here waits for a disk, and nothing is allocated on the heap once user agents are known. Thread safe.
/// </summary>
internal sealed class VisitRecorder(
    EdgeOptions options, TimeProvider time, ClientAddressResolver addresses, PlaceFinder places, UserAgentCache userAgents,
    VisitorHashes hashes, EventJournal journal)
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
        var headers = context.Request.Headers;
        var now = time.GetUtcNow();
        var facts = userAgents.Lookup(UserAgentOf(headers));
        var (verdict, reason) = Judge(headers, facts);

        var client = AddressOf(context);
        Span<byte> address = stackalloc byte[ClientAddress.TextMaxBytes];
        address = address[..client.WriteText(address)];
        var place = places.Find(context, client);
        Span<byte> unit = stackalloc byte[Bucketing.UnitBytesMax];
        unit = unit[..ReadUnit(context.Request, address, unit)];
        var choice = Choose(context.Request, experiment, now, facts, place.Country, verdict, unit);
        var variant = experiment.Variants[choice.Variant];

        Span<byte> addressHash = stackalloc byte[VisitorHashes.AddressHashChars];
        hashes.WriteAddressHash(address, now, addressHash);
        Span<byte> unitHash = stackalloc byte[VisitorHashes.UnitHashChars];
        hashes.WriteUnitHash(experiment.UidUtf8, unit, now, unitHash);
        Span<byte> previousUnitHash = stackalloc byte[VisitorHashes.UnitHashChars];
        var isJustAfterMidnight = kind == VisitKind.Click && now.UtcDateTime.TimeOfDay < TimeSpan.FromMinutes(AttributionMinutes);
        if (isJustAfterMidnight) hashes.WritePreviousUnitHash(experiment.UidUtf8, unit, now, previousUnitHash);

        var referrer = headers.Referer.Count > 0 ? headers.Referer[0].AsSpan() : default;
        Span<byte> referrerBytes = referrer.IsEmpty ? default : stackalloc byte[EventEncoder.ForeignTextMaxBytes];

        var tracked = new TrackedEvent
        {
            Id = _ids.Next(),
            Node = options.Node,
            ReceivedAt = now,
            Api = Api,
            Project = experiment.Experiment.Team ?? DefaultProject,
            Type = kind == VisitKind.Click ? "click" : "impression",
            Event = EventNameOf(kind),
            Experiment = experiment.SlugUtf8,
            ExperimentUid = experiment.UidUtf8,
            Variant = variant.IdUtf8,
            ProbabilityBasisPoints = choice.IsChance ? variant.Weight : 0,
            WeightsVersion = choice.IsChance ? experiment.WeightsVersion : 0,
            UnitHash = unitHash,
            UnitHashPrevious = isJustAfterMidnight ? previousUnitHash : default,
            Referrer = HeaderBytes.Narrow(referrer, referrerBytes),
            Country = place.Country.Text,
            Region = place.Region,
            City = place.City,
            TimeZone = place.TimeZone,
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

    /// <summary>The variant this visitor gets, without an event: what a page asks for before it shows something.</summary>
    public Choice Choose(HttpContext context, CatalogEntry experiment)
    {
        var facts = userAgents.Lookup(UserAgentOf(context.Request.Headers));
        var (verdict, _) = Judge(context.Request.Headers, facts);
        var client = AddressOf(context);
        Span<byte> address = stackalloc byte[ClientAddress.TextMaxBytes];
        address = address[..client.WriteText(address)];
        Span<byte> unit = stackalloc byte[Bucketing.UnitBytesMax];
        unit = unit[..ReadUnit(context.Request, address, unit)];
        return Choose(context.Request, experiment, time.GetUtcNow(), facts, places.FindCountry(context, client), verdict, unit);
    }

    private static string EventNameOf(VisitKind kind) => kind switch
    {
        VisitKind.Impression => "pixel",
        VisitKind.Image => "image",
        _ => "redirect",
    };

    private static string? UserAgentOf(IHeaderDictionary headers) => headers.UserAgent.Count > 0 ? headers.UserAgent[0] : null;

    private static (Verdict Verdict, string Reason) Judge(IHeaderDictionary headers, UserAgentFacts facts) =>
        Speculation.Judge(headers) is { } announced ? (Verdict.Prefetch, announced) : (facts.Verdict, facts.VerdictReason);

    private ClientAddress AddressOf(HttpContext context) =>
        addresses.Resolve(context.Connection.RemoteIpAddress, context.Request.Headers[addresses.HeaderName]);

    /// <summary>The unit: the opaque <c>u</c> parameter when it was sent and fits, else the viewer key (spec 3.1).</summary>
    private static int ReadUnit(HttpRequest request, ReadOnlySpan<byte> address, Span<byte> unit)
    {
        if (QueryParameters.TryRead(request.QueryString.Value, "u", unit, out var written) && written > 0) return written;
        var userAgent = UserAgentOf(request.Headers);
        var length = userAgent?.Length ?? 0;
        Span<byte> bytes = length <= UserAgentStackBytes ? stackalloc byte[UserAgentStackBytes] : new byte[length];
        ViewerKey.Compute(address, HeaderBytes.Narrow(userAgent, bytes), unit[..ViewerKey.Bytes]);
        return ViewerKey.Bytes;
    }

    /// <summary>What the sender says it showed, else the choice of the experiment; machines that name themselves get the default.</summary>
    private Choice Choose(
        HttpRequest request, CatalogEntry experiment, DateTimeOffset now, UserAgentFacts facts, CountryCode country, Verdict verdict,
        ReadOnlySpan<byte> unit)
    {
        var query = request.QueryString.Value;
        Span<byte> stated = stackalloc byte[ExperimentRules.VariantIdCharsMax];
        if (options.VariantOverride && QueryParameters.TryRead(query, "variant", stated, out var written))
        {
            var index = IndexOf(experiment, stated[..written]);
            if (index >= 0) return VariantSelector.Stated(index);
        }
        var isMachine = verdict is Verdict.Bot or Verdict.Scanner or Verdict.Prefetch;
        if (isMachine && experiment.Status != ExperimentStatus.Completed) return VariantSelector.Default(experiment);
        var headers = request.Headers;
        var visitor = new VisitorContext
        {
            Now = now,
            DeviceType = facts.DeviceType,
            Os = facts.Os,
            Browser = facts.Browser,
            Country = country.Text,
            Continent = country.Continent,
            AcceptLanguage = headers.AcceptLanguage.Count > 0 ? headers.AcceptLanguage[0] : default,
            Referrer = headers.Referer.Count > 0 ? headers.Referer[0] : default,
            Query = query,
        };
        return VariantSelector.Choose(experiment, visitor, unit);
    }

    private static int IndexOf(CatalogEntry experiment, ReadOnlySpan<byte> variantId)
    {
        for (var i = 0; i < experiment.Variants.Length; i++)
            if (variantId.SequenceEqual(experiment.Variants[i].IdUtf8)) return i;
        return -1;
    }
}
