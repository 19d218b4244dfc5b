using System.Text;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Fleet;

namespace Edge.Tests.Fleet;

/// <summary>Experiments and signed documents for tests of a fleet.</summary>
internal static class Definitions
{
    public static readonly FleetSecret Secret = new("fleet", "4f1d9c2ab7e35f8806cd41e7930b5a6e");

    public static Experiment Running(string slug, int weight = 5_000) =>
        ExperimentReader
            .ReadStored(
                Encoding.UTF8.GetBytes(
                    $$"""
                    {"uid":"exp_{{slug}}","slug":"{{slug}}","type":"ab_test","name":"x","status":"running","weightsVersion":1,
                     "variants":[{"id":"a","weight":{{weight}} },{"id":"b","weight":{{10_000 - weight}} }],
                     "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/{{slug}}"} }
                    """
                ),
                ExperimentRules.Default,
                DateTimeOffset.UnixEpoch
            )
            .Experiment!;

    /// <summary>The same with a link that takes so many clicks.</summary>
    public static Experiment Limited(string slug, int maxClicks) =>
        Running(slug) with
        {
            LinkConfig = new LinkConfig { MaxClicks = maxClicks, ExhaustedUrl = "https://example.com/over" },
        };

    public static EditionDocument Edition(long version, params CatalogItem[] items) =>
        Edition(Secret, version, items);

    public static EditionDocument Edition(FleetSecret secret, long version, params CatalogItem[] items)
    {
        var sorted = CatalogItems.Of(items)!;
        return new EditionDocument(EditionTag.Of(version, sorted, secret), null, sorted.All, []);
    }

    public static byte[] Bytes(EditionDocument document, string fleet = "fleet")
    {
        using var stream = new MemoryStream();
        document.WriteTo(stream, fleet);
        return stream.ToArray();
    }
}
