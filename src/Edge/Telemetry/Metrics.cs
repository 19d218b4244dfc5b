using System.Diagnostics;

namespace Edge.Telemetry;

/// <summary>The routes, as named in metrics.</summary>
internal enum RouteName
{
    Pixel,
    Click,
    Resolve,
    Image,
    Experiments,
    Page,

    /// <summary>Signing in to the page, and out.</summary>
    Session,

    /// <summary>Ledger, journal and sinks for those who manage experiments.</summary>
    System,

    /// <summary>Events as they are stored.</summary>
    Live,

    /// <summary>Catalog, events and nodes of a fleet.</summary>
    Fleet,

    /// <summary>Pictify's events.</summary>
    Events,

    /// <summary>Traffical's events.</summary>
    EventBatch,

    /// <summary>Millimetric's events, and Artie's one at a time.</summary>
    Track,

    /// <summary>Artie's events.</summary>
    BulkTrack,

    /// <summary>OpenFeature's remote evaluation.</summary>
    Evaluate,

    /// <summary>Decisions that are events too.</summary>
    Decide,

    /// <summary>What became of single events.</summary>
    Receipts,
    Sdk,
    OpenApi,
    Health,
    Ready,
    Metrics,
    Ledger,
    Other,
}

/// <summary>The outcome of a request; a closed set, which bounds the metric's cardinality.</summary>
internal enum Outcome
{
    /// <summary>Answered; an event was appended to the journal.</summary>
    Recorded,

    /// <summary>Answered, but the event was not stored. The ledger has the reason.</summary>
    NotKept,

    /// <summary>Answered; HEAD requests are never counted.</summary>
    Head,

    /// <summary>
    /// Answered, but nothing is counted: the experiment is paused or completed or, for a pixel, a draft.
    /// </summary>
    NotRunning,

    /// <summary>Answered, but the link has not started, has expired, or has taken all its clicks.</summary>
    LinkClosed,

    /// <summary>Answered; nothing is kept of the visit, because experiment, link or browser say so.</summary>
    Untracked,

    /// <summary>
    /// A browser asks for a link ahead of the visit and is refused, so that it asks again when the link is followed.
    /// </summary>
    Prefetch,

    /// <summary>No such experiment, or one without a destination.</summary>
    NotFound,

    /// <summary>The route does not support the method.</summary>
    MethodNotAllowed,

    /// <summary>No valid key.</summary>
    Unauthorized,

    /// <summary>The request limit of the key or address is exceeded.</summary>
    RateLimited,

    /// <summary>The input is invalid; nothing was stored.</summary>
    Refused,

    /// <summary>Answered; the route records no events.</summary>
    Answered,

    /// <summary>
    /// An exception reached the last-resort handler, which means a bug. The pixel or redirect was still sent.
    /// </summary>
    Failed,
}

/// <summary>
/// Counters of the request path. Thread safe; counting is one atomic increment on a separate cache line, which avoids
/// false sharing.
/// </summary>
/// <param name="apis">The ingestion APIs whose events are counted, as the event's member <c>api</c> names them.</param>
internal sealed class Metrics(string[] apis)
{
    public static readonly RouteName[] Routes = Enum.GetValues<RouteName>();
    public static readonly Outcome[] Outcomes = Enum.GetValues<Outcome>();

    private readonly PaddedCounters _requests = new(Routes.Length * Outcomes.Length);
    private readonly PaddedCounters _storedEvents = new(apis.Length);
    private readonly PaddedCounters _repeatedEvents = new(apis.Length);
    private readonly PaddedCounters _refusedEvents = new(apis.Length);
    private readonly PaddedCounters _ignoredMembers = new(apis.Length);
    private readonly PaddedCounters _inFlight = new(1);
    private readonly Lock _adding = new();
    private volatile RequestDurations[] _durations = [];
    private long _unconfirmed;
    private long _unfilledTags;

    public IReadOnlyList<string> Apis => apis;

    /// <summary>Counts one finished request.</summary>
    public void Count(RouteName route, Outcome outcome) =>
        _requests.Increment(IndexOf(route, outcome));

    /// <summary>Durations for one more place where requests are answered; they are part of what is shown.</summary>
    public RequestDurations AddDurations(TimeProvider time)
    {
        var durations = new RequestDurations(time);
        lock (_adding)
        {
            _durations = [.. _durations, durations];
        }

        return durations;
    }

    /// <summary>
    /// Requests of a route by bucket of <see cref="RequestDurations.Bounds"/>, and the sum in seconds.
    /// </summary>
    public double Durations(RouteName route, Span<long> counts)
    {
        counts.Clear();
        var seconds = 0d;
        foreach (var durations in _durations)
        {
            seconds += durations.AddTo(route, counts);
        }

        return seconds;
    }

    /// <summary>The server begins to answer a request.</summary>
    public void Begin() => _inFlight.Increment(0);

    /// <summary>The server has answered one.</summary>
    public void End() => _inFlight.Add(0, -1);

    /// <summary>Requests that the server is answering; those of the event loops are answered as they come.</summary>
    public long InFlight => _inFlight[0];

    /// <summary>Counts a request that waited for its commit but was answered before it.</summary>
    public void CountUnconfirmed() => Interlocked.Increment(ref _unconfirmed);

    /// <summary>Counts an event whose sender's id was a merge tag that was not filled.</summary>
    public void CountUnfilledTag() => Interlocked.Increment(ref _unfilledTags);

    /// <summary>Counts events that an ingestion API stored or recognised as duplicates.</summary>
    public void CountEvents(string api, int stored, int repeated)
    {
        var at = Array.IndexOf(apis, api);
        if (stored > 0)
        {
            _storedEvents.Add(at, stored);
        }

        if (repeated > 0)
        {
            _repeatedEvents.Add(at, repeated);
        }
    }

    /// <summary>
    /// Counts events, or whole requests that could not be parsed, that an ingestion API refused as invalid.
    /// </summary>
    public void CountRefusedEvents(string api, int count) =>
        _refusedEvents.Add(Array.IndexOf(apis, api), count);

    /// <summary>Counts members of events that an ingestion API did not store.</summary>
    public void CountIgnoredMembers(string api, int count) => _ignoredMembers.Add(Array.IndexOf(apis, api), count);

    /// <summary>Members of events that an API did not store, since the start.</summary>
    public long IgnoredMembers(string api) => _ignoredMembers[Array.IndexOf(apis, api)];

    /// <summary>Events of an API since the start.</summary>
    public (long Stored, long Repeated, long Refused) Events(string api)
    {
        var at = Array.IndexOf(apis, api);
        return (_storedEvents[at], _repeatedEvents[at], _refusedEvents[at]);
    }

    /// <summary>Requests with this route and outcome since the start.</summary>
    public long Requests(RouteName route, Outcome outcome) => _requests[IndexOf(route, outcome)];

    /// <summary>Requests answered before the commit they waited for.</summary>
    public long Unconfirmed => Volatile.Read(ref _unconfirmed);

    /// <summary>Events whose sender's id was a merge tag that was not filled.</summary>
    public long UnfilledTags => Volatile.Read(ref _unfilledTags);

    private static int IndexOf(RouteName route, Outcome outcome)
    {
        Debug.Assert((int)route < Routes.Length && (int)outcome < Outcomes.Length);
        return (int)route * Outcomes.Length + (int)outcome;
    }
}
