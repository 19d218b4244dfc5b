using System.Text.Json;
using Edge.Statistics;
using Edge.Statistics.Inference;
using Xunit;

namespace Edge.Tests.Statistics.Inference;

public class IntervalAndRatioTests
{
    [Theory]
    [InlineData(50, 1000, 0.03813026239274881, 0.06531382024425081)]
    [InlineData(0, 10, 0, 0.27753279986288926)]
    [InlineData(10, 10, 0.7224672001371106, 1)]
    [InlineData(1, 3, 0.06149194472039626, 0.7923403991979523)]
    [InlineData(0, 0, 0, 1)]
    public void Wilson_KnownValues_AreMet(long successes, long trials, double low, double high)
    {
        var interval = WilsonInterval.Of(successes, trials);

        Assert.Equal(low, interval.Low, 1e-12);
        Assert.Equal(high, interval.High, 1e-12);
    }

    [Theory]
    [InlineData(new long[] { 4850, 5150 }, new[] { 5000.0, 5000.0 }, 0.00269979606326019)]
    [InlineData(new long[] { 821, 781 }, new[] { 801.0, 801.0 }, 0.317612782347023)]
    [InlineData(new long[] { 5000, 5000, 0 }, new[] { 5000.0, 5000.0, 0.0 }, 1.0)]
    // With two degrees of freedom the p-value is exp(-chi-square / 2): 200/3 and 2.
    [InlineData(new long[] { 400, 300, 200 }, new[] { 300.0, 300.0, 300.0 }, 3.338e-15)]
    [InlineData(new long[] { 110, 90, 100 }, new[] { 100.0, 100.0, 100.0 }, 0.36787944117144233)]
    public void SampleRatio_KnownValues_AreMet(long[] observed, double[] expected, double pValue)
    {
        var tested = SampleRatio.Test(observed, expected);

        Assert.Equal(1, tested!.Value / pValue, 1e-3);
    }

    [Theory]
    [InlineData(new long[] { 7, 8 }, new[] { 7.5, 7.5 })]
    [InlineData(new long[] { 100, 5 }, new[] { 100.1, 4.9 })]
    [InlineData(new long[] { 100 }, new[] { 100.0 })]
    [InlineData(new long[] { 100, 0 }, new[] { 100.0, 0 })]
    [InlineData(new long[] { }, new double[] { })]
    public void SampleRatio_TooLittle_IsNotTested(long[] observed, double[] expected) =>
        Assert.Null(SampleRatio.Test(observed, expected));

    [Theory]
    [InlineData(new long[] { 8, 8 }, new[] { 8.0, 8.0 })]
    [InlineData(new long[] { 11, 5 }, new[] { 11.0, 5.0 })]
    public void SampleRatio_JustEnough_IsTested(long[] observed, double[] expected) =>
        Assert.Equal(1, SampleRatio.Test(observed, expected));

    [Fact]
    public void SampleRatioCounts_OverTwoVersions_ExpectWhatEachPromised()
    {
        var counts = new SampleRatioCounts();
        var first = new Dictionary<string, int> { ["a"] = 5000, ["b"] = 5000 };
        var second = new Dictionary<string, int> { ["a"] = 9000, ["b"] = 1000 };
        for (var i = 0; i < 100; i++)
        {
            counts.Add(i < 50 ? "a" : "b", first);
            counts.Add(i < 90 ? "a" : "b", second);
        }

        var state = JsonSerializer.Serialize(counts.ToState(), StatisticsJson.Default.SampleRatioStates);
        var copy = SampleRatioCounts.FromState(JsonSerializer.Deserialize(state, StatisticsJson.Default.SampleRatioStates)!);

        Assert.Equal((140, 140), (copy.Of("a").Observed, Math.Round(copy.Of("a").Expected, 9)));
        Assert.Equal((60, 60), (copy.Of("b").Observed, Math.Round(copy.Of("b").Expected, 9)));
        Assert.Equal((0, 0), copy.Of("c"));
        Assert.Equal(1, copy.Test()!.Value, 1e-6);
    }

    [Fact]
    public void SampleRatioCounts_OneVariantLost_RaisesTheAlarm()
    {
        var counts = new SampleRatioCounts();
        var weights = new Dictionary<string, int> { ["a"] = 5000, ["b"] = 5000 };
        for (var i = 0; i < 1000; i++)
        {
            counts.Add(i < 560 ? "a" : "b", weights);
        }

        Assert.True(counts.Test() < SampleRatio.AlarmBelow);
    }

    [Theory]
    [InlineData(10_000, 0.05, 0.013344669814995023)]
    [InlineData(5_000, 0.05, 0.013230169261576205)]
    [InlineData(5_000, 0.025, 0.014293762888233764)]
    public void ConfidenceSequence_HalfWidth_IsTheFormula(double trials, double alpha, double expected) =>
        Assert.Equal(expected, ConfidenceSequence.HalfWidth(1.9e-5, trials, alpha), 1e-12);

    [Fact]
    public void ConfidenceSequence_Leader_MustBeAheadOfEveryOther()
    {
        ArmPosterior leader = new("a", 2, 2, 5000, 500, 0.10, 1e-5);
        ArmPosterior far = new("b", 2, 2, 5000, 250, 0.05, 1e-5);
        ArmPosterior near = new("c", 2, 2, 5000, 450, 0.09, 1e-5);
        ArmPosterior unseen = new("d", 1, 1, 0, 0, 0.5, double.PositiveInfinity);

        Assert.True(ConfidenceSequence.IsAhead([far, leader], 1, 0.05));
        Assert.False(ConfidenceSequence.IsAhead([far, leader, near], 1, 0.05));
        Assert.False(ConfidenceSequence.IsAhead([far, leader, unseen], 1, 0.05));
        Assert.False(ConfidenceSequence.IsAhead([leader], 0, 0.05));
    }
}
