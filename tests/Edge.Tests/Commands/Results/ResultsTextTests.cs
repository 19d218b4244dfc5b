using Edge.Commands.Results;
using Edge.Statistics.Inference;
using Edge.Statistics.Results;
using Edge.Tests.Experiments;
using Xunit;

namespace Edge.Tests.Commands.Results;

/// <summary>What the terminal shows beside the figures.</summary>
public class ResultsTextTests
{
    [Theory]
    [InlineData(0, false)]
    [InlineData(3, true)]
    public void UnfilledMergeTags_AreWarnedOf_WhenThereAreAny(long tags, bool isWarned)
    {
        var experiment = Definitions.Experiment(Definitions.Full);
        var input = new ResultsInput
        {
            Now = Definitions.FileTime,
            RunningTime = TimeSpan.FromDays(1),
            Trials = new TrialStatistics(),
            SampleRatio = new SampleRatioCounts(),
            UnfilledTags = tags,
        };
        var output = new StringWriter();

        ResultsText.Write(ExperimentResults.Compute(experiment, input), output);

        Assert.Equal(isWarned, output.ToString().Contains("did not fill: 3.", StringComparison.Ordinal));
    }
}
