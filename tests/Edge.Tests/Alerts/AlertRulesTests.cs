using Edge.Alerts;
using Edge.Experiments;
using Edge.Statistics.Results;
using Edge.Tests.Experiments;
using Xunit;

namespace Edge.Tests.Alerts;

/// <summary>What there is to tell of an experiment.</summary>
public class AlertRulesTests
{
    private static readonly DateTimeOffset Started = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private const string Running = """
        {"uid":"exp_abc123","slug":"spring","type":"ab_test","name":"Spring","status":"running","runningSince":"2026-05-01T12:00:00.000Z",
         "variants":[{"id":"a","name":"Photo","weight":5000},{"id":"b","weight":5000}],
         "goalConfig":{"type":"click_through","destinationUrl":"https://shop.example/a?x=1#top"}}
        """;

    [Theory]
    // Hours since the start, hours since something counted (0 is never), the limit, whether there is an alert.
    [InlineData(23.9, 0, 24, false)]
    [InlineData(24, 0, 24, true)]
    [InlineData(100, 23.9, 24, false)]
    [InlineData(100, 24, 24, true)]
    [InlineData(5, 80, 24, false)]
    [InlineData(25, 80, 24, true)]
    [InlineData(10_000, 0, 0, false)]
    [InlineData(1, 0, 1, true)]
    public void Traffic_NoneForTheLimit_IsAnAlert(double running, double counted, int limit, bool isAlert)
    {
        var now = Started.AddHours(running);
        DateTimeOffset? last = counted == 0 ? null : now.AddHours(-counted);

        var holding = Apply(Running, new CountedExperiment(null, SampleRatioResult.Untested, last), now, limit);

        Assert.Equal(isAlert, holding.ContainsKey(new AlertCause(AlertType.NoTraffic, "exp_abc123", "")));
        Assert.Equal(isAlert ? 1 : 0, holding.Count);
    }

    [Theory]
    [InlineData("""{"startsAt":"2026-05-03T00:00:00Z","notStartedUrl":"https://shop.example/soon"}""", 60, true)]
    [InlineData("""{"startsAt":"2026-05-03T00:00:00Z","notStartedUrl":"https://shop.example/soon"}""", 59, false)]
    [InlineData("""{"expiresAt":"2026-05-03T00:00:00Z","expiredUrl":"https://shop.example/over"}""", 35, true)]
    [InlineData("""{"expiresAt":"2026-05-03T00:00:00Z","expiredUrl":"https://shop.example/over"}""", 36, false)]
    public void Traffic_OfALinkThatIsNotOpen_IsNotMissed(string link, double running, bool isAlert)
    {
        var counted = new CountedExperiment(null, SampleRatioResult.Untested, null);

        var holding = Apply(Definitions.With("linkConfig", link, Running), counted, Started.AddHours(running));

        Assert.Equal(isAlert ? 1 : 0, holding.Count);
    }

    [Theory]
    [InlineData(null, false, null)]
    [InlineData(0.5, false, null)]
    [InlineData(0.0009, false, "Spring: Look ‹!channel› out")]
    // Between the two thresholds an alert goes on and none begins.
    [InlineData(0.005, false, null)]
    [InlineData(0.005, true, "Spring: ")]
    [InlineData(0.01, true, null)]
    [InlineData(null, true, null)]
    public void Ratio_BelowTheThreshold_IsAnAlertUntilItIsSound(double? pValue, bool isKnown, string? text)
    {
        var isMismatch = pValue < 0.001;
        var ratio = new SampleRatioResult(pValue, isMismatch, isMismatch ? "Look <!channel> out" : null);
        var cause = new AlertCause(AlertType.SampleRatioMismatch, "exp_abc123", "");

        var holding = Apply(
            Running,
            new CountedExperiment(null, ratio, Started),
            Started.AddHours(1),
            known: isKnown ? [cause] : []
        );

        Assert.Equal(text, holding.GetValueOrDefault(cause));
    }

    [Theory]
    [InlineData("a", Running, "Spring: Photo is suggested as the winner.")]
    [InlineData("b", Running, "Spring: b is suggested as the winner.")]
    [InlineData("gone", Running, null)]
    [InlineData(null, Running, null)]
    public void Winner_Suggested_IsAnAlertOfItsVariant(string? suggested, string definition, string? text)
    {
        var counted = new CountedExperiment(suggested, SampleRatioResult.Untested, Started);

        var holding = Apply(definition, counted, Started.AddHours(1));

        Assert.Equal(text is null ? 0 : 1, holding.Count);
        Assert.All(
            holding,
            one =>
            {
                Assert.Equal(new AlertCause(AlertType.WinnerSuggested, "exp_abc123", suggested!), one.Key);
                Assert.StartsWith(text!, one.Value, StringComparison.Ordinal);
            }
        );
    }

    [Fact]
    public void Winner_OfATestWithoutSuccesses_IsNone()
    {
        var definition = Definitions.With("goalConfig", """{"type":"impressions_only"}""", Running);

        Assert.Empty(Apply(definition, new CountedExperiment("a", SampleRatioResult.Untested, Started), Started));
    }

    [Theory]
    [InlineData("https://shop.example/a?x=1#top", "https://shop.example/a?x=1")]
    [InlineData("http://shop.example", "http://shop.example/")]
    [InlineData("https://shop.example/a?id={clickId}", null)]
    [InlineData("https://shop.example/{user}", null)]
    [InlineData("mailto:people@shop.example", null)]
    public void Destination_WithOneAddress_IsChecked(string url, string? asked)
    {
        var experiment = Definitions.Experiment(Running) with
        {
            GoalConfig = new GoalConfig { Type = GoalType.ClickThrough, DestinationUrl = url },
        };

        Assert.Equal(asked is null ? [] : [asked], AlertRules.DestinationsOf(experiment));
    }

    [Fact]
    public void Destination_ThatFails_IsAnAlertWithTheReason()
    {
        var failing = new Dictionary<string, string>
        {
            ["https://shop.example/a?x=1"] = "it answered 404",
            ["https://shop.example/b"] = "it answered 500",
        };

        var (cause, text) = Assert.Single(
            Apply(
                Running,
                new CountedExperiment(null, SampleRatioResult.Untested, Started),
                Started,
                failing: failing
            )
        );

        Assert.Equal(new AlertCause(AlertType.DestinationFailing, "exp_abc123", "https://shop.example/a?x=1"), cause);
        Assert.Equal("Spring: clicks lead to https://shop.example/a?x=1, which fails: it answered 404.", text);
    }

    private static Dictionary<AlertCause, string> Apply(
        string definition,
        CountedExperiment counted,
        DateTimeOffset now,
        int noTrafficHours = 24,
        HashSet<AlertCause>? known = null,
        Dictionary<string, string>? failing = null
    )
    {
        var holding = new Dictionary<AlertCause, string>();
        AlertRules.Apply(
            Definitions.Experiment(definition),
            counted,
            known ?? [],
            now,
            TimeSpan.FromHours(noTrafficHours),
            failing ?? [],
            holding
        );
        return holding;
    }
}
