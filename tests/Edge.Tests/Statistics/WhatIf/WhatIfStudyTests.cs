using System.Text;
using Edge.Experiments;
using Edge.Statistics.WhatIf;
using Edge.Tests.Experiments;
using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.Statistics.VisitEvent;

namespace Edge.Tests.Statistics.WhatIf;

/// <summary>What-ifs of a running service's journal: as those of the events themselves, one at a time, and within limits.</summary>
public sealed class WhatIfStudyTests : IDisposable
{
    private const int Visitors = 400;

    private static readonly Experiment Bandit = Definitions.Experiment(Fold.Bandit());

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Estimate_OfAJournalInUse_IsThatOfItsEvents()
    {
        await using var journal = await RecordAsync();
        var log = new TrialLog(Bandit, default);
        foreach (var e in Events())
        {
            log.Add(e.Encode(), 0, static _ => true);
        }

        log.End(Noon.AddDays(1));
        var expected = new WhatIfReport(Bandit, log, isOfJournal: false).Estimate;

        var finding = await StudyOf(journal, new TestClock(Noon.AddDays(1)))
            .TryEstimateAsync(Bandit, null, null, CancellationToken.None);

        Assert.True(finding!.IsWhole);
        Assert.Null(finding.Report.Problem);
        Assert.Equal((Visitors, expected.Candidate), (finding.Report.Estimate.Trials, finding.Report.Estimate.Candidate));
    }

    [Fact]
    public async Task Estimate_WhileAnotherIsWorkedOut_IsNotBegun()
    {
        await using var journal = await RecordAsync();
        using var cancellation = new CancellationTokenSource();
        var study = StudyOf(journal, new RestlessClock(TimeSpan.FromMilliseconds(10)));

        // It rests, and nobody moves its timers on.
        var first = study.TryEstimateAsync(Bandit, null, null, cancellation.Token);

        Assert.Null(await study.TryEstimateAsync(Bandit, null, null, CancellationToken.None));
        Assert.False(first.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => study.TryEstimateAsync(Bandit, null, null, gone.Token));
    }

    [Fact]
    public async Task Estimate_ThatTakesTooLong_IsOfWhatWasReadByThen()
    {
        await using var journal = await RecordAsync();

        var finding = await StudyOf(journal, new RestlessClock(TimeSpan.FromMinutes(2)))
            .TryEstimateAsync(Bandit, null, null, CancellationToken.None);

        Assert.False(finding!.IsWhole);
        Assert.True(finding.Report.Estimate.Trials < Visitors);
        Assert.StartsWith("No estimate: ", finding.Report.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Estimate_OfATimeAlone_HasItsTrials()
    {
        await using var journal = await RecordAsync();

        var finding = await StudyOf(journal, new TestClock(Noon.AddDays(1)))
            .TryEstimateAsync(Bandit, Noon.AddMinutes(100), Noon.AddMinutes(250), CancellationToken.None);

        Assert.Equal(150, finding!.Report.Estimate.Trials);
        Assert.Equal(Noon.AddMinutes(100), finding.Report.Span()!.Value.First);
    }

    [Fact]
    public async Task Estimate_WithoutAJournal_Fails()
    {
        var study = new WhatIfStudy(
            TestJournal.SmallOptions(_directory["none"]),
            new TestClock(Noon),
            CancellationToken.None
        );

        await Assert.ThrowsAsync<Edge.Journal.JournalException>(() => study.TryEstimateAsync(Bandit, null, null, CancellationToken.None));
        await Assert.ThrowsAsync<Edge.Journal.JournalException>(() => study.TryEstimateAsync(Bandit, null, null, CancellationToken.None));
    }

    private static WhatIfStudy StudyOf(TestJournal journal, TimeProvider time) =>
        new(journal.Options, time, CancellationToken.None);

    /// <summary>A visitor a minute; of those who saw a every fourth clicks, of the others every second.</summary>
    private static IEnumerable<VisitEvent> Events()
    {
        for (var i = 0; i < Visitors; i++)
        {
            var variant = i % 2 == 0 ? "a" : "b";
            yield return Impression((ulong)i + 1, i, variant);
            if (i % (variant == "a" ? 8 : 4) < 2)
            {
                yield return Click((ulong)i + 1, i + 0.5, variant);
            }
        }
    }

    private async Task<TestJournal> RecordAsync()
    {
        var journal = TestJournal.Open(_directory["journal"]);
        foreach (var e in Events())
        {
            journal.Append(Encoding.UTF8.GetString(e.Encode()));
        }

        await journal.Journal.CommitAsync();
        return journal;
    }

    /// <summary>A clock on which every look takes time, and nobody's rest ever ends.</summary>
    private sealed class RestlessClock(TimeSpan perLook) : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Add(ref _ticks, perLook.Ticks);

        public override DateTimeOffset GetUtcNow() => Noon.AddDays(1);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new TestClock(Noon).CreateTimer(callback, state, dueTime, period);
    }
}
