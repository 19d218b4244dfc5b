using System.Text;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Fleet;
using Xunit;

namespace Edge.Tests.Fleet;

/// <summary>What is found at a glance is what the whole experiment says.</summary>
public class ExperimentGlanceTests
{
    private const string Destination = "https://example.com/event";

    [Theory]
    [InlineData("impressions_only")]
    [InlineData("click_through")]
    [InlineData("conversion")]
    [InlineData("event")]
    [InlineData("value")]
    public void Glance_EveryStatusAndGoal_FindsWhatTheWholeSays(string goal)
    {
        Assert.True(Edge.Formats.WireNames<GoalType>.Lower.TryParse(goal, out var type));
        foreach (var status in Enum.GetValues<ExperimentStatus>())
        {
            foreach (var name in (string?[])[null, "signup", "caf\u00e9"])
            {
                var config = new GoalConfig { Type = type, Event = name, DestinationUrl = Destination };
                var plain = Definitions.Running("spring") with { Status = status, GoalConfig = config };
                Check(plain);
                Check(plain with { LinkConfig = new LinkConfig { MaxClicks = 3, ExhaustedUrl = Destination } });
                Check(plain with { Hypothesis = "\"event\":\"signup\"", Name = "\"slug\":\"x\"" });
            }
        }
    }

    [Fact]
    public void Glance_OfAnotherOrderOrEscapes_FindsTheSame()
    {
        var item = ItemCodec.Of(Definitions.Running("spring"));
        var escaped = Encoding.UTF8.GetString(item.Line.Span).Replace("\"slug\"", "\"\\u0073lug\"", StringComparison.Ordinal);

        var moved = Encoding
            .UTF8.GetString(item.Line.Span)
            .Replace("\"slug\":\"spring\",", "", StringComparison.Ordinal)
            .Replace("\"goalConfig\":", "\"slug\":\"spring\",\"goalConfig\":", StringComparison.Ordinal);

        Assert.Equal("spring", ExperimentGlance.NamesIn(new CatalogItem(item.Name, Encoding.UTF8.GetBytes(escaped)))!.Value.Slug);
        Assert.Equal("spring", ExperimentGlance.NamesIn(new CatalogItem(item.Name, Encoding.UTF8.GetBytes(moved)))!.Value.Slug);
    }

    /// <summary>What this program has not written itself is left to the reader, which says what is wrong with it.</summary>
    [Theory]
    [InlineData("""{"name":"experiment/exp_x","value":{"uid":"exp_x","status":"running"}}""")]
    [InlineData("""{"name":"experiment/exp_x","value":{"uid":"exp_x","slug":"x","status":"unheard-of"}}""")]
    [InlineData("""{"name":"experiment/exp_x","value":[]}""")]
    public void Glance_OfSomethingElse_FindsNothing(string line)
    {
        var item = new CatalogItem("experiment/exp_x", Encoding.UTF8.GetBytes(line));

        Assert.Null(ExperimentGlance.NamesIn(item));
        Assert.Throws<EditionException>(() => ItemCodec.ReadLater(item));
    }

    private static void Check(Experiment experiment)
    {
        var whole = new LazyEntry(new CatalogEntry(experiment));

        var later = ItemCodec.ReadLater(ItemCodec.Of(experiment));

        Assert.Equal(
            (whole.Uid, whole.Slug, whole.IsArchived, whole.GoalEvent, whole.MayBeLimited),
            (later.Uid, later.Slug, later.IsArchived, later.GoalEvent, later.MayBeLimited)
        );
    }
}
