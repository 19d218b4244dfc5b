using Edge.Experiments;
using Edge.Statistics.Inference;
using Edge.Statistics.Results;
using Xunit;

namespace Edge.Tests.Statistics.Results;

/// <summary>When there is enough data, if things go on as they do.</summary>
public class MaturityForecastTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private static readonly Experiment Running = new()
    {
        Uid = "exp_1",
        Slug = "hero",
        Type = ExperimentType.AbTest,
        Name = "Hero",
        Status = ExperimentStatus.Running,
        GoalConfig = new GoalConfig { Type = GoalType.ClickThrough, DestinationUrl = "https://example.com/" },
        MinimumSampleSize = 1_000,
        MinimumRunDays = 7,
        AttributionWindowMinutes = 60,
        Variants = [new Variant { Id = "a", Weight = 5_000 }, new Variant { Id = "b", Weight = 5_000 }],
    };

    [Fact]
    public void Forecast_ThatTrialsDecide_IsThoseThatAreMissingAtTheRateOfADay()
    {
        // Of a, the leader, 520 of 1,000 are missing at 240 a day; b has its hundred.
        var forecast = Forecast(Running, days: 8, a: (480, 100), b: (480, 50), perHour: 10)!;

        Assert.Equal(480, forecast.TrialsPerDay);
        Assert.Equal(Now.AddDays(520 / 240.0), forecast.EnoughAt!.Value, TimeSpan.FromMinutes(1));
        Assert.Equal(
            "Enough data around 2026-03-12, if trials go on at the rate of the latest day, 480 a day, with the same shares.",
            forecast.Text
        );
    }

    [Fact]
    public void Forecast_OfLessThanADay_SaysSo() =>
        Assert.Contains(
            "if trials go on at the rate so far, which is not yet that of a day, 480 a day,",
            Forecast(Running, days: 0.5, a: (110, 20), b: (110, 10), perHour: 10)!.Text,
            StringComparison.Ordinal
        );

    [Fact]
    public void Forecast_ThatTheRunTimeDecides_IsItsEnd()
    {
        var forecast = Forecast(Running, days: 2, a: (2_000, 100), b: (2_000, 50), perHour: 10)!;

        Assert.Equal(Now.AddDays(5), forecast.EnoughAt!.Value, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void Forecast_WithEnoughData_IsNow() =>
        Assert.Equal("There is enough data.", Forecast(Running, 8, (2_000, 100), (2_000, 50), 10)!.Text);

    [Fact]
    public void Forecast_WithoutTrialsInADay_CannotBeSaid()
    {
        var forecast = Forecast(Running, days: 8, a: (480, 100), b: (480, 50), perHour: 0)!;

        Assert.Null(forecast.EnoughAt);
        Assert.Equal(
            "It cannot be said when there will be enough data: of the trials of the latest day, there were none.",
            forecast.Text
        );
    }

    [Theory]
    [InlineData("Paused")]
    [InlineData("Draft")]
    [InlineData("Completed")]
    public void Forecast_OfWhatDoesNotRun_IsNone(string status) =>
        Assert.Null(Forecast(Running with { Status = Enum.Parse<ExperimentStatus>(status) }, 8, (480, 100), (480, 50), 10));

    private static MaturityForecast? Forecast(
        Experiment experiment,
        double days,
        (int Trials, int Successes) a,
        (int Trials, int Successes) b,
        int perHour
    )
    {
        var trials = new TrialStatistics();
        foreach (var (id, (count, successes)) in new[] { ("a", a), ("b", b) })
        {
            for (var i = 0; i < count; i++)
            {
                trials.Add(id, 1, 0.5, i < successes, value: null);
            }
        }

        // Two days before the latest whose trials are mature, and the hour that is not.
        var hourly = Enumerable
            .Range(0, 72)
            .Select(i => new SeriesPoint(
                Now.AddHours(i - 71),
                [new SeriesCounts("a", 0, 0, perHour, 0), new SeriesCounts("b", 0, 0, perHour, 0)]
            ));
        return ExperimentResults
            .Compute(
                experiment,
                new ResultsInput
                {
                    Now = Now,
                    RunningTime = TimeSpan.FromDays(days),
                    Trials = trials,
                    SampleRatio = new SampleRatioCounts(),
                    Hourly = [.. hourly],
                }
            )
            .Forecast;
    }
}
