namespace Edge.Endpoints.Ingestion;

/// <summary>The table of contents of the ingestion APIs (spec 1.1).</summary>
internal sealed class IngestRoutes(
    EventsEndpoint events,
    EventBatchEndpoint batch,
    TrackEndpoint track,
    BulkTrackEndpoint bulkTrack
)
{
    // Made once, so that looking a route up allocates nothing.
    private readonly RequestDelegate _events = events.HandleAsync;
    private readonly RequestDelegate _batch = batch.HandleAsync;
    private readonly RequestDelegate _track = track.HandleAsync;
    private readonly RequestDelegate _bulkTrack = bulkTrack.HandleAsync;

    /// <summary>Who answers a path; null when it is none of these.</summary>
    public RequestDelegate? Find(string path) =>
        path switch
        {
            "/s/events" => _events,
            "/v1/events" or "/v1/events/batch" => _batch,
            "/v1/track" => _track,
            "/v1/bulk-track" => _bulkTrack,
            _ => null,
        };
}
