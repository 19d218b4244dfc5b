using System.Text.Json;
using Edge.Catalog;
using Edge.Formats;
using Edge.Statistics.Optimization;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>GET /experiments/api/{uid}/recomputations</c>: probability to be best and served weight of each variant over the
/// life of an A/B test, as its recomputations left them.
/// </summary>
internal sealed class GetRecomputations(CatalogHolder catalog, RecomputationFiles recomputations)
{
    public Task HandleAsync(ManagedRequest request) =>
        request.Find(catalog.Current) is { Experiment: var experiment }
            ? recomputations.Read(experiment.Uid) is { } points
                ? request.WriteAsync(json => Write(json, points))
                : UnreadableAsync(request.Context)
            : request.NotFoundAsync();

    /// <summary>Says that the points are there and cannot be read.</summary>
    public static Task UnreadableAsync(HttpContext context) =>
        Problem.WriteAsync(
            context,
            StatusCodes.Status503ServiceUnavailable,
            "service-unavailable",
            "Service Unavailable",
            "The recomputations cannot be read; the log of the service says why."
        );

    /// <summary>Writes the member with the points.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<RecomputationPoint> points)
    {
        json.WriteStartArray("recomputations");
        foreach (var point in points)
        {
            json.WriteStartObject();
            json.WriteString("time", Timestamp.Format(point.Time));
            json.WriteStartArray("variants");
            foreach (var variant in point.Variants)
            {
                json.WriteStartObject();
                json.WriteString("variantId", variant.VariantId);
                if (variant.BestBasisPoints is { } best)
                {
                    json.WriteNumber("probabilityToBeBest", (decimal)best / BasisPoints.Whole);
                }
                else
                {
                    json.WriteNull("probabilityToBeBest");
                }

                json.WriteNumber("weight", variant.Weight);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
