using System.Diagnostics;

namespace Edge.Telemetry;

/// <summary>Routes as the metrics name them.</summary>
internal enum RouteName
{
    Pixel,
    Click,
    Resolve,
    Image,
    Experiments,

    /// <summary>Pictify's events.</summary>
    Events,

    /// <summary>Traffical's events.</summary>
    EventBatch,

    /// <summary>Millimetric's events, and Artie's one at a time.</summary>
    Track,

    /// <summary>Artie's events.</summary>
    BulkTrack,
    Sdk,
    OpenApi,
    Health,
    Ready,
    Metrics,
    Ledger,
    Other,
}

/// <summary>What became of a request; a closed set, so that the metric's cardinality is known.</summary>
internal enum Outcome
{
    /// <summary>Answered; an event was appended to the journal.</summary>
    Recorded,

    /// <summary>Answered; the event could not be kept. The ledger names the reason.</summary>
    NotKept,

    /// <summary>Answered; HEAD never counts.</summary>
    Head,

    /// <summary>Answered; the experiment is paused or completed, or for a pixel draft, so nothing is counted.</summary>
    NotRunning,

    /// <summary>No such experiment, or one without a destination.</summary>
    NotFound,

    /// <summary>Method not offered by the route.</summary>
    MethodNotAllowed,

    /// <summary>No valid key.</summary>
    Unauthorized,

    /// <summary>The key's or address's limit of requests is used up.</summary>
    RateLimited,

    /// <summary>What was sent is not valid; nothing of it was stored.</summary>
    Refused,

    /// <summary>Answered without an event, as the route does.</summary>
    Answered,

    /// <summary>An exception reached the last catch: a bug. The answer was still a pixel or the redirect.</summary>
    Failed,
}

/// <summary>
/// Counters of the request path. Thread safe; a count is one atomic increment on a line of its own, so cores do not
/// fight over it.
/// </summary>
internal sealed class Metrics
{
    public static readonly RouteName[] Routes = Enum.GetValues<RouteName>();
    public static readonly Outcome[] Outcomes = Enum.GetValues<Outcome>();

    private readonly PaddedCounters _requests = new(Routes.Length * Outcomes.Length);
    private readonly PaddedCounters _storedEvents = new(Apis.Length);
    private readonly PaddedCounters _repeatedEvents = new(Apis.Length);
    private readonly PaddedCounters _refusedEvents = new(Apis.Length);
    private long _unconfirmed;

    /// <summary>The APIs events come through, as the event's member <c>api</c> names them.</summary>
    public static readonly string[] Apis = ["pictify", "traffical", "millimetric", "artie"];

    /// <summary>Counts one finished request.</summary>
    public void Count(RouteName route, Outcome outcome) =>
        _requests.Increment(IndexOf(route, outcome));

    /// <summary>Counts one request that asked for its commit and was answered before it.</summary>
    public void CountUnconfirmed() => Interlocked.Increment(ref _unconfirmed);

    /// <summary>Counts events that an ingestion API appended or recognised as sent before.</summary>
    public void CountEvents(string api, int stored, int repeated)
    {
        var at = Array.IndexOf(Apis, api);
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
    /// Counts events, or whole requests where nothing of them could be read, that an ingestion API refused as not
    /// valid.
    /// </summary>
    public void CountRefusedEvents(string api, int count) =>
        _refusedEvents.Add(Array.IndexOf(Apis, api), count);

    /// <summary>Events of an API since the start.</summary>
    public (long Stored, long Repeated, long Refused) Events(string api)
    {
        var at = Array.IndexOf(Apis, api);
        return (_storedEvents[at], _repeatedEvents[at], _refusedEvents[at]);
    }

    /// <summary>Requests with this route and outcome since the start.</summary>
    public long Requests(RouteName route, Outcome outcome) => _requests[IndexOf(route, outcome)];

    /// <summary>Requests answered before the commit they asked for.</summary>
    public long Unconfirmed => Volatile.Read(ref _unconfirmed);

    private static int IndexOf(RouteName route, Outcome outcome)
    {
        Debug.Assert((int)route < Routes.Length && (int)outcome < Outcomes.Length);
        return (int)route * Outcomes.Length + (int)outcome;
    }
}
