using Edge.Catalog;
using Edge.Statistics.Optimization;
using Edge.Tests.Experiments;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Statistics.Optimization;

/// <summary>When experiments come due.</summary>
public class RecomputeScheduleTests
{
    private readonly TestClock _clock = new(VisitEvent.Noon);
    private readonly RecomputeSchedule _schedule;

    public RecomputeScheduleTests() => _schedule = new RecomputeSchedule(_clock);

    [Fact]
    public void Start_OfARunningTest_IsDueAtOnceAndThenAfterItsInterval()
    {
        _schedule.Follow(CatalogOf(Fold.Bandit(recomputeMinutes: 10)));
        Assert.Equal(["exp_abc123"], _schedule.TakeDue());
        Assert.Empty(_schedule.TakeDue());

        _clock.Advance(TimeSpan.FromMinutes(8.99));
        Assert.Empty(_schedule.TakeDue());

        _clock.Advance(TimeSpan.FromMinutes(1.02));
        Assert.Equal(["exp_abc123"], _schedule.TakeDue());
    }

    [Fact]
    public void Interval_MadeShorter_BringsTheTurnForward()
    {
        _schedule.Follow(CatalogOf(Fold.Bandit(recomputeMinutes: 1_000)));
        _schedule.TakeDue();
        _schedule.Follow(CatalogOf(Fold.Bandit(recomputeMinutes: 1)));
        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(["exp_abc123"], _schedule.TakeDue());
    }

    [Fact]
    public void Pause_ForgetsWhatWasSeen_AndTheResumeIsDueAtOnce()
    {
        _schedule.Follow(CatalogOf(Fold.Bandit()));
        _schedule.TakeDue();
        _schedule.RecordTrials("exp_abc123", 5);
        _schedule.Follow(CatalogOf(Fold.Bandit(status: "paused")));
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Empty(_schedule.TakeDue());

        _schedule.Follow(CatalogOf(Fold.Bandit()));
        Assert.Equal(["exp_abc123"], _schedule.TakeDue());
        Assert.Null(_schedule.TrialsSeen("exp_abc123"));
    }

    private static ExperimentCatalog CatalogOf(string definition) =>
        new([new CatalogEntry(Definitions.Experiment(definition))], 1);
}
