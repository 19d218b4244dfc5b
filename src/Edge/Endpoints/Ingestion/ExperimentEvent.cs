using Edge.Catalog;
using Edge.Events;

namespace Edge.Endpoints.Ingestion;

/// <summary>An event of a running experiment, as it was reported.</summary>
/// <param name="Index">Its position in the request.</param>
/// <param name="Event">What was reported.</param>
/// <param name="Experiment">The experiment.</param>
/// <param name="Stated">Index of the variant the sender showed; negative when it did not say.</param>
/// <param name="IsVisitor">Whether the visitor's own browser reports it, so that address and user agent are the
/// visitor's.</param>
/// <param name="IsAuthenticated">Whether it came with a valid key.</param>
internal readonly record struct ExperimentEvent(
    int Index,
    ReceivedEvent Event,
    CatalogEntry Experiment,
    int Stated,
    bool IsVisitor,
    bool IsAuthenticated
);
